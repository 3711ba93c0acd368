"""A small org for the tests of this room: one administrator, three people, two groups, one Active Directory."""

from typing import Any

import orjson

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.client import Http

HOST = "acme.okta.com"
TOKEN = "00lab-administrators-token"
AGENT = "agent-token-for-tests"
ADMIN_ID = "00uadmin0000000000x7"
DANA_ID = "00udana00000000000x7"
SAM_ID = "00usam000000000000x7"
AD_ID = "0oadirectory000000x7"
PASSWORD = "Tr4ining-pass"
DANA_GUID = "3q2+7wECAwQFBgcICQoLDA=="


def spec() -> Doc:
    """A fresh world specification; tests change their copy."""
    return {
        "world": "okta-room",
        "lab": {"okta": {"token": TOKEN, "agent_token": AGENT}},
        "parties": {"okta:acme": org()},
    }


def org() -> Doc:
    """The org's part of the world file."""
    return {
        "org": {"id": "00oacme000000000000x", "subdomain": "acme", "host": HOST, "companyName": "Acme"},
        "agent_token": AGENT,
        "tokens": [{"name": "lab", "user": ADMIN_ID, "token": TOKEN}],
        "groups": [{"name": "Sales", "description": "Everybody who sells"}, {"name": "Service accounts"}],
        "users": [
            {
                "id": ADMIN_ID, "login": "admin@acme.example", "email": "admin@acme.example", "firstName": "Ada",
                "lastName": "Min", "password": PASSWORD, "admin": "SUPER_ADMIN",
            },
            {
                "id": DANA_ID, "login": "dana@acme.example", "email": "dana@acme.example", "firstName": "Dana",
                "lastName": "Reyes", "password": PASSWORD, "groups": ["Sales"],
                "profile": {"department": "Sales", "countryCode": "NL"},
            },
            {
                "id": SAM_ID, "login": "sam@acme.example", "email": "sam@acme.example", "firstName": "Sam",
                "lastName": "Okoro", "password": PASSWORD,
            },
        ],
        "directories": [
            {
                "id": AD_ID, "label": "corp.acme.example", "domain": "corp.acme.example",
                "users": [
                    {
                        "user": "dana@acme.example", "externalId": DANA_GUID,
                        "profile": {
                            "samAccountName": "dana", "dn": "CN=Dana Reyes,OU=People,DC=corp,DC=acme,DC=example",
                            "msExchUsageLocation": "NL",
                        },
                    }
                ],
            }
        ],
    }  # fmt: skip


def world(**more: Any) -> World:
    """The org above; `more` adds to or replaces keys of the org's part."""
    made = spec()
    made["parties"]["okta:acme"].update(more)
    return World(made)


def refused(made: World, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str, str, list[str]]:
    """A refusal as (status, code, summary, causes); it must explain itself in the journal."""
    answer = made.okta.call(method, path, body, **more)
    doc = orjson.loads(answer.body)
    request_id = answer.header("x-okta-request-id")
    why = made.why(str(request_id))
    assert why is not None and why["rule"], f"no why: {method} {path}"
    assert answer.header("x-lab-why"), f"no X-Lab-Why: {method} {path}"
    assert doc["errorLink"] == doc["errorCode"]
    assert len(doc["errorId"]) == 25
    causes = [cause["errorSummary"] for cause in doc.get("errorCauses", ())]
    return answer.status, doc["errorCode"], doc["errorSummary"], causes


def events(made: World, kind: str | None = None) -> list[Doc]:
    """System Log events so far, of one type or all."""
    rows = made.journal(party="okta:acme", stream="system_log", limit=5000)
    return [row["doc"] for row in rows if kind is None or row["type"] == kind]


def kinds(made: World) -> list[str]:
    """Types of the System Log's events so far, oldest first."""
    return [event["eventType"] for event in events(made)]


def new_user(made: World, login: str, *, query: str = "", password: str | None = None, **profile: Any) -> Doc:
    """A user made through the API."""
    body: Doc = {"profile": {"login": login, "email": login, "firstName": "New", "lastName": "User", **profile}}
    if password is not None:
        body["credentials"] = {"password": {"value": password}}
    made_user: Doc = made.okta.post(f"/api/v1/users{query}", body)
    return made_user


def anonymous(made: World) -> Http:
    """A client without credentials."""
    return Http(made.transport, base=f"https://{HOST}")
