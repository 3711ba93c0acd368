"""App service accounts."""

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from tests.okta.test_app_connections import bookmark
from tests.okta.worlds import DANA_ID, refused

AT = "/privileged-access/api/v1/service-accounts"


def body(org: World, app: str, **more: object) -> Doc:
    id = org.okta.get("/.well-known/okta-organization")["id"]
    orn = f"orn:okta:idp:{id}:apps:bookmark:{app}"
    return {"name": "Robot", "username": "robot@a.example", "containerOrn": orn, "password": "s3cret", **more}


def test_life_of_an_account(org: World) -> None:
    models = pytest.importorskip("okta.models")
    app = bookmark(org, "Wiki")
    answer = org.okta.call("POST", AT, body(org, app, ownerUserIds=[DANA_ID]))
    assert answer.status == 201 and b"s3cret" not in answer.body
    [made] = org.okta.get(AT)
    assert (made["status"], made["statusDetail"]) == ("UNSECURED", "UNMANAGED") and len(made["id"]) == 36
    assert (made["containerGlobalName"], made["containerInstanceName"]) == ("bookmark", "Wiki")
    assert models.AppServiceAccount.from_dict(made).owner_user_ids == [DANA_ID]
    one = f"{AT}/{made['id']}"
    changed = org.okta.patch(one, {"description": "For builds", "ownerUserIds": []})
    assert (changed["description"], changed["ownerUserIds"], changed["name"]) == ("For builds", [], "Robot")
    assert org.okta.get(one) == changed
    assert org.okta.call("DELETE", one).status == 204
    assert refused(org, "GET", one)[:2] == (404, "E0000007")
    events = [event for event in org.okta.get("/api/v1/logs?limit=100") if event["eventType"].startswith("pam.")]
    assert sorted(event["eventType"] for event in events) == [
        f"pam.service_account.{step}" for step in ("create", "delete", "update")
    ]
    for event in events:
        account = event["target"][0]
        assert (account["type"], account["id"], account["alternateId"]) == ("Service Account", made["id"], made["id"])
        assert event["debugContext"]["debugData"]["serviceAccountType"] == "APP_ACCOUNT"


def test_they_are_searched(org: World) -> None:
    wiki, shop = bookmark(org, "Wiki"), bookmark(org, "Shop")
    for app, name in ((wiki, "Builder"), (wiki, "Reader"), (shop, "Seller")):
        org.okta.post(AT, body(org, app, name=name, username=f"{name}@a.example"))
    for match, found in (("build", 1), ("WIKI", 2), ("a.example", 3), ("nobody", 0)):
        assert len(org.okta.get(f"{AT}?match={match}")) == found
    assert len(org.okta.get(f"{AT}?limit=2")) == 2


def test_what_is_refused(org: World) -> None:
    app = bookmark(org, "Wiki")
    good = body(org, app)
    org.okta.post(AT, good)
    bad: list[Doc] = [
        {}, {**good, "containerOrn": "orn:okta:idp:00o:apps:bookmark:0oanone"}, good,
        {**good, "containerOrn": good["containerOrn"].replace("bookmark", "office365"), "username": "x"},
        {**good, "username": "y", "password": None}, {**good, "username": "z", "ownerGroupIds": ["00gnone"]},
        {**good, "username": "w", "name": "n" * 51},
    ]  # fmt: skip
    for sent in bad:
        sent = {name: value for name, value in sent.items() if value is not None}
        assert refused(org, "POST", AT, sent)[:2] == (400, "E0000001"), sent
    [made] = org.okta.get(AT)
    assert refused(org, "PATCH", f"{AT}/{made['id']}", {"ownerUserIds": ["00unone"]})[:2] == (400, "E0000001")
    assert org.okta.get(AT) == [made]


def test_they_go_with_their_app(org: World) -> None:
    app = bookmark(org, "Wiki")
    org.okta.post(AT, body(org, app))
    org.okta.post(f"/api/v1/apps/{app}/lifecycle/deactivate")
    org.okta.call("DELETE", f"/api/v1/apps/{app}")
    assert org.okta.get(AT) == []
