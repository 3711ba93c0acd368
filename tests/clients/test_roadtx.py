"""roadtx, unmodified: realm discovery, the federated path through MEX and WS-Trust, and a token that it forges itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.serving.environment import environment
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


BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"


def roadtx(lab: Lab, folder: Path, *words: str) -> str:
    """One command as an operator types it; what it printed."""
    pytest.importorskip("roadtools.roadtx")
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "roadtools.roadtx.main", *words], cwd=folder,
        env={**os.environ, **environment(lab.info)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-2000:] + found.stdout[-2000:]
    return found.stdout


def claims_in(folder: Path) -> dict[str, object]:
    import base64

    part = json.loads((folder / ".roadtools_auth").read_text())["accessToken"].split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_a_managed_person_joins_a_device_and_signs_in_with_it(lab: Lab, tmp_path: Path) -> None:
    """Join, primary refresh token, renewal, tokens of both protocol versions, single sign-on in a browser."""
    user = person(lab, federated=False)
    name, password = user["login"], user["password"]
    roadtx(lab, tmp_path, "gettokens", "-u", name, "-p", password, "-r", "drs", "-c", BROKER)
    joined = roadtx(lab, tmp_path, "device", "-a", "join", "-n", "lap1")
    device = joined.partition("Device ID: ")[2].split()[0]
    assert "Obtained session key" in roadtx(
        lab, tmp_path, "prt", "-u", name, "-p", password, "-c", "lap1.pem", "-k", "lap1.key"
    )
    roadtx(lab, tmp_path, "prt", "-a", "renew")
    for words in (("prtauth", "-c", "azcli", "-r", "msgraph"), ("prtauth", "-c", "msteams", "-r", "msgraph", "-v3")):
        roadtx(lab, tmp_path, *words)
        found = claims_in(tmp_path)
        assert found["deviceid"] == device and found["upn"] == name and found["amr"] == ["pwd", "rsa"]
    kept = json.loads((tmp_path / "roadtx.prt").read_text())
    words = ("--prt", kept["refresh_token"], "--prt-sessionkey", kept["session_key"], "-r", "msgraph", "-c", "azcli")
    (tmp_path / ".roadtools_auth").unlink()
    roadtx(lab, tmp_path, "gettokens", *words)
    assert claims_in(tmp_path)["deviceid"] == device
    assert "PRT cookie: ey" in roadtx(lab, tmp_path, "prtcookie")


def test_a_federated_person_registers_a_device(lab: Lab, tmp_path: Path) -> None:
    """Through MEX and WS-Trust to a refresh token, and with that, by either protocol, to a primary one."""
    service = person(lab, federated=True, role="service")
    name, password = service["login"], service["password"]
    roadtx(lab, tmp_path, "gettokens", "-u", name, "-p", password, "-r", "drs", "-c", BROKER)
    device = roadtx(lab, tmp_path, "device", "-a", "register", "-n", "lap2").partition("Device ID: ")[2].split()[0]
    for version in ((), ("-v3",)):
        roadtx(lab, tmp_path, "prt", "-r", "file", "-c", "lap2.pem", "-k", "lap2.key", *version)
        roadtx(lab, tmp_path, "prtauth", "-c", "azcli", "-r", "msgraph")
        assert claims_in(tmp_path)["deviceid"] == device and claims_in(tmp_path)["upn"] == name
        roadtx(lab, tmp_path, "gettokens", "-u", name, "-p", password, "-r", "drs", "-c", BROKER)


def test_an_assertion_of_ws_trust_becomes_a_primary_refresh_token(lab: Lab, tmp_path: Path) -> None:
    service = person(lab, federated=True, role="service")
    name, password = service["login"], service["password"]
    roadtx(lab, tmp_path, "gettokens", "-u", name, "-p", password, "-r", "drs", "-c", BROKER)
    roadtx(lab, tmp_path, "device", "-a", "join", "-n", "lap3")
    token = run(lab, HEAD + f"""
    made = client({name!r}, {password!r})
    print(made.get_saml_token_with_username_password(made.user_discovery_v1({name!r}))[0]["token"])
    """, "roadtools.roadlib").strip()  # fmt: skip
    out = roadtx(lab, tmp_path, "prt", "--saml-token", token, "-c", "lap3.pem", "-k", "lap3.key")
    assert "Obtained session key" in out
    roadtx(lab, tmp_path, "prtauth", "-c", "azcli", "-r", "msgraph")
    assert claims_in(tmp_path)["upn"] == name
