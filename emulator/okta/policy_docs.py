"""Policies as requests give them: conditions by group, and the settings of password and enrolment policies.

Source: okta-admin-api.md 12, appendices B and C.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import shapes
from emulator.okta.params import part
from emulator.okta.password_policy import SETTINGS
from emulator.okta.policy_types import ENROLL, PASSWORD, PolicyType
from emulator.okta.shapes import boolean, many, one_of, record, text, texts, whole

_status = one_of("ACTIVE", "INACTIVE")
_MOST = 2**31 - 1

_password = record({
    "complexity": record({
        "minLength": whole(4, 30), "minLowerCase": whole(0, 1), "minUpperCase": whole(0, 1), "minNumber": whole(0, 1),
        "minSymbol": whole(0, 1), "excludeUsername": boolean,
        "dictionary": record({"common": record({"exclude": boolean})}),
        "excludeAttributes": many(one_of("firstName", "lastName")),
        "oelStatement": text,
    }),
    "age": record({
        "maxAgeDays": whole(0, 999), "expireWarnDays": whole(0, 999), "minAgeMinutes": whole(0, 999 * 1440),
        "historyCount": whole(0, 30),
    }),
    "lockout": record({
        "maxAttempts": whole(0, 100), "autoUnlockMinutes": whole(0, 999_999),
        "userLockoutNotificationChannels": many(one_of("EMAIL")), "showLockoutFailures": boolean,
    }),
    "breachedProtection": record({
        "expireAfterDays": whole(0, 10), "logoutEnabled": boolean, "delegatedWorkflowId": text,
    }),
})  # fmt: skip
_recovery = record({"factors": record({
    "recovery_question": record({
        "status": _status, "properties": record({"complexity": record({"minLength": whole(1, 50)})}),
    }),
    "okta_email": record({
        "status": _status,
        "properties": record({"recoveryToken": record({"tokenLifetimeMinutes": whole(10, 43_200)})}),
    }),
    "okta_sms": record({"status": _status}), "okta_call": record({"status": _status}),
})})  # fmt: skip
_settings = record({
    "password": _password, "recovery": _recovery,
    "delegation": record({"options": record({"skipUnlock": boolean})}),
})  # fmt: skip

_enroll = record({"self": one_of("REQUIRED", "OPTIONAL", "NOT_ALLOWED")}, needed=("self",))
_authenticator = record(
    {"key": text, "id": text, "enroll": _enroll, "constraints": record({"aaguidGroups": texts})},
    needed=("key", "enroll"),
)
_consent = record({"type": text, "terms": shapes.anything})
_factor = record({"enroll": _enroll, "consent": _consent})


def conditions(call: Call, kind: PolicyType, body: Doc, before: Doc | None = None) -> Doc | None:
    """A policy's conditions: null, or the groups it is for."""
    if not kind.people:
        return None
    read = record({"people": record({"groups": record({"include": texts, "exclude": texts})})})
    sent: Doc = read(part(body, "conditions") or {}, "conditions")
    include = sent.get("people", {}).get("groups", {}).get("include")
    if include is None:
        include = before["people"]["groups"]["include"] if before else []
    _note_unknown(call, include)
    found: Doc = {"people": {"groups": {"include": include}}}
    if kind.name == PASSWORD:
        provider = record(
            {"provider": one_of("OKTA", "ACTIVE_DIRECTORY", "LDAP", "ANY"), "include": texts},
            first=(before or {}).get("authProvider", {"provider": "OKTA"}),
        )
        given = part(part(body, "conditions") or {}, "authProvider") or {}
        found["authProvider"] = provider(given, "conditions.authProvider")
    return found


def _note_unknown(call: Call, groups: list[str]) -> None:
    """Inferred: whether the vendor checks that the groups exist is not known; such a policy is for nobody."""
    from emulator.okta.resources.groups import GROUPS

    for id in groups:
        if call.store.get(GROUPS, id) is None:
            call.note(f"The policy names a group that the org does not have: {id[:60]}")


def settings(call: Call, kind: PolicyType, body: Doc, before: Doc | None = None) -> Doc | None:
    """A policy's settings with the server's defaults; None for types without."""
    sent = part(body, "settings") or {}
    if kind.name == PASSWORD:
        return shapes.over(before or SETTINGS, _settings(sent, "settings"))
    if kind.name == ENROLL:
        return _enrolment(call, sent) if sent else before or enrolment_of(call.store)
    return None


def _enrolment(call: Call, sent: Doc) -> Doc:
    """AUTHENTICATORS on Identity Engine, `factors` by key on Classic."""
    from emulator.okta.resources.authenticators import ids_by_key

    if part(sent, "factors") is not None:
        factors = {str(key): _factor(value, f"factors.{key}") for key, value in sent["factors"].items()}
        return {**({"type": "FACTORS"} if sent.get("type") == "FACTORS" else {}), "factors": factors}
    one_of("AUTHENTICATORS", "FACTORS")(sent.get("type", "AUTHENTICATORS"), "settings.type")
    known = ids_by_key(call.store)
    rows = many(_authenticator)(sent.get("authenticators") or [], "settings.authenticators")
    for row in rows:
        if row["key"] not in known and row["key"] not in CUSTOM:
            raise shapes.bad("settings.authenticators", row["key"], allowed=", ".join(known))
    shown = [{"key": row["key"], **({"id": known[row["key"]]} if row["key"] in known else {}), **row} for row in rows]
    return {"type": "AUTHENTICATORS", "authenticators": shown}


CUSTOM = ("custom_app", "custom_otp", "external_idp", "rsa_token", "duo", "symantec_vip", "yubikey_token", "onprem_mfa",
          "smart_card_idp", "google_otp", "tac")  # fmt: skip
"""Authenticators that a policy may name although the org has not set them up (inferred)."""


_FIRST = {"okta_email": "OPTIONAL", "okta_password": "REQUIRED", "okta_verify": "OPTIONAL"}


def enrolment_of(store: Any) -> Doc:
    """The settings of a policy that names nothing, the org's default one among them (inferred).

    An org of the Classic engine has `factors` in it: those switched on and the password (seen in exports of such orgs).
    """
    from emulator.okta.resources.authenticators import ids_by_key
    from emulator.okta.resources.org_factors import ORG_FACTORS

    known = ids_by_key(store)
    if not known:
        on = {row["id"]: "OPTIONAL" for row in store.all(ORG_FACTORS) if row["status"] == "ACTIVE"}
        on["okta_password"] = "REQUIRED"
        return {"factors": {key: {"enroll": {"self": on[key]}, "consent": {"type": "NONE"}} for key in sorted(on)}}
    rows = [{"key": key, "id": known[key], "enroll": {"self": self}} for key, self in _FIRST.items() if key in known]
    return {"type": "AUTHENTICATORS", "authenticators": rows}
