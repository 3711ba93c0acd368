"""The authenticators that an org may hold, as data: type, name, methods, settings.

Source: okta-admin-api.md 14, appendices B and C (Authenticator list). Which of them a new org has switched on, and the
methods' settings, are inferred from the vendor's documentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.kernel.doc import Doc
from emulator.okta import shapes
from emulator.okta.params import stamp
from emulator.okta.shapes import Read, many, one_of, record, text, whole

_ALLOWED = one_of("any", "none", "recovery", "sso")
_TOTP: Doc = {"timeIntervalInSeconds": 30, "encoding": "base32", "algorithm": "HMACSHA1", "passCodeLength": 6}
_KEYS: Doc = {"algorithms": ["ES256", "RS256"], "keyProtection": "ANY"}
_ALGORITHMS: dict[str, Read] = {
    "algorithms": many(one_of("ES256", "RS256")), "keyProtection": one_of("ANY", "HARDWARE"),
}  # fmt: skip
# Documented in capitals, sent and shown by clients as HMacSHA256.
_HASHES = tuple(f"{mac}SHA{size}" for mac in ("HMAC", "HMac") for size in (1, 256, 512))
# The encoding is documented in small letters, which the vendor's SDK insists on; the vendor also shows Base32.
_OTP: dict[str, Read] = {
    "timeIntervalInSeconds": whole(1, 600), "encoding": one_of("base32", "Base32", "base64", "hexadecimal"),
    "algorithm": one_of(*_HASHES), "passCodeLength": whole(6, 10),
    "protocol": one_of("TOTP", "SYMANTEC", "DUO", "YUBICO"), "acceptableAdjacentIntervals": whole(0, 10),
    "factorProfileId": text,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Method:
    """A way of using an authenticator.

    settings: its first values; read: what a request may set. fixed: it goes on and off with its authenticator.
    """

    status: str = "ACTIVE"
    settings: Doc | None = None
    read: Mapping[str, Read] = field(default_factory=dict)
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Authenticator:
    """A kind of authenticator.

    seeded: the status in a new org, "" for one that is added later. settings, provider: first values; reads: what a
    request may set. many: an org may hold several. fixed: it is never switched off. device: an app on a device enrols
    itself.
    """

    key: str
    type: str
    name: str
    methods: Mapping[str, Method]
    seeded: str = ""
    settings: Doc | None = None
    read: Mapping[str, Read] = field(default_factory=dict)
    provider: Doc | None = None
    provider_read: Mapping[str, Read] = field(default_factory=dict)
    many: bool = False
    fixed: bool = False
    device: bool = False


_VERIFY_READ: dict[str, Read] = {
    "channelBinding": record({
        "style": one_of("NUMBER_CHALLENGE"), "required": one_of("ALWAYS", "HIGH_RISK_ONLY", "NEVER"),
    }),
    "compliance": record({"fips": one_of("OPTIONAL", "REQUIRED")}),
    "userVerification": one_of("DISCOURAGED", "PREFERRED", "REQUIRED"), "appInstanceId": text,
    "enrollmentSecurityLevel": one_of("ANY", "HIGH"), "userVerificationMethods": many(one_of("BIOMETRICS", "PIN")),
}  # fmt: skip
_RP_ID = record({
    "enabled": shapes.boolean,
    "domain": record({
        "name": shapes.matching(r"(?i)(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}", "a domain name"),
        "validationStatus": shapes.anything, "dnsRecord": shapes.anything,
    }),
})  # fmt: skip
_template = record({"template": text})
_verifiable = {"verifiableProperties": shapes.anything}
_plain = Method()


def _provider(kind: str, **fields: Read) -> dict[str, Read]:
    return {"type": one_of(kind), "configuration": record({**fields, "userNameTemplate": _template})}


CATALOGUE: Mapping[str, Authenticator] = {
    item.key: item
    for item in (
        Authenticator(
            "okta_email", "email", "Email", {"email": _plain}, "ACTIVE",
            settings={"allowedFor": "any", "tokenLifetimeInMinutes": 5},
            read={"allowedFor": _ALLOWED, "tokenLifetimeInMinutes": whole(1, 1440)},
        ),
        Authenticator("okta_password", "password", "Password", {"password": _plain}, "ACTIVE", fixed=True),
        Authenticator(
            "okta_verify", "app", "Okta Verify",
            {
                "push": Method(
                    settings={**_KEYS, "transactionTypes": ["LOGIN"]},
                    read={**_ALGORITHMS, "transactionTypes": many(one_of("LOGIN", "CIBA"))},
                ),
                "totp": Method(settings=_TOTP, read=_OTP, fixed=True),
                "signed_nonce": Method(
                    settings={**_KEYS, "showSignInWithOV": "ALWAYS"},
                    read={**_ALGORITHMS, "showSignInWithOV": one_of("ALWAYS", "NEVER")},
                ),
            },
            "ACTIVE",
            settings={
                "compliance": {"fips": "OPTIONAL"},
                "channelBinding": {"style": "NUMBER_CHALLENGE", "required": "HIGH_RISK_ONLY"},
                "userVerification": "PREFERRED", "enrollmentSecurityLevel": "ANY",
                "userVerificationMethods": ["BIOMETRICS"], "appInstanceId": "",
            },
            read=_VERIFY_READ, device=True,
        ),
        Authenticator(
            "phone_number", "phone", "Phone", {"sms": _plain, "voice": Method("INACTIVE")}, "ACTIVE",
            settings={"allowedFor": "any"}, read={"allowedFor": _ALLOWED},
        ),
        Authenticator(
            "security_question", "security_question", "Security Question", {"security_question": _plain}, "ACTIVE",
            settings={"allowedFor": "any"}, read={"allowedFor": _ALLOWED},
        ),
        Authenticator(
            "webauthn", "security_key", "Security Key or Biometric",
            {"webauthn": Method(
                settings={"userVerification": "DISCOURAGED", "attachment": "ANY", "aaguidGroups": []},
                read={
                    "userVerification": one_of("DISCOURAGED", "PREFERRED", "REQUIRED"),
                    "attachment": one_of("ANY", "BUILT_IN", "ROAMING"), "enableAutofillUI": shapes.boolean,
                    "aaguidGroups": many(record({"name": text, "aaguids": shapes.texts}, needed=("name",))),
                    "rpId": _RP_ID,
                },
            )},
            "ACTIVE",
        ),
        Authenticator(
            "google_otp", "app", "Google Authenticator",
            {"otp": Method(settings={**_TOTP, "protocol": "TOTP", "acceptableAdjacentIntervals": 4}, read=_OTP)},
            "INACTIVE", settings={},
        ),
        Authenticator(
            "duo", "app", "Duo Security", {"duo": Method(read=_verifiable)},
            provider={"type": "DUO", "configuration": {"userNameTemplate": {"template": "oktaId"}}},
            provider_read=_provider("DUO", host=text, integrationKey=text, secretKey=text),
        ),
        Authenticator("external_idp", "federated", "IdP Authenticator", {"idp": _plain},
                      provider_read={"type": one_of("CLAIMS"), "configuration": record({"idpId": text})}, many=True),
        Authenticator("smart_card_idp", "federated", "Smart Card Authenticator", {"cert": _plain},
                      provider_read={"type": one_of("CLAIMS"), "configuration": record({"idpId": text})}, many=True),
        Authenticator("symantec_vip", "app", "Symantec VIP", {"otp": _plain},
                      provider_read=_provider("SYMANTEC")),
        Authenticator("yubikey_token", "app", "YubiKey Authenticator", {"otp": _plain},
                      provider_read=_provider("YUBIKEY")),
        Authenticator("rsa_token", "security_key", "RSA SecurID", {"otp": _plain},
                      provider_read=_provider("DEL_OATH", hostName=text, authPort=whole(0, 65535), sharedSecret=text)),
        Authenticator("onprem_mfa", "security_key", "On-Prem MFA", {"otp": _plain},
                      provider_read=_provider("DEL_OATH", hostName=text, authPort=whole(0, 65535), sharedSecret=text,
                                              instanceId=text)),
        Authenticator(
            "custom_otp", "security_key", "Custom OTP",
            {"otp": Method(settings={**_TOTP, "protocol": "TOTP", "acceptableAdjacentIntervals": 3}, read=_OTP)},
            many=True,
        ),
        Authenticator(
            "custom_app", "app", "Custom Push Authenticator",
            {"push": Method(settings={**_KEYS, "transactionTypes": ["LOGIN"]},
                            read={**_ALGORITHMS, "transactionTypes": many(one_of("LOGIN", "CIBA"))})},
            settings={"userVerification": "PREFERRED"},
            read={"userVerification": one_of("PREFERRED", "REQUIRED"), "appInstanceId": text, "oauthClientId": text},
            provider_read={"type": one_of("PUSH"), "configuration": record({
                "fcm": record({"id": text}),
                "apns": record({"id": text, "appBundleId": text, "debugAppBundleId": text}),
            })},
            many=True, device=True,
        ),
        Authenticator(
            "tac", "tac", "Temporary Access Code", {"tac": _plain},
            provider={"type": "tac", "configuration": {
                "minTtl": 10, "maxTtl": 1440, "defaultTtl": 120, "length": 16, "multiUseAllowed": False,
                "complexity": {"numbers": True, "letters": True, "specialCharacters": True},
            }},
            provider_read={"type": one_of("tac", "TAC"), "configuration": record({
                "minTtl": whole(10, 14400), "maxTtl": whole(10, 14400), "defaultTtl": whole(10, 14400),
                "length": whole(8, 64), "multiUseAllowed": shapes.boolean,
                "complexity": record(dict.fromkeys(("numbers", "letters", "specialCharacters"), shapes.boolean)),
            })},
        ),
    )
}  # fmt: skip


def new_authenticator(kind: Authenticator, *, id: str, now: int, status: str) -> Doc:
    """An authenticator with the settings that it begins with."""
    at = stamp(now)
    doc: Doc = {
        "type": kind.type, "id": id, "key": kind.key, "status": status, "name": kind.name, "created": at,
        "lastUpdated": at,
    }  # fmt: skip
    if kind.settings is not None:
        doc["settings"] = dict(kind.settings)
    if kind.provider is not None:
        doc["provider"] = dict(kind.provider)
    doc["_methods"] = {
        name: {"status": method.status, **({"settings": dict(method.settings)} if method.settings else {})}
        for name, method in kind.methods.items()
    }
    return doc
