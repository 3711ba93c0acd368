"""Imports from Office 365, through HTTP on both sides: who is eligible, what changed, which groups, the switch."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import World
from emulator.kernel.doc import Doc

from . import worlds

DISTRIBUTION = {"mailEnabled": True, "securityEnabled": False}


@pytest.fixture
def estate() -> Iterator[worlds.Estate]:
    with World(worlds.spec()) as world:
        made = worlds.Estate(world)
        made.provision()
        yield made
        assert world.engine.crashes == []


def person(estate: worlds.Estate, name: str, *, licence: bool = True, **more: Any) -> Doc:
    """A Microsoft account that meets every condition, but for what `more` says."""
    body = {
        "accountEnabled": True, "displayName": name.title(), "mailNickname": name, "givenName": name.title(),
        "surname": "Test", "mail": f"{name}@acme-labs.example", "usageLocation": "NL",
        "userPrincipalName": f"{name}@acme-labs.example", "passwordProfile": {"password": "Correct-Horse-9"},
    }  # fmt: skip
    made: Doc = estate.entra.post("/users", {name: value for name, value in (body | more).items() if value is not None})
    if licence:
        sku = next(s["skuId"] for s in estate.entra.get("/subscribedSkus")["value"] if s["skuPartNumber"] == "SPB")
        estate.entra.post(f"/users/{made['id']}/assignLicense", {"addLicenses": [{"skuId": sku}], "removeLicenses": []})
    return made


def imported(estate: worlds.Estate, mode: str = "FULL") -> Doc:
    done = estate.operation("POST", "import", {"mode": mode})
    assert done["status"] == "SUCCESS", done
    result: Doc = done["result"]
    return result


def confirm_all(estate: worlds.Estate, report: Doc, action: str | None = None) -> None:
    at = f"/api/internal/v1/apps/{estate.app}/imports/{report['importId']}"
    rows = estate.okta.get(f"{at}/users")
    given = [{"externalId": row["externalId"], **({"action": action} if action else {})} for row in rows]
    estate.okta.post(f"{at}/confirm", {"assignments": given, "activate": True})


def test_F_42_only_the_eligible_are_imported(estate: worlds.Estate) -> None:
    good = person(estate, "good", onPremisesImmutableId="anchor-of-good")
    person(estate, "blocked", accountEnabled=False)
    person(estate, "bare", licence=False)
    person(estate, "nofirst", givenName=None)
    person(estate, "nolast", surname=None)
    person(estate, "nomail", mail=None, licence=False)
    report = imported(estate)
    assert (report["scanned"], report["unconfirmed"], report["skippedCount"]) == (7, 1, 6)
    assert {row["userName"].partition("@")[0]: row["reason"] for row in report["skipped"]} == {
        "blocked": "Sign-in is blocked.", "bare": "No license is assigned.", "nofirst": "First name is blank.",
        "nolast": "Last name is blank.", "nomail": "No license is assigned.", "admin": "No license is assigned.",
    }  # fmt: skip
    confirm_all(estate, report)
    found = estate.app_user("good@acme-labs.example")
    assert found["externalId"] == good["id"] and found["profile"]["immutableId"] == "anchor-of-good"
    assert found["profile"]["displayName"] == "Good" and found["profile"].get("licenses") is None
    estate.entra.patch(f"/users/{estate.microsoft('nofirst@acme-labs.example')['id']}", {"givenName": "Now"})
    assert imported(estate)["unconfirmed"] == 1  # corrected there, it comes with the next import


def test_F_41_an_import_shows_what_is_new_changed_and_gone(estate: worlds.Estate) -> None:
    one = person(estate, "one")
    report = imported(estate, "INCREMENTAL")
    assert report["scanned"] == 2 and report["unconfirmed"] == 1  # nothing to go on from: everything
    confirm_all(estate, report)
    assert imported(estate, "INCREMENTAL")["scanned"] == 0
    estate.entra.patch(f"/users/{one['id']}", {"surname": "Changed"})
    person(estate, "two")
    report = imported(estate, "INCREMENTAL")
    assert (report["scanned"], report["updated"], report["unconfirmed"]) == (2, 1, 1)
    assert estate.app_user("one@acme-labs.example")["profile"]["lastName"] == "Changed"
    estate.entra.delete(f"/users/{one['id']}")
    assert imported(estate, "INCREMENTAL")["removed"] == 1
    user = estate.okta.get("/api/v1/users/one@acme-labs.example")
    assert estate.okta.call("GET", f"/api/v1/apps/{estate.app}/users/{user['id']}").status == 404


def test_a_cursor_that_microsoft_has_forgotten(estate: worlds.Estate) -> None:
    person(estate, "one")
    imported(estate)
    estate.world.clock.advance(hours=24 * 8)
    assert imported(estate, "INCREMENTAL")["scanned"] == 2
    told = [row["eventType"] for row in estate.okta.get("/api/v1/logs?limit=1000")]
    assert "system.import.incremental_converted_to_full" in told


def group(estate: worlds.Estate, name: str, *members: str, **more: Any) -> Doc:
    body = {"displayName": name, "mailNickname": name.lower(), "mailEnabled": False, "securityEnabled": True}
    made: Doc = estate.entra.post("/groups", body | more)
    for id in members:
        reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{id}"}
        estate.entra.post(f"/groups/{made['id']}/members/$ref", reference)
    return made


def app_group(estate: worlds.Estate, name: str) -> Doc | None:
    rows = [row for row in estate.okta.get(f"/api/v1/groups?q={name}") if row["type"] == "APP_GROUP"]
    return rows[0] if rows else None


def test_groups_of_cloud_source_only_and_stale_until_a_full_import(estate: worlds.Estate) -> None:
    one, two = person(estate, "one"), person(estate, "two")
    group(estate, "Plain", one["id"])
    group(estate, "Team", one["id"], groupTypes=["Unified"], mailEnabled=True)
    _synced_group(estate, "Onprem")
    confirm_all(estate, imported(estate))
    report = imported(estate)
    assert report["groups"]["skipped"] == 1
    assert {row["reason"] for row in report["skipped"] if "name" in row} == {
        "The group is sourced from Active Directory."
    }
    plain = app_group(estate, "Plain")
    assert plain is not None and app_group(estate, "Team") is not None and app_group(estate, "Onprem") is None
    members = f"/api/v1/groups/{plain['id']}/users"
    assert [user["profile"]["login"] for user in estate.okta.get(members)] == ["one@acme-labs.example"]
    graph_group = estate.entra.get("/groups?$filter=displayName eq 'Plain'")["value"][0]["id"]
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{two['id']}"}
    estate.entra.post(f"/groups/{graph_group}/members/$ref", reference)
    imported(estate, "INCREMENTAL")
    assert len(estate.okta.get(members)) == 1
    imported(estate)
    assert len(estate.okta.get(members)) == 2


def _synced_group(estate: worlds.Estate, name: str) -> None:
    """A group that Entra Connect brings."""
    body = {"objects": [{"type": "group", "sourceAnchor": name, "attributes": {
        "displayName": name, "mailEnabled": False, "securityEnabled": True, "mailNickname": name}}]}  # fmt: skip
    assert estate.entra.call("POST", "/_lab/onpremises/sync", body).status == 200


def test_F_44_without_import_groups_they_go_with_what_they_assign(estate: worlds.Estate) -> None:
    one = person(estate, "one")
    group(estate, "Plain", one["id"])
    confirm_all(estate, imported(estate))
    imported(estate)
    plain = app_group(estate, "Plain")
    assert plain is not None
    wiki = estate.okta.post(
        "/api/v1/apps", {"name": "bookmark", "label": "W", "settings": {"app": {"url": "https://w"}}}
    )
    estate.okta.put(f"/api/v1/apps/{wiki['id']}/groups/{plain['id']}", {})
    user = estate.okta.get("/api/v1/users/one@acme-labs.example")["id"]
    assert estate.okta.get(f"/api/v1/apps/{wiki['id']}/users/{user}")["scope"] == "GROUP"
    at = f"/api/internal/v1/apps/{estate.app}/office365/import"
    assert estate.okta.get(at) == {"importGroups": True}
    assert estate.okta.put(at, {"importGroups": False}) == {"importGroups": False, "removedGroups": 1}
    assert app_group(estate, "Plain") is None
    assert estate.okta.call("GET", f"/api/v1/apps/{wiki['id']}/users/{user}").status == 404
    assert imported(estate)["groups"]["scanned"] == 0
    estate.okta.put(at, {"importGroups": True})
    assert imported(estate)["groups"]["added"] == 1
    assert estate.okta.call("PUT", at, {"importGroups": "yes"}).status == 400


def test_a_token_without_group_permissions_cannot_save_the_switch() -> None:
    spec = worlds.spec()
    for client in spec["parties"]["entra:acme"]["applications"]:
        if client["appId"] == worlds.PROVISIONING_CLIENT:
            client["application_permissions"] = ["User.ReadWrite.All", "Organization.Read.All"]
    with World(spec) as world:
        estate = worlds.Estate(world)
        estate.provision()
        at = f"/api/internal/v1/apps/{estate.app}/office365/import"
        answer = estate.okta.call("PUT", at, {"importGroups": False})
        assert answer.status == 400 and "Insufficient privileges" in answer.text() and answer.header("x-lab-why")
        assert estate.okta.get(at) == {"importGroups": True}
        done = estate.operation("POST", "import")
        assert done["status"] == "FAILED" and "Could not download groups" in done["result"]["message"]
        assert ("app.office365.api.error.download.groups", "FAILURE") in estate.events()
        world.faults.add({"service": "login", "drop": True})
        assert "could not be reached" in estate.okta.call("PUT", at, {"importGroups": False}).text()


def test_F_43_an_exact_match_is_offered_and_confirmed(estate: worlds.Estate) -> None:
    person(estate, "match", mail="dana@acme.example", givenName="Dana", surname="Reyes", onPremisesImmutableId="anchor")
    report = imported(estate)
    [row] = estate.okta.get(f"/api/internal/v1/apps/{estate.app}/imports/{report['importId']}/users")
    assert row["match"] == "EXACT"
    confirm_all(estate, report)
    found = estate.app_user("dana@acme.example")
    assert found["profile"]["immutableId"] == "anchor", "an import brings Microsoft's immutable id"
