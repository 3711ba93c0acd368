"""Active Directory as the org sees it: seeded app instances and app users. Behaviour: DESIGN.md, the directory."""

import pytest

from emulator.kernel.problems import LabError

from .worlds import AD_ID, DANA_GUID, DANA_ID, SAM_ID, world
from .worlds import org as org_spec

PERSON = {"user": "sam@acme.example", "externalId": "AAAA", "profile": {"samAccountName": "sam"}}


def test_the_seeded_documents() -> None:
    with world() as org:
        store = org.database.store("okta:acme")
        kinds = store.kinds
        app = store.get(kinds["apps"], AD_ID)
        assert app is not None
        assert (app["name"], app["label"], app["status"]) == ("active_directory", "corp.acme.example", "ACTIVE")
        assert app["settings"]["app"]["namingContext"] == "DC=corp,DC=acme,DC=example"
        row = store.get(kinds["app_users"], f"{AD_ID}.{DANA_ID}")
        assert row is not None
        assert (row["externalId"], row["credentials"]["userName"]) == (DANA_GUID, "dana@acme.example")
        assert row["profile"] == {
            "firstName": "Dana", "lastName": "Reyes", "email": "dana@acme.example", "samAccountName": "dana",
            "dn": "CN=Dana Reyes,OU=People,DC=corp,DC=acme,DC=example", "msExchUsageLocation": "NL",
        }  # fmt: skip
        assert store.get(kinds["app_users"], f"{AD_ID}.{SAM_ID}") is None
        user = org.okta.get(f"/api/v1/users/{DANA_ID}")
        assert user["credentials"] == {"provider": {"type": "ACTIVE_DIRECTORY", "name": "corp.acme.example"}}
        assert set(user["_links"]) == {"suspend", "deactivate", "resetFactors", "self", "schema", "type"}


def test_two_directories_and_a_custom_attribute() -> None:
    second = {
        "domain": "west.acme.example", "schema": {"badge": {"title": "Badge", "type": "string"}},
        "users": [{**PERSON, "profile": {"badge": "7"}}],
    }  # fmt: skip
    with world(directories=[*org_spec()["directories"], second]) as org:
        assert org.okta.get(f"/api/v1/users/{SAM_ID}")["credentials"]["provider"]["name"] == "west.acme.example"


@pytest.mark.parametrize("wrong", [{"user": "nobody@acme.example"}, {"profile": {"shoe": "44"}}])
def test_seeds_that_do_not_fit(wrong: dict[str, object]) -> None:
    with pytest.raises(LabError):
        world(directories=[{"domain": "west.acme.example", "users": [{**PERSON, **wrong}]}])
