"""How risky a user is held to be: /api/v1/users/{userId}/risk. Source: okta-admin-api.md appendix A; the SDK's models.

# Differs: it is also the risk that sign-on rules compare, for no engine stands behind the org. LOW until it is set.
"""

from typing import Any

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta import universal_logout
from emulator.okta.events import emit, user_target
from emulator.okta.params import body_object
from emulator.okta.rule_subject import REPORTED, RISK
from emulator.okta.shapes import one_of, record
from emulator.store import Kind

USER_RISK = Kind("user_risk")
_AT = "/api/v1/users/{userId}/risk"


def level_of(store: Any, user_id: str) -> str:
    """The user's risk level as rules compare it."""
    found = store.get(USER_RISK, user_id)
    return str(found["riskLevel"]) if found is not None else RISK


def _render(call: Call, user: Doc, level: str, **more: str) -> Doc:
    me = f"{call.base}/api/v1/users/{user['id']}"
    links = {
        "self": {"href": f"{me}/risk", "hints": {"allow": ["GET", "PUT"]}},
        "user": {"href": me, "hints": {"allow": ["GET"]}},
    }
    return {"riskLevel": level, **more, "_links": links}


def _user(call: Call) -> Doc:
    from emulator.okta.resources import users

    return users.load(call)


@operation("GET", _AT, source=DOCUMENTED, scope=("okta.userRisk.read",), bucket="users")
def get_user_risk(call: Call) -> Doc:
    """The level that was set, or NONE."""
    user = _user(call)
    found = call.store.get(USER_RISK, user["id"])
    return _render(call, user, found["riskLevel"], reason=found["reason"]) if found else _render(call, user, "NONE")


@operation(
    "PUT", _AT, source=DOCUMENTED, scope=("okta.userRisk.manage",), bucket="users",
    emits=("user.risk.change", *universal_logout.EMITS),
)  # fmt: skip
def set_user_risk(call: Call) -> Doc | Answer:
    """Set the level, HIGH or LOW; 201 the first time."""
    user = _user(call)
    level = record({"riskLevel": one_of("HIGH", "LOW")}, needed=("riskLevel",))(body_object(call), "")["riskLevel"]
    before = call.store.get(USER_RISK, user["id"])
    report(call, user, level, REPORTED)
    shown = _render(call, user, level, reason=REPORTED)
    if before is not None:
        return shown
    return Answer(201, [*call.headers, ("Content-Type", "application/json")], orjson.dumps(shown))


def report(call: Call, user: Doc, level: str, reason: str) -> None:
    """Hold a user to be at that risk, LOW, MEDIUM or HIGH, and do what the entity risk policy says of it."""
    call.store.save(USER_RISK, {"id": user["id"], "riskLevel": level, "reason": reason})
    emit(call, "user.risk.change", [user_target(user)], debug={"riskLevel": level})
    universal_logout.risk_changed(call, user)
