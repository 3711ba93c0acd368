"""The policies that a new org holds, each with its system rule.

Source: okta-admin-api.md 12 (names), appendix C (shapes). Values that no recording shows are the defaults of the
vendor's forms.
"""

from collections.abc import Mapping
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.okta import policy_docs, policy_store, rule_actions, shapes
from emulator.okta.app_kinds import POLICIES, POLICY_RULES
from emulator.okta.password_policy import SETTINGS
from emulator.okta.policy_types import (
    ACCESS,
    CATCH_ALL_PRIORITY,
    DEFAULT_RULE,
    DISCOVERY,
    ENROLL,
    ENTITY_RISK,
    PASSWORD,
    POST_AUTH,
    PROFILE,
    SIGN_ON,
    TYPES,
    VIOLATION,
    PolicyType,
)

_PEOPLE: Doc = {"users": {"exclude": []}}
_NETWORK: Doc = {"connection": "ANYWHERE"}
_NONE: Doc = {"include": [], "exclude": []}
_CONDITIONS: Mapping[str, Doc | None] = {
    SIGN_ON: {
        "people": _PEOPLE, "network": _NETWORK, "authContext": {"authType": "ANY"}, "risk": {"behaviors": []},
        "riskScore": {"level": "ANY"}, "identityProvider": {"provider": "ANY"},
    },
    PASSWORD: {"people": _PEOPLE, "network": _NETWORK}, ENROLL: {"people": _PEOPLE, "network": _NETWORK},
    DISCOVERY: {"network": _NETWORK, "userIdentifier": {"patterns": []}, "app": _NONE},
    ACCESS: None, POST_AUTH: None, VIOLATION: None, PROFILE: None,
    ENTITY_RISK: {"people": _PEOPLE, "entityRisk": {"level": "ANY"}, "riskDetectionTypes": _NONE},
}  # fmt: skip

_FIRST: Mapping[str, Doc] = {
    POST_AUTH: {"people": _PEOPLE}, VIOLATION: {"network": _NETWORK, "riskScore": {"minRiskLevel": "LOW"}},
}  # fmt: skip
"""Conditions of the rules that policies begin with."""


def enrolment_actions(place: Seeding | Call) -> Doc:
    """`actions` of the catch-all rule of a profile enrolment policy, with a form of its own."""
    from emulator.okta.resources.ui_schemas import first_form

    return {"profileEnrollment": {
        "access": "ALLOW", "preRegistrationInlineHooks": None,
        "profileAttributes": [
            {"name": "email", "label": "Email", "required": True},
            {"name": "firstName", "label": "First name", "required": True},
            {"name": "lastName", "label": "Last name", "required": True},
        ],
        "targetGroupIds": None, "unknownUserAction": "REGISTER", "activationRequirements": {"emailVerification": True},
        "progressiveProfilingAction": "DISABLED", "allowedIdentifiers": ["login"],
        "uiSchemaId": first_form(place),
    }}  # fmt: skip


def default_policies(seeding: Seeding, changes: Mapping[str, Doc]) -> None:
    """Store one policy of each type with its system rule. changes: of `settings.password`."""
    for kind in TYPES.values():
        policy = policy_store.new_policy(
            seeding.ids, seeding.now, kind.default, kind=kind.name, system=True, description=kind.description,
            conditions=_conditions(seeding.store, kind), settings=_settings(seeding.store, kind, changes),
        )  # fmt: skip
        seeding.store.add(POLICIES, policy)
        if kind.begins:
            seeding.store.add(POLICY_RULES, policy_store.new_rule(
                seeding.ids, seeding.now, policy, name=kind.begins, priority=1, conditions=_FIRST[kind.name],
                actions=_actions(seeding, kind),
            ))  # fmt: skip
        seeding.store.add(POLICY_RULES, policy_store.new_rule(
            seeding.ids, seeding.now, policy, name=kind.last, priority=CATCH_ALL_PRIORITY if kind.catch_all else 1,
            conditions=_CONDITIONS[kind.name], actions=_actions(seeding, kind), system=True,
        ))  # fmt: skip


def account_policy(seeding: Seeding) -> None:
    """The policy for what people do to their own accounts; orgs of the Identity Engine have it.

    # Differs: enrolment, recovery and unlocking do not ask it; their own policies decide.
    """
    policy = policy_store.new_policy(
        seeding.ids, seeding.now, "Okta Account Management Policy",
        description="How people must prove themselves before they change their authenticators or recover an account.",
    )  # fmt: skip
    policy["_resourceType"] = "END_USER_ACCOUNT_MANAGEMENT"
    seeding.store.add(POLICIES, policy)
    seeding.store.add(POLICY_RULES, policy_store.new_rule(
        seeding.ids, seeding.now, policy, name=TYPES[ACCESS].last, priority=CATCH_ALL_PRIORITY,
        conditions=None, actions=policy_store.sign_on("ALLOW", factors="2FA"), system=True,
    ))  # fmt: skip


_DIRECTORY: Doc = {
    "password": {"lockout": {"maxAttempts": 0}},
    "recovery": {"factors": {"okta_email": {"properties": {"recoveryToken": {"tokenLifetimeMinutes": 10_080}}}}},
}  # fmt: skip
"""Observed: in what the policy for directories differs from the default one."""


def directory_policy(place: Seeding | Call, changes: Doc) -> None:
    """Store the policy for people whose passwords Active Directory checks, and its rule. changes: as above.

    It comes with the org's first directory and stands above the default one (observed; its rule is inferred).
    """
    *others, default = policy_store.policies_of(place.store, PASSWORD)
    if any(policy["system"] for policy in others):
        return
    policy = policy_store.new_policy(
        place.ids, place.now, "Active Directory Policy", kind=PASSWORD, system=True,
        description="The active directory policy contains settings that apply to users using delegated authentication "
                    "from active directory integrations.",
        conditions={**default["conditions"], "authProvider": {"provider": "ACTIVE_DIRECTORY"}},
        settings=shapes.over(shapes.over(SETTINGS, _DIRECTORY), {"password": changes}),
    )  # fmt: skip
    policy["priority"] = default["priority"]
    place.store.add(POLICIES, policy)
    place.store.put(POLICIES, {**default, "priority": default["priority"] + 1, "lastUpdated": policy["lastUpdated"]})
    place.store.add(POLICY_RULES, policy_store.new_rule(
        place.ids, place.now, policy, name=DEFAULT_RULE, priority=1, conditions=_CONDITIONS[PASSWORD],
        actions=rule_actions.actions(TYPES[PASSWORD], {}), system=True,
    ))  # fmt: skip


def _conditions(store: Any, kind: PolicyType) -> Doc | None:
    from emulator.okta.resources.groups import everyone

    if not kind.people:
        return None
    found: Doc = {"people": {"groups": {"include": [everyone(store)["id"]]}}}
    return {**found, "authProvider": {"provider": "OKTA"}} if kind.name == PASSWORD else found


def _settings(store: Any, kind: PolicyType, changes: Mapping[str, Doc]) -> Doc | None:
    if kind.name == PASSWORD:
        return shapes.over(SETTINGS, {"password": changes.get(PASSWORD, {})})
    return policy_docs.enrolment_of(store) if kind.name == ENROLL else None


def _actions(seeding: Seeding, kind: PolicyType) -> Doc:
    if kind.name == ACCESS:
        return policy_store.sign_on("ALLOW", factors="2FA")
    if kind.name == PROFILE:
        return enrolment_actions(seeding)
    classic, sent = seeding.spec.get("engine", "oie") == "classic", _SENT.get(kind.name, {})
    if kind.name == PASSWORD and not classic:
        # Inferred: what people show before a reset by the org's default rule.
        sent = {"selfServicePasswordReset": {"access": "ALLOW", "requirement": rule_actions.REQUIREMENT}}
    return rule_actions.actions(kind, {"actions": sent}, classic=classic)


_SENT: Mapping[str, Doc] = {
    SIGN_ON: {"signon": {"access": "ALLOW"}},
    DISCOVERY: {"idp": {"providers": [{"type": "OKTA"}]}},
}
