"""What a user has besides a profile: blocks, risk, classification, subscriptions, clients; and shorter answers."""

import pytest

from emulator import World
from emulator.okta.directory_users import group_functions, user_methods
from emulator.okta.expressions import Environment, ExpressionError, compile_expression
from emulator.okta.user_docs import USERS as USERS_KIND
from emulator.serving.parties import party_type
from emulator.store import Store

from .worlds import DANA_ID, PASSWORD, SAM_ID, anonymous, kinds, refused, world

USERS = "/api/v1/users"
AT = f"{USERS}/{SAM_ID}"


def test_risk_and_classification(org: World) -> None:
    assert org.okta.get(f"{AT}/risk")["riskLevel"] == "NONE"
    assert (
        org.okta.put(f"{AT}/risk", {"riskLevel": "HIGH"})["riskLevel"]
        == "HIGH"
        == org.okta.get(f"{AT}/risk")["riskLevel"]
    )
    assert refused(org, "PUT", f"{AT}/risk", {"riskLevel": "NONE"})[:2] == (400, "E0000001")
    assert org.okta.get(f"{AT}/classification")["type"] == "STANDARD"
    assert org.okta.put(f"{AT}/classification", {"type": "LITE"})["type"] == "LITE"
    assert refused(org, "PUT", f"{AT}/classification", {"type": "HEAVY"})[:2] == (400, "E0000001")
    assert org.okta.get(f"{AT}?expand=classification")["_embedded"]["classification"]["type"] == "LITE"
    assert refused(org, "GET", f"{AT}?expand=groups")[:2] == (400, "E0000001")


def test_blocks() -> None:
    with world(password_policy={"lockout": {"maxAttempts": 2}}) as org:
        assert org.okta.get(f"{AT}/blocks") == [] == org.okta.get(f"{AT}?expand=blocks")["_embedded"]["blocks"]
        for _ in range(2):
            anonymous(org).request("POST", "/api/v1/authn", json={"username": "sam@acme.example", "password": "wrong"})
        assert org.okta.get(f"{AT}/blocks") == [{"type": "DEVICE_BASED", "appliesTo": "ANY_DEVICES"}]


def test_subscriptions(org: World) -> None:
    listed = org.okta.get(f"{AT}/subscriptions")
    assert [set(links["self"]) for links in (one["_links"] for one in listed)] == [{"href"}] * len(listed)
    assert {item["status"] for item in listed} == {"subscribed"} and len(listed) == 13
    assert org.okta.call("POST", f"{AT}/subscriptions/OKTA_UPDATE/unsubscribe").status == 200
    assert org.okta.get(f"{AT}/subscriptions/OKTA_UPDATE")["status"] == "unsubscribed"
    assert org.okta.call("POST", f"{AT}/subscriptions/OKTA_UPDATE/subscribe").status == 200
    assert refused(org, "GET", f"{AT}/subscriptions/CARD_GAMES")[:2] == (400, "E0000001")
    assert kinds(org) == ["user.account.subscriptions.update"] * 2


def test_clients_and_providers(org: World) -> None:
    assert org.okta.get(f"{AT}/clients") == [] == org.okta.get(f"{AT}/idps")


def test_shorter_answers(org: World) -> None:
    short = {"content-type": 'application/json; okta-response="omitCredentials,omitCredentialsLinks"'}
    user = org.okta.call("GET", AT, headers=short)
    assert b'"credentials"' not in user.body and b"resetPassword" not in user.body and b"suspend" in user.body
    assert b'"credentials"' not in org.okta.call("GET", USERS, headers=short).body
    item = org.okta.get(f"{USERS}?fields=id,status,profile:(login)")[1]
    assert set(item) == {"id", "status", "profile", "_links"} and list(item["profile"]) == ["login"]
    assert "_embedded" in org.okta.get(f"{USERS}?expand=classification")[0]
    assert refused(org, "GET", f"{USERS}?expand=shoes")[:2] == (400, "E0000001")


def test_a_password_behind_a_hook(org: World) -> None:
    profile = {"login": "h@acme.example", "email": "h@acme.example", "firstName": "H"}
    body = {"profile": profile, "credentials": {"password": {"hook": {"type": "default"}}}}
    user = org.okta.post(USERS, body)
    assert user["status"] == "ACTIVE" and user["credentials"]["provider"]["type"] == "IMPORT"
    sign_in = {"username": "h@acme.example", "password": PASSWORD}
    assert anonymous(org).request("POST", "/api/v1/authn", json=sign_in).status == 401
    org.okta.post(f"{USERS}/{user['id']}", {"credentials": {"password": {"value": PASSWORD}}})
    assert anonymous(org).request("POST", "/api/v1/authn", json=sign_in).status == 200
    body = {"profile": {**profile, "login": "i@acme.example"}, "credentials": {"password": {"hook": {"type": "odd"}}}}
    assert refused(org, "POST", USERS, body)[:2] == (400, "E0000001")


def test_expressions_see_groups_and_links(org: World) -> None:
    west = org.okta.post("/api/v1/groups", {"profile": {"name": "West"}})["id"]
    org.okta.call("PUT", f"/api/v1/groups/{west}/users/{DANA_ID}")
    ends = {name: {"name": name, "title": name, "type": "USER"} for name in ("boss", "report")}
    org.okta.post("/api/v1/meta/schemas/user/linkedObjects", {"primary": ends["boss"], "associated": ends["report"]})
    org.okta.call("PUT", f"/api/v1/users/{DANA_ID}/linkedObjects/boss/{SAM_ID}")
    store = Store(org.database, "okta:acme", {kind.name: kind for kind in party_type("okta").kinds})
    dana = store.get(USERS_KIND, DANA_ID)
    functions = {**group_functions(store, dana), **user_methods(store, dana)}

    def value(text: str) -> object:
        return compile_expression(text).evaluate(Environment({"user": dana["profile"]}, functions, 0))

    assert value('user.getLinkedObject("boss").login') == "sam@acme.example"
    assert value('user.getLinkedObject("none").login') is None
    assert value(f'getFilteredGroups({{"{west}", "x"}}, "group.name", 10)') == ["West"]
    assert value('Groups.startsWith("OKTA", "W", 10)') == ["West"]
    assert value('Groups.contains("OKTA", "ales", 10)') == ["Sales"]
    assert value('Groups.endsWith("active_directory", "s", 10)') == []
    assert value(f'user.isMemberOf({{"group.id": {{"{west}"}}}})') is True
    assert value('user.isMemberOf({"group.profile.name": "We", "operator": "STARTS_WITH"})') is True
    assert value('user.isMemberOf({"group.profile.name": "We"})') is False
    assert value('isMemberOfGroupNameRegex("W.*")') is True
    for wrong in ('user.isMemberOf("x")', 'user.isMemberOf({"group.colour": "red"})', 'isMemberOfGroupNameRegex("(a+)+")',
                  'isMemberOfGroupNameRegex("(")', 'Groups.contains("OKTA", "a", "b")',
                  'user.isMemberOf({"group.id": "x", "operator": "NEAR"})'):  # fmt: skip
        with pytest.raises(ExpressionError):
            value(wrong)
