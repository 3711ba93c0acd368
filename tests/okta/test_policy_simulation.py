"""POST /policies/simulate: what it answers, and that it always agrees with the real decision."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator import World
from emulator.okta import signon
from emulator.okta.app_kinds import APPS
from emulator.okta.rule_subject import subject_of
from emulator.okta.user_docs import USERS
from tests.okta import o365
from tests.okta.test_policy_types import AT, default
from tests.okta.test_session_policy import rule as session_rule
from tests.okta.worlds import DANA_ID, SAM_ID, refused

models = pytest.importorskip("okta.models")
SIMULATE = f"{AT}/simulate"
OFFICE = {"name": "Office", "gateways": [{"type": "CIDR", "value": "192.0.2.0/24"}]}
AGENTS = {
    "WINDOWS": "Mozilla/5.0 (Windows NT 10.0)", "IOS": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0)",
    "LINUX": "Mozilla/5.0 (X11; Linux x86_64)",
}  # fmt: skip


def simulate(org: World, query: str = "", types: tuple[str, ...] = ("ACCESS_POLICY",), **context: Any) -> Any:
    body = {"appInstance": o365.APP_ID, "policyTypes": list(types), "policyContext": context}
    answer = org.okta.post(f"{SIMULATE}{query}", body)
    models.SimulatePolicyEvaluations.from_dict(answer["evaluation"][0])
    return answer["evaluation"]


def person(id: str = SAM_ID) -> Any:
    return {"user": {"id": id}, "groups": {"ids": []}}


def test_matched_evaluated_and_undefined() -> None:
    with o365.made() as org:
        own = org.okta.get(o365.APP)["_links"]["accessPolicy"]["href"].rsplit("/", 1)[1]
        [found] = simulate(org, **person(), client="AAD_JOIN")
        assert (found["status"], found["policyType"], "evaluated" in found) == ("MATCH", ["ACCESS_POLICY"], False)
        [policy] = found["result"]["policies"]
        assert (policy["id"], policy["status"], policy["rules"][0]["name"]) == (own, "MATCH", "Catch-all Rule")
        [found] = simulate(org, "?expand=EVALUATED,RULE", **person(), client="AAD_JOIN")
        [tried] = found["evaluated"]["policies"][0]["rules"]
        assert (tried["name"], tried["status"]) == ("Allow Web and Modern Auth", "NOT_MATCH")
        assert {"type": "office365Client", "status": "NOT_MATCH"} in tried["conditions"]
        assert {"type": "people", "status": "MATCH"} in tried["conditions"]
        [found] = simulate(org, "?expand=EVALUATED", **person())
        assert found["status"] == "UNDEFINED" and found["evaluated"] == {"policies": []}
        assert found["undefined"]["policies"][0]["rules"][0]["status"] == "UNDEFINED"


def test_every_type_and_policies_of_other_groups() -> None:
    with o365.made() as org:
        sales = org.okta.get("/api/v1/groups?q=Sales")[0]["id"]
        people = {"people": {"groups": {"include": [sales]}}}
        policy = org.okta.post(AT, {"type": "OKTA_SIGN_ON", "name": "Sales", "conditions": people})
        session_rule(org, policy=policy["id"], name="In", conditions={"network": {"connection": "ANYWHERE"}})
        types = ("ACCESS_POLICY", "MFA_ENROLL", "OKTA_SIGN_ON", "PROFILE_ENROLLMENT")
        found = simulate(org, types=types, **person(DANA_ID), client="WEB")
        assert [item["policyType"][0] for item in found] == list(types)
        assert [item["status"] for item in found] == ["MATCH"] * 4
        assert found[2]["result"]["policies"][0]["rules"][0]["name"] == "In"
        [other] = simulate(org, "?expand=EVALUATED", types=("OKTA_SIGN_ON",), **person(SAM_ID))
        assert other["result"]["policies"][0]["id"] == default(org, "OKTA_SIGN_ON")["id"]
        assert (other["evaluated"]["policies"][0]["name"], other["evaluated"]["policies"][0]["status"]) == (
            "Sales",
            "NOT_MATCH",
        )
        by_group = {"user": None, "groups": {"ids": [sales]}}
        [named] = simulate(org, types=("OKTA_SIGN_ON",), **by_group)
        assert named["result"]["policies"][0]["id"] == policy["id"]


def test_refusals() -> None:
    with o365.made() as org:
        for body, code in (
            ([], "E0000003"), ({}, "E0000001"), ({"appInstance": "0oanothing"}, "E0000001"),
            ({"appInstance": o365.APP_ID, "policyTypes": ["PASSWORD"]}, "E0000001"),
            ({"appInstance": o365.APP_ID, "policyContext": {"user": {"id": "00unobody"}}}, "E0000001"),
            ({"appInstance": o365.APP_ID, "policyContext": {"risk": {"level": "NONE"}}}, "E0000001"),
            ({"appInstance": 5}, "E0000003"),
        ):  # fmt: skip
            assert refused(org, "POST", SIMULATE, body)[:2] == (400, code), body
        body = {"appInstance": o365.APP_ID}
        assert refused(org, "POST", f"{SIMULATE}?expand=ALL", body)[:2] == (400, "E0000001")


clients = st.sampled_from(["WEB", "MODERN_AUTH", "EXCHANGE_ACTIVE_SYNC", "AAD_JOIN"])
sides = st.sampled_from(["include", "exclude"])


@st.composite
def conditions(draw: Any, zone: str, group: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["network"] = {"connection": "ZONE", draw(sides): [draw(st.sampled_from([zone, "ALL_ZONES"]))]}
    if draw(st.booleans()):
        found["people"] = {"groups": {draw(sides): [group]}}
    if draw(st.booleans()):
        found["office365Client"] = {"include": draw(st.lists(clients, max_size=2, unique=True))}
    if draw(st.booleans()):
        system = draw(st.sampled_from(["WINDOWS", "IOS", "ANY"]))
        found["platform"] = {"include": [{"type": "ANY", "os": {"type": system}}]}
    if draw(st.booleans()):
        found["elCondition"] = {"condition": 'request.userAgent.contains("iPhone")'}
    if draw(st.booleans()):
        found["riskScore"] = {"level": draw(st.sampled_from(["LOW", "HIGH"]))}
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_it_always_agrees_with_the_real_decision(data: Any) -> None:
    with o365.made(org={"zones": [OFFICE]}) as org:
        zone = org.okta.get("/api/v1/zones")[-1]["id"]
        sales = org.okta.get("/api/v1/groups?q=Sales")[0]["id"]
        own = org.okta.get(o365.APP)["_links"]["accessPolicy"]["href"].rsplit("/", 1)[1]
        for number in range(data.draw(st.integers(1, 4))):
            access = data.draw(st.sampled_from(["ALLOW", "DENY"]))
            body = {"name": f"r{number}", "priority": data.draw(st.integers(1, 4)), "conditions": data.draw(conditions(zone, sales)),
                    "actions": {"appSignOn": {"access": access}}}  # fmt: skip
            org.okta.post(f"{AT}/{own}/rules", body)
        user, client = data.draw(st.sampled_from([SAM_ID, DANA_ID])), data.draw(clients)
        address, system = (
            data.draw(st.sampled_from(["192.0.2.9", "198.51.100.9"])),
            data.draw(st.sampled_from(sorted(AGENTS))),
        )
        store = org.database.store("okta:acme")
        subject = subject_of(store, store.get(USERS, user), address, AGENTS[system], client)
        context = signon.SignOnContext(client, address, AGENTS[system], frozenset({"pwd", "sms"}), 0)
        real = signon.decide(store, store.get(APPS, o365.APP_ID), subject, context)
        [found] = simulate(
            org, **person(user), ip=address, client=client, userAgent=AGENTS[system], device={"platform": system}
        )
        [policy] = found["result"]["policies"]
        assert (found["status"], policy["rules"][0]["id"]) == ("MATCH", real.rule["id"])
