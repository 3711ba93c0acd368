"""An org, a tenant and a forest for the tests of this room: Ada is in all three, Bo in the directory alone."""

from typing import Any

import orjson

from emulator import World
from emulator.directory.objects import source_anchor
from emulator.kernel.doc import Doc
from emulator.wire.client import Http

HOST, AGENT, TOKEN = "acme.okta.com", "agent-token-for-tests", "00lab-administrators-token"
AD, ADMIN = "0oadirectory000000x7", "00uadmin0000000000x7"
TENANT = "5d0c1c2e-3333-4333-8333-333333333333"
LAB, CONNECT = "a0000000-0000-4000-8000-000000000011", "a0000000-0000-4000-8000-000000000012"
ADA, BO, CY = (f"{n:08d}-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
PASSWORD = "Tr4ining-pass"
PEOPLE = "OU=People,DC=corp,DC=test"


def spec(*, connect: Doc | None = None, **directory: Any) -> Doc:
    """A fresh world; `directory` are keys of the org's AD integration, `connect` the forest's Entra Connect."""
    return {
        "world": "onpremises", "clock": "2026-01-15T09:00:00Z",
        "lab": {
            "okta": {"token": TOKEN, "agent_token": AGENT},
            "entra": {"tenant_id": TENANT, "client_id": LAB, "client_secret": "secret-of-the-lab"},
        },
        "parties": {"okta:acme": _org(directory), "entra:acme": _tenant(), "directory:corp": _forest(connect)},
    }  # fmt: skip


def _org(directory: Doc) -> Doc:
    return {
        "org": {"id": "00oacme000000000000x", "subdomain": "acme", "host": HOST, "companyName": "Acme"},
        "agent_token": AGENT, "tokens": [{"name": "lab", "user": ADMIN, "token": TOKEN}],
        "users": [
            {"id": ADMIN, "login": "admin@acme.test", "firstName": "Al", "lastName": "Min", "password": PASSWORD,
             "admin": "SUPER_ADMIN"},
            {"login": "ada@acme.test", "firstName": "Ada", "lastName": "Byron", "password": PASSWORD,
             "profile": {"displayName": "Ada Byron", "department": "Sums"}},
            {"login": "olga@acme.test", "firstName": "Olga", "lastName": "Only", "password": PASSWORD},
        ],
        "directories": [{
            "id": AD, "domain": "corp.test", "users": [{"user": "ada@acme.test", "externalId": source_anchor(ADA)}],
            **directory,
        }],
    }  # fmt: skip


def _tenant() -> Doc:
    sync = "OnPremDirectorySynchronization.ReadWrite.All"
    return {
        "tenant": {"id": TENANT, "displayName": "Acme"},
        "signing_keys": [{"use": "active", "files": "certificates/entra-signing-a"}],
        "domains": [{"id": "acme.onmicrosoft.com", "isInitial": True, "isDefault": True}, {"id": "acme.test"}],
        "users": [{"userPrincipalName": "admin@acme.onmicrosoft.com", "displayName": "Admin",
                   "password": "Correct-Horse-1", "roles": ["Global Administrator"]}],
        "applications": [
            {"appId": LAB, "displayName": "Lab", "secret": "secret-of-the-lab", "application_permissions": "all"},
            {"appId": CONNECT, "displayName": "Entra Connect", "secret": "connect-secret",
             "application_permissions": [sync]},
            {"appId": "a0000000-0000-4000-8000-000000000013", "displayName": "Public", "isFallbackPublicClient": True,
             "redirectUris": {"publicClient": ["http://localhost"]}, "delegated": ["openid", "User.Read"]},
        ],
    }  # fmt: skip


def _forest(connect: Doc | None) -> Doc:
    def person(guid: str, sam: str, first: str, last: str, **more: Any) -> Doc:
        return {
            "objectGUID": guid, "sAMAccountName": sam, "userPrincipalName": f"{sam}@acme.test", "givenName": first,
            "sn": last, "displayName": f"{first} {last}", "mail": f"{sam}@acme.test", "password": "Directory-pass-1",
            "container": PEOPLE, **more,
        }  # fmt: skip

    return {
        "forest": "corp.test", "units": [{"name": "People"}, {"name": "Others"}],
        "users": [
            person(ADA, "ada", "Ada", "Byron", department="Sums", msExchUsageLocation="GB"),
            person(BO, "bo", "Bo", "Ek", manager=f"CN=Ada Byron,{PEOPLE}", proxyAddresses=["SMTP:bo@acme.test"]),
            person(CY, "cy", "Cy", "Ott", enabled=False),
        ],
        "groups": [{"sAMAccountName": "inner", "members": ["bo"]},
                   {"sAMAccountName": "staff", "members": ["ada", "inner"], "description": "Everybody"}],
        **({"connect": connect} if connect is not None else {}),
    }  # fmt: skip


def engine(**more: Any) -> Doc:
    """An Entra Connect's configuration."""
    return {"tenant": "acme.onmicrosoft.com", "clientId": CONNECT, "clientSecret": "connect-secret", **more}


def imported(world: World, mode: str = "FULL") -> Doc:
    """Import the directory now; the report."""
    [done] = world.directory.post("/_lab/directory/import", {"mode": mode})["imports"]
    assert done["status"] == "SUCCESS", done
    report: Doc = done["result"]
    return report


def counts(report: Doc) -> Doc:
    """What a report counts, where it is not zero."""
    return {name: value for name, value in report.items() if isinstance(value, int) and value}


def user(world: World, login: str) -> Doc | None:
    """An Okta user, or None."""
    answer = world.okta.call("GET", f"/api/v1/users/{login}")
    return orjson.loads(answer.body) if answer.status == 200 else None


def ad_user(world: World, login: str) -> Doc:
    """The app user of a directory's person."""
    found = user(world, login)
    assert found is not None
    row: Doc = world.okta.get(f"/api/v1/apps/{AD}/users/{found['id']}")
    return row


def anonymous(world: World) -> Http:
    return Http(world.transport, base=f"https://{HOST}")


def kinds(world: World) -> list[str]:
    """Event types of the org's log so far, oldest first."""
    return [row["type"] for row in world.journal(party="okta:acme", stream="system_log", limit=5000)]
