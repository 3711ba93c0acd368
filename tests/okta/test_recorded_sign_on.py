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
    own = [policy for policy in found if policy["name"].startswith("Okta ")]
    assert {policy["name"] for policy in own} == {"Okta Admin Console", "Okta Dashboard", "Okta Browser Plugin"}
    assert all("description" not in policy for policy in own)


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
