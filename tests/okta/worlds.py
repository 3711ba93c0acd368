"""A small org for the tests of this room: one administrator, three people, two groups, one Active Directory."""

from typing import Any

from emulator import World
from emulator.kernel.doc import Doc

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
