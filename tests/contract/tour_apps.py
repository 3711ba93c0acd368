"""The tour's part through apps, their clients and tokens."""

from tests.contract.tour_people import custom, person, roles
from tests.contract.touring import Tour
from tests.okta.oauth.clients import app as oauth_app
from tests.okta.oauth.clients import assign, basic, jwk, password_is_enough, post
from tests.okta.test_app_modes import PASSWORD_APPS, client, saml
from tests.okta.test_service_accounts import body as service_account
from tests.okta.worlds import PASSWORD


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
    other = tour.first("/api/v1/apps", name="bookmark")["id"]
    at = f"{at}/cwo/connections"
    one = f"{at}/{tour.send('POST', at, {'resourceAppInstanceId': other})['id']}"
    tour.send("PATCH", one, {"status": "INACTIVE"})
    for path in (at, one):
        tour.send("GET", path)
    tour.send("DELETE", one)
    accounts = "/privileged-access/api/v1/service-accounts"
    one = f"{accounts}/{tour.send('POST', accounts, service_account(tour.org, other))['id']}"
    tour.send("PATCH", one, {"description": "For builds"})
    for path in (accounts, one):
        tour.send("GET", path)
    tour.send("DELETE", one)
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
