"""Users: shape, creation, lookup, lists, updates, tags. Behaviour: okta-admin-api.md 3."""

from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson
import pytest

from emulator import World
from emulator.serving.clients import ApiError

from .worlds import ADMIN_ID, DANA_ID, PASSWORD, SAM_ID, TOKEN, anonymous, events, kinds, new_user, refused, world

USERS = "/api/v1/users"


def test_a_user_has_the_recorded_shape(org: World) -> None:
    user = new_user(org, "kim@acme.example", password=PASSWORD, nickName="K")
    assert list(user) == [
        "id", "status", "created", "activated", "statusChanged", "lastLogin", "lastUpdated", "passwordChanged", "realmId",
        "type", "profile", "credentials", "_links",
    ]  # fmt: skip
    assert user["id"].startswith("00u") and len(user["id"]) == 20
    assert user["created"] == "2026-01-15T09:00:00.000Z"
    assert user["profile"] == {
        "firstName": "New", "lastName": "User", "mobilePhone": None, "secondEmail": None,
        "login": "kim@acme.example", "email": "kim@acme.example", "nickName": "K",
    }  # fmt: skip
    assert user["credentials"] == {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}}
    types = org.okta.get("/api/v1/meta/types/user")
    assert user["type"] == {"id": types[0]["id"]}


@pytest.mark.parametrize(
    ("query", "password", "status"),
    [
        ("", None, "PROVISIONED"), ("", PASSWORD, "ACTIVE"), ("?activate=false", PASSWORD, "STAGED"),
        ("?activate=false", None, "STAGED"), ("?activate=true&nextLogin=changePassword", PASSWORD, "PASSWORD_EXPIRED"),
    ],
)  # fmt: skip
def test_how_a_user_starts(org: World, query: str, password: str | None, status: str) -> None:
    user = new_user(org, "kim@acme.example", query=query, password=password)
    assert user["status"] == status
    assert (user["activated"] is None) == (status == "STAGED")
    assert kinds(org).count("user.lifecycle.activate") == (0 if status == "STAGED" else 1)
    assert kinds(org)[0] == "user.lifecycle.create"


def test_actions_are_linked_by_status(org: World) -> None:
    def actions(user: dict[str, Any]) -> set[str]:
        assert "resetFactors" in user["_links"]  # of every user of an Identity Engine org
        return set(user["_links"]) - {"self", "schema", "type", "resetFactors"}

    staged = new_user(org, "a@acme.example", query="?activate=false")
    assert actions(staged) == {"activate"}
    assert actions(new_user(org, "b@acme.example")) == {"suspend", "resetPassword", "reactivate", "deactivate"}
    active = new_user(org, "c@acme.example", password=PASSWORD)
    assert actions(active) == {
        "suspend", "resetPassword", "forgotPassword", "expirePassword", "changeRecoveryQuestion", "changePassword",
        "deactivate",
    }  # fmt: skip
    at = f"https://acme.okta.com/api/v1/users/{active['id']}"
    assert active["_links"]["suspend"] == {"href": f"{at}/lifecycle/suspend", "method": "POST"}
    org.okta.post(f"{USERS}/{active['id']}/lifecycle/suspend")
    assert actions(org.okta.get(f"{USERS}/{active['id']}")) == {"unsuspend", "deactivate"}
    org.okta.post(f"{USERS}/{active['id']}/lifecycle/deactivate")
    gone = org.okta.get(f"{USERS}/{active['id']}")
    assert actions(gone) == {"activate", "delete"}
    assert gone["_links"]["delete"] == {"href": at, "method": "DELETE"}
    assert [set(user["_links"]) for user in org.okta.get(USERS)] == [{"self"}] * 5


def test_users_are_found_by_id_login_prefix_and_me(org: World) -> None:
    for key in (DANA_ID, "dana@acme.example", "DANA@acme.example", "dana@acme.example".replace("@", "%40"), "dana"):
        assert org.okta.get(f"{USERS}/{key}")["id"] == DANA_ID
    assert org.okta.get(f"{USERS}/me")["id"] == ADMIN_ID
    new_user(org, "dana@labs.example")
    status, code, summary, causes = refused(org, "GET", f"{USERS}/dana")
    assert (status, code, causes) == (404, "E0000007", [])
    assert summary == "Not found: Resource not found: dana (User)"


def test_a_login_is_unique_whatever_its_case(org: World) -> None:
    body = {"profile": {"login": "Sam@Acme.example", "email": "s@acme.example", "firstName": "S", "lastName": "O"}}
    status, code, summary, causes = refused(org, "POST", USERS, body)
    assert (status, code, summary) == (400, "E0000001", "Api validation failed: login")
    assert causes == ["login: An object with this field already exists in the current organization"]
    body["profile"]["login"] = "dana@acme.example"
    assert refused(org, "POST", f"{USERS}/{SAM_ID}", body)[1] == "E0000001"


def profile(**more: Any) -> dict[str, Any]:
    made = {"login": "kim@acme.example", "email": "kim@acme.example", "firstName": "Kim", "lastName": "Lee", **more}
    return {"profile": {key: value for key, value in made.items() if value is not ...}}


@pytest.mark.parametrize(
    ("body", "what", "cause"),
    [
        (profile(shoeSize=44), "newUser", "Property name 'shoeSize' is not defined in profile"),
        (profile(login=...), "login", "login: The field cannot be left blank"),
        (profile(email=None), "email", "email: The field cannot be left blank"),
        (profile(firstName="  "), "firstName", "firstName: The field cannot be left blank"),
        (profile(login="kim-lee"), "login", "login: Username must be in the form of an email address"),
        (profile(login="a@b"), "login", "login: The field is too short"),
        (profile(email="nobody"), "email", "email: Does not match required pattern"),
        (profile(firstName="x" * 51), "firstName", "firstName: The field is too long"),
        (profile(countryCode="Netherlands"), "countryCode", "countryCode: Does not match required pattern"),
        (profile(nickName=["K"]), "nickName", "nickName: The field must be of type string"),
        ({}, "profile", "profile: The field cannot be left blank"),
    ],
)
def test_profiles_must_fit_the_schema(org: World, body: dict[str, Any], what: str, cause: str) -> None:
    status, code, summary, causes = refused(org, "POST", USERS, body)
    assert (status, code, summary) == (400, "E0000001", f"Api validation failed: {what}")
    assert causes == [cause]


def test_a_last_name_may_be_left_out(org: World) -> None:
    assert org.okta.post(USERS, profile(lastName=...))["profile"]["lastName"] is None


def test_malformed_bodies(org: World) -> None:
    bodies: tuple[Any, ...] = (
        [1], {"profile": 3}, {"profile": {}, "credentials": [1]}, {**profile(), "groupIds": "x"},
        {**profile(), "credentials": {"password": "text"}}, {**profile(), "credentials": {"password": {"value": 7}}},
    )  # fmt: skip
    for body in bodies:
        assert refused(org, "POST", USERS, body)[:2] == (400, "E0000003")
    answer = org.okta.call("POST", USERS)
    assert answer.status == 400
    assert refused(org, "POST", f"{USERS}?activate=maybe", profile())[:2] == (400, "E0000001")


def test_everyone_joins_everyone_and_the_groups_asked_for(org: World) -> None:
    sales = org.okta.get("/api/v1/groups?q=sal")[0]["id"]
    user = org.okta.post(USERS, {**profile(), "groupIds": [sales]})
    names = [group["profile"]["name"] for group in org.okta.get(f"{USERS}/{user['id']}/groups")]
    assert names == ["Everyone", "Sales"]
    added = events(org, "group.user_membership.add")
    assert [[item["id"] for item in event["target"]] for event in added] == [[user["id"], sales]]
    assert refused(org, "POST", USERS, {**profile(login="x@acme.example"), "groupIds": ["00gnone"]})[0] == 404
    everyone = org.okta.get("/api/v1/groups?q=every")[0]["id"]
    assert refused(org, "POST", USERS, {**profile(login="x@acme.example"), "groupIds": [everyone]})[:2] == (
        403,
        "E0000006",
    )


def test_next_login_needs_a_password_and_activation(org: World) -> None:
    assert refused(org, "POST", f"{USERS}?nextLogin=changePassword", profile())[:2] == (400, "E0000124")
    body = {**profile(), "credentials": {"password": {"value": PASSWORD}}}
    assert refused(org, "POST", f"{USERS}?activate=false&nextLogin=changePassword", body)[:2] == (400, "E0000125")
    assert refused(org, "POST", f"{USERS}?nextLogin=never", body)[:2] == (400, "E0000001")


def test_passwords_must_meet_the_policy(org: World) -> None:
    for word in ("short1A", "nouppercase1", "NOLOWERCASE1", "NoNumbersHere", "Kimberly@acme1", ""):
        body = {**profile(login="kimberly@acme.example"), "credentials": {"password": {"value": word}}}
        status, code, summary, causes = refused(org, "POST", USERS, body)
        assert (status, code, summary) == (400, "E0000001", "Api validation failed: password")
        assert causes == [
            "password: Password requirements were not met. Password requirements: at least 8 characters, a lowercase "
            "letter, an uppercase letter, a number, no parts of your username."
        ]


def test_a_user_of_another_provider(org: World) -> None:
    body = {**profile(), "credentials": {"provider": {"type": "FEDERATION", "name": "FEDERATION"}}}
    user = org.okta.post(f"{USERS}?provider=true", body)
    assert (user["status"], user["credentials"]["provider"]["type"]) == ("ACTIVE", "FEDERATION")
    sent = {"credentials": {"password": {"value": PASSWORD}}}
    assert refused(org, "POST", f"{USERS}/{user['id']}", sent)[:2] == (403, "E0000014")
    body = {**profile(login="l@acme.example"), "credentials": {"provider": {"type": "ACTIVE_DIRECTORY"}}}
    assert refused(org, "POST", f"{USERS}?provider=true", body)[:2] == (400, "E0000001")


def test_partial_and_full_updates(org: World) -> None:
    user = org.okta.post(f"{USERS}/{SAM_ID}", {"profile": {"nickName": "Sammy", "title": "Boss"}})
    assert user["profile"]["nickName"] == "Sammy"
    org.clock.advance(minutes=1)
    user = org.okta.post(f"{USERS}/{SAM_ID}", {"profile": {"nickName": None}})
    assert "nickName" not in user["profile"] and user["profile"]["title"] == "Boss"
    assert user["lastUpdated"] == "2026-01-15T09:01:00.000Z"
    whole = {"login": "sam@acme.example", "email": "sam@acme.example", "firstName": "Samuel"}
    user = org.okta.put(f"{USERS}/{SAM_ID}", {"profile": whole})
    assert user["profile"] == {**whole, "lastName": None, "mobilePhone": None, "secondEmail": None}
    changed = [
        event["debugContext"]["debugData"]["changedAttributes"] for event in events(org, "user.account.update_profile")
    ]
    assert changed == ["nickName,title", "nickName", "firstName,lastName,title"]
    assert refused(org, "PUT", f"{USERS}/{SAM_ID}", {"credentials": {}})[:2] == (400, "E0000001")


def test_an_update_without_a_change_logs_nothing(org: World) -> None:
    before = org.okta.get(f"{USERS}/{SAM_ID}")
    org.clock.advance(minutes=1)
    after = org.okta.post(f"{USERS}/{SAM_ID}", {"profile": before["profile"], "credentials": before["credentials"]})
    assert after == before
    assert kinds(org) == []


def test_a_new_email_is_logged_as_such(org: World) -> None:
    org.okta.post(f"{USERS}/{SAM_ID}", {"profile": {"email": "samuel@acme.example", "secondEmail": "s@home.example"}})
    assert kinds(org) == [
        "user.account.update_profile", "user.account.update_primary_email", "user.account.update_secondary_email",
    ]  # fmt: skip


def test_an_administrator_sets_a_password(org: World) -> None:
    user = new_user(org, "kim@acme.example")
    assert user["status"] == "PROVISIONED"
    body = {"credentials": {"password": {"value": PASSWORD}}}
    user = org.okta.post(f"{USERS}/{user['id']}", body)
    assert user["status"] == "ACTIVE" and user["credentials"]["password"] == {}
    assert kinds(org)[-1] == "user.account.update_password"
    org.okta.post(f"{USERS}/{user['id']}", body)
    causes = refused(org, "POST", f"{USERS}/{user['id']}?strict=true", body)[3]
    assert causes[0].endswith("Your password cannot be any of your last 4 passwords.")


def test_if_match(org: World) -> None:
    answer = org.okta.call("GET", f"{USERS}/{SAM_ID}")
    tag = answer.header("etag")
    assert tag is not None and tag.startswith('W/"') and len(tag) == 68
    body = {"profile": {"title": "Boss"}}
    org.okta.post(f"{USERS}/{SAM_ID}", body, headers={"if-match": tag})
    assert refused(org, "POST", f"{USERS}/{SAM_ID}", body, headers={"if-match": tag})[:2] == (412, "E0000231")
    assert refused(org, "PUT", f"{USERS}/{SAM_ID}", body, headers={"if-match": "nonsense"})[:2] == (400, "E0000242")
    org.okta.post(f"{USERS}/{SAM_ID}", body, headers={"if-match": "*"})


def test_the_plain_list_leaves_out_the_deprovisioned(org: World) -> None:
    org.okta.delete(f"{USERS}/{SAM_ID}")
    assert [user["id"] for user in org.okta.get(USERS)] == [ADMIN_ID, DANA_ID]
    listed = org.okta.get(f'{USERS}?filter=status eq "DEPROVISIONED"'.replace(" ", "+").replace('"', "%22"))
    assert [user["id"] for user in listed] == [SAM_ID]


def query(org: World, **params: str) -> list[str]:
    return [user["profile"]["firstName"] for user in org.okta.get(f"{USERS}?{urlencode(params)}")]


def test_filter_search_and_q(org: World) -> None:
    org.okta.post(f"{USERS}/{SAM_ID}", {"profile": {"department": "sales"}})
    assert query(org, filter='profile.login eq "dana@acme.example"') == ["Dana"]
    assert query(org, filter='profile.login eq "Dana@acme.example"') == []
    assert query(org, filter='lastUpdated ge "2026-01-01T00:00:00Z" and status eq "ACTIVE"') == ["Ada", "Dana", "Sam"]
    assert query(org, search='profile.department eq "SALES"') == ["Dana", "Sam"]
    assert query(org, search='profile.department eq "sales" and not (profile.firstName sw "d")') == ["Sam"]
    assert query(org, search="profile.department pr") == ["Dana", "Sam"]
    assert query(org, search=f'id eq "{DANA_ID}" or profile.lastName co "kor"') == ["Dana", "Sam"]
    assert query(org, q="da") == ["Dana"]
    assert query(org, q="SAM@acme") == ["Sam"]
    assert query(org, q="anchor") == []


def test_bad_expressions(org: World) -> None:
    both = f"{USERS}?filter=id+eq+%22x%22&search=id+eq+%22x%22"
    assert refused(org, "GET", both)[:2] == (400, "E0000033")
    for text in (
        "search=profile.firstName+zz+%22x%22",
        "filter=profile.department+eq+%22x%22",
        "filter=status+sw+%22A%22",
    ):
        status, code, summary, causes = refused(org, "GET", f"{USERS}?{text}")
        assert (status, code, summary) == (400, "E0000031", "Invalid search criteria.")
        assert causes
    assert refused(org, "GET", f"{USERS}?limit=many")[:2] == (400, "E0000001")
    assert refused(org, "GET", f"{USERS}?after=00unobody")[:2] == (400, "E0000029")


def pages(org: World, path: str) -> list[list[str]]:
    found = []
    while path:
        answer = org.okta.call("GET", path)
        assert answer.status == 200, answer.text()
        found.append([user["profile"]["firstName"] for user in orjson.loads(answer.body)])
        links = answer.all_headers("link")
        path = next((link[1 : link.index(">")] for link in links if 'rel="next"' in link), "")
    return found


def test_pages(org: World) -> None:
    new_user(org, "kim@acme.example", firstName="Kim")
    assert pages(org, f"{USERS}?limit=2") == [["Ada", "Dana"], ["Sam", "Kim"]]
    assert pages(org, f"{USERS}?limit=3&search=status+pr&sortBy=profile.firstName&sortOrder=desc") == [
        ["Sam", "Kim", "Dana"], ["Ada"],
    ]  # fmt: skip
    others = sorted((ADMIN_ID, SAM_ID, org.okta.get(f"{USERS}/kim")["id"]))
    names = {ADMIN_ID: "Ada", SAM_ID: "Sam"}
    last = [names.get(id, "Kim") for id in others]  # without a department: after all others, by id
    assert pages(org, f"{USERS}?limit=2&search=status+pr&sortBy=profile.department") == [["Dana", last[0]], last[1:]]
    links = org.okta.call("GET", USERS).all_headers("link")
    assert links == ['<https://acme.okta.com/api/v1/users?limit=200>; rel="self"']


def test_custom_attributes_are_validated_and_searched() -> None:
    schema = {
        "badge": {"title": "Badge", "type": "integer", "minimum": 1},
        "teams": {"title": "Teams", "type": "array", "items": {"type": "string", "enum": ["red", "blue"]}},
    }
    with world(user_schema=schema) as org:
        org.okta.post(f"{USERS}/{SAM_ID}", {"profile": {"badge": 7, "teams": ["red", "blue"]}})
        assert query(org, search='profile.teams eq "blue"') == ["Sam"]
        assert query(org, search="profile.badge gt 6") == ["Sam"]
        for wrong in ({"badge": "7"}, {"badge": 0}, {"badge": True}, {"teams": ["green"]}, {"teams": "red"}):
            assert refused(org, "POST", f"{USERS}/{SAM_ID}", {"profile": wrong})[:2] == (400, "E0000001")


def test_app_links_of_a_user_without_apps(org: World) -> None:
    assert org.okta.get(f"{USERS}/{SAM_ID}/appLinks") == []


def test_groups_of_a_user_are_paged(org: World) -> None:
    first = org.okta.call("GET", f"{USERS}/{DANA_ID}/groups?limit=1")
    following = next(link for link in first.all_headers("link") if "next" in link)
    names = [g["profile"]["name"] for g in org.okta.get(following[1 : following.index(">")])]
    assert names == ["Sales"]
    assert refused(org, "GET", f"{USERS}/{DANA_ID}/groups?after=00gnone")[:2] == (400, "E0000029")


def test_unknown_users_everywhere(org: World) -> None:
    with pytest.raises(ApiError) as caught:
        org.okta.post(f"{USERS}/00unobody", {"profile": {}})
    assert caught.value.answer.status == 404
    for path in ("groups", "appLinks", "roles"):
        assert refused(org, "GET", f"{USERS}/00unobody/{path}")[:2] == (404, "E0000007")
    for path in ("activate", "deactivate", "suspend", "unlock", "expire_password"):
        assert refused(org, "POST", f"{USERS}/00unobody/lifecycle/{path}")[:2] == (404, "E0000007")


def test_the_log_names_the_tokens_owner(org: World) -> None:
    new_user(org, "kim@acme.example")
    actor = events(org, "user.lifecycle.create")[0]["actor"]
    assert (actor["id"], actor["alternateId"], actor["displayName"]) == (ADMIN_ID, "admin@acme.example", "Ada Min")


def test_the_token_may_follow_the_word_at_once(org: World) -> None:
    """As the vendor's Python SDK sends it."""
    for header in (f"SSWS{TOKEN}", f"SSWS {TOKEN}", f"ssws  {TOKEN}"):
        assert anonymous(org).request("GET", USERS, headers={"authorization": header}).status == 200


def test_a_page_made_in_sql_is_the_page_made_of_documents(org):
    """Lists come straight from the store's text; they must be what rendering each document would give."""
    from emulator.okta.user_docs import USERS, render_item

    profile = {"login": "odd@t.example", "email": "u@t.example", "firstName": "Zoë \\ \u2028", "lastName": 'O\'"Neil"'}
    org.okta.post("/api/v1/users?activate=false", {"profile": profile})
    service = org.hosts.service("okta")
    shown = org.okta.get("/api/v1/users?limit=200")

    class Asked:
        base = "https://" + service.host
        info: ClassVar[dict] = {}

    stored = [user for user in service.store.all(USERS) if user["status"] != "DEPROVISIONED"]
    assert shown == [render_item(Asked, user) for user in stored]
    assert not any(key.startswith("_") and key != "_links" for user in shown for key in user)


def test_some_orgs_print_mail_addresses_among_the_credentials() -> None:
    with world(user_emails=True) as org:
        made = new_user(org, "kim@acme.example", secondEmail="kim@home.example")
        emails = [{"value": "kim@acme.example", "status": "VERIFIED", "type": "PRIMARY"},
                  {"value": "kim@home.example", "status": "VERIFIED", "type": "SECONDARY"}]  # fmt: skip
        assert made["credentials"]["emails"] == emails
        assert org.okta.get(f"/api/v1/users/{made['id']}")["credentials"]["emails"] == emails
        listed = next(user for user in org.okta.get("/api/v1/users") if user["id"] == made["id"])
        assert listed["credentials"]["emails"] == emails
        changed = org.okta.post(f"/api/v1/users/{made['id']}", {"profile": {"secondEmail": None}})
        assert changed["credentials"]["emails"] == emails[:1]
    with world() as org:
        assert "emails" not in new_user(org, "kim@acme.example")["credentials"]


def test_an_order_without_an_attribute_is_left_out_of_the_links(org: World) -> None:
    for order in ("0", "desc"):
        link = org.okta.call("GET", f"{USERS}?limit=2&search=status+pr&sortOrder={order}").header("link")
        assert link is not None and "sortOrder" not in link
    link = org.okta.call("GET", f"{USERS}?search=status+pr&sortBy=profile.lastName&sortOrder=desc").header("link")
    assert link is not None and "sortBy=profile.lastName&sortOrder=desc" in link


def test_an_org_of_2025_links_to_the_reset_of_factors_where_there_is_a_credential() -> None:
    with world(subscription={"realms": False}) as org:
        assert "resetFactors" not in new_user(org, "a@acme.example", query="?activate=false")["_links"]
        assert "resetFactors" in new_user(org, "b@acme.example", password="Abcd1234!")["_links"]
