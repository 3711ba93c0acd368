"""Behaviour detection rules: /api/v1/behaviors. Source: okta-admin-api.md 1.5, 16; shapes of the vendor's SDK.

# Differs: they are kept and named by rules, but nothing watches how people behave. A radius reads back as a whole
# number; the vendor writes `20.0`, which its own typed client refuses.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, dig
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import shapes
from emulator.okta.app_kinds import POLICY_RULES
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.shapes import one_of, record, whole
from emulator.store import Column, Kind

BEHAVIORS = Kind("behaviors", (Column("name"),), settled=True)
_AT = "/api/v1/behaviors"
_READ: Any = {"scope": ("okta.behaviors.read",)}
_MANAGE: Any = {"scope": ("okta.behaviors.manage",)}
_EVENT = "security.behavior.settings."
_PAGE = 200

_HISTORY = {"maxEventsUsedForEvaluation": whole(1, 100), "minEventsNeededForEvaluation": whole(0, 10)}
_FIRST = {"maxEventsUsedForEvaluation": 20, "minEventsNeededForEvaluation": 0}
_PLACE = one_of("LAT_LONG", "CITY", "COUNTRY", "SUBDIVISION")
TYPES: dict[str, shapes.Read] = {
    "ANOMALOUS_ASN": record(_HISTORY, first=_FIRST),
    "ANOMALOUS_IP": record(_HISTORY, first={**_FIRST, "maxEventsUsedForEvaluation": 50}),
    "ANOMALOUS_DEVICE": record(_HISTORY, first=_FIRST),
    "ANOMALOUS_LOCATION": record(
        {**_HISTORY, "granularity": _PLACE, "radiusKilometers": whole(1, 40_000)}, first=_FIRST, needed=("granularity",)
    ),
    "VELOCITY": record({"velocityKph": whole(1, 2**31 - 1)}, first={"velocityKph": 805}),
}  # fmt: skip
# Names documented as those of a new org; settings inferred from the types' defaults.
_FIRST_RULES: tuple[tuple[str, str, Doc], ...] = (
    ("New City", "ANOMALOUS_LOCATION", {"granularity": "CITY"}),
    ("New Country", "ANOMALOUS_LOCATION", {"granularity": "COUNTRY"}),
    ("New Device", "ANOMALOUS_DEVICE", {}),
    ("New Geo-Location", "ANOMALOUS_LOCATION", {"granularity": "LAT_LONG", "radiusKilometers": 20}),
    ("New IP", "ANOMALOUS_IP", {}),
    ("New State", "ANOMALOUS_LOCATION", {"granularity": "SUBDIVISION"}),
    ("Velocity", "VELOCITY", {}),
)  # fmt: skip


def _new(id: str, now: int, name: str, kind: str, settings: Doc) -> Doc:
    at = stamp(now)
    return {
        "id": id, "name": name, "type": kind, "settings": settings, "status": "ACTIVE", "created": at,
        "lastUpdated": at,
    }  # fmt: skip


def _render(call: Call, item: Doc) -> Doc:
    at = f"{call.base}{_AT}/{item['id']}"
    action = "deactivate" if item["status"] == "ACTIVE" else "activate"
    times = {name: _written(item[name]) for name in ("created", "lastUpdated")}
    return {**item, **times, "_links": {
        "self": {"href": at, "hints": {"allow": ["GET", "PUT", "DELETE"]}},
        action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}},
    }}  # fmt: skip


def _written(time: str) -> str:
    """`2026-01-15 09:00:00.0`: behaviours alone write their times so (observed)."""
    return f"{time[:10]} {time[11:19]}.0"


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(BEHAVIORS, call.path["behaviorId"])
    if found is None:
        raise not_found(call.path["behaviorId"], "BehaviorDetectionSetting")
    return found


def _target(item: Doc) -> Doc:
    return target("BehaviorSettings", item["id"], name=item["name"])


def _fields(call: Call, own: Doc | None = None) -> Doc:
    body = body_object(call)
    read = record({"name": shapes.bounded(128, least=1), "type": one_of(*TYPES)}, needed=("name", "type"))
    found: Doc = read(body, "")
    if own is not None and found["type"] != own["type"]:
        raise shapes.bad("type", found["type"], allowed=own["type"])
    taken = call.store.find(BEHAVIORS, "name", found["name"])
    if taken is not None and taken["id"] != (own or {}).get("id"):
        compared = (Compared("name", found["name"], "request body"), Compared("taken by", taken["id"], "behaviors"))
        cause = "name: An object with this field already exists in the current organization"
        raise invalid("name", cause, why=Why("Names of behaviours differ.", compared))
    found["settings"] = TYPES[found["type"]](body.get("settings") or {}, "settings")
    return found


@operation("GET", _AT, source=DOCUMENTED, query=("q", "limit", "after"), **_READ)
def list_behaviors(call: Call) -> Listing:
    """Behaviour rules by name; the cursor is a name. `q` is the start of one."""
    after, start = call.params.get("after"), call.params.get("q", "").casefold()
    found = sorted(call.store.all(BEHAVIORS), key=lambda item: item["name"])
    if after and all(item["name"] != after for item in found):
        why = Why("The cursor names no behaviour.", (Compared("after", after[:128], "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    found = [item for item in found if item["name"] > (after or "") and item["name"].casefold().startswith(start)]
    text = call.params.get("limit", "")
    size = max(1, min(int(text), _PAGE)) if text.isascii() and text.isdigit() and len(text) < 9 else _PAGE
    more = found[size - 1]["name"] if len(found) > size else None
    return Listing([_render(call, item) for item in found[:size]], more)


@operation("POST", _AT, source=DOCUMENTED, emits=(_EVENT + "create",), **_MANAGE)
def create_behavior(call: Call) -> Doc:
    """Make a behaviour rule."""
    fields = _fields(call)
    made = _new(call.ids.okta("bhv"), call.now, fields["name"], fields["type"], fields["settings"])
    call.store.add(BEHAVIORS, made)
    emit(call, _EVENT + "create", [_target(made)])
    return _render(call, made)


@operation("GET", _AT + "/{behaviorId}", source=DOCUMENTED, **_READ)
def get_behavior(call: Call) -> Doc:
    """One behaviour rule."""
    return _render(call, _load(call))


@operation("PUT", _AT + "/{behaviorId}", source=DOCUMENTED, emits=(_EVENT + "update",), **_MANAGE)
def replace_behavior(call: Call) -> Doc:
    """Replace name and settings."""
    item = _load(call)
    item.update(_fields(call, item))
    return _stored(call, item)


@operation("DELETE", _AT + "/{behaviorId}", source=DOCUMENTED, emits=(_EVENT + "delete",), **_MANAGE)
def delete_behavior(call: Call) -> None:
    """Delete a behaviour rule that no policy rule names (the refusal is inferred)."""
    item = _load(call)
    for rule in call.store.all(POLICY_RULES):
        if item["id"] in (dig(rule, "conditions.risk.behaviors") or ()):
            compared = (
                Compared("behavior", item["id"], "request path"),
                Compared("rule", rule["name"], "its risk condition"),
            )
            raise invalid("behavior", "The behavior is in use by a policy rule", why=Why("A rule uses it.", compared))
    call.store.drop(BEHAVIORS, item["id"])
    emit(call, _EVENT + "delete", [_target(item)])


@operation(
    "POST", _AT + "/{behaviorId}/lifecycle/activate", source=DOCUMENTED, body="none", emits=(_EVENT + "update",),
    **_MANAGE,
)  # fmt: skip
def activate_behavior(call: Call) -> Doc:
    """Switch a behaviour rule on."""
    return _stored(call, {**_load(call), "status": "ACTIVE"})


@operation(
    "POST", _AT + "/{behaviorId}/lifecycle/deactivate", source=DOCUMENTED, body="none", emits=(_EVENT + "update",),
    **_MANAGE,
)  # fmt: skip
def deactivate_behavior(call: Call) -> Doc:
    """Switch a behaviour rule off."""
    return _stored(call, {**_load(call), "status": "INACTIVE"})


def _stored(call: Call, item: Doc) -> Doc:
    item["lastUpdated"] = stamp(call.now)
    call.store.put(BEHAVIORS, item)
    emit(call, _EVENT + "update", [_target(item)])
    return _render(call, item)


def seed(seeding: Seeding) -> None:
    """The behaviour rules of a new org."""
    for name, kind, settings in _FIRST_RULES:
        made = _new(seeding.ids.okta("bhv"), seeding.now, name, kind, TYPES[kind](settings, "settings"))
        seeding.store.add(BEHAVIORS, made)
