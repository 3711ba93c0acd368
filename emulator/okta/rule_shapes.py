"""Rules of app sign-on policies as requests give them: checked, and filled in as the server does.

Source: okta-admin-api.md 12.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import parse_duration
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.bad_values import bad
from emulator.okta.expressions import ExpressionError, compile_expression
from emulator.okta.params import part, text_of
from emulator.okta.policy_store import OFFICE365_CLIENTS
from emulator.okta.problems import invalid

ALL_ZONES = "ALL_ZONES"
_PLATFORMS = ("MOBILE", "DESKTOP", "OTHER", "ANY")
_SYSTEMS = ("IOS", "ANDROID", "WINDOWS", "MACOS", "CHROMEOS", "LINUX", "OTHER", "ANY")
_RISKS = ("ANY", "LOW", "MEDIUM", "HIGH")
# What conditions can hold; other names are refused, so that no rule is weaker than it reads.
_CONDITIONS = ("people", "network", "platform", "device", "riskScore", "userType", "elCondition", "office365Client")


def conditions(call: Call, body: Doc) -> Doc:
    """A rule's conditions with the server's defaults. Raises E0000001."""
    sent = part(body, "conditions") or {}
    for name in sent:
        if name not in _CONDITIONS:
            raise _bad(name, sent[name], _CONDITIONS)
    found: Doc = {"people": _people(part(sent, "people") or {}), "network": _network(call, part(sent, "network") or {})}
    if part(sent, "platform") is not None:
        found["platform"] = _platform(sent["platform"])
    if part(sent, "device") is not None:
        found["device"] = {"registered": False, "managed": False, "assurance": {"include": []}, **sent["device"]}
    level = (part(sent, "riskScore") or {}).get("level", "ANY")
    found["riskScore"] = {"level": _one_of("riskScore.level", level, _RISKS)}
    user_type = part(sent, "userType") or {}
    found["userType"] = {name: _ids(user_type, name, "userType") for name in ("include", "exclude")}
    if part(sent, "elCondition") is not None:
        found["elCondition"] = {"condition": _expression(text_of(sent["elCondition"], "condition"))}
    clients = part(sent, "office365Client")
    if clients is not None:
        found["office365Client"] = {
            "include": [
                _one_of("office365Client", item, OFFICE365_CLIENTS)
                for item in _ids(clients, "include", "office365Client")
            ]
        }
    return found


def _people(sent: Doc) -> Doc:
    users, groups = part(sent, "users") or {}, part(sent, "groups")
    found: Doc = {"users": {"exclude": _ids(users, "exclude", "people.users")}}
    if users.get("include"):
        found["users"]["include"] = _ids(users, "include", "people.users")
    if groups is not None:
        found["groups"] = {
            name: _ids(groups, name, "people.groups") for name in ("include", "exclude") if name in groups
        }
    return found


def _network(call: Call, sent: Doc) -> Doc:
    from emulator.okta.resources.zones import ZONES

    connection = _one_of("network.connection", sent.get("connection", "ANYWHERE"), ("ANYWHERE", "ZONE"))
    if connection == "ANYWHERE":
        return {"connection": connection}
    found: Doc = {"connection": connection}
    for name in ("include", "exclude"):
        if sent.get(name):
            found[name] = _ids(sent, name, "network")
            for zone in found[name]:
                if zone != ALL_ZONES and call.store.get(ZONES, zone) is None:
                    why = Why(
                        "The rule names a network zone that the org does not have.", (Compared(name, zone, "network"),)
                    )
                    raise invalid("network", f"network.{name}: '{zone}' does not exist", why=why)
    return found


def _platform(sent: Doc) -> Doc:
    found: Doc = {"include": [], "exclude": []}
    for name in found:
        for item in sent.get(name) or []:
            if not isinstance(item, dict):
                raise _bad(f"platform.{name}", item, ("objects",))
            system = part(item, "os") or {"type": "ANY"}
            found[name].append({
                "type": _one_of("platform.type", item.get("type", "ANY"), _PLATFORMS),
                "os": {**system, "type": _one_of("platform.os.type", system.get("type", "ANY"), _SYSTEMS)},
            })  # fmt: skip
    return found


def _expression(text: str | None) -> str:
    if not text:
        cause = "elCondition.condition: The field cannot be left blank"
        raise bad("elCondition", cause, "condition", text, "elCondition holds an expression.")
    try:
        compile_expression(text)
    except ExpressionError as error:
        compared = (Compared("condition", text, "request body"), Compared("error", error.message, "compiler"))
        raise invalid("elCondition", error.message, why=Why("The condition is no expression.", compared)) from error
    return text


def actions(body: Doc) -> Doc:
    """A rule's actions with the server's defaults. Raises E0000001."""
    sent = part(part(body, "actions") or {}, "appSignOn") or {}
    access = _one_of("appSignOn.access", sent.get("access"), ("ALLOW", "DENY"))
    method = part(sent, "verificationMethod") or {"type": "ASSURANCE", "factorMode": "2FA", "reauthenticateIn": "PT2H"}
    kind = _one_of("verificationMethod.type", method.get("type", "ASSURANCE"), ("ASSURANCE", "AUTH_METHOD_CHAIN"))
    found = {**method, "type": kind}
    if kind == "ASSURANCE":
        found["factorMode"] = _one_of("verificationMethod.factorMode", method.get("factorMode", "2FA"), ("1FA", "2FA"))
    elif not isinstance(method.get("chains"), list) or not method["chains"]:
        cause = "verificationMethod.chains: The field cannot be left blank"
        raise bad("verificationMethod", cause, "chains", method.get("chains"), "A chain of methods has at least one.")
    for name in ("reauthenticateIn", "inactivityPeriod"):
        if found.get(name) is not None:
            _duration(name, found[name])
    stay = part(sent, "keepMeSignedIn") or {"postAuth": "NOT_ALLOWED"}
    return {"appSignOn": {"access": access, "verificationMethod": found, "keepMeSignedIn": stay}}


def _duration(name: str, value: Any) -> None:
    try:
        parse_duration(value)
    except (ValueError, TypeError) as error:
        raise _bad(f"verificationMethod.{name}", value, ("ISO 8601 durations",)) from error


def _ids(sent: Doc, name: str, where: str) -> list[str]:
    value = sent.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _bad(f"{where}.{name}", value, ("lists of texts",))
    return value


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise _bad(name, value, allowed)
    return str(value)


def _bad(name: str, value: Any, allowed: tuple[str, ...]) -> Exception:
    compared = (Compared(name, value, "request body"), Compared("allowed", ", ".join(allowed), "rules"))
    return invalid(name, f"{name}: '{value}' is not valid", why=Why(f"{name} has no such value.", compared))
