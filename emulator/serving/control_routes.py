"""What each control route does: state, time, limits, faults, jobs, evidence. One function is one route."""

from typing import TYPE_CHECKING

from emulator.kernel.clock import iso, parse_duration, parse_iso
from emulator.kernel.doc import Doc
from emulator.serving.control_table import Asked, ControlError, route
from emulator.store import snapshots
from emulator.wire.tape import masked

if TYPE_CHECKING:
    from emulator.serving.control import Control


@route("GET", "health")
def health(control: "Control", asked: Asked) -> Doc:
    """Whether the world answers: its name, epoch, time and the hosts it answers for."""
    return _health(control)


def _health(control: "Control") -> Doc:
    world = control.world
    epoch, clock = world.database.moment()
    now = iso(clock.now())
    return {"status": "ok", "world": world.spec.world, "epoch": epoch, "now": now, "hosts": world.hosts.names()}


@route("POST", "reset")
def reset(control: "Control", asked: Asked) -> Doc:
    """Back to the world's first state."""
    control.world.restore("start")
    return _health(control)


@route("GET", "snapshots")
def list_snapshots(control: "Control", asked: Asked) -> Doc:
    """The snapshots that can be restored, oldest first."""
    return _snapshots(control)


def _snapshots(control: "Control") -> Doc:
    return {"snapshots": snapshots.names(control.world.database)}


@route("POST", "snapshots")
def take_snapshot(control: "Control", asked: Asked) -> Doc:
    """Remember the present state: `{"name"}`."""
    name = asked.body.get("name")
    if not isinstance(name, str) or not name or len(name) > 100 or name == "start":
        raise ControlError(400, "name must be a text of 1 to 100 characters other than 'start'")
    control.world.snapshot(name)
    return _snapshots(control)


@route("POST", "snapshots/{name}/restore")
def restore_snapshot(control: "Control", asked: Asked) -> Doc:
    """Go back to a snapshot; later ones are gone."""
    if asked.values["name"] not in snapshots.names(control.world.database):
        raise ControlError(404, f"there is no snapshot {asked.values['name']!r}")
    control.world.restore(asked.values["name"])
    return _health(control)


@route("GET", "clock")
def get_clock(control: "Control", asked: Asked) -> Doc:
    """World time: `{now, frozen, rate}`."""
    return _clock(control)


def _clock(control: "Control") -> Doc:
    _, clock = control.world.database.moment()
    return {"now": iso(clock.now()), "frozen": clock.frozen_ms is not None, "rate": clock.rate}


@route("PATCH", "clock")
def set_clock(control: "Control", asked: Asked) -> Doc:
    """Move time: `{"advance": "PT36H"}`, `{"freeze": true|"<instant>"|false}`, `{"rate": 60}`."""
    unknown = set(asked.body) - {"advance", "freeze", "rate"}
    if unknown or not asked.body:
        raise ControlError(400, "the clock takes advance, freeze and rate")
    with control.world.database.write():
        _, clock = control.world.database.moment()
        try:
            if "advance" in asked.body:
                clock = clock.advanced(parse_duration(str(asked.body["advance"])))
            if "rate" in asked.body:
                clock = clock.running(float(asked.body["rate"]))
            freeze = asked.body.get("freeze")
            if isinstance(freeze, str):
                clock = clock.frozen(parse_iso(freeze))
            elif freeze is not None:
                clock = clock.frozen() if freeze else clock.running()
        except (TypeError, ValueError) as error:
            raise ControlError(
                400, str(error), "Durations are ISO 8601 (PT36H), instants 2026-01-15T09:00:00Z."
            ) from error
        control.world.database.set_clock(clock)
    return _clock(control)


@route("GET", "limits")
def get_limits(control: "Control", asked: Asked) -> Doc:
    """The rate-limit setting: `off`, `documented`, or own numbers by bucket."""
    return _limits(control)


def _limits(control: "Control") -> Doc:
    return {"limits": control.world.database.settings().get("limits", "off")}


@route("PATCH", "limits")
def set_limits(control: "Control", asked: Asked) -> Doc:
    """Change it: `{"limits": "off"|"documented"|{"okta.users": 5}}`."""
    limits = asked.body.get("limits")
    numbers = isinstance(limits, dict) and all(isinstance(v, int) and v >= 0 for v in limits.values())
    if limits not in ("off", "documented") and not numbers:
        raise ControlError(400, "limits is off, documented, or an object of bucket to requests a minute")
    with control.world.database.write():
        settings = {**control.world.database.settings(), "limits": limits}
        control.world.database.set_settings(settings)
    return _limits(control)


@route("GET", "faults")
def list_faults(control: "Control", asked: Asked) -> Doc:
    """The fault rules in order, each with how many requests it `covered` and how many of those it `struck`."""
    return _faults(control)


def _faults(control: "Control") -> Doc:
    return {"faults": control.world.faults.list()}


@route("POST", "faults")
def add_fault(control: "Control", asked: Asked) -> Doc:
    """Add a fault rule: `{"service": "graph", "status": 429, "retry_after": 30, "first": 2}`."""
    return control.world.faults.add(asked.body)


@route("DELETE", "faults")
def clear_faults(control: "Control", asked: Asked) -> Doc:
    """Remove the fault rule of `?id=`, or all of them."""
    unknown = {*asked.params, *asked.body} - {"id"}
    if unknown:
        raise ControlError(400, f"this route takes id only, not {min(unknown)!r}")
    control.world.faults.clear(asked.params.get("id", asked.body.get("id")))
    return _faults(control)


@route("DELETE", "faults/{id}")
def clear_fault(control: "Control", asked: Asked) -> Doc:
    """Remove one fault rule."""
    control.world.faults.clear(asked.values["id"])
    return _faults(control)


@route("POST", "sync")
def sync(control: "Control", asked: Asked) -> Doc:
    """Run due connector jobs for at most `?budget=` (ISO 8601): `{ran, quiet, next_due}`."""
    text = asked.params.get("budget", "PT0.2S")
    try:
        budget = parse_duration(text) / 1000
    except ValueError as error:
        raise ControlError(400, str(error)) from error
    return control.world.sync(min(budget, 10.0))


@route("POST", "directory/import")
def import_directories(control: "Control", asked: Asked) -> Doc:
    """Have every Active Directory imported now: `{"mode": "FULL"|"INCREMENTAL"}` -> `{imports: [operations]}`."""
    from emulator.serving.onpremises import import_now

    mode = asked.body.get("mode", "FULL")
    if mode not in ("FULL", "INCREMENTAL"):
        raise ControlError(400, "mode is FULL or INCREMENTAL")
    return import_now(control.world, mode)


@route("GET", "tape")
def tape(control: "Control", asked: Asked) -> Doc:
    """Exchanges after `?after=`, secrets masked, at most `?limit=`; `?newest=N`: the last ones only."""
    hops = control.world.engine.tape.hops(asked.number("after", 0))[: asked.number("limit", 500)]
    if "newest" in asked.params:
        hops = control.world.engine.tape.hops()[-max(1, asked.number("newest", 1)) :]
    return {"hops": [masked(hop.to_doc()) for hop in hops]}


@route("GET", "journal")
def journal(control: "Control", asked: Asked) -> Doc:
    """Journal rows after `?after=`, by `?party=` and `?stream=`; `?newest=N`: the last ones, newest first."""
    newest = "newest" in asked.params
    rows = control.world.journal(
        party=asked.params.get("party"), stream=asked.params.get("stream"), about=asked.params.get("about"),
        after=asked.number("after", 0), newest_first=newest,
        limit=min(asked.number("newest" if newest else "limit", 1000), 5000),
    )  # fmt: skip
    return {"rows": [{**row, "at": iso(row["at"])} for row in rows]}


@route("GET", "permissions")
def permissions(control: "Control", asked: Asked) -> Doc:
    """Per client, the least privileges that its calls (after `?after=` of the tape) needed, held, missed."""
    from emulator.serving.least_privilege import report

    return report(control.world, after=asked.number("after", 0))


@route("GET", "why/{request_id}")
def why(control: "Control", asked: Asked) -> Doc:
    """Why the request of that id was refused: the rule and the values compared."""
    row = control.world.refusal(asked.values["request_id"])
    if row is None:
        raise ControlError(404, f"no refusal is recorded under {asked.values['request_id'][:60]!r}")
    return {"requestId": row["requestId"], "party": row["party"], "at": iso(row["at"]), **row["doc"], "why": row["why"]}


@route("POST", "tokens")
def mint_token(control: "Control", asked: Asked) -> Doc:
    """Mint a token: `{"kind", "user", "set": {claim: value}, "break", "lifetime", "algorithm", "key", "victim"}`."""
    from emulator.serving.minting import mint

    body = asked.body
    claims, key = body.get("set") or {}, body.get("key")
    given = {name: body.get(name) for name in ("break", "lifetime", "algorithm", "victim")}
    texts = isinstance(claims, dict) and all(isinstance(value, str) for value in claims.values())
    texts = texts and all(value is None or isinstance(value, str) for value in given.values())
    if not isinstance(body.get("kind"), str) or not isinstance(body.get("user"), str) or not texts:
        raise ControlError(
            400, "kind, user, break, lifetime, algorithm and victim are texts, set is an object of texts"
        )
    if key is not None and not isinstance(key, str | dict):
        raise ControlError(400, "key is a name, or an object with key and certificate")
    broken = given.pop("break")
    return {"token": mint(control.world, body["kind"], body["user"], claims, broken, key=key, **given)}


@route("GET", "world")
def export_world(control: "Control", asked: Asked) -> Doc:
    """The whole world as one JSON value: what it is, its settings, clock and counters, documents and logs."""
    from emulator.serving import exports

    return exports.value(control.world)


@route("PUT", "world")
def load_world(control: "Control", asked: Asked) -> Doc:
    """Take over such a value, of the same parties; snapshots are gone, and a reset returns to it."""
    control.world.load(asked.body)
    return _health(control)


@route("GET", "world/changes")
def world_changes(control: "Control", asked: Asked) -> Doc:
    """What has changed since the snapshot `?since=` (start): `{changes: [{party, kind, id, name, change, fields}]}`."""
    return {"changes": control.world.changes(asked.params.get("since", "start"))}


@route("GET", "support")
def support(control: "Control", asked: Asked) -> Doc:
    """The support matrix: every operation with its grade."""
    from emulator.serving.support import matrix

    return {"operations": matrix()}
