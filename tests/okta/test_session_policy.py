"""The global session policy at sign-in: deny, zones, session lifetimes, factors; next to the app's rule."""

from typing import Any

import orjson
import pytest

from emulator import World
from emulator.okta import signon
from emulator.okta.app_kinds import APPS
from emulator.okta.rule_subject import subject_of
from emulator.okta.user_docs import USERS
from tests.okta import o365
from tests.okta.test_policy_types import AT, SIGNON, default, made
from tests.okta.worlds import DANA_ID, PASSWORD, SAM_ID, anonymous, events, kinds, world

OFFICE = {"name": "Office", "gateways": [{"type": "CIDR", "value": "192.0.2.0/24"}]}


def rule(org: World, *, policy: str | None = None, name: str = "r", conditions: Any = None, **action: Any) -> Any:
    signon_action = {**SIGNON["actions"]["signon"], **action}
    body = {"name": name, "type": "SIGN_ON", "conditions": conditions or {}, "actions": {"signon": signon_action}}
    return org.okta.post(f"{AT}/{policy or default(org, 'OKTA_SIGN_ON')['id']}/rules", body)


def authn(org: World, login: str = "dana@acme.example", *, address: str = "203.0.113.9") -> tuple[int, Any]:
    body = {"username": login, "password": PASSWORD}
    answer = anonymous(org).request("POST", "/api/v1/authn", json=body, headers={"x-forwarded-for": address})
    return answer.status, orjson.loads(answer.body)


def test_a_denied_person_gets_no_token_and_the_log_says_why(org: World) -> None:
    denied = rule(org, name="Nobody", access="DENY")
    status, body = authn(org)
    assert (status, body["errorCode"]) == (403, "E0000006")
    assert kinds(org)[-2:] == ["policy.evaluate_sign_on", "user.session.start"]
    event = events(org, "policy.evaluate_sign_on")[-1]
    assert event["outcome"]["result"] == "DENY" and event["target"][1]["id"] == denied["id"]
    org.okta.call("POST", f"{AT}/{default(org, 'OKTA_SIGN_ON')['id']}/rules/{denied['id']}/lifecycle/deactivate")
    assert authn(org)[0] == 200


def test_zones_decide_from_where_people_sign_in() -> None:
    with world(zones=[OFFICE]) as org:
        zone = org.okta.get("/api/v1/zones")[-1]["id"]
        rule(org, access="DENY", conditions={"network": {"connection": "ZONE", "exclude": [zone]}})
        assert authn(org, address="192.0.2.7")[0] == 200
        assert authn(org, address="198.51.100.7")[0] == 403


def test_the_first_policy_for_the_users_groups_decides(org: World) -> None:
    sales = org.okta.get("/api/v1/groups?q=Sales")[0]["id"]
    policy = made(org, "OKTA_SIGN_ON", conditions={"people": {"groups": {"include": [sales]}}})
    assert authn(org)[0] == 200  # it has no rule yet and is passed over
    rule(org, policy=policy["id"], access="DENY")
    assert authn(org)[0] == 403
    assert authn(org, "sam@acme.example")[0] == 200
    org.okta.call("POST", f"{AT}/{policy['id']}/lifecycle/deactivate")
    assert authn(org)[0] == 200


def session_of(org: World) -> Any:
    return org.okta.post("/api/v1/sessions", {"sessionToken": authn(org)[1]["sessionToken"]})


@pytest.mark.parametrize(
    ("idle", "life", "after", "refreshed"), [(120, 0, 120, 150), (30, 45, 30, 45), (0, 60, 60, 60)]
)
def test_sessions_last_as_long_as_the_rule_says(idle: int, life: int, after: int, refreshed: int) -> None:
    with world() as org:
        rule(org, session={"maxSessionIdleMinutes": idle, "maxSessionLifetimeMinutes": life})
        begin = org.clock.now() // 1000 * 1000
        session = session_of(org)
        assert minutes(begin, session["expiresAt"]) == after
        org.clock.advance(minutes=min(30, after - 1))
        again = org.okta.post(f"/api/v1/sessions/{session['id']}/lifecycle/refresh")
        assert minutes(begin, again["expiresAt"]) in (refreshed, refreshed - 1)


def minutes(begin: int, text: str) -> int:
    from emulator.kernel.clock import parse_iso

    return (parse_iso(text) - begin) // 60_000


def decide(
    org: World, user_id: str = DANA_ID, client: signon.Client = "WEB", address: str = "203.0.113.9"
) -> signon.Decision:
    store = org.database.store("okta:acme")
    context = signon.SignOnContext(client, address, "Mozilla/5.0 (Windows NT 10.0)", frozenset({"pwd"}), 0)
    subject = subject_of(store, store.get(USERS, user_id), address, context.user_agent, client)
    return signon.decide(store, store.get(APPS, o365.APP_ID), subject, context)


def test_apps_ask_for_what_the_org_asks_for() -> None:
    with o365.made() as org:
        assert (decide(org).access, decide(org).factors_needed, decide(org).app_factors) == ("ALLOW", 1, 1)
        asks = rule(org, requireFactor=True)
        got = decide(org)
        assert (got.access, got.factors_needed, got.app_factors) == ("ALLOW", 2, 1)
        org.okta.call("DELETE", f"{AT}/{default(org, 'OKTA_SIGN_ON')['id']}/rules/{asks['id']}")
        rule(org, access="DENY", conditions={"people": {"users": {"exclude": [SAM_ID]}}})
        assert decide(org).access == "DENY" and decide(org).rule["name"] == "r"
        assert decide(org, SAM_ID).access == "ALLOW"


def test_a_denied_person_reaches_no_app_by_any_client() -> None:
    with o365.made(rules=[{"name": "All", "clients": ["WEB", "MODERN_AUTH", "EXCHANGE_ACTIVE_SYNC"]}]) as org:
        assert decide(org, client="EXCHANGE_ACTIVE_SYNC").access == "ALLOW"
        rule(org, access="DENY")
        for client in ("WEB", "MODERN_AUTH", "EXCHANGE_ACTIVE_SYNC", "AAD_JOIN"):
            assert decide(org, client=client).access == "DENY"
