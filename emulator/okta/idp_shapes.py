"""What an identity provider may be: its protocol and policy, by type. Source: the vendor's SDK 3 models
(IdentityProvider, Protocol*, IdentityProviderPolicy) and okta-admin-api.md 1.4 for the words of refusals.
"""

from typing import Any

from emulator.kernel.doc import Doc, dig
from emulator.okta.shapes import (
    bad,
    blank,
    boolean,
    bounded,
    many,
    one_of,
    over,
    record,
    text,
    texts,
    whole,
)

SAML, OIDC, OAUTH, MTLS, PROOFING = "SAML2", "OIDC", "OAUTH2", "MTLS", "ID_PROOFING"
_VERIFIERS = ("IDV_CLEAR", "IDV_INCODE", "IDV_PERSONA", "IDV_STANDARD")
_OWN = ("OIDC", "OKTA_INTEGRATION")
_SOCIAL = ("AMAZON", "APPLE", "DISCORD", "FACEBOOK", "GITHUB", "GITLAB", "GOOGLE", "LINKEDIN", "LOGINGOV",
           "LOGINGOV_SANDBOX", "MICROSOFT", "PAYPAL", "PAYPAL_SANDBOX", "SALESFORCE", "SPOTIFY", "XERO", "YAHOO",
           "YAHOOJP")  # fmt: skip
# A social provider is set up by either name of the protocol: documented as OIDC, used by clients as OAUTH2.
PROTOCOLS: dict[str, tuple[str, ...]] = {
    "SAML2": (SAML,), "X509": (MTLS,), **dict.fromkeys(_VERIFIERS, (PROOFING,)), **dict.fromkeys(_OWN, (OIDC,)),
    **dict.fromkeys(_SOCIAL, (OIDC, OAUTH)),
}  # fmt: skip
_POST, _REDIRECT = "HTTP-POST", "HTTP-REDIRECT"
_ADDRESSES: dict[str, tuple[str, str]] = {
    "APPLE": ("https://appleid.apple.com/auth/authorize", "https://appleid.apple.com/auth/token"),
    "FACEBOOK": ("https://www.facebook.com/dialog/oauth", "https://graph.facebook.com/v2.8/oauth/access_token"),
    "GOOGLE": ("https://accounts.google.com/o/oauth2/auth", "https://www.googleapis.com/oauth2/v3/token"),
    "LINKEDIN": (
        "https://www.linkedin.com/uas/oauth2/authorization", "https://www.linkedin.com/uas/oauth2/accessToken",
    ),
    "MICROSOFT": (
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    ),
}  # fmt: skip
"""Where the providers live that everybody shares; others are sent their addresses."""

_HASHES = ("SHA-1", "SHA-256")
_address, _line = bounded(1014, least=1), bounded(1024, least=1)
_binding = one_of(_POST, _REDIRECT)
_at = record({"url": _address, "binding": _binding}, needed=("url",))
_asks = {"algorithm": one_of(*_HASHES), "scope": one_of("REQUEST", "NONE")}
_hears = {"algorithm": one_of(*_HASHES), "scope": one_of("RESPONSE", "TOKEN", "ANY")}
_unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
_formats = one_of(
    _unspecified, "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
)  # fmt: skip
_client = {
    "client_id": _line, "client_secret": _line, "pkce_required": boolean,
    "token_endpoint_auth_method": one_of("private_key_jwt"),
}  # fmt: skip
_signature = record({
    "algorithm": one_of("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", *_HASHES),
    "scope": one_of("REQUEST", "NONE"),
})  # fmt: skip


def _web_algorithms(value: Any, path: str) -> Doc | None:
    """How requests are signed; the algorithms of SAML, which clients send too, say nothing here (observed)."""
    found: Doc = record({"request": record({"signature": _signature})})(value, path)
    return None if dig(found, "request.signature.algorithm") in _HASHES else found


_web = {
    "endpoints": record({"authorization": _at, "token": _at, "userInfo": _at, "jwks": _at,
                         "slo": record({"url": _address})}),
    "scopes": texts,
    "algorithms": _web_algorithms,
    "settings": record({"participateSlo": boolean, "sendApplicationContext": boolean}),
    "oktaIdpOrgUrl": _address, "issuer": record({"url": _address}),
    "credentials": record({
        "client": record(_client, needed=("client_id",)),
        "signing": record({"kid": _line, "privateKey": bounded(1024), "teamId": _line}),
    }),
}  # fmt: skip
_READ = {
    SAML: record({
        "endpoints": record({
            "sso": record({"url": _address, "binding": _binding, "destination": bounded(512)}, needed=("url",)),
            "acs": record({"binding": _binding, "type": one_of("INSTANCE", "ORG")}),
            "slo": record({"url": _address, "binding": _binding}),
        }, needed=("sso",)),
        "algorithms": record({
            "request": record({"signature": record(_asks)}), "response": record({"signature": record(_hears)}),
        }),
        "settings": record({
            "nameFormat": _formats, "honorPersistentNameId": boolean, "participateSlo": boolean,
            "sendApplicationContext": boolean,
        }),
        "relayState": record({"format": one_of("OPAQUE", "FROM_URL")}),
        "credentials": record({
            "trust": record({"issuer": _line, "audience": _line, "kid": text, "additionalKids": many(text, most=1)},
                            needed=("issuer", "kid")),
            "signing": record({"kid": text}),
        }, needed=("trust",)),
    }, needed=("endpoints", "credentials")),
    OIDC: record(_web, needed=("credentials",)),
    OAUTH: record(_web, needed=("credentials",)),
    MTLS: record({
        "credentials": record({"trust": record({
            "issuer": _line, "audience": _line, "kid": text, "revocation": one_of("CRL", "DELTA_CRL", "OCSP"),
            "revocationCacheLifetime": whole(1, 4320),
        }, needed=("kid",))}, needed=("trust",)),
        "endpoints": record({"sso": record({"url": _address})}),
    }, needed=("credentials",)),
    PROOFING: record({
        "credentials": record({
            "bearer": record({"apiKey": _line}, needed=("apiKey",)),
            "client": record({"client_id": _line, "client_secret": _line}, needed=("client_id", "client_secret")),
        }),
        "endpoints": record({"authorization": _at, "token": _at, "par": _at, "jwks": _at}), "scopes": texts,
    }),
}  # fmt: skip
_policy = record({
    "provisioning": record({
        "action": one_of("AUTO", "DISABLED"), "profileMaster": boolean,
        "groups": record({
            "action": one_of("NONE", "ASSIGN", "APPEND", "SYNC"), "assignments": texts, "filter": texts,
            "sourceAttributeName": bounded(1024),
        }),
        "conditions": record({
            "deprovisioned": record({"action": one_of("NONE", "REACTIVATE")}),
            "suspended": record({"action": one_of("NONE", "UNSUSPEND")}),
        }),
    }),
    "accountLink": record({
        "filter": record({
            "groups": record({"include": texts}), "users": record({"exclude": texts, "excludeAdmins": boolean}),
        }),
        "action": one_of("AUTO", "DISABLED"),
    }),
    "subject": record({
        "userNameTemplate": record({"template": bounded(1024, least=1)}, needed=("template",)),
        "filter": bounded(1024), "matchType": one_of("USERNAME", "EMAIL", "USERNAME_OR_EMAIL", "CUSTOM_ATTRIBUTE"),
        "matchAttribute": text,
    }),
    "maxClockSkew": whole(0), "mapAMRClaims": boolean, "trustClaims": boolean,
    "transformedUsernameMatchingEnabled": boolean,
})  # fmt: skip
_properties = record({
    "aalValue": text, "ialValue": text, "additionalAmr": many(one_of("sc", "hwk", "pin", "mfa")),
    "inquiryTemplateId": text,
})  # fmt: skip
_whole = record({
    "type": one_of(*PROTOCOLS), "name": bounded(100, least=1),
    "issuerMode": one_of("DYNAMIC", "ORG_URL", "CUSTOM_URL"), "properties": _properties,
}, needed=("type", "name"))  # fmt: skip


def checked(body: Doc, before: Doc | None) -> Doc:
    """The fields of a provider from a body, defaults filled in. before: the one it replaces."""
    found: Doc = _whole(body, "")
    kind = found["type"]
    if before is not None and before["type"] != kind:
        raise bad("type", kind, allowed=before["type"], cause="type: The type of an identity provider can't be changed")
    sent = body.get("protocol")
    if sent is None:
        raise blank("protocol")
    protocol = record({"type": one_of(*PROTOCOLS[kind])}, first={"type": PROTOCOLS[kind][0]})(sent, "protocol")
    read = _READ[protocol["type"]](sent, "protocol")
    if protocol["type"] in (OIDC, OAUTH):
        _refuse_half_a_client(kind, read, before)
    policy = _policy(body["policy"], "policy") if body.get("policy") is not None else {}
    _refuse_policy(kind, policy)
    made: Doc = {
        "type": kind, **({} if kind == "SAML2" else {"issuerMode": found.get("issuerMode", "DYNAMIC")}),
        "name": found["name"],
        "protocol": over({**protocol, **_first_protocol(kind, protocol["type"])}, read),
        "policy": over(_first_policy(kind, protocol["type"]), policy),
    }  # fmt: skip
    return {**made, "properties": found["properties"]} if "properties" in found else made


def _refuse_half_a_client(kind: str, read: Doc, before: Doc | None) -> None:
    """A web provider is sent a client and how it proves itself; a replacement without the secret keeps it."""
    client = dig(read, "credentials.client")
    if client is None:
        raise blank("protocol.credentials.client")
    signing = dig(read, "credentials.signing") or {}
    if kind == "APPLE":
        for name in ("kid", "teamId", *(("privateKey",) if before is None else ())):
            if not signing.get(name):
                raise blank(f"protocol.credentials.signing.{name}")
        signing.pop("privateKey", None)  # write-only, and nobody signs in here
    elif "client_secret" not in client and "token_endpoint_auth_method" not in client:
        kept = dig(before or {}, "protocol.credentials.client.client_secret")
        if kept is None and not client.get("pkce_required"):
            raise blank("protocol.credentials.client.client_secret")
        if kept is not None:
            client["client_secret"] = kept
    if kind == "OIDC":
        for name in ("authorization", "token", "jwks"):
            if dig(read, f"endpoints.{name}") is None:
                raise blank(f"protocol.endpoints.{name}")


def _refuse_policy(kind: str, policy: Doc) -> None:
    """What only some types can do, and what needs its other half."""
    action = dig(policy, "provisioning.groups.action")
    if kind != "SAML2" and action in ("APPEND", "SYNC"):
        raise bad("policy.provisioning.groups.action", action, allowed="NONE, ASSIGN")
    if (kind == "X509" or kind in _VERIFIERS) and dig(policy, "provisioning.action") == "AUTO":
        raise bad("policy.provisioning.action", "AUTO", allowed="DISABLED")
    subject = policy.get("subject") or {}
    if subject.get("matchType") == "CUSTOM_ATTRIBUTE" and not subject.get("matchAttribute"):
        raise blank("policy.subject.matchAttribute")


def _first_protocol(kind: str, protocol: str) -> Doc:
    if protocol == SAML:
        return {
            "endpoints": {"sso": {"binding": _POST}, "acs": {"binding": _POST, "type": "INSTANCE"}},
            "algorithms": {
                "request": {"signature": {"algorithm": "SHA-256", "scope": "REQUEST"}},
                "response": {"signature": {"algorithm": "SHA-256", "scope": "ANY"}},
            },
            "settings": {"nameFormat": _unspecified, "honorPersistentNameId": False},
        }
    if kind == "OIDC":
        return {"settings": {"nameFormat": None}}
    if kind not in _ADDRESSES:
        return {}
    there, token = _ADDRESSES[kind]
    return {"endpoints": {
        "authorization": {"url": there, "binding": _REDIRECT}, "token": {"url": token, "binding": _POST},
    }}  # fmt: skip


def _first_policy(kind: str, protocol: str) -> Doc:
    joins = "DISABLED" if kind == "X509" or kind in _VERIFIERS else "AUTO"
    none = {"action": "NONE"}
    template = {SAML: "idpuser.subjectNameId", MTLS: "idpuser.subjectAltNameEmail"}.get(protocol, "idpuser.email")
    return {
        "provisioning": {
            "action": joins, "profileMaster": False, "groups": dict(none),
            "conditions": {"deprovisioned": dict(none), "suspended": dict(none)},
        },
        "accountLink": {"filter": None, "action": joins},
        "subject": {"userNameTemplate": {"template": template}, "filter": None, "matchType": "USERNAME",
                    "matchAttribute": None},
        "maxClockSkew": 0, **({"trustClaims": False} if kind in ("OIDC", "SAML2") else {}),
        "transformedUsernameMatchingEnabled": False,
    }  # fmt: skip
