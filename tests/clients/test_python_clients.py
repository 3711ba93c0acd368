"""Unmodified clients as judges, each in a process of its own with nothing but the environment that `exec` sets."""

import os
import subprocess
import sys
import textwrap

import pytest

from emulator.serving.environment import environment
from emulator.serving.lab import Lab


@pytest.fixture(scope="module")
def lab():
    with Lab("acme") as running:
        yield running


def run(lab: Lab, code: str, *needs: str) -> str:
    for name in needs:
        pytest.importorskip(name)
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        env={**os.environ, **environment(lab.info), "PUBLIC_CLIENT": lab.info["entra"]["public_client_id"]},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout


def person(lab, *, federated: bool, role: str = "person"):
    return next(u for u in lab.info["users"] if u["role"] == role and u["federated"] is federated)


def test_okta_sdk_lists_creates_and_deletes(lab):
    out = run(lab, """
        import asyncio
        from okta.client import Client
        from okta.models import CreateUserRequest

        async def main():
            async with Client() as client:
                users, response, error = await client.list_users(limit=5)
                assert error is None and len(users) == 5, error
                assert 'rel="next"' in str(response.headers), response.headers
                groups, _, error = await client.list_groups()
                assert error is None and any(g.profile.actual_instance.name == "Everyone" for g in groups), error
                apps, _, error = await client.list_applications()
                assert error is None, error
                body = CreateUserRequest.from_dict({"profile": {"login": "sdk@acme.example", "email": "sdk@acme.example",
                    "firstName": "S", "lastName": "DK"}})
                user, _, error = await client.create_user(body, activate=False)
                assert error is None, error
                for _ in range(2):
                    _, _, error = await client.delete_user(user.id)
                    assert error is None, error
                user, response, error = await client.get_user(user.id)
                assert error is not None and "E0000007" in str(error), error
                print(sorted(a.actual_instance.name if hasattr(a, "actual_instance") else a.name for a in apps))
        asyncio.run(main())
    """, "okta")  # fmt: skip
    assert "office365" in out


def test_msal_client_credentials_and_passwords(lab):
    managed, service = person(lab, federated=False), person(lab, federated=True, role="service")
    out = run(lab, f"""
        import os, msal
        authority = "https://login.microsoftonline.com/" + os.environ["AZURE_TENANT_ID"]
        app = msal.ConfidentialClientApplication(os.environ["AZURE_CLIENT_ID"], authority=authority,
            client_credential=os.environ["AZURE_CLIENT_SECRET"])
        found = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        assert "access_token" in found, found
        public = msal.PublicClientApplication(os.environ["PUBLIC_CLIENT"], authority=authority)
        for login, password in {[(managed["login"], managed["password"]), (service["login"], service["password"])]!r}:
            found = public.acquire_token_by_username_password(login, password, ["User.Read"])
            assert "access_token" in found, found
            assert found["id_token_claims"]["preferred_username"].lower() == login.lower()
            account = public.get_accounts(login)[0]
            again = public.acquire_token_silent(["User.Read"], account, force_refresh=True)
            assert again and "access_token" in again, again
        wrong = public.acquire_token_by_username_password({managed["login"]!r}, "nope", ["User.Read"])
        assert wrong["error_codes"] == [50126], wrong
        print("ok")
    """, "msal")  # fmt: skip
    assert out.strip() == "ok"


def test_requests_reads_graph_and_nothing_else(lab):
    out = run(lab, """
        import os, requests
        url = "https://login.microsoftonline.com/" + os.environ["AZURE_TENANT_ID"] + "/oauth2/v2.0/token"
        form = {"grant_type": "client_credentials", "client_id": os.environ["AZURE_CLIENT_ID"],
                "client_secret": os.environ["AZURE_CLIENT_SECRET"], "scope": "https://graph.microsoft.com/.default"}
        token = requests.post(url, data=form, timeout=20).json()["access_token"]
        headers = {"Authorization": "Bearer " + token}
        domains = requests.get("https://graph.microsoft.com/v1.0/domains", headers=headers, timeout=20).json()["value"]
        try:
            requests.get("https://example.com/", timeout=20)
        except requests.exceptions.ProxyError:
            print(sorted(d["id"] for d in domains))
    """, "requests")  # fmt: skip
    assert "acme.example" in out


@pytest.mark.clients
def test_azure_identity(lab):
    out = run(lab, """
        from azure.identity import DefaultAzureCredential, EnvironmentCredential
        print(len(EnvironmentCredential().get_token("https://graph.microsoft.com/.default").token) > 100)
    """, "azure.identity")  # fmt: skip
    assert out.strip() == "True"


@pytest.mark.clients
def test_msgraph_sdk_reads_me_and_users(lab):
    user = person(lab, federated=False)
    out = run(lab, f"""
        import asyncio, os
        from azure.identity import EnvironmentCredential, UsernamePasswordCredential
        from msgraph import GraphServiceClient

        async def main():
            person = UsernamePasswordCredential(os.environ["PUBLIC_CLIENT"], {user["login"]!r}, {user["password"]!r},
                tenant_id=os.environ["AZURE_TENANT_ID"])
            me = await GraphServiceClient(person, ["https://graph.microsoft.com/.default"]).me.get()
            print(me.user_principal_name)
            users = await GraphServiceClient(EnvironmentCredential()).users.get()
            print(len(users.value) > 5)
        asyncio.run(main())
    """, "msgraph", "azure.identity")  # fmt: skip
    assert out.split() == [user["login"], "True"]


@pytest.mark.clients
def test_azure_identity_device_code_and_on_behalf_of(lab):
    user = person(lab, federated=False)
    out = run(lab, f"""
        import os, re, urllib.parse
        import requests
        from azure.identity import DeviceCodeCredential, OnBehalfOfCredential, UsernamePasswordCredential
        from azure.core.exceptions import ClientAuthenticationError

        def let_in(uri, code, expires):
            browser = requests.Session()
            def post(page, fields, number=0):
                form = re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', page.text, re.S)[number]
                hidden = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[1]))
                return browser.post(urllib.parse.urljoin(page.url, form[0]), data={{**hidden, **fields}}, timeout=20)
            page = post(browser.get(uri, timeout=20), {{"otc": code}})
            page = post(page, {{"loginfmt": {user["login"]!r}}})
            page = post(page, {{"passwd": {user["password"]!r}}})
            assert "You have signed in" in post(page, {{}}).text

        device = DeviceCodeCredential(os.environ["PUBLIC_CLIENT"], tenant_id=os.environ["AZURE_TENANT_ID"], prompt_callback=let_in)
        print(len(device.get_token("https://graph.microsoft.com/User.Read").token) > 100)
        wrong = OnBehalfOfCredential(os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"],
            client_secret=os.environ["AZURE_CLIENT_SECRET"],
            user_assertion=device.get_token("https://graph.microsoft.com/User.Read").token)
        try:
            wrong.get_token("https://graph.microsoft.com/User.Read")
        except ClientAuthenticationError as error:
            print("AADSTS500131" in error.message)
    """, "azure.identity", "requests")  # fmt: skip
    assert out.split() == ["True", "True"]
