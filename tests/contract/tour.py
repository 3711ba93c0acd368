"""A tour through the whole org: one success of (nearly) every operation, by an administrator with an API token.

What the checks of this room read afterwards are the world's tape and its System Log. Collections are toured by one
`cycle`, driven by the operations that there are; what is beside that pattern is written out.
"""

import datetime as dt
from typing import Any

import orjson

from emulator import World
from emulator.kernel.operations import Routes
from emulator.serving.parties import party_type
from emulator.wire.agents import okta_verify
from tests.contract import tour_authorization, tour_customizations, tour_limits
from tests.okta.oauth.clients import app as oauth_app
from tests.okta.oauth.clients import assign, basic, jwk, password_is_enough, post
from tests.okta.test_app_modes import PASSWORD_APPS, client, saml
from tests.okta.test_authenticators import AAGUID
from tests.okta.test_captchas import BODY as CAPTCHA
from tests.okta.test_device_assurance import MAC
from tests.okta.test_device_posture import CHECK
from tests.okta.test_domains import pem
from tests.okta.test_email_servers import BODY as SERVER
from tests.okta.test_event_hooks import body as hook
from tests.okta.test_group_rules import body as group_rule
from tests.okta.test_identity_providers import oidc, social
from tests.okta.test_identity_providers import saml as saml_idp
from tests.okta.test_inline_hooks import body as inline_hook
from tests.okta.test_linked_objects import definition
from tests.okta.test_log_streams import AWS as STREAM
from tests.okta.test_trusted_origins import BODY as ORIGIN
from tests.okta.worlds import HOST, PASSWORD, world

OPERATIONS = party_type("okta").services[0].operations
ROUTES = Routes(OPERATIONS)
DEVICES = [{"displayName": "Mac", "platform": "MACOS", "users": ["dana@acme.example"], "managed": True}]
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_1) Chrome/126.0"


def exists(method: str, path: str) -> bool:
    return ROUTES.match(method, path) is not None


class Tour:
    def __init__(self, org: World) -> None:
        self.org = org

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of a success."""
        answer = self.org.okta.call(
            method, path, body, headers={"user-agent": AGENT, **more.pop("headers", {})}, **more
        )
        assert answer.status < 300, (method, path, answer.status, answer.body)
        json = "json" in (answer.header("content-type") or "")
        return orjson.loads(answer.body) if json and answer.body else None

    def cycle(self, at: str, body: Any, *, change: Any = None, id: str = "id", partial: Any = None) -> None:
        """Make one, look at it, change it, switch it off and on, and take it away."""
        self.send("GET", at)
        made = self.send("POST", at, body)
        one = f"{at}/{made[id]}"
        for method, sent in (("GET", None), ("PUT", change or body), ("POST", partial or change or body)):
            if exists(method, one):
                self.send(method, one, sent)
        self.switch(one, active=made.get("status") != "INACTIVE")
        self.send("DELETE", one)

    def switch(self, one: str, *, active: bool = True) -> None:
        """Through the lifecycle, to end inactive."""
        if exists("POST", f"{one}/lifecycle/activate"):
            for step in ("deactivate", "activate", "deactivate")[0 if active else 1 :]:
                self.send("POST", f"{one}/lifecycle/{step}")

    def first(self, path: str, **fields: Any) -> Any:
        items = self.send("GET", path)
        return next(item for item in items if all(item.get(name) == value for name, value in fields.items()))


def run() -> World:
    """The world after the tour; the caller closes it."""
    org = world(devices=DEVICES)
    tour = Tour(org)
    for part in (
        people,
        groups,
        apps,
        clients,
        rules_of_the_org,
        providers,
        tour_authorization.tour,
        administrators,
        things,
        tour_customizations.tour,
        lists,
    ):
        part(tour)
    return org


def person(tour: Tour, name: str, *, password: bool = True) -> str:
    profile = {"login": f"{name}@acme.example", "email": f"{name}@acme.example", "firstName": "To", "lastName": "Ur"}
    given = {"password": {"value": PASSWORD}, "recovery_question": {"question": "Which?", "answer": "none of them"}}
    return str(
        tour.send("POST", "/api/v1/users", {"profile": profile, **({"credentials": given} if password else {})})["id"]
    )


def people(tour: Tour) -> None:
    user, other, staged = person(tour, "tess"), person(tour, "tim"), person(tour, "una", password=False)
    at = f"/api/v1/users/{user}"
    tour.send("POST", at, {"profile": {"city": "Ede"}})
    shown = tour.send("GET", at)
    tour.send("PUT", at, {"profile": {**shown["profile"], "city": "Epe"}})
    tour.send("POST", f"/api/v1/users/{staged}/lifecycle/reactivate?sendEmail=false")
    for step in ("suspend", "unsuspend", "reset_factors", "expire_password",
                 "reset_password?sendEmail=false", "deactivate", "activate?sendEmail=false"):  # fmt: skip
        tour.send("POST", f"/api/v1/users/{other}/lifecycle/{step}")
    tour.send("POST", f"/api/v1/users/{person(tour, 'tom')}/lifecycle/expire_password_with_temp_password")
    credentials = f"{at}/credentials"
    tour.send("POST", f"{credentials}/forgot_password_recovery_question",
              {"password": {"value": "Other-pass-1"}, "recovery_question": {"answer": "none of them"}})  # fmt: skip
    tour.send("POST", f"{credentials}/change_password",
              {"oldPassword": {"value": "Other-pass-1"}, "newPassword": {"value": "Third-pass-1"}})  # fmt: skip
    tour.send("POST", f"{credentials}/change_recovery_question",
              {"password": {"value": "Third-pass-1"}, "recovery_question": {"question": "Who?", "answer": "nobody"}})  # fmt: skip
    tour.send("POST", f"{credentials}/forgot_password?sendEmail=false")
    lock(tour)
    signed_in(tour)
    third = person(tour, "ugo")
    for kind, profile in (("sms", {"phoneNumber": "+1 415 555 0123"}), ("question", {
            "question": "disliked_food", "answer": "pasta"})):  # fmt: skip
        provider = "OKTA"
        factor = tour.send("POST", f"/api/v1/users/{third}/factors",
                           {"factorType": kind, "provider": provider, "profile": profile})  # fmt: skip
        one = f"/api/v1/users/{third}/factors/{factor['id']}"
        if kind == "sms":
            tour.org.clock.advance(seconds=31)
            tour.send("POST", f"{one}/resend", {"factorType": kind, "provider": provider, "profile": profile})
            code = tour.send("GET", "/_lab/outbox?to=ugo@acme.example")["messages"][-1]["code"]
            tour.send("POST", f"{one}/lifecycle/activate", {"passCode": code})
            tour.org.clock.advance(seconds=31)
            tour.send("POST", f"{one}/verify", {})
        else:
            tour.send("POST", f"{one}/verify", {"answer": "pasta"})
        tour.send("GET", one)
        tour.send("DELETE", one)
    push(tour, third)
    tour.cycle("/api/v1/meta/types/user", {"name": "robot", "displayName": "Robot"},
               change={"name": "robot", "displayName": "Machine", "description": "d"},
               partial={"displayName": "Robots"})  # fmt: skip
    for at_definition in ("/api/v1/meta/schemas/user/linkedObjects", "/api/v1/meta/schemas/user/default/linkedObjects"):
        tour.send("POST", at_definition, definition())
        tour.send("GET", f"{at_definition}/manager")
        tour.send("PUT", f"{at}/linkedObjects/manager/{third}")
        tour.send("GET", f"{at}/linkedObjects/manager")
        tour.send("DELETE", f"{at}/linkedObjects/manager")
        tour.send("DELETE", f"{at_definition}/manager")
    tour.send("PUT", f"{at}/classification", {"type": "LITE"})
    tour.send("PUT", f"{at}/risk", {"riskLevel": "HIGH"})
    admin = tour.first("/api/v1/users", id="00uadmin0000000000x7")["id"]
    kind = tour.send("GET", f"/api/v1/users/{admin}/subscriptions")[0]["notificationType"]
    tour.send("GET", f"/api/v1/users/{admin}/subscriptions/{kind}")
    tour.send("POST", f"/api/v1/users/{admin}/subscriptions/{kind}/unsubscribe")
    tour.send("POST", f"/api/v1/users/{admin}/subscriptions/{kind}/subscribe")
    assert len(tour.send("GET", "/api/v1/roles/SUPER_ADMIN/subscriptions")) > 1
    tour.send("POST", f"/api/v1/roles/SUPER_ADMIN/subscriptions/{kind}/subscribe")
    tour.send("GET", f"/api/v1/roles/SUPER_ADMIN/subscriptions/{kind}")
    tour.send("POST", f"/api/v1/roles/SUPER_ADMIN/subscriptions/{kind}/unsubscribe")
    for path in ("user", "group"):
        tour.send("POST", f"/api/v1/meta/schemas/{path}/default", custom("badge"))
        tour.send("GET", f"/api/v1/meta/schemas/{path}/default")
    tour.send("DELETE", f"{at}/sessions")
    for _ in range(2):
        tour.send("DELETE", f"/api/v1/users/{staged}")


def push(tour: Tour, user: str) -> None:
    at = f"/api/v1/users/{user}/factors"
    factor = tour.send("POST", at, {"factorType": "push", "provider": "OKTA"})
    message = tour.send("GET", "/_lab/outbox?to=ugo@acme.example")["messages"][-1]["id"]
    tour.send("POST", f"/_lab/outbox/{message}/answer", {"answer": "approve"})
    tour.send("POST", f"{at}/{factor['id']}/lifecycle/activate/poll")
    tour.send("POST", f"/_lab/outbox/devices/{factor['id']}", {"state": "valid"})
    sent = tour.send("POST", f"{at}/{factor['id']}/verify", {})
    tour.send("GET", (polled := sent["_links"]["poll"]["href"]).removeprefix("https://acme.okta.com"))
    tour.send("DELETE", polled.removeprefix("https://acme.okta.com"))


def signed_in(tour: Tour) -> None:
    proof = {"username": "sam@acme.example", "password": PASSWORD}
    for path in ("", "/lifecycle/refresh"):
        found = tour.send("POST", "/api/v1/authn", proof)
        made = tour.send("POST", "/api/v1/sessions", {"sessionToken": found["sessionToken"]})
        tour.send("POST" if path else "GET", f"/api/v1/sessions/{made['id']}{path}")
        tour.send("DELETE", f"/api/v1/sessions/{made['id']}")


def lock(tour: Tour) -> None:
    name = person(tour, "locked")
    for _ in range(10):
        tour.org.okta.call("POST", "/api/v1/authn", {"username": "locked@acme.example", "password": "wrong"})
    tour.send("POST", f"/api/v1/users/{name}/lifecycle/unlock")


def custom(name: str) -> Any:
    field = {"title": name.title(), "type": "string", "description": "d", "maxLength": 20}
    return {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {name: field}, "required": []}}}


def groups(tour: Tour) -> None:
    user = person(tour, "vera")
    group = tour.send("POST", "/api/v1/groups", {"profile": {"name": "Tour", "description": "d"}})["id"]
    at = f"/api/v1/groups/{group}"
    tour.send("PUT", at, {"profile": {"name": "Tourists"}})
    tour.send("PUT", f"{at}/users/{user}")
    owner = tour.send("POST", f"{at}/owners", {"id": user, "type": "USER"})["id"]
    tour.send("GET", f"{at}/owners")
    tour.send("DELETE", f"{at}/owners/{owner}")
    rule = tour.send("POST", "/api/v1/groups/rules", group_rule(group))
    one = f"/api/v1/groups/rules/{rule['id']}"
    tour.send("PUT", one, rule)
    tour.send("POST", f"{one}/lifecycle/activate")
    tour.send("POST", f"{one}/lifecycle/deactivate")
    tour.org.clock.advance(minutes=5)
    tour.send("GET", one)
    tour.send("DELETE", one)
    tour.send("DELETE", f"{at}/users/{user}")
    tour.send("DELETE", at)


def apps(tour: Tour) -> None:
    user, group = person(tour, "wim"), tour.first("/api/v1/groups", type="OKTA_GROUP")["id"]
    for name, mode, settings in PASSWORD_APPS:
        tour.send(
            "POST", "/api/v1/apps", {"name": name, "label": name, "signOnMode": mode, "settings": {"app": settings}}
        )
    tour.send("POST", "/api/v1/apps", {"name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK",
                                       "settings": {"app": {"url": "https://wiki.example"}}})  # fmt: skip
    made = tour.send("POST", "/api/v1/apps", saml())
    at = f"/api/v1/apps/{made['id']}"
    tour.send("PUT", at, {**made, "label": "Renamed"})
    tour.send("POST", f"{at}/users", {"id": user, "scope": "USER", "credentials": {"userName": "w"}})
    tour.send("POST", f"{at}/users/{user}", {"credentials": {"userName": "wim"}})
    tour.send("GET", f"{at}/users/{user}")
    tour.cycle(f"{at}/federated-claims", {"name": "role", "expression": "user.department"})
    tour.send("PUT", f"{at}/groups/{group}", {"priority": 0})
    tour.send("PATCH", f"{at}/groups/{group}", [{"op": "replace", "path": "/priority", "value": 0}])
    tour.send("GET", f"{at}/groups/{group}")
    tour.send("DELETE", f"{at}/groups/{group}")
    tour.send("DELETE", f"{at}/users/{user}")
    csr = {"subject": {"countryName": "NL", "commonName": "x"}, "subjectAltNames": {"dnsNames": ["x.example"]}}
    waiting = tour.send("POST", f"{at}/credentials/csrs", csr)
    tour.send("GET", f"{at}/credentials/csrs/{waiting['id']}")
    tour.send("DELETE", f"{at}/credentials/csrs/{waiting['id']}")
    key = tour.send("POST", f"{at}/credentials/keys/generate?validityYears=2")
    tour.send("GET", f"{at}/credentials/keys/{key['kid']}")
    tour.send("POST", f"/api/v1/meta/schemas/apps/{made['id']}/default", custom("badge"))
    tour.send("GET", f"/api/v1/meta/schemas/apps/{made['id']}/default")
    mapping = tour.send("GET", f"/api/v1/mappings?targetId={made['id']}")[0]["id"]
    tour.send("POST", f"/api/v1/mappings/{mapping}",
              {"properties": {"badge": {"expression": "user.login", "pushStatus": "PUSH"}}})  # fmt: skip
    tour.send("POST", f"/api/internal/v1/mappings/{mapping}/preview", {"userId": user})
    policy = tour.send("POST", "/api/v1/policies", {"type": "ACCESS_POLICY", "name": "For one app"})["id"]
    tour.send("PUT", f"{at}/policies/{policy}")
    tour.send("GET", f"/api/v1/policies/{policy}/mappings")
    tour.send("GET", f"/api/v1/policies/{policy}/app")
    tour.send("DELETE", f"/api/v1/policies/{policy}/mappings/{made['id']}")
    hub = hub_of(tour, group)
    tour.send("POST", f"{at}/credentials/keys/{key['kid']}/clone?targetAid={hub}")
    tour.switch(at)
    tour.send("DELETE", at)


def hub_of(tour: Tour, group: str) -> str:
    """An app that provisions: its connection, features and pushed groups."""
    hub = tour.send("POST", "/api/v1/apps", {"name": "okta_org2org", "label": "Hub", "signOnMode": "SAML_2_0",
                                             "settings": {"app": {"baseUrl": "https://hub.okta.com"}}})  # fmt: skip
    at = f"/api/v1/apps/{hub['id']}"
    token = {"profile": {"authScheme": "TOKEN", "token": "00secret"}, "baseUrl": "https://hub-admin.okta.com"}
    tour.send("POST", f"{at}/connections/default?activate=true", token)
    for path in ("features", "connections/default", "features/INBOUND_PROVISIONING"):
        tour.send("GET", f"{at}/{path}")
    feature = tour.send("GET", f"{at}/features/USER_PROVISIONING")
    tour.send("PUT", f"{at}/features/USER_PROVISIONING", feature["capabilities"])
    mapping = tour.send("POST", f"{at}/group-push/mappings", {"sourceGroupId": group, "targetGroupName": "Pushed"})
    one = f"{at}/group-push/mappings/{mapping['id']}"
    tour.send("GET", one)
    tour.send("PATCH", one, {"status": "INACTIVE"})
    tour.send("DELETE", f"{one}?deleteTargetGroup=false")
    tour.send("POST", f"{at}/connections/default/lifecycle/deactivate")
    tour.send("POST", f"{at}/connections/default/lifecycle/activate")
    return str(hub["id"])


def api_service(tour: Tour) -> None:
    """An API service integration and its secrets."""
    at = "/integrations/api/v1/api-services"
    made = tour.send("POST", at, {"type": "log_shipper", "grantedScopes": ["okta.logs.read"]})
    tour.send("GET", at)
    one = f"{at}/{made['id']}"
    tour.send("GET", one)
    secret = tour.send("POST", f"{one}/credentials/secrets")["id"]
    tour.send("GET", f"{one}/credentials/secrets")
    for action in ("lifecycle/deactivate", "lifecycle/activate", "lifecycle/deactivate"):
        tour.send("POST", f"{one}/credentials/secrets/{secret}/{action}")
    tour.send("DELETE", f"{one}/credentials/secrets/{secret}")
    tour.send("DELETE", one)


def clients(tour: Tour) -> None:
    robot = oauth_app(tour.org, method="private_key_jwt", application_type="service", response_types=["token"],
                      grant_types=["client_credentials"], redirect_uris=[], jwks={"keys": [jwk()]})  # fmt: skip
    web = tour.send("POST", "/api/v1/apps", client())
    own = f"/api/v1/internal/apps/{web['id']}/settings/oauth/idToken"
    tour.send("POST", own, {"issuerMode": "ORG_URL"})
    tour.send("GET", own)
    api_service(tour)
    at, keys = f"/api/v1/apps/{web['id']}/credentials", f"/api/v1/apps/{robot['id']}/credentials"
    second = tour.send("POST", f"{at}/secrets", {"client_secret": "s" * 40})
    for path in ("secrets", f"secrets/{second['id']}"):
        tour.send("GET", f"{at}/{path}")
    tour.switch(f"{at}/secrets/{second['id']}")
    tour.send("DELETE", f"{at}/secrets/{second['id']}")
    made = tour.send("POST", f"{keys}/jwks", jwk("two") | {"status": "ACTIVE"})
    for path in ("jwks", f"jwks/{made['id']}"):
        tour.send("GET", f"{keys}/{path}")
    tour.switch(f"{keys}/jwks/{made['id']}")
    tour.send("DELETE", f"{keys}/jwks/{made['id']}")
    grants = f"/api/v1/apps/{robot['id']}/grants"
    grant = tour.send("POST", grants, {"scopeId": "okta.users.read", "issuer": "https://acme.okta.com"})["id"]
    for path in (grants, f"{grants}/{grant}"):
        tour.send("GET", path)
    tour.send("DELETE", f"{grants}/{grant}")
    sent = {"client_name": "Dynamic", "redirect_uris": ["https://d.example/cb"], "application_type": "web"}
    dynamic = tour.send("POST", "/oauth2/v1/clients", sent)["client_id"]
    tour.send("PUT", f"/oauth2/v1/clients/{dynamic}", {**sent, "client_id": dynamic})
    tour.send("POST", f"/oauth2/v1/clients/{dynamic}/lifecycle/newSecret")
    tour.send("DELETE", f"/oauth2/v1/clients/{dynamic}")
    roles(tour, f"/oauth2/v1/clients/{robot['id']}/roles", web)
    tokens(tour)


def tokens(tour: Tour) -> None:
    """Refresh tokens, seen from the person, the app and the authorization server, and taken away."""
    made, user = (
        oauth_app(tour.org, grant_types=["password", "refresh_token"], response_types=[]),
        "00usam000000000000x7",
    )
    assign(tour.org, made, user)
    password_is_enough(tour.org, made)
    of_user, of_app = f"/api/v1/users/{user}/clients/{made['id']}/tokens", f"/api/v1/apps/{made['id']}/tokens"
    of_server = f"/api/v1/authorizationServers/default/clients/{made['id']}/tokens"
    form = {
        "grant_type": "password",
        "username": "sam@acme.example",
        "password": PASSWORD,
        "scope": "openid offline_access",
    }
    for at in (of_user, of_app, of_server):
        for one in (True, False):
            answer = post(tour.org, "/oauth2/default/v1/token", form, headers=basic(made))
            assert answer.status == 200, answer.body
            id = tour.send("GET", at)[0]["id"]
            tour.send("GET", f"{at}/{id}")
            tour.send("DELETE", f"{at}/{id}" if one else at)
    tour.send("GET", f"/api/v1/users/{user}/clients")


def roles(tour: Tour, at: str, app: Any) -> None:
    """Standard roles of a holder, with targets that come and go."""
    group, more = (item["id"] for item in tour.send("GET", "/api/v1/groups")[-2:])
    role = tour.send("POST", at, {"type": "USER_ADMIN"})["id"]
    targets = f"{at}/{role}/targets/groups"
    for target in (group, more):
        tour.send("PUT", f"{targets}/{target}")
    tour.send("GET", targets)
    tour.send("DELETE", f"{targets}/{more}")
    for path in (at, f"{at}/{role}"):
        tour.send("GET", path)
    tour.send("DELETE", f"{at}/{role}")
    role = tour.send("POST", at, {"type": "APP_ADMIN"})["id"]
    targets = f"{at}/{role}/targets/catalog/apps"
    for target in (f"{app['name']}/{app['id']}", "bookmark", "office365"):
        tour.send("PUT", f"{targets}/{target}")
    tour.send("GET", targets)
    tour.send("DELETE", f"{targets}/bookmark")
    instance = f"{targets}/{app['name']}/{app['id']}"
    tour.send("DELETE", instance)
    if exists("PUT", targets):
        tour.send("PUT", targets)
    tour.send("DELETE", f"{at}/{role}")


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
    tour.cycle("/api/v1/idps", saml_idp(key))
    trusted = tour.send("POST", "/api/v1/idps", saml_idp(key))["id"]
    tour.send("GET", f"/api/v1/idps/{trusted}/metadata.xml")
    tour.send("DELETE", f"/api/v1/idps/{trusted}")
    tour.send("POST", f"{at}/credentials/keys/{kid}/clone?targetIdpId={other}")
    tour.send("POST", f"{at}/users/00udana00000000000x7", {"externalId": "dana-there"})
    tour.send("GET", "/api/v1/users/00udana00000000000x7/idps")
    for path in (keys, f"{keys}/{key}", f"{at}/users", f"{at}/users/00udana00000000000x7", f"{at}/credentials/keys",
                 f"{at}/credentials/keys/active", f"{at}/credentials/keys/{kid}"):  # fmt: skip
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
    tour_limits.tour(tour)
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


def own_devices(tour: Tour) -> None:
    """A person enrols a device, which then says that it is the one."""
    key = okta_verify.key_of(b"tour")
    made = tour.send("POST", "/api/internal/v1/devices", {
        "userId": tour.send("GET", "/api/v1/users/me")["id"], "key": okta_verify.public_of(key),
        "profile": {"displayName": "Laptop", "platform": "WINDOWS"},
    })  # fmt: skip
    nonce = tour.send("GET", okta_verify.PATH)["challengeRequest"]
    claims = {"iss": made["id"], "aud": f"https://{HOST}", "nonce": nonce}
    tour.send("POST", okta_verify.PATH, {"challengeResponse": okta_verify.signed(claims, key)})
    keys = "/api/v1/hook-keys"
    key = tour.send("POST", keys, {"name": "Hook key"})
    tour.send("PUT", f"{keys}/{key['id']}", {"name": "Other"})
    for path in (keys, f"{keys}/{key['id']}", f"{keys}/public/{key['keyId']}"):
        tour.send("GET", path)
    tour.send("DELETE", f"{keys}/{key['id']}")
    domains = "/api/v1/domains"
    made = tour.send("POST", domains, {"domain": "tour.example", "certificateSourceType": "MANUAL"})
    at, records = f"{domains}/{made['id']}", "/api/internal/v1/dns-records"
    rows = [{**row, "value": row.pop("values")[0]} for row in made["dnsRecords"]]
    tour.send("PUT", records, {"records": rows})
    tour.send("POST", f"{at}/verify")
    tour.send("PUT", at, {"brandId": made["brandId"]})
    certificate, key = pem("tour.example", since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), days=3650)
    tour.send("PUT", f"{at}/certificate", {"type": "PEM", "certificate": certificate, "privateKey": key})
    mails = "/api/v1/email-domains"
    sent = {"brandId": made["brandId"], "domain": "mail.example", "displayName": "Tour", "userName": "tour"}
    own = tour.send("POST", mails, sent)
    rows = [{"fqdn": row["fqdn"], "recordType": row["recordType"].upper(), "value": row["verificationValue"]}
            for row in own["dnsValidationRecords"]]  # fmt: skip
    tour.send("PUT", records, {"records": rows})
    tour.send("POST", f"{mails}/{own['id']}/verify")
    tour.send("PUT", f"{mails}/{own['id']}", sent)
    for path in (records, domains, at, mails, f"{mails}/{own['id']}"):
        tour.send("GET", path)
    for path in (f"{mails}/{own['id']}", at):
        tour.send("DELETE", path)
    servers = "/api/v1/email-servers"
    at = f"{servers}/{tour.send('POST', servers, SERVER)['id']}"
    tour.send("PATCH", at, {"enabled": True})
    tour.send("POST", f"{at}/test", {"fromAddress": "a@tour.example", "toAddress": "b@tour.example"})
    for path in (servers, at):
        tour.send("GET", path)
    tour.send("DELETE", at)
    captchas = "/api/v1/captchas"
    made = tour.send("POST", captchas, CAPTCHA)["id"]
    at = f"{captchas}/{made}"
    for method in ("POST", "PUT"):
        tour.send(method, at, CAPTCHA)
    tour.send("PUT", "/api/v1/org/captcha", {"captchaId": made, "enabledPages": ["SSR"]})
    for path in (captchas, at, "/api/v1/org/captcha"):
        tour.send("GET", path)
    for path in ("/api/v1/org/captcha", at):
        tour.send("DELETE", path)
    streams = "/api/v1/logStreams"
    at = f"{streams}/{tour.send('POST', streams, STREAM)['id']}"
    tour.send("PUT", at, STREAM)
    for step in ("deactivate", "activate"):
        tour.send("POST", f"{at}/lifecycle/{step}")
    for path in (streams, at):
        tour.send("GET", path)
    tour.send("DELETE", at)
    checks = "/api/v1/device-posture-checks"
    at = f"{checks}/{tour.send('POST', checks, CHECK)['id']}"
    tour.send("PUT", at, CHECK)
    for path in (checks, f"{checks}/default", at):
        tour.send("GET", path)
    tour.send("DELETE", at)
    at = f"/api/v1/device-integrations/{tour.send('GET', '/api/v1/device-integrations')[0]['id']}"
    tour.send("GET", at)
    for step in ("activate", "deactivate"):
        tour.send("POST", f"{at}/lifecycle/{step}")
    enrolments = f"/api/v1/users/{tour.send('GET', '/api/v1/users/me')['id']}/authenticator-enrollments"
    phone = next(item["id"] for item in tour.send("GET", "/api/v1/authenticators") if item["key"] == "phone_number")
    sent = {"authenticatorId": phone, "profile": {"phoneNumber": "+14155550199"}}
    at = f"{enrolments}/{tour.send('POST', f'{enrolments}/phone', sent)['id']}"
    for path in (enrolments, at):
        tour.send("GET", path)
    tour.send("DELETE", at)


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


MOST = 3
"""How many items of a list are followed."""


def lists(tour: Tour) -> None:
    """Whatever else can be read, from the lists down."""
    walk = Walk(tour)
    for item in OPERATIONS:
        if item.method == "GET" and item.auth == "token" and not item.path.endswith("metadata"):
            for path in walk.paths(item.path):
                walk.get(path)


class Walk:
    """Reads everything that lists lead to."""

    def __init__(self, tour: Tour) -> None:
        self._org = tour.org
        self._seen: dict[str, object] = {}

    def get(self, path: str) -> object:
        if path not in self._seen:
            query = "?type=ACCESS_POLICY" if path == "/api/v1/policies" else ""
            answer = self._org.okta.call("GET", path + query)
            json = "json" in (answer.header("content-type") or "")
            self._seen[path] = orjson.loads(answer.body) if answer.status == 200 and json else None
        return self._seen[path]

    def paths(self, template: str) -> list[str]:
        """A path with its placeholders filled from the lists before them."""
        found = [""]
        for part in template.strip("/").split("/"):
            if not part.startswith("{"):
                found = [f"{path}/{part}" for path in found]
                continue
            found = [f"{path}/{id}" for path in found for id in self._ids(path)]
        return found

    def _ids(self, path: str) -> list[str]:
        listed = self.get(path)
        items = listed if isinstance(listed, list) else []
        ids = [item.get("id") or item.get("kid") or item.get("name") or item.get("contactType")
               for item in items if isinstance(item, dict)]  # fmt: skip
        return [id for id in dict.fromkeys(ids) if isinstance(id, str)][:MOST]
