"""What an authorization server comes with: keys, system scopes and claims; for `default` a policy and a rule, too.

Source: Okta's default authorization server as documented; the texts of the system scopes are as Okta shows them.
"""

from collections.abc import Iterator
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.okta.oauth import jws
from emulator.okta.oauth.custom_claims import SUBJECT
from emulator.okta.oauth.kinds import CLAIMS, POLICIES, RULES, SCOPES, SERVER_KEYS, SERVERS
from emulator.okta.oauth.person import SYSTEM_CLAIMS
from emulator.okta.oauth.servers import DEFAULT_ID, keys_of, new_key, private_key
from emulator.okta.params import stamp

# name: (display name, description)
SYSTEM_SCOPES = {
    "openid": ("openid", "Signals that a request is an OpenID request."),
    "profile": ("View your profile information.", "The exact data varies based on what profile information you have "
                "provided, such as: name, time zone, picture, or birthday."),
    "email": ("View your email address.", "This allows the app to view your email address."),
    "address": ("View your address.", "This allows the app to view your address, such as: street address, city, "
                "state, and zip code."),
    "phone": ("View your phone number.", "This allows the app to view your phone number."),
    "offline_access": ("Keep you signed in to the app.", "This keeps you signed in to the app, even when you are not "
                       "using it."),
    "device_sso": ("Request device secret.", "This allows you to single sign on between native client applications on "
                   "your device."),
}  # fmt: skip
_GRANTS = [
    "implicit", "client_credentials", "password", "authorization_code",
    "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange",
]  # fmt: skip


def scope_doc(ids: Any, server: str, given: Doc) -> Doc:
    """A scope of the server's own."""
    return {
        "id": ids.okta("scp"), "name": given["name"], "description": None, "displayName": None, "system": False,
        "metadataPublish": "NO_CLIENTS", "consent": "IMPLICIT", "default": False, "optional": False,
        **given, "_server": server,
    }  # fmt: skip


def install(store: Any, ids: Any, now: int, server: Doc) -> None:
    """Store a new server with what every server has from the start."""
    store.add(SERVERS, server)
    for status in ("ACTIVE", "NEXT"):
        store.add(SERVER_KEYS, new_key(ids, now, server=server["id"], status=status))
    for name, (title, text) in SYSTEM_SCOPES.items():
        store.add(SCOPES, scope_doc(ids, server["id"], {
            "name": name, "description": text, "displayName": title, "system": True, "metadataPublish": "ALL_CLIENTS",
        }))  # fmt: skip
    for claim in _system_claims():
        store.add(CLAIMS, {"id": ids.okta("ocl"), **claim, "system": True, "_server": server["id"]})


def _system_claims() -> Iterator[Doc]:
    """What is told of a person by scope, and whom an access token is for."""
    for name, (scope, always) in SYSTEM_CLAIMS.items():
        yield {
            "name": name, "status": "ACTIVE", "claimType": "IDENTITY", "valueType": "SYSTEM",
            "conditions": {"scopes": [scope]}, "alwaysIncludeInToken": always,
        }  # fmt: skip
    yield {
        "name": "sub", "status": "ACTIVE", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": SUBJECT,
        "conditions": {"scopes": []}, "alwaysIncludeInToken": True,
    }  # fmt: skip


def policy_doc(ids: Any, now: int, server: str, given: Doc) -> Doc:
    at = stamp(now)
    return {
        "id": ids.okta("00p"), "status": "ACTIVE", "description": "", "system": False, **given,
        "type": "OAUTH_AUTHORIZATION_POLICY", "created": at, "lastUpdated": at, "_server": server,
    }  # fmt: skip


def rule_doc(ids: Any, now: int, policy: str, given: Doc) -> Doc:
    at = stamp(now)
    return {
        "id": ids.okta("0pr"), "status": "ACTIVE", "system": False, **given, "type": "RESOURCE_ACCESS", "created": at,
        "lastUpdated": at, "_policy": policy,
    }  # fmt: skip


def open_to_all(store: Any, ids: Any, now: int, server: str) -> None:
    """A policy for all clients with one rule that lets everybody have every scope."""
    policy = policy_doc(ids, now, server, {
        "name": "Default Policy", "description": "Default policy", "priority": 1,
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    })  # fmt: skip
    store.add(POLICIES, policy)
    store.add(RULES, rule_doc(ids, now, policy["id"], {
        "name": "Default Policy Rule", "priority": 1,
        "conditions": {
            "people": {"users": {"include": [], "exclude": []}, "groups": {"include": ["EVERYONE"], "exclude": []}},
            "grantTypes": {"include": _GRANTS}, "scopes": {"include": ["*"]},
        },
        "actions": {"token": {
            "accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 0, "refreshTokenWindowMinutes": 10080,
        }},
    }))  # fmt: skip


def shown_keys(call: Call, server: Doc) -> list[Doc]:
    """A server's keys as the admin API shows them."""
    at = f"{call.base}/api/v1/authorizationServers/{server['id']}/credentials/keys"
    return [
        {
            "status": row["status"], **jws.public_jwk(private_key(call.ids, row["kid"]), row["kid"]),
            "_links": {"self": {"href": f"{at}/{row['kid']}", "hints": {"allow": ["GET"]}}},
        }
        for row in keys_of(call.store, server["id"])
    ]  # fmt: skip


def plant(seeding: Seeding) -> None:
    """See `seed` of resources/authorization_servers.py."""
    store, ids, now = seeding.store, seeding.ids, seeding.now
    store.add(SERVER_KEYS, new_key(ids, now, server="", status="ACTIVE"))
    default = {
        "id": DEFAULT_ID, "name": "default", "audience": "api://default",
        "description": "Default Authorization Server for your Applications",
    }  # fmt: skip
    for spec in (default, *seeding.spec.get("authorization_servers", ())):
        at = stamp(now)
        server = {
            "id": spec.get("id") or ids.okta("aus"), "name": spec["name"], "description": spec.get("description", ""),
            "audiences": [spec["audience"]], "issuerMode": "ORG_URL", "status": "ACTIVE", "created": at,
            "lastUpdated": at, "_rotated": now // 1000 * 1000, "_rotation": "AUTO",
        }  # fmt: skip
        install(store, ids, now, server)
        open_to_all(store, ids, now, server["id"])
        for name in spec.get("scopes", ()):
            store.add(SCOPES, scope_doc(ids, server["id"], {"name": name, "metadataPublish": "ALL_CLIENTS"}))
