"""Sessions, and what people may read with nothing else. Behaviour: okta-admin-api.md 15, appendix C."""

from typing import Any

import orjson

from emulator import World

from .test_authn import sign_in
from .worlds import DANA_ID, PASSWORD, SAM_ID, anonymous, events, kinds, refused, world

AT = "/api/v1/sessions"


def start(org: World, login: str = "sam@acme.example") -> dict[str, Any]:
    token = sign_in(org, login, PASSWORD)["sessionToken"]
    answer = anonymous(org).request("POST", AT, json={"sessionToken": token})
    assert answer.status == 200, answer.text()
    found: dict[str, Any] = orjson.loads(answer.body)
    return found


def cookie_of(org: World, login: str) -> str:
    """A session cookie, as the sign-in page hands it out."""
    browser = org.browser
    page = browser.get("https://acme.okta.com/login/login.htm")
    browser.fill(page, {"username": login, "password": PASSWORD})
    return f"sid={browser.jar['acme.okta.com']['sid']}"


def test_a_session_has_the_recorded_shape(org: World) -> None:
    session = start(org)
    assert list(session) == [
        "id", "userId", "login", "createdAt", "expiresAt", "status", "lastPasswordVerification",
        "lastFactorVerification", "amr", "idp", "mfaActive", "_links",
    ]  # fmt: skip
    assert session["id"].startswith("102") and len(session["id"]) == 25
    assert (session["userId"], session["login"], session["status"]) == (SAM_ID, "sam@acme.example", "ACTIVE")
    assert (session["createdAt"], session["expiresAt"]) == ("2026-01-15T09:00:00.000Z", "2026-01-15T11:00:00.000Z")
    assert session["amr"] == ["pwd"] and session["lastFactorVerification"] is None
    assert session["idp"] == {"id": "00oacme000000000000x", "type": "OKTA"}
    assert session["_links"]["user"]["name"] == "Sam Okoro"
    assert org.okta.get(f"{AT}/{session['id']}") == session
    started = events(org, "user.session.start")
    assert [event["outcome"]["result"] for event in started] == ["SUCCESS"]
    assert started[0]["actor"]["id"] == SAM_ID
    assert started[0]["authenticationContext"]["externalSessionId"] == session["id"]


def test_a_session_token_works_once_and_for_five_minutes(org: World) -> None:
    def spend(token: Any) -> tuple[int, str]:
        answer = anonymous(org).request("POST", AT, json={"sessionToken": token})
        return answer.status, orjson.loads(answer.body).get("errorCode", "")

    token = sign_in(org, "sam@acme.example", PASSWORD)["sessionToken"]
    assert [spend(token)[0], spend(token)] == [200, (401, "E0000004")]
    late = sign_in(org, "sam@acme.example", PASSWORD)["sessionToken"]
    org.clock.advance(minutes=6)
    assert spend(late) == (401, "E0000004")
    assert spend("20111nonsense") == (401, "E0000004")
    assert spend(None) == (400, "E0000001")
    suspended = sign_in(org, "sam@acme.example", PASSWORD)["sessionToken"]
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/suspend")
    assert spend(suspended) == (401, "E0000004")


def test_refresh_expire_and_revoke(org: World) -> None:
    id = start(org)["id"]
    org.clock.advance(minutes=90)
    assert org.okta.post(f"{AT}/{id}/lifecycle/refresh")["expiresAt"] == "2026-01-15T12:30:00.000Z"
    org.clock.advance(minutes=121)
    assert refused(org, "GET", f"{AT}/{id}")[:3] == (
        404,
        "E0000007",
        f"Not found: Resource not found: {id} (AppSession)",
    )
    id = start(org)["id"]
    assert org.okta.call("DELETE", f"{AT}/{id}").status == 204
    assert refused(org, "DELETE", f"{AT}/{id}")[:2] == (404, "E0000007")
    assert kinds(org)[-1] == "user.session.end"
    assert refused(org, "GET", AT)[:2] == (405, "E0000022")


def test_clearing_and_suspending_end_sessions(org: World) -> None:
    first, second = start(org), start(org)
    assert org.okta.call("DELETE", f"/api/v1/users/{SAM_ID}/sessions").status == 204
    for session in (first, second):
        assert refused(org, "GET", f"{AT}/{session['id']}")[0] == 404
    assert kinds(org).count("user.session.clear") == 1
    third = start(org)
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/suspend")
    assert refused(org, "GET", f"{AT}/{third['id']}")[0] == 404


def test_people_read_themselves_and_nobody_else(org: World) -> None:
    headers = {"cookie": cookie_of(org, "sam@acme.example")}
    client = anonymous(org)

    def status(method: str, path: str) -> int:
        return client.request(method, path, headers=headers).status

    me = client.request("GET", "/api/v1/users/me", headers=headers)
    assert orjson.loads(me.body)["id"] == SAM_ID
    assert status("GET", f"/api/v1/users/{SAM_ID}/groups") == 200
    assert status("GET", "/api/v1/users/me/appLinks") == 200
    assert status("GET", f"/api/v1/users/{DANA_ID}") == 403
    assert status("GET", f"/api/v1/users/{DANA_ID}/groups") == 403
    assert status("GET", "/api/v1/users") == 403
    assert status("DELETE", "/api/v1/users/me") == 403
    assert status("GET", f"{AT}/me") == 200
    assert status("POST", f"{AT}/me/lifecycle/refresh") == 200
    assert status("DELETE", f"{AT}/me") == 204
    assert status("GET", f"{AT}/me") == 404
    assert status("GET", "/api/v1/users/me") == 401


def test_an_expired_cookie_is_nobodys() -> None:
    with world() as org:
        headers = {"cookie": cookie_of(org, "sam@acme.example")}
        org.clock.advance(hours=3)
        assert anonymous(org).request("GET", "/api/v1/users/me", headers=headers).status == 401
        assert anonymous(org).request("GET", f"{AT}/me", headers=headers).status == 404


def test_the_id_of_a_session_made_here_is_its_cookie(org: World) -> None:
    """okta-awscli and aws-okta-processor go on with it; a browser's session keeps its cookie to itself."""
    made = start(org)
    mine = anonymous(org).request("GET", f"{AT}/me", headers={"cookie": f"sid={made['id']}"})
    assert (mine.status, orjson.loads(mine.body)["id"]) == (200, made["id"])
    cookie = {"cookie": cookie_of(org, "sam@acme.example")}
    id = orjson.loads(anonymous(org).request("GET", f"{AT}/me", headers=cookie).body)["id"]
    assert anonymous(org).request("GET", f"{AT}/me", headers={"cookie": f"sid={id}"}).status == 404
