"""Which policies use an authenticator, and what refuses to switch it off.

Source: okta-admin-api.md 14, appendix D (E0000148); the texts and the two kinds of refusal are observed.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.app_kinds import POLICIES, POLICY_RULES
from emulator.okta.authenticator_catalogue import CATALOGUE
from emulator.okta.policy_types import ACCESS, ENROLL
from emulator.okta.problems import invalid

_ENROLMENT, _APPS = "Authenticator Enrollment Policies", "App Assurance Policies"
_ADVICE = "To continue, disable the authenticator in these policies."
_LAST = (
    "This action can't be completed because it would result in 0 phishing resistant authenticators and your org has "
    "at least one authentication policy rule that requires phishing resistant authenticators.\n To continue, either "
    "enable FIDO 2 (WebAuthn) or remove the phishing resistance constraint from the affected policies.\n "
    "Policy rules: {0}"
)
_RESISTANT = {"webauthn": "webauthn", "okta_verify": "signed_nonce", "smart_card_idp": "cert"}
"""Authenticators that resist phishing, with the method that does. Inferred from the list of characteristics."""


def refuse_used(call: Call, item: Doc) -> None:
    """E0000001 where phishing resistance would be gone, E0000148 (403) where a policy names the authenticator."""
    _refuse_last_resistant(call.store, item)
    found = policies_of(call.store, item)
    if CATALOGUE[item["key"]].fixed and not found:
        found = {_ENROLMENT: [policy["name"] for policy in call.store.find_all(POLICIES, "type", ENROLL)]}
    if not found:
        return
    causes = tuple(f"{kind}: {', '.join(names)}" for kind, names in found.items())
    compared = (Compared("authenticator", item["key"], "request path"),
                Compared("policies", "; ".join(causes), "policies that name it"))  # fmt: skip
    why = Why("A policy still uses the authenticator.", compared, "Set it to NOT_ALLOWED in the policies first.")
    raise Problem("E0000148", _ADVICE, causes=causes, why=why)


def policies_of(store: Any, item: Doc) -> dict[str, list[str]]:
    """Names of the policies that let people enrol an authenticator, or whose rules name it, by kind of policy."""
    from emulator.okta.resources.authenticators import AUTHENTICATORS

    if len(store.find_all(AUTHENTICATORS, "key", item["key"])) > 1:
        return {}  # inferred: of several, policies name one by id, which nothing here reads
    enrolment = [
        policy["name"] for policy in store.find_all(POLICIES, "type", ENROLL)
        if any(row["key"] == item["key"] and row["enroll"]["self"] != "NOT_ALLOWED"
               for row in policy["settings"].get("authenticators", ()))
    ]  # fmt: skip
    rules = [rule for rule in _rules(store) if _named(rule["actions"]["appSignOn"]["verificationMethod"], item["key"])]
    found = {_ENROLMENT: enrolment, _APPS: _policies(store, rules)}
    return {kind: names for kind, names in found.items() if names}


def _refuse_last_resistant(store: Any, item: Doc) -> None:
    """A rule that asks for resistance to phishing needs an active authenticator that has it."""
    from emulator.okta.resources.authenticators import AUTHENTICATORS

    ready = {other["id"] for other in store.all(AUTHENTICATORS) if _resists(other)}
    asking = [rule for rule in _rules(store) if _asks(rule)]
    if ready != {item["id"]} or not asking:
        return
    names = ",".join(rule["name"] for rule in asking)
    compared = (Compared("authenticator", item["key"], "the last that resists phishing"),
                Compared("rules", names, "rules that ask for it"))  # fmt: skip
    why = Why("A rule asks for authenticators that resist phishing.", compared, "Switch another such one on first.")
    raise invalid("Authenticator", f"{_APPS}: {', '.join(_policies(store, asking))}", _LAST.format(names), why=why)


def _resists(item: Doc) -> bool:
    method = item["_methods"].get(_RESISTANT.get(item["key"], ""))
    return bool(method) and item["status"] == method["status"] == "ACTIVE"


def _rules(store: Any) -> list[Doc]:
    return [rule for rule in store.all(POLICY_RULES) if rule["type"] == ACCESS]


def _asks(rule: Doc) -> bool:
    constraints = rule["actions"]["appSignOn"]["verificationMethod"].get("constraints") or ()
    return any((each.get("possession") or {}).get("phishingResistant") == "REQUIRED" for each in constraints)


def _policies(store: Any, rules: list[Doc]) -> list[str]:
    """Names of the rules' policies, each once."""
    found = (store.get(POLICIES, rule["policyId"]) for rule in rules)
    return list(dict.fromkeys(policy["name"] for policy in found if policy))


def _named(value: Any, key: str) -> bool:
    """Whether a verification method asks for an authenticator by key, however deep."""
    if isinstance(value, dict):
        named = (inner for name, inner in value.items() if name != "excludedAuthenticationMethods")
        return value.get("key") == key or any(_named(inner, key) for inner in named)
    return isinstance(value, list) and any(_named(inner, key) for inner in value)
