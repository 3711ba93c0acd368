"""The types of policies, as data: how each is named, ordered, made, and what its rules may say.

Source: okta-admin-api.md 1.2, 12, appendices B and C.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ACCESS, SIGN_ON, PASSWORD = "ACCESS_POLICY", "OKTA_SIGN_ON", "PASSWORD"
ENROLL, PROFILE, DISCOVERY = "MFA_ENROLL", "PROFILE_ENROLLMENT", "IDP_DISCOVERY"
POST_AUTH, ENTITY_RISK, VIOLATION = "POST_AUTH_SESSION", "ENTITY_RISK", "SESSION_VIOLATION_DETECTION"
CATCH_ALL, CATCH_ALL_PRIORITY = "Catch-all Rule", 99
DEFAULT_RULE = "Default Rule"


@dataclass(frozen=True, slots=True)
class PolicyType:
    """One type.

    default: name of the policy that every org has of it; last: name of that policy's system rule. people: policies are
    for groups, stand in an order, and the default one is last. catch_all: each policy has a last rule of its own, at
    priority 99. creatable: further policies may be made. rules: rules may be added. ids: prefixes of policies' and
    rules' ids. conditions: what a rule may name, in the order in which they are shown. begins: name of a rule that the
    default policy has besides its last one. engine: only orgs of the Identity Engine have it. product: what an org must
    have subscribed to.
    """

    name: str
    default: str
    last: str
    ids: tuple[str, str]
    rule_type: str
    conditions: tuple[str, ...] = ()
    description: str | None = None
    people: bool = False
    catch_all: bool = False
    creatable: bool = False
    rules: bool = True
    begins: str = ""
    engine: bool = False
    product: str = ""


_ANY_DEFAULT = "The default policy applies in all situations if no other policy applies."
_GLOBAL, _APP = ("00p", "0pr"), ("rst", "rul")

TYPES: Mapping[str, PolicyType] = {
    item.name: item
    for item in (
        PolicyType(
            ACCESS, "Any two factors", CATCH_ALL, _APP, ACCESS, description="Require two factors to access.",
            conditions=("people", "network", "platform", "device", "riskScore", "userType", "elCondition",
                        "office365Client"),
            catch_all=True, creatable=True, engine=True,
        ),
        PolicyType(
            SIGN_ON, "Default Policy", DEFAULT_RULE, _GLOBAL, "SIGN_ON", description=_ANY_DEFAULT,
            conditions=("people", "network", "authContext", "risk", "riskScore", "identityProvider"),
            people=True, creatable=True,
        ),
        PolicyType(
            PASSWORD, "Default Policy", DEFAULT_RULE, _GLOBAL, PASSWORD, description=_ANY_DEFAULT,
            conditions=("people", "network"), people=True, creatable=True,
        ),
        PolicyType(
            ENROLL, "Default Policy", DEFAULT_RULE, _GLOBAL, ENROLL, description=_ANY_DEFAULT,
            conditions=("people", "network", "app"), people=True, creatable=True,
        ),
        PolicyType(
            PROFILE, "Default Policy", CATCH_ALL, _APP, PROFILE,
            catch_all=True, creatable=True, rules=False, engine=True,
        ),
        PolicyType(
            DISCOVERY, "Idp Discovery Policy", DEFAULT_RULE, _GLOBAL, DISCOVERY,
            description="The default IdP Discovery Policy",
            conditions=("network", "platform", "userIdentifier", "app"),
        ),
        PolicyType(
            POST_AUTH, "Post Auth Policy", CATCH_ALL, _APP, POST_AUTH, conditions=("people",), catch_all=True,
            description="Enables post auth policy evaluation for the org.", begins="Post Session Protection Rule",
            engine=True, product="threat",
        ),
        PolicyType(
            ENTITY_RISK, "Entity Risk Policy", CATCH_ALL, _APP, ENTITY_RISK,
            conditions=("people", "entityRisk", "riskDetectionTypes"), engine=True, product="threat",
        ),
        PolicyType(
            VIOLATION, "Session Violation Detection Policy", CATCH_ALL, _APP, VIOLATION,
            conditions=("network", "riskScore"), rules=False, catch_all=True, begins="Session Violation Rule",
            description="Enables session violation detection policy evaluation for the org.", engine=True,
            product="threat",
        ),
    )
}  # fmt: skip

NOT_EMULATED = ("DEVICE_SIGNAL_COLLECTION", "CLIENT_UPDATE", "IDENTITY_CLAIM_SOURCING")
"""Documented types of which this org holds no policies."""
