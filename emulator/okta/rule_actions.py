"""Actions of policy rules as requests give them: checked, and filled in as the server does.

Source: okta-admin-api.md 12, appendices B and C. What is refused is named by its place in the body, `actions.idp`.
"""

from collections.abc import Callable
from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta import shapes
from emulator.okta.params import part
from emulator.okta.policy_store import REAUTHENTICATE
from emulator.okta.policy_types import SIGN_ON, PolicyType
from emulator.okta.shapes import anything, boolean, many, one_of, record, text, texts, whole

_ACCESS = one_of("ALLOW", "DENY")
_LONG = 60 * 24 * 365 * 10


def actions(kind: PolicyType, body: Doc, *, classic: bool = False) -> Doc:
    """A rule's actions with the server's defaults, of which the engine decides one. Raises 400."""
    sent = part(body, "actions") or {}
    found = _READERS[kind.name](sent)
    if kind.name == SIGN_ON:
        found["signon"]["primaryFactor"] = found["signon"]["primaryFactor"] or _FIRST_FACTOR[classic]
    return found


_FIRST_FACTOR = {True: "PASSWORD_IDP", False: "PASSWORD_IDP_ANY_FACTOR"}
"""What a session may begin with where a rule does not say: the Classic engine knows passwords only."""


def _sign_on_app(sent: Doc) -> Doc:
    """ACCESS_POLICY."""
    given = part(sent, "appSignOn") or {}
    if given.get("access") is None:
        raise shapes.blank("actions.appSignOn.access")
    access = _ACCESS(given["access"], "actions.appSignOn.access")
    method = part(given, "verificationMethod") or {}  # inferred: what a rule without one asks for
    stay = record(
        {"postAuth": one_of("ALLOWED", "NOT_ALLOWED"), "postAuthPromptFrequency": shapes.duration},
        first={"postAuth": "NOT_ALLOWED"},
    )
    return {"appSignOn": {
        "access": access, "verificationMethod": _method(method),
        "keepMeSignedIn": stay(part(given, "keepMeSignedIn") or {}, "actions.appSignOn.keepMeSignedIn"),
    }}  # fmt: skip


_toggle = one_of("OPTIONAL", "REQUIRED")
_method_key = record(
    {"key": text, "id": text, "method": text, "hardwareProtection": _toggle, "phishingResistant": _toggle,
     "userVerification": _toggle, "userVerificationMethods": texts},
    needed=("key",),
)  # fmt: skip
_TYPES = ("SECURITY_KEY", "PHONE", "EMAIL", "PASSWORD", "SECURITY_QUESTION", "APP", "FEDERATED")
_METHODS = ("PASSWORD", "SECURITY_QUESTION", "SMS", "VOICE", "EMAIL", "PUSH", "SIGNED_NONCE", "OTP", "TOTP", "WEBAUTHN",
            "DUO", "IDP", "CERT")  # fmt: skip
_constraint = {
    "required": boolean, "types": many(shapes.named(*_TYPES)), "methods": many(shapes.named(*_METHODS)),
    "authenticationMethods": many(_method_key),
    "excludedAuthenticationMethods": many(_method_key), "reauthenticateIn": shapes.duration,
}  # fmt: skip
_STRENGTHS = ("deviceBound", "hardwareProtection", "phishingResistant", "userPresence", "userVerification")
_strength = dict.fromkeys(_STRENGTHS, _toggle)


def _required(fields: dict[str, shapes.Read]) -> shapes.Read:
    """A constraint says whether it is required: by default it is. Since 2022 a part that is none is refused.

    One that excludes methods stays as it was sent: what `required` false means for what it excludes is not known.
    """
    read = record(fields)

    def filled(value: Any, path: str) -> Doc:
        found: Doc = read(value, path)
        for name in value:
            if name not in fields:
                raise shapes.bad(path, name, allowed=", ".join(fields))
        return found if found.get("excludedAuthenticationMethods") else {"required": True, **found}

    return filled


_constraints = record({
    "knowledge": _required(_constraint),
    "possession": _required({**_constraint, **_strength, "userVerificationMethods": texts}),
})  # fmt: skip


def _chain(value: Any, path: str) -> Doc:
    read = record(
        {"authenticationMethods": many(_method_key), "next": many(_chain), "reauthenticateIn": shapes.duration},
        needed=("authenticationMethods",),
    )
    found: Doc = read(value, path)
    return found


def _method(sent: Doc) -> Doc:
    where = "actions.appSignOn.verificationMethod"
    kind = one_of("ASSURANCE", "AUTH_METHOD_CHAIN", "ID_PROOFING")(sent.get("type", "ASSURANCE"), f"{where}.type")
    times = {"reauthenticateIn": shapes.duration, "inactivityPeriod": shapes.duration}
    found: Doc
    if kind == "ASSURANCE":
        read = record(
            {"factorMode": one_of("1FA", "2FA"), "type": text, **times, "constraints": many(_constraints)},
            first={"factorMode": "2FA", "type": kind, "reauthenticateIn": REAUTHENTICATE},
        )
        found = read(sent, where)
        _fit(found, where)
        return found
    if kind == "ID_PROOFING":
        found = record({"type": text, "id": text, **times}, needed=("id",))(sent, where)
        return found
    if not sent.get("chains"):
        raise shapes.blank(f"{where}.chains")
    found = record({"type": text, "chains": many(_chain), **times})(sent, where)
    return found


def _fit(method: Doc, where: str) -> None:
    """Documented: no constraint wants more classes of authenticators than there are factors (inferred wording)."""
    for item in method.get("constraints", ()):
        wanted = [side for side, asked in item.items() if asked.get("required", True)]
        if len(wanted) > int(method["factorMode"][0]):
            sides = " and ".join(wanted)
            cause = f"{where}.constraints: {sides} are more than the factors of {method['factorMode']}"
            raise shapes.bad(f"{where}.constraints", sides, allowed=method["factorMode"], cause=cause)


def _sign_on_org(sent: Doc) -> Doc:
    """OKTA_SIGN_ON: a factor's lifetime and prompt show where one is asked for."""
    if part(sent, "signon") is None:
        raise shapes.blank("actions.signon")
    session = record(
        {"usePersistentCookie": boolean, "maxSessionIdleMinutes": whole(0, _LONG),
         "maxSessionLifetimeMinutes": whole(0, _LONG)},
        first={"usePersistentCookie": False, "maxSessionIdleMinutes": 120, "maxSessionLifetimeMinutes": 0},
    )  # fmt: skip
    read = record(
        {
            "access": _ACCESS, "requireFactor": boolean,
            "primaryFactor": one_of("PASSWORD_IDP", "PASSWORD_IDP_ANY_FACTOR"), "rememberDeviceByDefault": boolean,
            "factorPromptMode": one_of("ALWAYS", "DEVICE", "SESSION"), "factorLifetime": whole(0, _LONG),
            "session": session,
        },
        needed=("access",),
        first={"requireFactor": False, "primaryFactor": None, "rememberDeviceByDefault": False,
               "session": session({}, "")},
    )  # fmt: skip
    if sent["signon"].get("access") == "CHALLENGE":
        raise shapes.bad("actions.signon.access", "CHALLENGE", allowed="ALLOW, DENY", cause=_NO_CHALLENGE)
    found: Doc = read(sent["signon"], "actions.signon")
    _coherent(found)
    if not found["requireFactor"]:
        for name in ("factorPromptMode", "factorLifetime"):
            found.pop(name, None)
    return {"signon": found}


_NO_CHALLENGE = (
    "actions.signon.access: You cannot set access challenge for sign-on policy when the feature: "
    "PASSWORDLESS_AUTHN_SIGNON_POLICY is not enabled"
)


def _coherent(signon: Doc) -> None:
    """No session may be idle longer than it lasts (reported in 2021)."""
    session = signon["session"]
    idle, lasts = session["maxSessionIdleMinutes"], session["maxSessionLifetimeMinutes"]
    if lasts and idle > lasts:  # inferred wording
        path = "actions.signon.session.maxSessionIdleMinutes"
        cause = f"{path}: The idle time cannot be longer than the lifetime of the session"
        raise shapes.bad(path, idle, allowed=f"at most {lasts}", cause=cause)


REQUIREMENT: Doc = {
    "primary": {"methods": ["email"]}, "stepUp": {"required": True}, "accessControl": "LEGACY",
}  # fmt: skip
"""Inferred: what a rule says of the proof before a reset that names no part of it."""
_requirement = record(
    {
        "primary": record({
            "methods": texts,
            "methodConstraints": many(record({"method": text, "allowedAuthenticators": many(record({"key": text}))})),
        }),
        "stepUp": record({"required": boolean, "methods": texts}, first={"required": True}),
        "accessControl": one_of("AUTH_POLICY", "LEGACY"),
    },
    first=REQUIREMENT,
)  # fmt: skip


def _password(sent: Doc) -> Doc:
    """PASSWORD. Observed: a rule that was sent without a `requirement` shows none."""
    plain = record({"access": _ACCESS}, needed=("access",))
    reset = record({"access": _ACCESS, "requirement": _requirement}, needed=("access",))
    read = record(
        {"passwordChange": plain, "selfServicePasswordReset": reset, "selfServiceUnlock": plain},
        first={"passwordChange": {"access": "ALLOW"},
               "selfServicePasswordReset": {"access": "ALLOW"}, "selfServiceUnlock": {"access": "DENY"}},
    )  # fmt: skip
    found: Doc = read(sent, "actions")
    return found


def _enroll(sent: Doc) -> Doc:
    """MFA_ENROLL."""
    read = record({"self": one_of("CHALLENGE", "LOGIN", "NEVER")}, first={"self": "CHALLENGE"})
    return {"enroll": read(part(sent, "enroll") or {}, "actions.enroll")}


_attribute = record(
    {"name": text, "label": text, "required": boolean}, needed=("name",), first={"label": "", "required": False}
)


def _profile(sent: Doc) -> Doc:
    """PROFILE_ENROLLMENT; lists that are absent are shown as null. Documented: such a rule never denies."""
    read = record(
        {
            "access": one_of("ALLOW"), "preRegistrationInlineHooks": many(record({"inlineHookId": text})),
            "profileAttributes": many(_attribute), "targetGroupIds": texts,
            "unknownUserAction": one_of("DENY", "REGISTER"),
            "activationRequirements": record({"emailVerification": boolean}),
            "progressiveProfilingAction": one_of("ENABLED", "DISABLED"), "allowedIdentifiers": texts,
            "enrollAuthenticatorTypes": texts, "uiSchemaId": text,
        },
        first={"access": "ALLOW", "preRegistrationInlineHooks": None, "profileAttributes": [], "targetGroupIds": None,
               "unknownUserAction": "DENY", "activationRequirements": {"emailVerification": False},
               "progressiveProfilingAction": "DISABLED", "allowedIdentifiers": ["login"]},
    )  # fmt: skip
    return {"profileEnrollment": read(part(sent, "profileEnrollment") or {}, "actions.profileEnrollment")}


_provider = record({"type": text, "id": text, "name": text})


def _discovery(sent: Doc) -> Doc:
    """IDP_DISCOVERY. Classic requests name providers only; the selection type is then a specific one."""
    read = record(
        {"providers": many(_provider),
         "matchCriteria": many(record({"providerExpression": text, "propertyName": text})),
         "idpSelectionType": one_of("SPECIFIC", "DYNAMIC"), "shouldFallBackToOkta": boolean},
        first={"providers": [], "matchCriteria": [], "idpSelectionType": "SPECIFIC"},
    )  # fmt: skip
    found: Doc = read(part(sent, "idp") or {}, "actions.idp")
    if not found.get("shouldFallBackToOkta"):
        found.pop("shouldFallBackToOkta", None)  # observed: false is not shown
    return {"idp": found}


def _reaction(name: str, inner: str, *allowed: str) -> Callable[[Doc], Doc]:
    """What an Identity Threat Protection rule does: a list of actions."""
    fields = record({"action": one_of(*allowed), "workflow": anything, "slo": anything}, needed=("action",))

    def item(value: Any, path: str) -> Doc:
        found: Doc = fields(value, path)
        return {**found, "slo": found.get("slo")} if found["action"] == "TERMINATE_SESSION" else found

    def read(sent: Doc) -> Doc:
        return {name: record({inner: many(item)}, first={inner: []})(part(sent, name) or {}, f"actions.{name}")}

    return read


def _violation(sent: Doc) -> Doc:
    """SESSION_VIOLATION_DETECTION."""
    inner = record({"enabled": boolean}, first={"enabled": False})
    name = "sessionViolationDetection"
    given = part(part(sent, name) or {}, "policyEvaluation") or {}
    return {name: {"policyEvaluation": inner(given, f"actions.{name}.policyEvaluation")}}


_READERS: dict[str, Callable[[Doc], Doc]] = {
    "ACCESS_POLICY": _sign_on_app, "OKTA_SIGN_ON": _sign_on_org, "PASSWORD": _password, "MFA_ENROLL": _enroll,
    "PROFILE_ENROLLMENT": _profile, "IDP_DISCOVERY": _discovery,
    "POST_AUTH_SESSION": _reaction("postAuthSession", "failureActions", "RUN_WORKFLOW", "TERMINATE_SESSION"),
    "ENTITY_RISK": _reaction("entityRisk", "actions", "RUN_WORKFLOW", "TERMINATE_ALL_SESSIONS"),
    "SESSION_VIOLATION_DETECTION": _violation,
}  # fmt: skip
