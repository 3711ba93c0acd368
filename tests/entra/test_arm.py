"""What a command line asks of Azure Resource Manager when somebody signs in, and that it takes only its own tokens."""

import pytest

from emulator import World
from emulator.wire.client import Http, json_of

ARM = "https://management.azure.com"
VERSION = "?api-version=2022-12-01"


@pytest.fixture(scope="module")
def acme():
    with World("acme") as world:
        yield world


@pytest.fixture(scope="module")
def arm(acme):
    return Http(acme.transport, base=ARM)


def token(acme, scope: str) -> dict[str, str]:
    entra = acme.spec.lab["entra"]
    form = {
        "grant_type": "client_credentials", "client_id": entra["client_id"], "client_secret": entra["client_secret"],
        "scope": scope,
    }  # fmt: skip
    login = Http(acme.transport, base="https://login.microsoftonline.com")
    answer = login.request("POST", f"/{entra['tenant_id']}/oauth2/v2.0/token", form=form)
    assert answer.status == 200, answer.body
    return {"authorization": f"Bearer {json_of(answer)['access_token']}"}


@pytest.mark.parametrize("resource", ["https://management.azure.com", "https://management.core.windows.net/"])
def test_a_service_principal_sees_its_tenant_and_no_subscription(acme, arm, resource):
    headers = token(acme, f"{resource}/.default")
    tenants = json_of(arm.request("GET", "/tenants" + VERSION, headers=headers))["value"]
    assert [item["tenantId"] for item in tenants] == [acme.entra.get("/organization")["value"][0]["id"]]
    assert tenants[0]["defaultDomain"] in tenants[0]["domains"]
    answer = arm.request("GET", "/Subscriptions" + VERSION, headers=headers)
    assert json_of(answer) == {"value": [], "count": {"type": "Total", "value": 0}}
    assert answer.header("x-ms-request-id") and answer.header("x-ms-correlation-request-id")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subscriptions", 400, "MissingApiVersionParameter"),
        ("/subscriptions?api-version=latest", 400, "InvalidApiVersionParameter"),
        ("/subscriptions/5f0c1c05-5a2a-4a6f-8f2b-6b5d0b1f9d11" + VERSION, 404, "SubscriptionNotFound"),
        ("/subscriptions/mine" + VERSION, 400, "InvalidSubscriptionId"),
        ("/providers/Microsoft.Web/sites" + VERSION, 404, "MissingSubscription"),
    ],
)
def test_what_it_has_not_is_refused_in_its_words(acme, arm, path, status, code):
    answer = arm.request("GET", path, headers=token(acme, f"{ARM}/.default"))
    assert (answer.status, json_of(answer)["error"]["code"]) == (status, code)
    assert answer.header("x-lab-why")


def test_it_takes_no_token_but_its_own(acme, arm):
    answer = arm.request("GET", "/tenants" + VERSION)
    assert (answer.status, json_of(answer)["error"]["code"]) == (401, "AuthenticationFailed")
    assert "authorization_uri=" in answer.header("www-authenticate")
    graphs = arm.request("GET", "/tenants" + VERSION, headers=token(acme, "https://graph.microsoft.com/.default"))
    assert (graphs.status, json_of(graphs)["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience")
    ours = token(acme, f"{ARM}/.default")
    at_graph = Http(acme.transport, base="https://graph.microsoft.com").request("GET", "/v1.0/users", headers=ours)
    assert at_graph.status == 401
