"""Conditional Access What If: POST /beta/identity/conditionalAccess/evaluate.

Source: graph-entra.md 1.16; Microsoft's page on the evaluate action.

It asks the sign-in service's own evaluation, so that it and a real sign-in cannot disagree.
"""

from typing import Any

from emulator.entra import queries
from emulator.entra.graph import Collection, beta_operation
from emulator.entra.login import conditional
from emulator.entra.login.facts import BROWSER, EAS, NATIVE, OTHER, Facts, Held, Place, place_at
from emulator.entra.login.requirements import people_of
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.resources import devices, users
from emulator.entra.resources.conditional_access import CA_POLICIES, READERS, render
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED

_TYPE = "WhatIf"
_CLIENTS = {
    "browser": BROWSER, "mobileAppsAndDesktopClients": NATIVE, "exchangeActiveSync": EAS, "easSupported": EAS,
    "other": OTHER, "all": NATIVE,
}  # fmt: skip
_REASONS = {
    "users": "users", "applications": "application", "clientAppTypes": "clientApps", "platforms": "devicePlatform",
    "locations": "location", "userRisk": "userRisk", "signInRisk": "signInRisk", "flows": "authenticationFlow",
    "devices": "devices", "notEmulated": "invalidCondition",
}  # fmt: skip
_PLATFORMS = ("android", "iOS", "windows", "windowsPhone", "macOS", "linux")


@beta_operation(
    "POST", "/beta/identity/conditionalAccess/evaluate", source=DOCUMENTED, commit="manual", extra=READERS,
    scope=("Policy.Read.ConditionalAccess", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"),
)  # fmt: skip
def evaluate(call: Call) -> Collection:
    """Which policies a described sign-in would fall under, and why the others would not apply."""
    facts = _facts(call, call.body)
    made = conditional.book(call)
    matches = conditional.match(call, made, facts, people=people_of(call, made, facts.user))
    only = call.body.get("appliedPoliciesOnly") is True
    rows = []
    for policy in call.store.all(CA_POLICIES):
        applies, reason = _judged(made, matches, policy, facts)
        if applies or not only:
            rows.append({**public(render(call, policy)), "policyApplies": applies, "analysisReasons": reason})
    context = "Collection(microsoft.graph.whatIfAnalysisResult)"
    return queries.of_documents(call, rows, resource="conditionalAccessPolicy", context=context)


def _judged(made: conditional.Book, matches: conditional.Matches, policy: Doc, facts: Facts) -> tuple[bool, str]:
    number = next((at for at, item in enumerate(made.policies) if item["id"] == policy["id"]), None)
    if number is None:
        return False, "policyNotEnabled"
    if matches.applied >> number & 1:
        return True, "notSet"
    first = conditional.failed(made, matches, number)[0]
    return False, "userActions" if first == "applications" and facts.action else _REASONS[first]


def _facts(call: Call, body: Doc) -> Facts:
    identity, context = _object(body, "signInIdentity"), _object(body, "signInContext")
    conditions = body.get("signInConditions") or {}
    if not isinstance(conditions, dict):
        raise invalid("signInConditions", _TYPE, str(conditions)[:60], rule="signInConditions is an object.")
    user_id = _text(identity, "userId")
    user = call.store.get(users.USERS, user_id.lower())
    if user is None:
        raise not_found(user_id, what="user")
    apps = context.get("includeApplications") or []
    action = str(context.get("userAction") or "")
    if not isinstance(apps, list) or not all(isinstance(item, str) for item in apps) or not (apps or action):
        raise required("signInContext.includeApplications", _TYPE)
    actions = {
        "registerSecurityInformation": "urn:user:registersecurityinfo",
        "registerOrJoinDevices": "urn:user:registerdevice",
    }
    address = _text(conditions, "ipAddress", "")
    device = conditions.get("deviceInfo")
    place = Place(_text(conditions, "country", "")) if conditions.get("country") else place_at(call, address)
    return Facts(
        user=user, apps=frozenset(item.lower() for item in apps), address=address, place=place,
        platform=_chosen(conditions, "devicePlatform", ("all", *_PLATFORMS), "all").removeprefix("all"),
        client=_CLIENTS[_chosen(conditions, "clientAppType", tuple(_CLIENTS), "all")], flow="browser", held=Held(),
        device=devices.by_device_id(call.store, _text(device, "deviceId", "")) if isinstance(device, dict) else None,
        action=actions.get(action, ""),
    )  # fmt: skip


def _object(body: Doc, name: str) -> Doc:
    found = body.get(name)
    if not isinstance(found, dict):
        raise required(name, _TYPE)
    return found


def _text(doc: Doc, name: str, default: str | None = None) -> str:
    value: Any = doc.get(name, default)
    if value is None:
        raise required(name, _TYPE)
    if not isinstance(value, str):
        raise invalid(name, _TYPE, str(value)[:60], rule=f"{name} is a text.")
    return value


def _chosen(doc: Doc, name: str, known: tuple[str, ...], default: str) -> str:
    value = doc.get(name) or default
    if value not in known:
        raise invalid(name, _TYPE, str(value)[:60], rule=f"{name}: {', '.join(known)}.")
    return str(value)
