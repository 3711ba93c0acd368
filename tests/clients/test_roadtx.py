"""roadtx, unmodified: realm discovery, the federated path through MEX and WS-Trust, and a token that it forges itself."""

from pathlib import Path

import pytest

from emulator.serving.lab import Lab
from tests.clients.test_python_clients import lab, person, run

pytestmark = pytest.mark.clients
__all__ = ["lab"]
CERTIFICATES = Path(__file__).parents[2] / "fixtures" / "certificates"
HEAD = """
    import sys
    from roadtools.roadlib.auth import Authentication, AuthenticationException
    AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

    def client(login, password=None):
        made = Authentication(username=login, password=password, client_id=AZURE_CLI)
        made.resource_uri = "https://graph.microsoft.com"
        return made
"""


def test_it_discovers_the_realm_of_either_domain(lab: Lab) -> None:
    federated, managed = person(lab, federated=True), person(lab, federated=False)
    out = run(lab, HEAD + f"""
    for name in ({federated["login"]!r}, {managed["login"]!r}, "x@nowhere.example"):
        first, second = client(name).user_discovery_v1(name), client(name).user_discovery_v2(name)
        print(first["account_type"], second["NameSpaceType"], first.get("federation_protocol"))
    print(len(client(None).get_srv_challenge_nonce()) > 20)
    """, "roadtools.roadlib")  # fmt: skip
    assert out.splitlines() == ["Federated Federated WSTrust", "Managed Managed None", "Unknown Unknown None", "True"]


def test_a_federated_service_account_gets_tokens_over_ws_trust(lab: Lab) -> None:
    service = person(lab, federated=True, role="service")
    out = run(lab, HEAD + f"""
    made = client({service["login"]!r}, {service["password"]!r})
    realm = made.user_discovery_v1({service["login"]!r})
    assert "/sso/wsfed/username13" in made.find_federation_endpoint(realm["federation_metadata_url"])["address"]
    tokens = made.authenticate_username_password_federation_native(realm)
    found = made.parse_jwt(tokens["accessToken"])[1]
    print(found["upn"], tokens.get("refreshToken") is not None)
    again = made.authenticate_with_refresh_native(tokens["refreshToken"])
    print("accessToken" in again)
    """, "roadtools.roadlib")  # fmt: skip
    assert out.split() == [service["login"], "True", "True"]


def test_a_person_is_stopped_by_the_policy_with_the_generic_fault(lab: Lab) -> None:
    dana = person(lab, federated=True)
    out = run(lab, HEAD + f"""
    made = client({dana["login"]!r}, {dana["password"]!r})
    try:
        made.authenticate_username_password_federation_native(made.user_discovery_v1({dana["login"]!r}))
    except AuthenticationException as error:
        print("FailedAuthentication" in str(error))
    """, "roadtools.roadlib")  # fmt: skip
    assert out.splitlines()[-1] == "True"


def test_a_managed_person_signs_in_with_a_password(lab: Lab) -> None:
    user = person(lab, federated=False)
    out = run(lab, HEAD + f"""
    made = client({user["login"]!r}, {user["password"]!r})
    print(made.parse_jwt(made.authenticate_username_password_native()["accessToken"])[1]["upn"])
    """, "roadtools.roadlib")  # fmt: skip
    assert out.strip() == user["login"]


@pytest.mark.parametrize(("key", "code"), [("okta-acme-saml", None), ("foreign", "AADSTS5000811")])
def test_its_forged_assertion_is_worth_what_its_key_is(lab: Lab, key: str, code: str | None) -> None:
    """Golden SAML: with the domain's own key it signs anybody in, with another nobody."""
    dana = person(lab, federated=True)
    out = run(lab, HEAD + f"""
    import os, requests
    from roadtools.roadtx.federation import SAMLSigner
    graph = "https://graph.microsoft.com/v1.0"
    form = {{"grant_type": "client_credentials", "client_id": os.environ["AZURE_CLIENT_ID"],
            "client_secret": os.environ["AZURE_CLIENT_SECRET"], "scope": "https://graph.microsoft.com/.default"}}
    tenant = os.environ["AZURE_TENANT_ID"]
    token = requests.post(f"https://login.microsoftonline.com/{{tenant}}/oauth2/v2.0/token", data=form).json()
    admin = {{"Authorization": "Bearer " + token["access_token"]}}
    row = requests.get(f"{{graph}}/domains/acme.example/federationConfiguration", headers=admin).json()["value"][0]
    url = f"{{graph}}/domains/acme.example/federationConfiguration/{{row['id']}}"
    user = requests.get(f"{{graph}}/users/{dana["login"]}?$select=onPremisesImmutableId", headers=admin).json()
    requests.patch(url, json={{"issuerUri": "http://sts.acme.example/adfs/services/trust/"}}, headers=admin)
    try:
        signer = SAMLSigner()
        signer.loadcert({str(CERTIFICATES / f"{key}.crt")!r}, {str(CERTIFICATES / f"{key}.key")!r})
        text, id = signer.format_template(user["onPremisesImmutableId"], {dana["login"]!r}, "sts.acme.example", mfa=True)
        forged = signer.sign_xml(text, id).decode()
        made = client({dana["login"]!r})
        try:
            tokens = made.authenticate_with_saml_native(forged)
            print(made.parse_jwt(tokens["accessToken"])[1]["upn"])
        except AuthenticationException as error:
            print(error)
    finally:
        requests.patch(url, json={{"issuerUri": row["issuerUri"]}}, headers=admin)
    """, "roadtools.roadtx")  # fmt: skip
    assert (dana["login"] in out) if code is None else (code in out)
