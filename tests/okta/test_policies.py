"""App sign-on policies and their rules as documents."""

import orjson

from tests.okta import o365, worlds
from tests.okta.o365 import APP
from tests.okta.worlds import refused

RULE = {
    "name": "New", "type": "ACCESS_POLICY", "conditions": {"network": {"connection": "ANYWHERE"}},
    "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": {
        "type": "ASSURANCE", "factorMode": "2FA", "reauthenticateIn": "PT2H"}}},
}  # fmt: skip


def method(**changes):
    return {"actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": {"type": "ASSURANCE", **changes}}}}


def policy_of(world, app_id=o365.APP_ID):
    return world.okta.get(f"/api/v1/apps/{app_id}")["_links"]["accessPolicy"]["href"].removeprefix(
        f"https://{worlds.HOST}"
    )


def names(world, at):
    return [(rule["name"], rule["priority"]) for rule in world.okta.get(f"{at}/rules")]


def test_office365_has_its_own_policy_with_the_two_default_rules():
    with o365.made() as world:
        at = policy_of(world)
        first, last = world.okta.get(f"{at}/rules")
        assert first["name"] == "Allow Web and Modern Auth"
        assert first["conditions"]["office365Client"] == {"include": ["WEB", "MODERN_AUTH"]}
        assert first["actions"]["appSignOn"]["access"] == "ALLOW"
        assert (last["name"], last["priority"], last["system"]) == ("Catch-all Rule", 99, True)
        assert last["actions"]["appSignOn"]["access"] == "DENY" and "deactivate" not in last["_links"]
        policy = world.okta.get(at)
        assert (policy["type"], policy["system"], policy["conditions"]) == ("ACCESS_POLICY", False, None)
        assert [app["id"] for app in world.okta.get(f"{at}/app")] == [o365.APP_ID]
        assert world.okta.get(f"{at}/mappings")[0]["_links"]["application"]["href"].endswith(o365.APP_ID)


def test_other_apps_share_the_orgs_default_policy(org):
    made = [
        org.okta.post(
            "/api/v1/apps", {"name": "bookmark", "label": n, "settings": {"app": {"url": "https://x.example"}}}
        )
        for n in "ab"
    ]
    one, two = (app["_links"]["accessPolicy"]["href"] for app in made)
    assert one == two
    [default] = [item for item in org.okta.get("/api/v1/policies?type=ACCESS_POLICY") if item["system"]]
    assert one.endswith(default["id"])
    assert (
        default["name"] == "Any two factors" and default["system"] and default["_embedded"] == {"resourceType": "APP"}
    )
    assert "mappings" not in default["_links"] and "deactivate" not in default["_links"]
    [enrollment] = org.okta.get("/api/v1/policies?type=PROFILE_ENROLLMENT")
    assert made[0]["_links"]["profileEnrollment"]["href"].endswith(enrollment["id"])
    assert refused(org, "DELETE", f"/api/v1/policies/{default['id']}")[:2] == (403, "E0000006")


def test_a_rule_is_filled_in_and_pushes_others_down():
    with o365.made() as world:
        at = policy_of(world)
        body = {**RULE, "conditions": {**RULE["conditions"], "platform": {"include": [{"type": "DESKTOP"}]},
                                       "office365Client": {"include": ["EXCHANGE_ACTIVE_SYNC"]}}}  # fmt: skip
        made = world.okta.post(f"{at}/rules", {**body, "priority": 1})
        assert made["conditions"] == {
            "people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"}, "riskScore": {"level": "ANY"},
            "platform": {"include": [{"type": "DESKTOP", "os": {"type": "ANY"}}], "exclude": []},
            "userType": {"include": [], "exclude": []}, "office365Client": {"include": ["EXCHANGE_ACTIVE_SYNC"]},
        }  # fmt: skip
        assert made["actions"]["appSignOn"]["keepMeSignedIn"] == {"postAuth": "NOT_ALLOWED"}
        assert made["id"].startswith("rul") and made["system"] is False
        assert names(world, at) == [("New", 1), ("Allow Web and Modern Auth", 2), ("Catch-all Rule", 99)]
        world.okta.post(f"{at}/rules", {**RULE, "name": "Third"})
        assert names(world, at)[2] == ("Third", 3)
        moved = world.okta.put(f"{at}/rules/{made['id']}", {**RULE, "name": "Moved", "priority": 3})
        assert "office365Client" not in moved["conditions"]  # a PUT that leaves it out clears it
        assert names(world, at) == [
            ("Allow Web and Modern Auth", 2), ("Moved", 3), ("Third", 4), ("Catch-all Rule", 99),
        ]  # fmt: skip
        assert world.okta.call("DELETE", f"{at}/rules/{made['id']}").status == 204
        assert world.okta.call("GET", f"{at}/rules/{made['id']}").status == 404


def test_rules_that_make_no_sense_are_refused():
    with o365.made() as world:
        at = policy_of(world)
        cases = [
            ("name", {"name": ""}), ("type", {"type": "SIGN_ON"}), ("priority", {"priority": 99}),
            ("priority", {"priority": "1"}), ("conditions.office365Client", {"conditions": {"office365Client": {"include": ["FAX"]}}}),
            ("conditions.network", {"conditions": {"network": {"connection": "ZONE", "include": ["nzonothing"]}}}),
            ("conditions.network", {"conditions": {"network": {"connection": "ZONE"}}}),
            ("conditions.network", {"conditions": {"network": {
                "connection": "ZONE", "include": ["ALL_ZONES"], "exclude": ["ALL_ZONES"]}}}),
            ("conditions.network.connection", {"conditions": {"network": {"connection": "SOME"}}}),
            ("conditions.elCondition", {"conditions": {"elCondition": {"condition": "request.("}}}),
            ("conditions", {"conditions": {"weather": {}}}),
            ("conditions.platform.os.type", {"conditions": {"platform": {"include": [{"os": {"type": "BEOS"}}]}}}),
            ("conditions.riskScore.level", {"conditions": {"riskScore": {"level": "EXTREME"}}}),
            ("conditions.people.users.exclude", {"conditions": {"people": {"users": {"exclude": "me"}}}}),
            ("actions.appSignOn.access", {"actions": {"appSignOn": {}}}),
            ("actions.appSignOn.verificationMethod.factorMode",
             {"actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": {"factorMode": "3FA"}}}}),
            ("actions.appSignOn.verificationMethod.constraints.possession", method(constraints=[{"possession": {"shape": 1}}])),
            ("actions.appSignOn.verificationMethod.constraints.knowledge.types",
             method(constraints=[{"knowledge": {"types": ["song"]}}])),
            ("actions.appSignOn.verificationMethod.constraints",
             method(factorMode="1FA", constraints=[{"knowledge": {}, "possession": {}}])),
            ("actions.appSignOn.verificationMethod.reauthenticateIn",
             {"actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": {"reauthenticateIn": "soon"}}}}),
        ]  # fmt: skip
        for field, change in cases:
            got = refused(world, "POST", f"{at}/rules", {**RULE, **change})
            assert got[:3] == (400, "E0000001", f"Api validation failed: {field}"), (field, got)
        got = refused(world, "POST", f"{at}/rules", {**RULE, "conditions": {"weather": {}}})
        assert got[3] == ["conditions: Invalid condition type specified: weather."]


def test_the_catch_all_of_office365_stays_as_it_is():
    with o365.made() as world:
        at = policy_of(world)
        last = world.okta.get(f"{at}/rules")[-1]["id"]
        assert refused(world, "PUT", f"{at}/rules/{last}", RULE)[:2] == (403, "E0000006")
        assert refused(world, "DELETE", f"{at}/rules/{last}")[:2] == (403, "E0000006")
        assert refused(world, "POST", f"{at}/rules/{last}/lifecycle/deactivate")[:2] == (403, "E0000006")
        other = world.okta.post("/api/v1/policies", {"type": "ACCESS_POLICY", "name": "Mine"})
        [own] = world.okta.get(f"/api/v1/policies/{other['id']}/rules")
        body = {**RULE, "name": "ignored", "actions": {"appSignOn": {"access": "DENY"}}}
        changed = world.okta.put(f"/api/v1/policies/{other['id']}/rules/{own['id']}", body)
        assert (changed["name"], changed["actions"]["appSignOn"]["access"]) == ("Catch-all Rule", "DENY")


def test_policies_are_made_assigned_switched_off_and_deleted():
    with o365.made() as world:
        made = world.okta.post("/api/v1/policies", {"type": "ACCESS_POLICY", "name": "Strict", "description": "d"})
        at = f"/api/v1/policies/{made['id']}"
        assert world.okta.call("PUT", f"{APP}/policies/{made['id']}").status == 204
        assert policy_of(world) == at
        assert [p["id"] for p in world.okta.get(f"/api/v1/policies?type=ACCESS_POLICY&resourceId={o365.APP_ID}")] == [
            made["id"]
        ]
        assert world.okta.put(at, {"name": "Stricter", "type": "ACCESS_POLICY"})["name"] == "Stricter"
        assert world.okta.get(f"{at}?expand=rules")["_embedded"]["rules"][0]["system"] is True
        assert world.okta.call("POST", f"{at}/lifecycle/deactivate", None).status == 204
        assert [p["name"] for p in world.okta.get("/api/v1/policies?type=ACCESS_POLICY&status=INACTIVE")] == [
            "Stricter"
        ]
        assert world.okta.call("POST", f"{at}/lifecycle/activate", None).status == 204
        assert refused(world, "POST", "/api/v1/policies", {"type": "ACCESS_POLICY", "name": "Stricter"})[0] == 400
        assert world.okta.call("DELETE", at).status == 204
        [default] = [p for p in world.okta.get("/api/v1/policies?type=ACCESS_POLICY") if p["system"]]
        assert policy_of(world).endswith(default["id"])


def test_types_and_first_party_apps():
    with o365.made() as world:
        assert refused(world, "GET", "/api/v1/policies")[:2] == (400, "E0000001")
        for kind in ("NOTHING", "CLIENT_UPDATE"):
            assert refused(world, "GET", f"/api/v1/policies?type={kind}") == (
                400, "E0000002", "The request was not valid: Invalid policy type specified.", [],
            )  # fmt: skip
        for body in ({"type": "NOTHING", "name": "x"}, {"type": "PASSWORD", "name": ["x"]}):
            answer = world.okta.call("POST", "/api/v1/policies", body)
            [cause] = orjson.loads(answer.body)["errorCauses"]
            assert answer.status == 400 and "request was not formatted correctly" in cause["errorSummary"]
            assert orjson.loads(answer.body)["errorSummary"] == f"Api validation failed: {cause['errorSummary']}"
            assert (cause["reason"], cause["locationType"], cause["domain"]) == ("INVALID_FORMAT", "body", "policy")
        for kind in ("IDP_DISCOVERY", "POST_AUTH_SESSION", None):
            assert refused(world, "POST", "/api/v1/policies", {"type": kind, "name": "x"})[:2] == (400, "E0000001")
        console = world.okta.get("/api/v1/apps")[0]
        mine = policy_of(world).rsplit("/", 1)[1]
        got = refused(world, "PUT", f"/api/v1/apps/{console['id']}/policies/{mine}")
        assert got[2:] == ("Api validation failed: Policy", [
            'This policy belongs to "Okta Admin Console", and re-assignment of this policy is not allowed',
        ])  # fmt: skip
        [enrollment] = world.okta.get("/api/v1/policies?type=PROFILE_ENROLLMENT")
        [session] = world.okta.get("/api/v1/policies?type=OKTA_SIGN_ON")
        assert refused(world, "PUT", f"{APP}/policies/{session['id']}")[:2] == (400, "E0000001")
        assert refused(world, "POST", f"/api/v1/policies/{enrollment['id']}/rules", RULE)[:2] == (400, "E0000001")
        assert refused(world, "GET", "/api/v1/policies/rstnothing")[:2] == (404, "E0000007")
