"""Entra Connect as it stands beside the directory: /_lab/directory/connect. Its configuration, its schedule, its runs.

Source: seed-catalogue.md 1.2; Microsoft's pages on Entra Connect (30 minutes, source anchor, filtering by unit).
"""

from typing import Any

from emulator.directory import objects
from emulator.directory.resources import changes
from emulator.directory.resources.groups import GROUPS
from emulator.directory.resources.users import OURS, USERS
from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso, parse_duration, parse_iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.store import Kind

CONNECT = Kind("connect", settled=True)
SEED_RANK = 70
_AT = "/_lab/directory/connect"
OBJECT_GUID, CONSISTENCY_GUID = "objectGUID", "mS-DS-ConsistencyGuid"
DELTA, INITIAL = "delta", "initial"
_TEXTS = ("tenant", "clientId", "clientSecret")
_DEFAULTS: Doc = {
    "interval": "PT30M", "passwordHashSync": True, "sourceAnchor": OBJECT_GUID, "organizationalUnits": [],
    "enabled": True,
}  # fmt: skip
_MOST_RUNS = 20
_SHORTEST = MINUTE


def the(store: Any) -> Doc | None:
    """The configuration; None where there is no Entra Connect."""
    rows = store.all(CONNECT)
    return rows[0] if rows else None


def due_at(store: Any) -> str | None:
    """When the next cycle is due."""
    found = the(store)
    return str(found["nextCycle"]) if found is not None and found["enabled"] else None


@operation("GET", _AT, source=OURS, auth="none")
def get_connect(call: Call) -> Doc:
    """The configuration without the secret, the schedule, and the last runs; 404 where there is none."""
    return render(_load(call))


def render(doc: Doc) -> Doc:
    return {name: value for name, value in public(doc).items() if name not in ("id", "clientSecret")}


def _load(call: Call) -> Doc:
    found = the(call.store)
    if found is None:
        why = Why("There is no Entra Connect beside this directory.", hint="PUT /_lab/directory/connect installs it.")
        raise Problem("noSuchObject", "Entra Connect", why=why)
    return dict(found)


@operation("PUT", _AT, source=OURS, auth="none")
def install(call: Call) -> Doc:
    """Install or configure it: `{tenant, clientId, clientSecret, interval, passwordHashSync, sourceAnchor,
    organizationalUnits, enabled}`; a first cycle brings everything and is due at once."""
    doc = _first(_checked({**_DEFAULTS, **call.body}), call.now)
    if the(call.store) is None:
        call.store.add(CONNECT, doc)
    else:
        call.store.put(CONNECT, doc)
    return render(doc)


def _first(given: Doc, now: int) -> Doc:
    return {"id": "connect", **given, "nextCycle": iso(now), "policy": INITIAL, "cursor": 0, "runs": []}


@operation("PATCH", _AT, source=OURS, auth="none")
def change(call: Call) -> Doc:
    """Change some of it. What decides who is synchronised, or by which anchor, makes the next cycle an initial one."""
    before = _load(call)
    given = _checked({**{name: before[name] for name in (*_TEXTS, *_DEFAULTS)}, **call.body})
    doc = {**before, **given}
    if any(before[name] != doc[name] for name in ("organizationalUnits", "sourceAnchor", "passwordHashSync")):
        doc["policy"] = INITIAL
    call.store.put(CONNECT, doc)
    return render(doc)


@operation("DELETE", _AT, source=OURS, auth="none")
def uninstall(call: Call) -> None:
    """Take it away; what it has synchronised stays in the tenant as it is."""
    call.store.drop(CONNECT, _load(call)["id"])


@operation("POST", _AT + "/cycle", source=OURS, auth="none")
def start_cycle(call: Call) -> Doc:
    """Have a cycle begin now: `{policy: delta|initial}` (Start-ADSyncSyncCycle)."""
    doc, policy = _load(call), call.body.get("policy", DELTA)
    if policy not in (DELTA, INITIAL):
        why = Why("A cycle is delta or initial.", (Compared("policy", policy, "request body"),))
        raise Problem("constraintViolation", "policy is not valid.", why=why)
    doc["nextCycle"] = iso(call.now)
    doc["policy"] = INITIAL if INITIAL in (policy, doc["policy"]) else DELTA
    call.store.put(CONNECT, doc)
    return render(doc)


# -- what the engine asks --------------------------------------------------------------------------------------------


@operation("POST", _AT + "/begin", source=OURS, auth="none", body="none", commit="manual")
def begin(call: Call) -> Doc:
    """`{due, configuration, policy, cursor, now}`; with the secret, for the engine alone."""
    doc = the(call.store)
    if doc is None or not doc["enabled"] or parse_iso(doc["nextCycle"]) > call.now:
        return {"due": False}
    configuration = {name: doc[name] for name in (*_TEXTS, *_DEFAULTS)}
    return {
        "due": True, "configuration": configuration, "policy": doc["policy"], "cursor": doc["cursor"],
        "now": iso(call.now),
    }  # fmt: skip


@operation("POST", _AT + "/report", source=OURS, auth="none")
def report(call: Call) -> Doc:
    """The end of a cycle: `{status, policy, cursor?, counts, errors, message?}`; the next one waits an interval."""
    doc, body = _load(call), call.body
    kept = ("status", "policy", "counts", "errors", "message")
    run = {"at": iso(call.now), **{name: body.get(name) for name in kept}}
    doc["runs"] = [run, *doc["runs"]][:_MOST_RUNS]
    cursor = body.get("cursor")
    if body.get("status") == "success" and isinstance(cursor, int) and not isinstance(cursor, bool):
        doc["cursor"], doc["policy"] = cursor, DELTA
    doc["nextCycle"] = iso(call.now + parse_duration(doc["interval"]))
    call.store.put(CONNECT, doc)
    return render(doc)


@operation("GET", "/_lab/directory/replica", source=OURS, auth="none", query=("since", "limit"))
def replica(call: Call) -> Doc:
    """What `changes` tells, with password hashes and their change numbers: what a domain controller replicates."""
    found = changes.list_changes(call)
    for item in found["objects"]:
        if item["objectClass"] == "user":
            doc = call.store.get(USERS, item["objectGUID"])
            manager = call.store.find(USERS, "distinguishedName", item.get("manager") or "")
            item |= {
                "passwordHash": doc.get("_password"), "passwordUsn": doc.get("_passwordUsn", 0),
                "managerAnchors": _anchors(call.store, manager["id"]) if manager else None,
            }  # fmt: skip
        else:
            item["memberAnchors"] = [_anchors(call.store, id) for id in item["member"]]
    return found


def _anchors(store: Any, id: str) -> Doc:
    doc = store.get(USERS, id) or store.get(GROUPS, id) or {}
    return {OBJECT_GUID: objects.source_anchor(id), CONSISTENCY_GUID: doc.get(CONSISTENCY_GUID)}


# -- checking ------------------------------------------------------------------------------------------------------


def _checked(given: Doc) -> Doc:
    """A whole configuration. Raises 400 constraintViolation."""
    for name in given:
        if name not in (*_TEXTS, *_DEFAULTS):
            raise _wrong(name, given[name], "There is no such setting.")
    for name in _TEXTS:
        if not isinstance(given.get(name), str) or not 0 < len(given[name]) <= 256:
            raise _wrong(name, given.get(name), "It is a text.")
    for name in ("passwordHashSync", "enabled"):
        if not isinstance(given[name], bool):
            raise _wrong(name, given[name], "It is true or false.")
    if given["sourceAnchor"] not in (OBJECT_GUID, CONSISTENCY_GUID):
        raise _wrong("sourceAnchor", given["sourceAnchor"], f"It is {OBJECT_GUID} or {CONSISTENCY_GUID}.")
    units = given["organizationalUnits"]
    if (
        not isinstance(units, list)
        or len(units) > 200
        or not all(isinstance(unit, str) and "=" in unit for unit in units)
    ):
        raise _wrong("organizationalUnits", units, "It is a list of distinguished names.")
    try:
        fits = parse_duration(given["interval"]) >= _SHORTEST
    except (ValueError, TypeError):
        fits = False
    if not fits:
        raise _wrong("interval", given["interval"], "It is a duration of a minute or more.")
    return given


def _wrong(name: str, value: Any, rule: str) -> Problem:
    why = Why(rule, (Compared(name, str(value)[:200], "configuration"),))
    return Problem("constraintViolation", f"{name} is not valid.", why=why)


def seed(seeding: Seeding) -> None:
    """`connect: {tenant, clientId, clientSecret, interval?, passwordHashSync?, sourceAnchor?, organizationalUnits?}`.

    A world begins synchronised: the first cycle is due after an interval, unless `initial: true`.
    """
    given = dict(seeding.spec.get("connect") or {})
    if not given:
        return
    initial = given.pop("initial", False)
    try:
        doc = _first(_checked({**_DEFAULTS, **given}), seeding.now)
    except Problem as problem:
        raise LabError(f"connect: {problem.params[0]}", hint="See docs/reference/worlds.md.") from problem
    if not initial:
        doc |= {"nextCycle": iso(seeding.now + parse_duration(doc["interval"])), "policy": DELTA}
        doc["cursor"] = objects.highest(seeding.store)
    seeding.store.add(CONNECT, doc)
