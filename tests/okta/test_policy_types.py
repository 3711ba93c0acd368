"""Policies and rules of every type: seeds, defaults, order, refusals; the vendor's SDK reads every answer."""

from typing import Any

import orjson
import pytest

from emulator import World
from tests.okta import o365, worlds
from tests.okta.worlds import SAM_ID, kinds, refused, world

AT = "/api/v1/policies"
models = pytest.importorskip("okta.models")
TYPES = {
    "ACCESS_POLICY": "Any two factors", "OKTA_SIGN_ON": "Default Policy", "PASSWORD": "Default Policy",
    "MFA_ENROLL": "Default Policy", "PROFILE_ENROLLMENT": "Default Policy", "IDP_DISCOVERY": "Idp Discovery Policy",
    "POST_AUTH_SESSION": "Post Auth Policy", "ENTITY_RISK": "Entity Risk Policy",
    "SESSION_VIOLATION_DETECTION": "Session Violation Detection Policy",
}  # fmt: skip
SIGNON: dict[str, Any] = {
    "type": "SIGN_ON", "conditions": {
        "authContext": {"authType": "ANY"}, "network": {"connection": "ANYWHERE"},
        "people": {"users": {"exclude": []}}, "riskScore": {"level": "ANY"}, "risk": {"behaviors": []},
        "identityProvider": {"provider": "ANY"},
    },
    "actions": {"signon": {
        "access": "ALLOW", "factorLifetime": 15, "factorPromptMode": "ALWAYS", "primaryFactor": "PASSWORD_IDP",
        "rememberDeviceByDefault": False, "requireFactor": False,
        "session": {"maxSessionIdleMinutes": 120, "maxSessionLifetimeMinutes": 120, "usePersistentCookie": False},
    }},
}  # fmt: skip
BEGIN = ("POST_AUTH_SESSION", "SESSION_VIOLATION_DETECTION")


def made(org: World, kind: str, name: str = "Mine", **more: Any) -> Any:
    return org.okta.post(AT, {"type": kind, "name": name, **more})


def default(org: World, kind: str) -> Any:
    return [item for item in org.okta.get(f"{AT}?type={kind}") if item["system"]][-1]


def order(org: World, kind: str) -> list[tuple[str, int]]:
    return [(item["name"], item["priority"]) for item in org.okta.get(f"{AT}?type={kind}")]


def rule_order(org: World, policy: str) -> list[tuple[str, int]]:
    return [(item["name"], item["priority"]) for item in org.okta.get(f"{AT}/{policy}/rules")]


@pytest.mark.parametrize(("kind", "name"), TYPES.items())
def test_a_new_org_holds_one_of_each_type_and_the_sdk_reads_it(org: World, kind: str, name: str) -> None:
    *above, policy = [item for item in org.okta.get(f"{AT}?type={kind}&expand=rules") if item["system"]]
    assert [item["name"] for item in above] == (["Active Directory Policy"] if kind == "PASSWORD" else [])
    assert (policy["name"], policy["type"], policy["system"], policy["status"]) == (name, kind, True, "ACTIVE")
    *begins, rule = policy["_embedded"]["rules"]
    assert not any(item["system"] for item in begins) and len(begins) == (kind in BEGIN)
    assert rule["system"] and rule["name"] in ("Default Rule", "Catch-all Rule")
    assert rule["type"] == ("SIGN_ON" if kind == "OKTA_SIGN_ON" else kind)
    assert rule["priority"] == (99 if kind in ("ACCESS_POLICY", "PROFILE_ENROLLMENT", *BEGIN) else 1)
    assert "DELETE" not in rule["_links"]["self"]["hints"]["allow"] and "deactivate" not in rule["_links"]
    if kind != "SESSION_VIOLATION_DETECTION":  # the SDK (3.4) does not know the type
        assert models.Policy.from_dict(org.okta.get(f"{AT}/{policy['id']}")).id == policy["id"]
    shown = org.okta.get(f"{AT}/{policy['id']}/rules/{rule['id']}")
    assert shown == rule
    if kind not in ("SESSION_VIOLATION_DETECTION", "IDP_DISCOVERY"):  # nor the provider OKTA of a discovery rule
        assert models.PolicyRule.from_dict(shown).id == rule["id"]
    assert refused(org, "DELETE", f"{AT}/{policy['id']}")[:2] == (403, "E0000006")
    assert refused(org, "POST", f"{AT}/{policy['id']}/lifecycle/deactivate")[:2] == (403, "E0000006")
    assert refused(org, "DELETE", f"{AT}/{policy['id']}/rules/{rule['id']}")[:2] == (403, "E0000006")


def test_global_session_policies_show_as_recorded(org: World) -> None:
    group = org.okta.get("/api/v1/groups?q=Sales")[0]["id"]
    policy = made(org, "OKTA_SIGN_ON", conditions={"people": {"groups": {"include": [group]}}})
    assert list(policy) == [
        "id", "status", "name", "priority", "system", "conditions", "created", "lastUpdated", "_links", "type",
    ]  # fmt: skip
    assert policy["id"].startswith("00p") and policy["conditions"] == {"people": {"groups": {"include": [group]}}}
    assert set(policy["_links"]) == {"self", "rules", "mappings", "deactivate"}
    assert order(org, "OKTA_SIGN_ON") == [("Mine", 1), ("Default Policy", 2)]
    rule = org.okta.post(f"{AT}/{policy['id']}/rules", {**SIGNON, "name": "r"})
    assert rule["id"].startswith("0pr") and rule["priority"] == 1
    assert list(rule["conditions"]) == [
        "people", "network", "authContext", "risk", "riskScore", "identityProvider",
    ]  # fmt: skip
    assert rule["actions"]["signon"] == {
        "access": "ALLOW", "requireFactor": False, "primaryFactor": "PASSWORD_IDP", "rememberDeviceByDefault": False,
        "session": {"usePersistentCookie": False, "maxSessionIdleMinutes": 120, "maxSessionLifetimeMinutes": 120},
    }  # fmt: skip
    asks = {"signon": {**SIGNON["actions"]["signon"], "requireFactor": True}}
    shown = org.okta.put(f"{AT}/{policy['id']}/rules/{rule['id']}", {**SIGNON, "name": "r", "actions": asks})
    assert shown["actions"]["signon"]["factorPromptMode"] == "ALWAYS"
    models.PolicyRule.from_dict(shown)
    without = {"signon": {key: asks["signon"][key] for key in ("access", "session")}}
    shown = org.okta.put(f"{AT}/{policy['id']}/rules/{rule['id']}", {**SIGNON, "name": "r", "actions": without})
    assert shown["actions"]["signon"]["primaryFactor"] == "PASSWORD_IDP_ANY_FACTOR"
    assert kinds(org) == ["policy.lifecycle.create", "policy.rule.add", "policy.rule.update", "policy.rule.update"]


def test_sessions_that_make_no_sense_are_refused(org: World) -> None:
    at = f"{AT}/{default(org, 'OKTA_SIGN_ON')['id']}/rules"
    for change, path in (
        ({"access": "CHALLENGE"}, "access"),
        ({"session": {"maxSessionIdleMinutes": 120, "maxSessionLifetimeMinutes": 90}}, "session.maxSessionIdleMinutes"),
    ):  # fmt: skip
        body = {**SIGNON, "name": "r", "actions": {"signon": {**SIGNON["actions"]["signon"], **change}}}
        got = refused(org, "POST", at, body)
        assert got[:3] == (400, "E0000001", f"Api validation failed: actions.signon.{path}")
    body["actions"]["signon"]["session"]["maxSessionLifetimeMinutes"] = 0
    assert org.okta.post(at, body)["priority"] == 1


def test_policies_for_groups_stand_in_an_order_without_gaps(org: World) -> None:
    ids = {name: made(org, "PASSWORD", name)["id"] for name in ("a", "b", "c")}
    last = ("Active Directory Policy", "Default Policy")
    assert order(org, "PASSWORD") == [("a", 1), ("b", 2), ("c", 3), *zip(last, (4, 5), strict=True)]
    made(org, "PASSWORD", "first", priority=1)
    made(org, "PASSWORD", "far", priority=77)
    assert [name for name, _ in order(org, "PASSWORD")] == ["first", "a", "b", "c", "far", *last]
    moved = org.okta.put(f"{AT}/{ids['c']}", {"type": "PASSWORD", "name": "c", "priority": 2})
    assert moved["priority"] == 2
    org.okta.call("DELETE", f"{AT}/{ids['a']}")
    assert order(org, "PASSWORD") == [("first", 1), ("c", 2), ("b", 3), ("far", 4), *zip(last, (5, 6), strict=True)]
    assert refused(org, "POST", AT, {"type": "PASSWORD", "name": "b"})[:2] == (400, "E0000001")
    assert refused(org, "POST", AT, {"type": "PASSWORD", "name": "x", "priority": "1"})[:2] == (400, "E0000001")
    by_name = org.okta.get(f"{AT}?type=PASSWORD&sortBy=name&q=f")
    assert [item["name"] for item in by_name] == ["far", "first"]


def test_what_moves_or_is_activated_again_shows_when(org: World) -> None:
    policy = made(org, "PASSWORD", "a")
    rule = org.okta.post(f"{AT}/{policy['id']}/rules", {"name": "r", "type": "PASSWORD"})
    at = f"{AT}/{policy['id']}/rules/{rule['id']}"
    before = [item["lastUpdated"] for item in (org.okta.get(f"{AT}/{policy['id']}"), org.okta.get(at))]
    org.clock.advance(seconds=5)
    for path in (f"{AT}/{policy['id']}", at):
        assert org.okta.call("POST", f"{path}/lifecycle/activate").status == 204
    again = [item["lastUpdated"] for item in (org.okta.get(f"{AT}/{policy['id']}"), org.okta.get(at))]
    assert all(old < new for old, new in zip(before, again, strict=True))
    assert "policy.lifecycle.activate" not in kinds(org) and "policy.rule.activate" not in kinds(org)
    org.clock.advance(seconds=5)
    made(org, "PASSWORD", "first", priority=1)
    stamps = [item["lastUpdated"] for item in org.okta.get(f"{AT}?type=PASSWORD")]
    assert len(stamps) == 4 and set(stamps) == {stamps[0]} and stamps[0] > again[0]


def test_rules_of_such_policies_have_no_gaps_either(org: World) -> None:
    policy = default(org, "OKTA_SIGN_ON")["id"]
    for name, place in (("a", 1), ("b", 50), ("c", 2)):
        org.okta.post(f"{AT}/{policy}/rules", {**SIGNON, "name": name, "priority": place})
    assert rule_order(org, policy) == [("a", 1), ("c", 2), ("b", 3), ("Default Rule", 4)]
    first = org.okta.get(f"{AT}/{policy}/rules")[0]["id"]
    org.okta.put(f"{AT}/{policy}/rules/{first}", {**SIGNON, "name": "a", "priority": 3})
    assert rule_order(org, policy) == [("c", 1), ("b", 2), ("a", 3), ("Default Rule", 4)]
    org.okta.call("DELETE", f"{AT}/{policy}/rules/{first}")
    assert rule_order(org, policy) == [("c", 1), ("b", 2), ("Default Rule", 3)]
    assert refused(org, "POST", f"{AT}/{policy}/rules", {**SIGNON, "name": "b"})[:2] == (400, "E0000001")


def test_policies_are_read_page_by_page(org: World) -> None:
    for name in ("a", "b", "c"):
        made(org, "PASSWORD", name)
    whole = org.okta.call("GET", f"{AT}?type=PASSWORD")
    assert next(value.split(">")[0] for key, value in whole.headers if key == "Link").endswith("?type=PASSWORD")
    seen, at = [], f"{AT}?type=PASSWORD&limit=3"
    while at:
        answer = org.okta.call("GET", at)
        seen += [item["name"] for item in orjson.loads(answer.body)]
        following = [value for key, value in answer.headers if key == "Link" and 'rel="next"' in value]
        at = following[0].split(">")[0].split(worlds.HOST)[1] if following else ""
    assert seen == ["a", "b", "c", "Active Directory Policy", "Default Policy"]
    assert refused(org, "GET", f"{AT}?type=PASSWORD&after=00pnothing")[:2] == (400, "E0000029")
    assert refused(org, "GET", f"{AT}?type=PASSWORD&limit=some")[:2] == (400, "E0000001")


def test_password_policies_are_filled_in_and_merge(org: World) -> None:
    policy = made(org, "PASSWORD", description="d", settings={"password": {"complexity": {"minLength": 12}}})
    assert list(policy)[:4] == ["id", "status", "name", "description"]
    assert policy["conditions"] == {"people": {"groups": {"include": []}}, "authProvider": {"provider": "OKTA"}}
    assert policy["settings"]["password"]["complexity"]["minLength"] == 12
    assert policy["settings"]["password"]["complexity"]["minUpperCase"] == 1
    assert policy["settings"]["password"]["breachedProtection"] == {
        "expireAfterDays": None, "logoutEnabled": False, "delegatedWorkflowId": None,
    }  # fmt: skip
    assert set(policy["settings"]["recovery"]["factors"]) == {
        "recovery_question",
        "okta_email",
        "okta_sms",
        "okta_call",
    }
    assert models.Policy.from_dict(policy).settings.password.complexity.min_length == 12
    for settings in (
        {"password": {"complexity": {"minLength": 99}}}, {"password": {"lockout": {"userLockoutNotificationChannels": ["FAX"]}}},
        {"recovery": {"factors": {"okta_sms": {"status": "PERHAPS"}}}},
    ):  # fmt: skip
        assert refused(org, "POST", AT, {"type": "PASSWORD", "name": "x", "settings": settings})[:2] == (
            400,
            "E0000001",
        )
    whole = default(org, "PASSWORD")
    whole["settings"]["password"]["age"]["historyCount"] = 7
    changed = org.okta.put(f"{AT}/{whole['id']}", {**whole, "name": "ignored"})
    assert (changed["name"], changed["settings"]["password"]["age"]["historyCount"]) == ("Default Policy", 7)


def test_people_of_a_directory_have_a_policy_of_their_own() -> None:
    with world(directories=[]) as org:
        [only] = org.okta.get(f"{AT}?type=PASSWORD")
        assert only["name"] == "Default Policy"
        for name in ("one.example", "two.example"):
            org.okta.post("/api/internal/v1/directories", {"domain": name})
        policy, last = org.okta.get(f"{AT}?type=PASSWORD")
        assert (policy["name"], policy["priority"], policy["system"]) == ("Active Directory Policy", 1, True)
        assert policy["conditions"] == {**only["conditions"], "authProvider": {"provider": "ACTIVE_DIRECTORY"}}
        assert policy["settings"]["password"]["lockout"]["maxAttempts"] == 0
        assert set(policy["_links"]) == {"self", "rules"} and (last["id"], last["priority"]) == (only["id"], 2)
        [rule] = org.okta.get(f"{AT}/{policy['id']}/rules")
        assert (rule["name"], rule["system"]) == ("Default Rule", True)
        changed = org.okta.put(
            f"{AT}/{policy['id']}", {**policy, "settings": {"password": {"age": {"historyCount": 0}}}}
        )
        assert (
            changed["conditions"] == policy["conditions"]
            and changed["settings"]["password"]["age"]["historyCount"] == 0
        )
        assert refused(org, "DELETE", f"{AT}/{policy['id']}")[:2] == (403, "E0000006")


def test_password_rules(org: World) -> None:
    policy = made(org, "PASSWORD")["id"]
    rule = org.okta.post(f"{AT}/{policy}/rules", {"name": "r", "type": "PASSWORD", "conditions": {
        "network": {"connection": "ANYWHERE"}, "people": {"users": {"include": [], "exclude": []}, "groups": {"include": []}},
    }})  # fmt: skip
    assert rule["conditions"]["people"] == {"users": {"include": [], "exclude": []}, "groups": {"include": []}}
    assert rule["actions"]["selfServicePasswordReset"] == {"access": "ALLOW"}
    assert rule["actions"]["selfServiceUnlock"] == {"access": "DENY"}
    asks = {"primary": {"methods": ["otp"]}, "stepUp": {"required": True}, "accessControl": "LEGACY"}
    reset = {"selfServicePasswordReset": {"access": "ALLOW", "requirement": asks}}
    kept = org.okta.put(f"{AT}/{policy}/rules/{rule['id']}", {"name": "r", "type": "PASSWORD", "actions": reset})
    assert kept["actions"]["selfServicePasswordReset"]["requirement"] == asks
    models.PolicyRule.from_dict(rule)


def test_enrolment_policies_name_authenticators(org: World) -> None:
    rows = [{"key": "okta_verify", "enroll": {"self": "OPTIONAL"}}, {"key": "duo", "enroll": {"self": "NOT_ALLOWED"}}]
    policy = made(org, "MFA_ENROLL", settings={"type": "AUTHENTICATORS", "authenticators": rows})
    first, second = policy["settings"]["authenticators"]
    assert list(first) == ["key", "id", "enroll"] and first["id"].startswith("aut") and "id" not in second
    models.Policy.from_dict(policy)
    rule = org.okta.post(
        f"{AT}/{policy['id']}/rules", {"name": "r", "type": "MFA_ENROLL", "actions": {"enroll": {"self": "LOGIN"}}}
    )
    assert rule["actions"] == {"enroll": {"self": "LOGIN"}}
    classic = {"factors": {"okta_otp": {"enroll": {"self": "OPTIONAL"}, "consent": {"type": "NONE"}}}}
    assert made(org, "MFA_ENROLL", "classic", settings=classic)["settings"] == classic
    bad = {"authenticators": [{"key": "abacus", "enroll": {"self": "OPTIONAL"}}]}
    assert refused(org, "POST", AT, {"type": "MFA_ENROLL", "name": "x", "settings": bad})[:2] == (400, "E0000001")


def test_profile_enrolment_has_one_rule_and_is_given_to_apps() -> None:
    with o365.made() as org:
        policy = made(org, "PROFILE_ENROLLMENT")
        [rule] = org.okta.get(f"{AT}/{policy['id']}/rules")
        assert rule["conditions"] is None and "access" in rule["actions"]["profileEnrollment"]
        form = rule["actions"]["profileEnrollment"]["uiSchemaId"]
        assert [item["id"] for item in org.okta.get("/api/v1/meta/uischemas")][-1] == form
        for without in ("uiSchemaId", None):
            sent = {k: v for k, v in rule["actions"]["profileEnrollment"].items() if k != without}
            sent |= {} if without else {"access": "DENY"}
            got = refused(org, "PUT", f"{AT}/{policy['id']}/rules/{rule['id']}", {
                "name": "x", "type": "PROFILE_ENROLLMENT", "actions": {"profileEnrollment": sent}})  # fmt: skip
            assert got[2] == f"Api validation failed: actions.profileEnrollment.{without or 'access'}"
        assert refused(org, "POST", f"{AT}/{policy['id']}/rules", {"name": "x"})[:2] == (400, "E0000001")
        actions = {**rule["actions"]["profileEnrollment"], "unknownUserAction": "DENY"}
        changed = org.okta.put(
            f"{AT}/{policy['id']}/rules/{rule['id']}",
            {"name": "x", "type": "PROFILE_ENROLLMENT", "priority": 99, "actions": {"profileEnrollment": actions}},
        )
        assert changed["actions"]["profileEnrollment"]["unknownUserAction"] == "DENY"
        assert org.okta.call("PUT", f"{o365.APP}/policies/{policy['id']}").status == 204
        assert org.okta.get(o365.APP)["_links"]["profileEnrollment"]["href"].endswith(policy["id"])
        [mapping] = org.okta.get(f"{AT}/{policy['id']}/mappings")
        assert org.okta.get(f"{AT}/{policy['id']}/mappings/{mapping['id']}") == mapping
        models.PolicyMapping.from_dict(mapping)
        assert org.okta.call("DELETE", f"{AT}/{policy['id']}").status == 204
        assert not org.okta.get(o365.APP)["_links"]["profileEnrollment"]["href"].endswith(policy["id"])


def test_discovery_and_threat_protection_rules(org: World) -> None:
    discovery = default(org, "IDP_DISCOVERY")["id"]
    rule = org.okta.post(f"{AT}/{discovery}/rules", {
        "name": "r", "type": "IDP_DISCOVERY", "conditions": {
            "userIdentifier": {"type": "IDENTIFIER", "patterns": [{"matchType": "SUFFIX", "value": "x.example"}]},
        },
        "actions": {"idp": {"idpSelectionType": "DYNAMIC", "matchCriteria": [
            {"providerExpression": "login.identifier.substringAfter('@')", "propertyName": "name"}]}},
    })  # fmt: skip
    assert rule["conditions"]["app"] == {"include": [], "exclude": []} and rule["actions"]["idp"]["providers"] == []
    models.PolicyRule.from_dict(rule)
    risk = default(org, "ENTITY_RISK")["id"]
    body = {"name": "r", "conditions": {"entityRisk": {"level": "HIGH"}},
            "actions": {"entityRisk": {"actions": [{"action": "TERMINATE_ALL_SESSIONS"}]}}}  # fmt: skip
    models.PolicyRule.from_dict(org.okta.post(f"{AT}/{risk}/rules", body))
    violation = default(org, "SESSION_VIOLATION_DETECTION")["id"]
    assert refused(org, "POST", f"{AT}/{violation}/rules", {"name": "x"})[:2] == (400, "E0000001")
    post = default(org, "POST_AUTH_SESSION")["id"]
    body = {"name": "r", "actions": {"postAuthSession": {"failureActions": [{"action": "TERMINATE_SESSION"}]}}}
    models.PolicyRule.from_dict(org.okta.post(f"{AT}/{post}/rules", body))


def test_a_method_without_a_time_asks_again_after_half_a_day(org: World) -> None:
    policy = made(org, "ACCESS_POLICY")["id"]
    chain = {"type": "AUTH_METHOD_CHAIN", "factorMode": "2FA", "chains": [
        {"authenticationMethods": [{"key": "okta_password", "method": "password"}], "next": [
            {"authenticationMethods": [{"key": "okta_email", "method": "email"}]}]}]}  # fmt: skip
    for method, wanted in (
        ({"type": "ASSURANCE", "factorMode": "1FA"}, {"factorMode": "1FA", "type": "ASSURANCE", "reauthenticateIn": "PT12H"}),
        (chain, {key: value for key, value in chain.items() if key != "factorMode"}),
    ):  # fmt: skip
        body = {"name": method["type"], "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": method}}}
        rule = org.okta.post(f"{AT}/{policy}/rules", body)
        assert rule["actions"]["appSignOn"]["verificationMethod"] == wanted
        models.PolicyRule.from_dict(rule)


def test_the_last_rule_of_a_new_policy_wants_something_of_a_device(org: World) -> None:
    for policy, constraints in (
        (made(org, "ACCESS_POLICY"), [{"possession": {"required": True, "deviceBound": "REQUIRED"}}]),
        (default(org, "ACCESS_POLICY"), None),
    ):
        [rule] = org.okta.get(f"{AT}/{policy['id']}/rules")
        method = rule["actions"]["appSignOn"]["verificationMethod"]
        assert (rule["conditions"], method["reauthenticateIn"], method.get("constraints")) == (
            None,
            "PT12H",
            constraints,
        )


def test_clones_are_app_sign_on_policies_with_their_rules() -> None:
    with o365.made() as org:
        own = org.okta.get(o365.APP)["_links"]["accessPolicy"]["href"].rsplit("/", 1)[1]
        clone = org.okta.post(f"{AT}/{own}/clone")
        assert clone["name"] == "[cloned] Microsoft Office 365" and clone["id"] != own
        assert clone["created"] is None and org.okta.get(f"{AT}/{clone['id']}")["created"] is not None
        assert rule_order(org, clone["id"]) == rule_order(org, own)
        assert org.okta.get(f"{AT}/{clone['id']}/app") == []
        session = default(org, "OKTA_SIGN_ON")["id"]
        assert refused(org, "POST", f"{AT}/{session}/clone")[:2] == (400, "E0000001")


def test_mappings_are_refused_in_the_vendors_words() -> None:
    with o365.made() as org:
        own = org.okta.get(o365.APP)["_links"]["accessPolicy"]["href"].rsplit("/", 1)[1]
        got = refused(org, "POST", f"{AT}/{own}/mappings", {"resourceId": o365.APP_ID, "resourceType": "APP"})
        text = "Api validation failed: Policy mappings are no longer supported on this endpoint."
        assert got == (400, "E0000001", text, [])
        console = next(
            item for item in org.okta.get(f"{AT}?type=ACCESS_POLICY") if item["name"] == "Okta Admin Console"
        )
        got = refused(org, "PUT", f"{o365.APP}/policies/{console['id']}")
        assert got[3] == [
            'This policy belongs to "Okta Admin Console", and re-assignment of this policy is not allowed'
        ]
        assert refused(org, "DELETE", f"{AT}/{console['id']}")[:2] == (403, "E0000006")
        assert refused(org, "GET", f"{AT}/{own}/mappings/0oanothing")[:2] == (404, "E0000007")
        assert org.okta.call("DELETE", f"{AT}/{own}/mappings/{o365.APP_ID}").status == 204
        assert org.okta.get(o365.APP)["_links"]["accessPolicy"]["href"].endswith(default(org, "ACCESS_POLICY")["id"])


def test_apps_of_a_policy_are_counted_and_paged(org: World) -> None:
    policy = made(org, "ACCESS_POLICY")["id"]
    for label in "abc":
        app = org.okta.post(
            "/api/v1/apps", {"name": "bookmark", "label": label, "settings": {"app": {"url": "https://b.example"}}}
        )
        org.okta.call("PUT", f"/api/v1/apps/{app['id']}/policies/{policy}")
    answer = org.okta.call("GET", f"{AT}/{policy}/app")
    assert answer.header("okta-collection-count") == "3" and len(orjson.loads(answer.body)) == 3
    assert any('/app?limit=20>; rel="self"' in value for key, value in answer.headers if key == "Link")
    first = org.okta.call("GET", f"{AT}/{policy}/app?limit=2")
    [link] = [value for key, value in first.headers if 'rel="next"' in value]
    rest = org.okta.get(link.split(">")[0].split(worlds.HOST)[1])
    assert [item["label"] for item in [*orjson.loads(first.body), *rest]] == ["a", "b", "c"]


def test_a_policy_outlives_the_apps_that_were_given_it() -> None:
    with o365.made() as org:
        policy = made(org, "ACCESS_POLICY")["id"]
        app = org.okta.post(
            "/api/v1/apps", {"name": "bookmark", "label": "b", "settings": {"app": {"url": "https://b.example"}}}
        )
        org.okta.call("PUT", f"/api/v1/apps/{app['id']}/policies/{policy}")
        org.okta.call("POST", f"/api/v1/apps/{app['id']}/lifecycle/deactivate")
        assert org.okta.call("DELETE", f"/api/v1/apps/{app['id']}").status == 204
        assert org.okta.get(f"{AT}/{policy}")["name"] == "Mine"


def test_a_classic_orgs_enrolment_policy_names_factors() -> None:
    with world(engine="classic", org_factors={"okta_sms": "INACTIVE"}) as org:
        [policy] = org.okta.get("/api/v1/policies?type=MFA_ENROLL")
        assert set(policy["settings"]) == {"factors"}
        factors = policy["settings"]["factors"]
        assert factors["okta_password"] == {"enroll": {"self": "REQUIRED"}, "consent": {"type": "NONE"}}
        assert factors["okta_otp"]["enroll"] == {"self": "OPTIONAL"} and "okta_sms" not in factors
        changed = {**policy, "settings": {"factors": {**factors, "okta_otp": {"enroll": {"self": "NOT_ALLOWED"}}}}}
        org.okta.put(f"/api/v1/policies/{policy['id']}", changed)
        enrol = {"factorType": "token:software:totp", "provider": "OKTA"}
        assert refused(org, "POST", f"/api/v1/users/{SAM_ID}/factors", enrol)[1] == "E0000001"


def test_a_classic_org_has_no_authenticators() -> None:
    with world(engine="classic") as org:
        assert org.okta.get("/api/v1/authenticators") == []
        policy = default(org, "OKTA_SIGN_ON")["id"]
        [rule] = org.okta.get(f"{AT}/{policy}/rules")
        assert rule["actions"]["signon"]["primaryFactor"] == "PASSWORD_IDP"
        sent = {"name": "r", "type": "SIGN_ON", "actions": {"signon": {"access": "DENY"}}}
        made_rule = org.okta.post(f"{AT}/{policy}/rules", sent)
        assert made_rule["actions"]["signon"]["primaryFactor"] == "PASSWORD_IDP"
        assert list(made_rule["conditions"]) == ["people", "network", "authContext"]
        assert worlds.HOST in rule["_links"]["self"]["href"]


def test_the_policy_for_peoples_own_accounts_stays(org: World) -> None:
    listed = {item["name"]: item for item in org.okta.get("/api/v1/policies?type=ACCESS_POLICY")}
    own = listed["Okta Account Management Policy"]
    assert own["_embedded"] == {"resourceType": "END_USER_ACCOUNT_MANAGEMENT"} and own["system"] is False
    assert own["_links"]["self"]["hints"]["allow"] == ["GET"] and set(own["_links"]) == {"self", "rules"}
    at = f"/api/v1/policies/{own['id']}"
    assert [rule["name"] for rule in org.okta.get(f"{at}/rules")] == ["Catch-all Rule"]
    assert refused(org, "PUT", at, {"type": "ACCESS_POLICY", "name": "Mine"})[0] == 403
    assert refused(org, "DELETE", at)[0] == refused(org, "POST", f"{at}/lifecycle/deactivate")[0] == 403
    bookmark = {"name": "bookmark", "label": "B", "settings": {"app": {"url": "https://x.example"}}}
    app = org.okta.post("/api/v1/apps", bookmark)["id"]
    assert refused(org, "PUT", f"/api/v1/apps/{app}/policies/{own['id']}")[:2] == (400, "E0000001")


def test_orgs_refuse_types_that_come_with_what_they_have_not_got() -> None:
    gone: Any = (400, "E0000002", "The request was not valid: Invalid policy type specified.", [])
    with world(engine="classic") as classic:
        for kind in ("ACCESS_POLICY", "PROFILE_ENROLLMENT", "ENTITY_RISK"):
            assert refused(classic, "GET", f"{AT}?type={kind}") == gone
        assert refused(classic, "POST", AT, {"type": "ACCESS_POLICY", "name": "x"}) == gone
        assert len(classic.okta.get(f"{AT}?type=IDP_DISCOVERY")) == 1
        bookmark = {"name": "bookmark", "label": "B", "settings": {"app": {"url": "https://x.example"}}}
        app = classic.okta.post("/api/v1/apps", bookmark)["id"]
        assert len(classic.okta.get(f"{AT}?type=ACCESS_POLICY&resourceId={app}")) == 1
    with world(subscription={"threat": False}) as plain:
        for kind in ("POST_AUTH_SESSION", "ENTITY_RISK", "SESSION_VIOLATION_DETECTION"):
            assert refused(plain, "GET", f"{AT}?type={kind}") == gone
        assert plain.okta.get(f"{AT}?type=ACCESS_POLICY")


def test_service_apps_have_no_sign_on_policy(org: World) -> None:
    client = {"application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"]}
    app = org.okta.post("/api/v1/apps", {
        "name": "oidc_client", "label": "Robot", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": client},
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
    })["id"]  # fmt: skip
    policy = default(org, "ACCESS_POLICY")["id"]
    answer = org.okta.call("PUT", f"/api/v1/apps/{app}/policies/{policy}")
    [cause] = orjson.loads(answer.body)["errorCauses"]
    assert answer.status == 400 and list(cause) == ["errorSummary", "reason", "location", "locationType", "domain"]
    assert cause["errorSummary"] == (
        f'An invalid resource type ("{policy}") was supplied in the request body. Valid types include {app}.'
    )
