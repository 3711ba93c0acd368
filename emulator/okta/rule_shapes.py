"""Conditions of policy rules as requests give them: checked, and filled in as the server does.

Source: okta-admin-api.md 12, appendices B and C. A condition that its type does not know is refused, so that no rule is
weaker than it reads. What is refused is named by its place in the body, `conditions.network` (observed in 2019).
"""

from collections.abc import Callable
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.expressions import ExpressionError, compile_expression
from emulator.okta.params import part
from emulator.okta.policy_types import ACCESS, PASSWORD, SIGN_ON, VIOLATION, PolicyType
from emulator.okta.problems import invalid

ALL_ZONES = "ALL_ZONES"
OFFICE365_CLIENTS = ("WEB", "MODERN_AUTH", "EXCHANGE_ACTIVE_SYNC", "AAD_JOIN")
_PLATFORMS = ("MOBILE", "DESKTOP", "OTHER", "ANY")
_SYSTEMS = ("IOS", "ANDROID", "WINDOWS", "MACOS", "CHROMEOS", "LINUX", "OSX", "OTHER", "ANY")
_RISKS = ("ANY", "LOW", "MEDIUM", "HIGH")
_DETECTIONS = (
    "ADMIN_REPORTED_USER_RISK", "BRUTE_FORCE_ATTACK", "ENTITY_CRITICAL_ACTION_FROM_HIGH_THREAT_IP",
    "OKTA_THREAT_INTELLIGENCE", "SECURITY_EVENTS_PROVIDER_REPORTED_RISK", "SESSION_INFLUENCED_USER_RISK",
    "SUSPICIOUS_APP_ACCESS", "USER_REPORTED_SUSPICIOUS_ACTIVITY",
)  # fmt: skip

Fill = Callable[[Call, PolicyType, Any, str], Any]
_sides = {"include": shapes.texts, "exclude": shapes.texts}


def conditions(call: Call, kind: PolicyType, body: Doc) -> Doc | None:
    """A rule's conditions with the server's defaults; None for types whose rules have none. Raises 400."""
    if not kind.conditions:
        return None
    sent = part(body, "conditions") or {}
    for name in sent:
        if name not in kind.conditions:
            cause = f"conditions: Invalid condition type specified: {name[:60]}."
            compared = (
                Compared("condition", name[:60], "request body"),
                Compared("rule's type", kind.name, "the policy"),
            )
            raise invalid("conditions", cause, why=Why("Rules of this type have no such condition.", compared))
    found: Doc = {}
    filled = _FILLED.get(kind.name, ())
    if kind.name == SIGN_ON and call.info["engine"] == "classic":
        filled = filled[:3]  # observed in 2020: the Classic engine shows no risks and providers that were not sent
    for name in kind.conditions:
        value = part(sent, name)
        if value is not None:
            found[name] = _READERS[name](call, kind, value, f"conditions.{name}")
        elif name in filled:
            found[name] = _READERS[name](call, kind, {}, f"conditions.{name}")
    return found


# Inferred where no recording shows a rule that was sent without them.
_FILLED = {
    ACCESS: ("people", "network", "riskScore", "userType"),
    SIGN_ON: ("people", "network", "authContext", "risk", "riskScore", "identityProvider"),
    PASSWORD: ("people", "network"), "MFA_ENROLL": ("people", "network"),
    "IDP_DISCOVERY": ("network", "userIdentifier", "app"), "POST_AUTH_SESSION": ("people",),
    "ENTITY_RISK": ("people", "entityRisk", "riskDetectionTypes"),
    "SESSION_VIOLATION_DETECTION": ("network", "riskScore"),
}  # fmt: skip


def _people(call: Call, kind: PolicyType, sent: Any, path: str) -> Doc:
    read = shapes.record({"users": shapes.record(_sides), "groups": shapes.record(_sides)})
    given: Doc = read(sent, path)
    users = given.get("users", {})
    shown: Doc = {"exclude": users.get("exclude", [])}
    if users.get("include") or (kind.name == PASSWORD and "include" in users):
        shown = {"include": users["include"], **shown}
    found: Doc = {"users": shown}
    groups = given.get("groups")
    if groups is not None and (any(groups.values()) or kind.name == PASSWORD):
        found["groups"] = groups  # observed: both sides empty are not shown
    return found


def _network(call: Call, kind: PolicyType, sent: Any, path: str) -> Doc:
    read = shapes.record({"connection": shapes.one_of("ANYWHERE", "ZONE"), **_sides}, first={"connection": "ANYWHERE"})
    found: Doc = read(sent, path)
    sides = {side: found[side] for side in ("include", "exclude") if found.get(side)}
    for side, zones in sides.items():
        for zone in zones:
            _known_zone(call, zone, side)
    if found["connection"] == "ZONE" and len(sides) != 1:
        compared = (Compared("connection", "ZONE", path), Compared("given", " and ".join(sides) or "neither", path))
        cause = f"{path}: You should either include or exclude network zones when you use zones in the policy rule."
        raise invalid(path, cause, why=Why("A rule for zones includes some or excludes some.", compared))
    return found


def _known_zone(call: Call, zone: str, side: str) -> None:
    from emulator.okta.resources.zones import ZONES

    if zone == ALL_ZONES or call.store.get(ZONES, zone) is not None:
        return
    why = Why("The rule names a network zone that the org does not have.", (Compared(side, zone, "network"),))
    raise invalid("conditions.network", f"conditions.network.{side}: '{zone}' does not exist", why=why)


_os = shapes.record(
    {"type": shapes.one_of(*_SYSTEMS), "expression": shapes.text, "version": shapes.anything}, first={"type": "ANY"}
)
_platform_item = shapes.record(
    {"type": shapes.one_of(*_PLATFORMS), "os": _os}, first={"type": "ANY", "os": {"type": "ANY"}}
)


def _platform(call: Call, kind: PolicyType, sent: Any, path: str) -> Doc:
    found: Doc = {"include": [], "exclude": []}
    for side in found:
        rows = sent.get(side) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise shapes.bad(f"{path}.{side}", rows, allowed="lists of objects")
        found[side] = [_platform_item(row, path) for row in rows]
    return found


def _device(call: Call, kind: PolicyType, sent: Any, path: str) -> Doc:
    from emulator.okta.resources.device_assurance import ASSURANCES

    read = shapes.record(
        {
            "registered": shapes.boolean,
            "managed": shapes.boolean,
            "assurance": shapes.record({"include": shapes.texts}),
        },
        first={"registered": False, "managed": False, "assurance": {"include": []}},
    )
    found: Doc = read(sent, path)
    for id in found["assurance"].setdefault("include", []):
        if call.store.get(ASSURANCES, id) is None:
            compared = (Compared("assurance", id, "request body"),)
            why = Why("The rule names a device assurance policy that the org does not have.", compared)
            raise invalid(path, f"{path}.assurance.include: '{id}' does not exist", why=why)
    return found


def _expression(call: Call, kind: PolicyType, sent: Any, path: str) -> Doc:
    text = shapes.record({"condition": shapes.text})(sent, path).get("condition")
    if not text:
        cause = f"{path}.condition: The field cannot be left blank"
        why = Why("elCondition holds an expression.", (Compared("condition", text, "request body"),))
        raise invalid(path, cause, why=why)
    try:
        compile_expression(text)
    except ExpressionError as error:
        compared = (Compared("condition", text, "request body"), Compared("error", error.message, "compiler"))
        raise invalid(path, error.message, why=Why("The condition is no expression.", compared)) from error
    return {"condition": text}


def _client(call: Call, kind: PolicyType, sent: Any, path: str) -> Doc:
    include = shapes.texts(sent.get("include") or [], f"{path}.include")
    return {"include": [shapes.one_of(*OFFICE365_CLIENTS)(item, path) for item in include]}


def _risk_score(call: Call, kind: PolicyType, sent: Any, path: str) -> Any:
    """The level of a sign-in's risk; for violations of sessions the least that counts."""
    name, first = ("minRiskLevel", "LOW") if kind.name == VIOLATION else ("level", "ANY")
    return shapes.record({name: shapes.one_of(*_RISKS)}, first={name: first})(sent, path)


def _plain(read: shapes.Read) -> Fill:
    return lambda call, kind, sent, path: read(sent, path)


_app_item = shapes.record(
    {"type": shapes.one_of("APP", "APP_TYPE"), "id": shapes.text, "name": shapes.text}, needed=("type",)
)
_pattern = shapes.record({
    "matchType": shapes.one_of("SUFFIX", "EXPRESSION", "STARTS_WITH", "EQUALS", "CONTAINS"), "value": shapes.text,
})  # fmt: skip
_none: Doc = {"include": [], "exclude": []}

_READERS: dict[str, Fill] = {
    "people": _people, "network": _network, "platform": _platform, "device": _device, "elCondition": _expression,
    "office365Client": _client,
    "riskScore": _risk_score,
    "userType": _plain(shapes.record(_sides, first=_none)),
    "authContext": _plain(shapes.record(
        {"authType": shapes.one_of("ANY", "RADIUS", "LDAP_INTERFACE")}, first={"authType": "ANY"}
    )),
    "risk": _plain(shapes.record({"behaviors": shapes.texts}, first={"behaviors": []})),
    "identityProvider": _plain(shapes.record(
        {"provider": shapes.one_of("ANY", "OKTA", "SPECIFIC_IDP"), "idpIds": shapes.texts}, first={"provider": "ANY"}
    )),
    "app": _plain(shapes.record(
        {"include": shapes.many(_app_item), "exclude": shapes.many(_app_item)}, first=_none
    )),
    "userIdentifier": _plain(shapes.record(
        {"type": shapes.one_of("IDENTIFIER", "ATTRIBUTE"), "attribute": shapes.text,
         "patterns": shapes.many(_pattern)},
        first={"patterns": []},
    )),
    "entityRisk": _plain(shapes.record({"level": shapes.one_of(*_RISKS)}, first={"level": "ANY"})),
    "riskDetectionTypes": _plain(shapes.record(
        {"include": shapes.many(shapes.one_of(*_DETECTIONS)), "exclude": shapes.many(shapes.one_of(*_DETECTIONS))},
        first=_none,
    )),
}  # fmt: skip
