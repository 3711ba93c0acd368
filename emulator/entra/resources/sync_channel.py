"""The on-premises write channel: what Entra Connect and Okta's User Sync and Universal Sync write through. Ours.

The wire format of Microsoft's channel is not documented; these operations have its effects (entra/synchronising.py).
They stand below /_lab on Graph's host and take an application's Graph token.
"""

from typing import Any

from emulator.entra import bodies, synchronising
from emulator.entra.problems import invalid
from emulator.entra.resources import organization
from emulator.entra.resources.on_premises_sync import ON_PREMISES_SYNC
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.store import Store

SCOPE = ("OnPremDirectorySynchronization.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
OURS = inferred("ours: the effects of Microsoft's channel are documented, its wire format is not")
ADMINS = {"roles": ("Directory Synchronization Accounts", "Hybrid Identity Administrator")}
MOST = 1000
SCHEMA = {"user": "user", "group": "group", "contact": "orgContact"}


@operation("GET", "/_lab/onpremises/configuration", source=OURS, scope=SCOPE)
def get_configuration(call: Call) -> Doc:
    """What the tenant lets a synchronisation do: `{tenantId, enabled, lastSyncDateTime, features, configuration}`."""
    row, tenant = call.store.all(ON_PREMISES_SYNC)[0], call.store.all(organization.TENANT)[0]
    return {
        "tenantId": row["id"], "enabled": bool(tenant.get("onPremisesSyncEnabled")),
        "lastSyncDateTime": tenant.get("onPremisesLastSyncDateTime"), "features": row["features"],
        "configuration": row["configuration"],
        "attributes": {kind: sorted(names) for kind, names in synchronising.ATTRIBUTES.items()},
    }  # fmt: skip


@operation("GET", "/_lab/onpremises/objects", source=OURS, scope=SCOPE)
def list_objects(call: Call) -> Doc:
    """The synchronised objects of `?type=user|group|contact`: `{value: [{sourceAnchor, id, type, …attributes}]}`.

    `?after=` goes on after an id that a page of 1,000 ended with (`next`).
    """
    kind = call.params.get("type", "user")
    if kind not in synchronising.KINDS:
        raise invalid("type", "OnPremisesObject", kind, rule=f"type is {', '.join(synchronising.KINDS)}.")
    start = call.store.seq(synchronising.KINDS[kind], call.params.get("after", "")) or 0
    page = call.store.page(
        synchronising.KINDS[kind], after=start, limit=MOST, keep=lambda doc: bool(doc.get("onPremisesSyncEnabled"))
    )
    items = [_shown(kind, doc) for doc in page.docs]
    return {"value": items, "next": items[-1]["id"] if page.more else None}


def _shown(kind: str, doc: Doc) -> Doc:
    anchor = doc.get("onPremisesImmutableId") if kind == "user" else doc.get("_anchor")
    return {
        "sourceAnchor": anchor,
        "id": doc["id"],
        "type": kind,
        **{name: doc.get(name) for name in sorted(synchronising.ATTRIBUTES[kind])},
    }


@operation(
    "POST", "/_lab/onpremises/sync", source=OURS, scope=SCOPE, extra=ADMINS,
    emits=("Add user", "Update user", "Delete user", "Add group", "Update group", "Delete group", "Add contact",
           "Update contact", "Delete contact", "Add member to group", "Remove member from group"),
)  # fmt: skip
def synchronise(call: Call) -> Doc:
    """One export: `{objects: [{type, sourceAnchor, attributes, manager?, members?, password?, passwordHash?,
    passwordChangedDateTime?, refreshTokensValidFrom?}], deletions: [{type, sourceAnchor}]}`; answers
    `{results: [{sourceAnchor, type, action, id, error?}]}`, in order.

    manager and members are anchors; a list of members replaces what is there. Objects are written first, links last, so
    that a run may name what it brings.
    """
    objects, deletions = _read(call, "objects"), _read(call, "deletions")
    _guard(call, len(deletions))
    results, written = [], []
    for item in objects:
        result, doc = _one(call, item)
        results.append(result)
        if doc is not None:
            written.append((item, doc, result))
    for item, doc, result in written:
        _link(call, item, doc, result)
    for item in deletions:
        gone = synchronising.delete(call, item["type"], item["sourceAnchor"])
        results.append({
            "sourceAnchor": item["sourceAnchor"], "type": item["type"], "action": "deleted" if gone else "unknown",
            "id": gone["id"] if gone else None,
        })  # fmt: skip
    _mark(call)
    return {"results": results}


def _read(call: Call, name: str) -> list[Doc]:
    """The items of the body, each with a type and an anchor. Raises 400."""
    items = call.body.get(name, [])
    if not isinstance(items, list) or len(items) > MOST:
        raise invalid(name, "OnPremisesExport", type(items).__name__, rule=f"{name} is a list of up to {MOST} objects.")
    for item in items:
        good = isinstance(item, dict) and item.get("type") in synchronising.KINDS
        anchor = item.get("sourceAnchor") if good else None
        if not isinstance(anchor, str) or not 1 <= len(anchor) <= 256:
            raise invalid(
                name,
                "OnPremisesExport",
                str(item)[:200],
                rule="Each has a type and a sourceAnchor of up to 256 characters.",
            )
    return items


def _one(call: Call, item: Doc) -> tuple[Doc, Doc | None]:
    """Write one object; a refusal is its result and does not stop the run."""
    kind, anchor = item["type"], item["sourceAnchor"]
    result: Doc = {"sourceAnchor": anchor, "type": kind}
    try:
        secret = synchronising.Secret(
            _text(item, "password"), _text(item, "passwordHash"), _moment(item, "passwordChangedDateTime")
        )
        valid_from = _moment(item, "refreshTokensValidFrom")
        doc, what = synchronising.write(call, kind, anchor, _attributes(kind, item), secret)
        if kind == "user" and valid_from is not None:
            synchronising.end_tokens(call, doc, valid_from)
    except Problem as problem:
        rule = problem.why.rule if problem.why else problem.code
        return {**result, "action": "failed", "id": None, "error": {"code": problem.code, "message": rule}}, None
    errors = doc["onPremisesProvisioningErrors"]
    return {**result, "action": what, "id": doc["id"], **({"conflicts": errors} if errors else {})}, doc


def _attributes(kind: str, item: Doc) -> Doc:
    given = item.get("attributes", {})
    if not isinstance(given, dict):
        raise invalid("attributes", "OnPremisesObject", given, rule="attributes is an object.")
    strange = sorted(set(given) - synchronising.ATTRIBUTES[kind])
    if strange:
        raise invalid(
            "attributes", "OnPremisesObject", strange, rule="A directory writes the attributes of configuration."
        )
    known = {name: value for name, value in given.items() if value is not None}
    bodies.checked(known, SCHEMA[kind])
    return given


def _text(item: Doc, name: str) -> str | None:
    value = item.get(name)
    if value is not None and (not isinstance(value, str) or not 1 <= len(value) <= 256):
        raise invalid(name, "OnPremisesObject", "…", rule=f"{name} is a text of up to 256 characters.")
    return value


def _moment(item: Doc, name: str) -> str | None:
    """An instant: when the password was set in the directory, from when on refresh tokens are good."""
    text = _text(item, name)
    try:
        return iso_seconds(parse_iso(text)) if text is not None else None
    except ValueError as error:
        raise invalid(name, "OnPremisesObject", text, rule="It is an instant.") from error


def _link(call: Call, item: Doc, doc: Doc, result: Doc) -> None:
    """Manager and members, once every object of the run is there."""
    kind, manager, members = item["type"], item.get("manager"), item.get("members")
    if kind != "group" and "manager" in item and (manager is None or isinstance(manager, str)):
        synchronising.set_manager(call, kind, call.store.get(synchronising.KINDS[kind], doc["id"]), manager)
    if kind == "group" and isinstance(members, list):
        unknown = synchronising.set_members(call, doc, [anchor for anchor in members if isinstance(anchor, str)])
        if unknown:
            result["unknownMembers"] = unknown


def _guard(call: Call, deletions: int) -> None:
    """A run that would delete too much is refused whole."""
    held = sum(_synced(call.store, kind, call) for kind in ("user", "group")) if deletions else 0
    most = synchronising.threshold(call, held)
    if most is not None and deletions > most:
        compared = (
            Compared("deletions", deletions, "request body"),
            Compared("threshold", most, "accidentalDeletionPrevention"),
        )
        raise Problem("mass_deletion", why=Why("The run would delete more than the tenant allows.", compared))


def _synced(store: Store, kind: str, call: Call) -> int:
    from emulator.entra import queries

    shape = queries.Shape(SCHEMA[kind], "", synchronising.KINDS[kind])
    return store.count(
        synchronising.KINDS[kind], queries.compiled(call, shape, Compare(("onPremisesSyncEnabled",), "eq", True))
    )


def _mark(call: Call) -> None:
    """The tenant is synchronised from now on."""
    tenant: Any = dict(call.store.all(organization.TENANT)[0])
    tenant.update(onPremisesSyncEnabled=True, onPremisesLastSyncDateTime=iso_seconds(call.now))
    call.store.put(organization.TENANT, tenant)
