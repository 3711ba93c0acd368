"""The factors of an org: /api/v1/org/factors. Source: okta-admin-api.md 14; the shape is observed.

On Identity Engine authenticators have taken their place: the switches are still there (observed), all off at first, and
decide nothing (inferred).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.okta.events import emit, target
from emulator.okta.mfa.catalogue import BY_KEY
from emulator.okta.problems import not_found
from emulator.store import Kind

ORG_FACTORS = Kind("org_factors", settled=True)
SEED_RANK = 15
_AT = "/api/v1/org/factors"
_POST: Any = {"scope": ("okta.factors.manage",), "body": "none"}
_OFF = ("hotp", "okta_call", "fido_webauthn", "yubikey_token")
"""Inferred: what a new Classic org leaves off."""


def _render(call: Call, row: Doc) -> Doc:
    kind, at = BY_KEY[row["id"]], f"{call.base}{_AT}/{row['id']}"
    action = "deactivate" if row["status"] == "ACTIVE" else "activate"
    return {
        "id": row["id"], "provider": kind.provider, "factorType": kind.name, "status": row["status"],
        "_links": {
            action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}},
            "self": {"href": at, "hints": {"allow": ["GET"]}},
        },
    }  # fmt: skip


@operation("GET", _AT, source=DOCUMENTED, scope=("okta.factors.read",))
def list_org_factors(call: Call) -> list[Doc]:
    """The factors, switched on or off."""
    return [_render(call, row) for row in call.store.all(ORG_FACTORS)]


@operation("GET", _AT + "/{factorKey}", source=DOCUMENTED, scope=("okta.factors.read",))
def get_org_factor(call: Call) -> Doc:
    """One factor."""
    return _render(call, _load(call))


@operation(
    "POST", _AT + "/{factorKey}/lifecycle/activate", source=DOCUMENTED, emits=("system.mfa.factor.activate",), **_POST
)
def activate_org_factor(call: Call) -> Doc:
    """Switch a factor on."""
    return _set(call, "ACTIVE", "system.mfa.factor.activate")


@operation(
    "POST", _AT + "/{factorKey}/lifecycle/deactivate", source=DOCUMENTED, emits=("system.mfa.factor.deactivate",),
    **_POST,
)  # fmt: skip
def deactivate_org_factor(call: Call) -> Doc:
    """Switch a factor off; what people have enrolled stays."""
    return _set(call, "INACTIVE", "system.mfa.factor.deactivate")


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(ORG_FACTORS, call.path["factorKey"])
    if found is None:
        raise not_found(call.path["factorKey"], "Factor")
    return found


def _set(call: Call, status: str, event: str) -> Doc:
    row = _load(call)
    if row["status"] != status:
        row["status"] = status
        call.store.put(ORG_FACTORS, row)
        emit(call, event, [target("Factor", row["id"], name=BY_KEY[row["id"]].label)])
    return _render(call, row)


def seed(seeding: Seeding) -> None:
    """The factors of a new org; `org_factors: {okta_call: ACTIVE}` changes them."""
    given, classic = seeding.spec.get("org_factors", {}), seeding.spec.get("engine", "oie") == "classic"
    for key in BY_KEY:
        status = given.get(key, "ACTIVE" if classic and key not in _OFF else "INACTIVE")
        seeding.store.add(ORG_FACTORS, {"id": key, "status": status})
