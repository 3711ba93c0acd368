"""The tour's part through what an org has beside people and apps."""

from typing import Any

from tests.contract import tour_limits, tour_signals
from tests.contract.tour_people import own_devices, person, roles
from tests.contract.touring import Tour
from tests.okta.test_authenticators import AAGUID
from tests.okta.test_device_assurance import MAC
from tests.okta.test_event_hooks import body as hook
from tests.okta.test_identity_providers import oidc, social
from tests.okta.test_identity_providers import saml as saml_idp
from tests.okta.test_inline_hooks import body as inline_hook
from tests.okta.test_trusted_origins import BODY as ORIGIN

RULES = {
    "OKTA_SIGN_ON": "SIGN_ON",
    "PASSWORD": "PASSWORD",
    "MFA_ENROLL": "MFA_ENROLL",
    "ACCESS_POLICY": "ACCESS_POLICY",
}
ACTIONS: Any = {
    "OKTA_SIGN_ON": {"signon": {"access": "ALLOW", "requireFactor": False}},
    "PASSWORD": {"passwordChange": {"access": "ALLOW"}, "selfServicePasswordReset": {"access": "ALLOW"},
                 "selfServiceUnlock": {"access": "DENY"}},
    "MFA_ENROLL": {"enroll": {"self": "CHALLENGE"}},
    "ACCESS_POLICY": {"appSignOn": {"access": "ALLOW", "verificationMethod": {
        "type": "ASSURANCE", "factorMode": "1FA", "reauthenticateIn": "PT2H"}}},
}  # fmt: skip


SWITCHES = [
    ("POST", "/api/v1/org/orgSettings/thirdPartyAdminSetting"),
    ("POST", "/api/v1/org/settings/autoAssignAdminAppSetting"),
    ("PUT", "/api/v1/org/settings/clientPrivilegesSetting"),
    ("PUT", "/api/v1/first-party-app-settings/admin-console"),
    ("PUT", "/okta-personal-settings/api/v1/export-blocklists"),
]


def providers(tour: Tour) -> None:
    keys = "/api/v1/idps/credentials/keys"
    tour.cycle("/api/v1/idps", social("GOOGLE"))
    made, other = (tour.send("POST", "/api/v1/idps", oidc(name=name))["id"] for name in ("One", "Other"))
    at = f"/api/v1/idps/{made}"
    own = tour.send("POST", f"{at}/credentials/keys/generate?validityYears=2")
    waiting = tour.send("POST", f"{at}/credentials/csrs", {"subject": {"commonName": "SP Issuer"}})
    for path in (f"{at}/credentials/csrs", f"{at}/credentials/csrs/{waiting['id']}"):
        tour.send("GET", path)
    tour.send("DELETE", f"{at}/credentials/csrs/{waiting['id']}")
    key, kid = tour.send("POST", keys, {"x5c": own["x5c"]})["kid"], own["kid"]
    tour.send("PUT", f"{keys}/{key}", {"x5c": own["x5c"]})
    tour.cycle("/api/v1/idps", saml_idp(key))
    trusted = tour.send("POST", "/api/v1/idps", saml_idp(key))["id"]
    tour.send("GET", f"/api/v1/idps/{trusted}/metadata.xml")
    tour.send("DELETE", f"/api/v1/idps/{trusted}")
    tour.send("POST", f"{at}/credentials/keys/{kid}/clone?targetIdpId={other}")
    tour.send("POST", f"{at}/users/00udana00000000000x7", {"externalId": "dana-there"})
    tour.send("GET", "/api/v1/users/00udana00000000000x7/idps")
    for path in (keys, f"{keys}/{key}", f"{at}/users", f"{at}/users/00udana00000000000x7", f"{at}/credentials/keys",
                 f"{at}/users/00udana00000000000x7/credentials/tokens", f"{at}/credentials/keys/active",
                 f"{at}/credentials/keys/{kid}"):  # fmt: skip
        tour.send("GET", path)
    tour.send("DELETE", f"{at}/users/00udana00000000000x7")
    tour.send("DELETE", f"{keys}/{key}")


def rules_of_the_org(tour: Tour) -> None:
    zone = {"type": "IP", "name": "Tour", "gateways": [{"type": "CIDR", "value": "192.0.2.0/24"}]}
    tour.cycle("/api/v1/zones", zone)
    for more in ({"type": "DYNAMIC", "name": "D", "locations": [{"country": "AF"}], "proxyType": "Tor"}, {
            "type": "DYNAMIC_V2", "name": "E", "locations": {"include": [{"country": "NL"}]}}):  # fmt: skip
        tour.cycle("/api/v1/zones", more)
    tour.cycle("/api/v1/trustedOrigins", ORIGIN)
    tour.cycle("/api/v1/behaviors", {"name": "Fast", "type": "VELOCITY", "settings": {"velocityKph": 25}})
    tour.cycle("/api/v1/device-assurances", MAC)
    hooked = tour.send("POST", "/api/v1/eventHooks", hook())
    one = f"/api/v1/eventHooks/{hooked['id']}"
    tour.send("GET", one)
    tour.send("PUT", one, hook(name="Changed"))
    tour.switch(one)
    tour.send("DELETE", one)
    asked = tour.send("POST", "/api/v1/inlineHooks", inline_hook())
    at = f"/api/v1/inlineHooks/{asked['id']}"
    tour.send("GET", "/api/v1/inlineHooks")
    tour.send("GET", at)
    tour.send("POST", at, {"name": "Renamed"})
    tour.send("PUT", at, inline_hook(name="Changed"))
    tour.switch(at)
    tour.send("DELETE", at)
    for kind in ("OKTA_SIGN_ON", "PASSWORD", "MFA_ENROLL", "ACCESS_POLICY"):
        made = tour.send("POST", "/api/v1/policies", {"type": kind, "name": f"Tour {kind}"})
        at = f"/api/v1/policies/{made['id']}"
        body = {"type": RULES[kind], "name": "Rule", "actions": ACTIONS[kind]}
        tour.cycle(f"{at}/rules", body)
        tour.send("PUT", at, {**made, "name": f"Changed {kind}"})
        if kind == "ACCESS_POLICY":
            tour.send("POST", f"{at}/clone")
        else:
            tour.switch(at)
        tour.send("DELETE", at)
    app = tour.first("/api/v1/apps", name="bookmark")["id"]
    tour.send("POST", "/api/v1/policies/simulate", {"appInstance": app, "policyTypes": ["OKTA_SIGN_ON"]})
    tour.send("POST", "/api/v1/threats/configuration", {"action": "audit", "excludeZones": []})
    for name in ("user-lockout-settings", "authenticator-settings"):
        at = f"/attack-protection/api/v1/{name}"
        tour.send("PUT", at, tour.send("GET", at))
    for method, path in SWITCHES:
        tour.send(method, path, tour.send("GET", path))
    tour.send("PUT", "/okta-personal-settings/api/v1/edit-feature", {"enableExportApps": True})
    tour_limits.tour(tour)
    tour_signals.tour(tour)
    realm = tour.send("POST", "/api/v1/realms", {"profile": {"name": "Partners", "realmType": "PARTNER"}})["id"]
    tour.send("PUT", f"/api/v1/realms/{realm}", {"profile": {"name": "Friends"}})
    given = {"name": "P", "priority": 1, "actions": {"assignUserToRealm": {"realmId": realm}},
             "conditions": {"expression": {"value": "user.profile.login.contains(\"@partner.example\")"}}}  # fmt: skip
    assignment = tour.send("POST", "/api/v1/realm-assignments", given)
    one = f"/api/v1/realm-assignments/{assignment['id']}"
    tour.send("PUT", one, given)
    tour.switch(one, active=False)
    tour.send("POST", f"{one}/lifecycle/activate")
    tour.send("POST", "/api/v1/realm-assignments/operations", {"assignmentId": assignment["id"]})
    tour.send("GET", "/api/v1/realm-assignments/operations")
    tour.send("POST", f"{one}/lifecycle/deactivate")
    tour.send("DELETE", one)
    tour.send("DELETE", f"/api/v1/realms/{realm}")


def administrators(tour: Tour) -> None:
    app = tour.first("/api/v1/apps", name="bookmark")
    user, group = person(tour, "xena"), tour.first("/api/v1/groups", type="OKTA_GROUP")["id"]
    roles(tour, f"/api/v1/groups/{group}/roles", app)
    roles(tour, f"/api/v1/users/{user}/roles", app)
    role = tour.send(
        "POST", "/api/v1/iam/roles", {"label": "T", "description": "d", "permissions": ["okta.users.read"]}
    )["id"]
    one = f"/api/v1/iam/roles/{role}"
    tour.send("PUT", one, {"label": "Tour", "description": "e"})
    permission = f"{one}/permissions/okta.groups.read"
    tour.send("POST", permission)
    tour.send("POST", f"{one}/permissions/okta.users.manage")
    tour.send("PUT", f"{one}/permissions/okta.users.manage", {"conditions": {"include": {
        "okta:ResourceAttribute/User/Profile": ["city"]}}})  # fmt: skip
    for path in (one, f"{one}/permissions", permission):
        tour.send("GET", path)
    tour.send("DELETE", permission)
    held = tour.send("POST", "/api/v1/iam/resource-sets", {"label": "S", "description": "d", "resources": [
        "https://acme.okta.com/api/v1/users"]})["id"]  # fmt: skip
    at = f"/api/v1/iam/resource-sets/{held}"
    tour.send("PUT", at, {"label": "Set", "description": "e"})
    tour.send("PATCH", f"{at}/resources", {"additions": ["https://acme.okta.com/api/v1/groups"]})
    added = tour.send(
        "POST", f"{at}/resources", {"resourceOrnOrUrl": "https://acme.okta.com/api/v1/apps", "conditions": {}}
    )
    tour.send("PUT", f"{at}/resources/{added['id']}", {"conditions": {"Exclude": {}}})
    for path in (at, f"{at}/resources", f"{at}/resources/{added['id']}"):
        tour.send("GET", path)
    tour.send("DELETE", f"{at}/resources/{added['id']}")
    members = f"{at}/bindings/{role}/members"
    tour.send("POST", f"{at}/bindings", {"role": role, "members": [f"https://acme.okta.com/api/v1/users/{user}"]})
    tour.send("PATCH", members, {"additions": [f"https://acme.okta.com/api/v1/groups/{group}"]})
    member = tour.send("GET", members)["members"][0]["id"]
    for path in (f"{members}/{member}", f"{at}/bindings/{role}", f"{at}/bindings"):
        tour.send("GET", path)
    for path in (f"{members}/{member}", f"{at}/bindings/{role}", at, one):
        tour.send("DELETE", path)
    tour.send("POST", f"/api/v1/users/{user}/roles", {"type": "READ_ONLY_ADMIN"})
    token = tour.send("POST", "/api/internal/v1/api-tokens", {"name": "t", "userId": user})
    tour.send("PUT", f"/api/v1/api-tokens/{token['id']}", {"name": "u", "network": {"connection": "ANYWHERE"}})
    tour.send("GET", f"/api/v1/api-tokens/{token['id']}")
    tour.send("DELETE", f"/api/v1/api-tokens/{token['id']}")
    own = tour.send("POST", "/api/internal/v1/api-tokens", {"name": "v", "userId": user})
    tour.send("DELETE", "/api/v1/api-tokens/current", headers={"authorization": f"SSWS {own['token']}"})


def things(tour: Tour) -> None:
    """Authenticators, devices, the org's own settings, features."""
    otp = tour.first("/api/v1/authenticators", key="google_otp")["id"]
    at = f"/api/v1/authenticators/{otp}"
    tour.switch(at, active=False)
    duo = {"key": "duo", "name": "Duo", "provider": {"type": "DUO", "configuration": {
        "host": "h", "integrationKey": "i", "secretKey": "s"}}}  # fmt: skip
    made = tour.send("POST", "/api/v1/authenticators?activate=false", duo)
    tour.send("PUT", f"/api/v1/authenticators/{made['id']}", duo)
    phone = tour.first("/api/v1/authenticators", key="phone_number")["id"]
    methods = f"/api/v1/authenticators/{phone}/methods"
    tour.send("GET", f"{methods}/voice")
    tour.send("PUT", f"{methods}/sms", tour.send("GET", f"{methods}/sms"))
    tour.switch(f"{methods}/voice", active=tour.send("GET", f"{methods}/voice")["status"] == "ACTIVE")
    keys = f"/api/v1/authenticators/{tour.first('/api/v1/authenticators', key='webauthn')['id']}/aaguids"
    tour.send("POST", keys, {"aaguid": AAGUID, "name": "Key"})
    tour.send("PATCH", f"{keys}/{AAGUID}", {"authenticatorCharacteristics": {"fipsCompliant": True}})
    tour.send("PUT", f"{keys}/{AAGUID}", {"name": "Other"})
    for path in (keys, f"{keys}/{AAGUID}"):
        tour.send("GET", path)
    tour.send("DELETE", f"{keys}/{AAGUID}")
    device = f"/api/v1/devices/{tour.send('GET', '/api/v1/devices')[0]['id']}"
    own_devices(tour)
    for step in ("suspend", "unsuspend", "deactivate", "activate", "deactivate"):
        tour.send("POST", f"{device}/lifecycle/{step}")
    for path in (device, f"{device}/users"):
        tour.send("GET", path)
    tour.send("DELETE", device)
    tour.send("GET", "/.well-known/okta-organization")
    org = tour.send("GET", "/api/v1/org")
    tour.send("POST", "/api/v1/org", {"city": "Utrecht"})
    tour.send("PUT", "/api/v1/org", {**org, "city": "Ede"})
    tour.send("PUT", "/api/v1/org/contacts/technical", {"userId": "00uadmin0000000000x7"})
    tour.send("PUT", "/api/internal/org/settings/security-notification-settings", {})
    for path in ("preferences/hideEndUserFooter", "preferences/showEndUserFooter", "privacy/oktaCommunication/optOut",
                 "privacy/oktaCommunication/optIn", "privacy/oktaSupport/grant", "privacy/oktaSupport/extend",
                 "privacy/oktaSupport/revoke"):  # fmt: skip
        tour.send("POST", f"/api/v1/org/{path}")
    tour.send("POST", "/api/v1/org/privacy/aerial/grant", {"accountId": "0200bs617"})
    tour.send("GET", "/api/v1/org/privacy/aerial")
    tour.send("POST", "/api/v1/org/privacy/aerial/revoke", {"accountId": "0200bs617"})
    tour.send("POST", "/api/v1/org/email/bounces/remove-list", {"emailAddresses": ["a@b.example"]})
    feature = tour.first("/api/v1/features", name="Smart Card Authenticator")["id"]
    for step in ("disable", "enable"):
        tour.send("POST", f"/api/v1/features/{feature}/{step}")
