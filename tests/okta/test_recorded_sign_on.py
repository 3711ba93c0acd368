"""Policies, authenticators and providers as recorded traffic has them."""

import orjson

from emulator import World

from .test_identity_providers import oidc
from .worlds import kinds

AT = "/api/v1"


def test_the_discovery_policy_describes_itself(org: World) -> None:
    (policy,) = org.okta.get(f"{AT}/policies?type=IDP_DISCOVERY")
    assert policy["description"] == "The default IdP Discovery Policy"
    sent = {"name": "By domain", "type": "IDP_DISCOVERY", "id": "", "created": "", "lastUpdated": "", "actions": {"idp": {
        "providers": [], "idpSelectionType": "DYNAMIC", "shouldFallBackToOkta": False,
        "matchCriteria": [{"providerExpression": "login.identifier.substringAfter('@')", "propertyName": "name"}],
    }}}  # fmt: skip
    made = org.okta.post(f"{AT}/policies/{policy['id']}/rules", sent)
    assert set(made["actions"]["idp"]) == {"providers", "idpSelectionType", "matchCriteria"}
    assert made["conditions"]["userIdentifier"] == {"patterns": []}


def test_policies_of_oktas_own_apps(org: World) -> None:
    found = org.okta.get(f"{AT}/policies?type=ACCESS_POLICY")
    own = [policy for policy in found if policy["name"].startswith("Okta ") and "mappings" in policy["_links"]]
    assert {policy["name"] for policy in own} == {"Okta Admin Console", "Okta Dashboard", "Okta Browser Plugin"}
    assert all("description" not in policy for policy in own) and found[: len(own)] == own
    made = org.okta.post(f"{AT}/policies", {"type": "ACCESS_POLICY", "name": "Later"})
    assert [policy["id"] for policy in org.okta.get(f"{AT}/policies?type=ACCESS_POLICY")][-1] == made["id"]


def test_authenticators_stand_by_name(org: World) -> None:
    org.okta.post(f"{AT}/authenticators", {"key": "custom_otp", "name": "other codes"})
    found = org.okta.get(f"{AT}/authenticators")
    names = [item["name"].casefold() for item in found]
    assert names == sorted(names)
    by_key = {item["key"]: item for item in found}
    assert by_key["okta_verify"]["_links"]["enroll"]["href"].endswith("/idp/authenticators")
    assert by_key["okta_verify"]["settings"]["appInstanceId"] == "" and by_key["google_otp"]["settings"] == {}
    assert "enroll" not in by_key["phone_number"]["_links"]


def test_the_only_method_goes_with_its_authenticator(org: World) -> None:
    by_key = {item["key"]: f"{AT}/authenticators/{item['id']}/methods" for item in org.okta.get(f"{AT}/authenticators")}
    (only,) = org.okta.get(by_key["webauthn"])
    assert set(only["_links"]) == {"self"} and "enableAutofillUI" not in only["settings"]
    assert all(len(method["_links"]) == 2 for method in org.okta.get(by_key["phone_number"]))


def test_a_provider_maps_to_every_user_type(org: World) -> None:
    contractor = org.okta.post(f"{AT}/meta/types/user", {"name": "contractor", "displayName": "Contractor"})
    made = org.okta.post(f"{AT}/idps", oidc())
    assert made["policy"]["trustClaims"] is False and made["policy"]["transformedUsernameMatchingEnabled"] is False
    assert made["protocol"]["settings"] == {"nameFormat": None}
    found = org.okta.get(f"{AT}/mappings?sourceId={made['id']}")
    assert len(found) == 2 and found[1]["target"]["id"] == contractor["id"]
    assert orjson.dumps(kinds(org)).count(b"system.idp.lifecycle.create") == 1


def test_codes_are_hashed_by_either_spelling(org: World) -> None:
    made = org.okta.post(f"{AT}/authenticators", {"key": "custom_otp", "name": "Codes"})
    at = f"{AT}/authenticators/{made['id']}/methods/otp"
    assert org.okta.put(at, {"settings": {"algorithm": "HMacSHA512"}})["settings"]["algorithm"] == "HMacSHA512"
    assert org.okta.call("PUT", at, {"settings": {"algorithm": "MD5"}}).status == 400


def test_a_hook_without_a_scheme_says_so(org: World) -> None:
    channel = {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://hooks.example/open", "method": "POST"}}
    made = org.okta.post(f"{AT}/inlineHooks", {
        "name": "Open", "type": "com.okta.import.transform", "version": "1.0.0", "channel": channel,
    })  # fmt: skip
    assert made["channel"]["config"]["authScheme"] is None and made["channel"]["config"]["headers"] == []


def test_places_of_a_zone_stand_by_country(org: World) -> None:
    places = [{"country": "US"}, {"country": "NL", "region": "NL-UT"}, {"country": "NL", "region": "NL-GE"}]
    made = org.okta.post(f"{AT}/zones", {"name": "Far", "type": "DYNAMIC", "proxyType": "", "locations": places})
    assert [place["region"] for place in made["locations"]] == ["NL-GE", "NL-UT", None]


def test_an_assurance_policy_hides_what_is_to_be_mended(org: World) -> None:
    body = {"name": "Chips", "platform": "WINDOWS", "secureHardwarePresent": True}
    assert org.okta.post(f"{AT}/device-assurances", body)["displayRemediationMode"] == "HIDE"


def test_policies_of_threat_protection_begin_with_a_rule(org: World) -> None:
    for kind, name in (
        ("POST_AUTH_SESSION", "Post Session Protection Rule"), ("SESSION_VIOLATION_DETECTION", "Session Violation Rule"),
    ):  # fmt: skip
        (policy,) = org.okta.get(f"{AT}/policies?type={kind}")
        assert policy["description"].startswith("Enables ")
        first, last = org.okta.get(f"{AT}/policies/{policy['id']}/rules")
        assert (first["name"], first["system"], last["priority"], last["conditions"]) == (name, False, 99, None)
        at = f"{AT}/policies/{policy['id']}/rules/{first['id']}"
        sent = {"name": "Ours", "type": kind, "actions": first["actions"], "conditions": first["conditions"]}
        assert org.okta.put(at, sent)["conditions"] == first["conditions"]


def test_a_reaction_to_a_failure_names_its_logout(org: World) -> None:
    (policy,) = org.okta.get(f"{AT}/policies?type=POST_AUTH_SESSION")
    at = f"{AT}/policies/{policy['id']}/rules"
    made = org.okta.put(f"{at}/{org.okta.get(at)[0]['id']}", {
        "name": "End it", "type": "POST_AUTH_SESSION", "actions": {"postAuthSession": {"failureActions": [
            {"action": "TERMINATE_SESSION"}]}},
        "conditions": {"people": {"users": {"include": [], "exclude": []}, "groups": {"include": [], "exclude": []}}},
    })  # fmt: skip
    assert made["conditions"] == {"people": {"users": {"exclude": []}}}
    assert made["actions"]["postAuthSession"]["failureActions"] == [{"action": "TERMINATE_SESSION", "slo": None}]
