"""Unmodified Node clients, with nothing but the environment that `exec` sets. They install themselves from npm."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from emulator.serving.environment import environment
from emulator.serving.lab import Lab

pytestmark = pytest.mark.clients
HERE = Path(__file__).parent / "node"

BROWSER = r"""
const jar = {};
async function go(url, fields) {
    for (let hop = 0; hop < 10; hop++) {
        if (url.startsWith('http://localhost')) return {url};
        const cookie = Object.entries(jar).map(([k, v]) => k + '=' + v).join('; ');
        const init = {redirect: 'manual', headers: {cookie}};
        if (fields) { init.method = 'POST'; init.body = new URLSearchParams(fields); }
        const answer = await fetch(url, init);
        for (const line of answer.headers.getSetCookie()) {
            const [, name, value] = line.match(/^([^=]+)=([^;]*)/); jar[name] = value;
        }
        if (answer.status !== 302) return {url, text: await answer.text()};
        url = new URL(answer.headers.get('location'), url).href; fields = null;
    }
}
function submit(page, fields) {
    const [, action, body] = page.text.match(/<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/);
    const hidden = Object.fromEntries([...body.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(m => [m[1], m[2]]));
    return go(new URL(action, page.url).href, {...hidden, ...fields});
}
"""
"""A browser in a few lines: cookies, redirects, forms; it stops at http://localhost."""


@pytest.fixture(scope="module")
def lab():
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: the Node clients are not run")
    if not (HERE / "node_modules").is_dir():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True, timeout=300)
    with Lab("acme") as running:
        yield running


def run(lab: Lab, code: str) -> str:
    variables = {**os.environ, **environment(lab.info), "PUBLIC_CLIENT": lab.info["entra"]["public_client_id"]}
    found = subprocess.run(
        ["node", "--input-type=module", "-e", code], env=variables, cwd=HERE, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout.strip()


def test_okta_sdk(lab):
    assert run(lab, """
        import okta from '@okta/okta-sdk-nodejs';
        const client = new okta.Client();
        const users = [];
        await (await client.userApi.listUsers({limit: 5})).each(user => { users.push(user.profile.login); });
        const group = await client.groupApi.createGroup({group: {profile: {name: 'From Node'}}});
        await client.groupApi.deleteGroup({groupId: group.id});
        console.log(users.length > 5 && group.profile.name);
    """) == "From Node"  # fmt: skip


def test_msal_node(lab):
    user = next(u for u in lab.info["users"] if u["role"] == "person" and not u["federated"])
    assert run(lab, f"""
        import {{ ConfidentialClientApplication, PublicClientApplication }} from '@azure/msal-node';
        const authority = 'https://login.microsoftonline.com/' + process.env.AZURE_TENANT_ID;
        const app = new ConfidentialClientApplication({{auth: {{clientId: process.env.AZURE_CLIENT_ID,
            clientSecret: process.env.AZURE_CLIENT_SECRET, authority}}}});
        const token = await app.acquireTokenByClientCredential({{scopes: ['https://graph.microsoft.com/.default']}});
        const people = new PublicClientApplication({{auth: {{clientId: process.env.PUBLIC_CLIENT, authority}}}});
        const found = await people.acquireTokenByUsernamePassword({{scopes: ['User.Read'], username: {user["login"]!r},
            password: {user["password"]!r}}});
        console.log(token.accessToken.length > 100 && found.account.username);
    """) == user["login"]  # fmt: skip


def test_graph_client_with_azure_identity(lab):
    out = run(lab, """
        import { ClientSecretCredential } from '@azure/identity';
        import { Client } from '@microsoft/microsoft-graph-client';
        import auth from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';
        const env = process.env;
        const credential = new ClientSecretCredential(env.AZURE_TENANT_ID, env.AZURE_CLIENT_ID, env.AZURE_CLIENT_SECRET);
        const authProvider = new auth.TokenCredentialAuthenticationProvider(credential,
            {scopes: ['https://graph.microsoft.com/.default']});
        const client = Client.initWithMiddleware({authProvider});
        const domains = await client.api('/domains').get();
        console.log(domains.value.map(d => d.id).sort().join(' '));
    """)  # fmt: skip
    assert "acme.example" in out


def test_msal_node_device_code(lab):
    """The person lets the device in at the page while msal-node polls."""
    user = next(u for u in lab.info["users"] if u["role"] == "person" and not u["federated"])
    assert run(lab, f"""
        import {{ PublicClientApplication }} from '@azure/msal-node';
        {BROWSER}
        const authority = 'https://login.microsoftonline.com/' + process.env.AZURE_TENANT_ID;
        const app = new PublicClientApplication({{auth: {{clientId: process.env.PUBLIC_CLIENT, authority}}}});
        const found = await app.acquireTokenByDeviceCode({{scopes: ['User.Read'], deviceCodeCallback: async told => {{
            let page = await go(told.verificationUri);
            page = await submit(page, {{otc: told.userCode}});
            page = await submit(page, {{loginfmt: {user["login"]!r}}});
            page = await submit(page, {{passwd: {user["password"]!r}}});
            await submit(page, {{}});
        }}}});
        console.log(found.accessToken.length > 100 && found.account.username);
    """) == user["login"]  # fmt: skip


def test_msal_node_authorization_code(lab):
    user = next(u for u in lab.info["users"] if u["role"] == "person" and not u["federated"])
    assert run(lab, f"""
        import {{ PublicClientApplication, CryptoProvider }} from '@azure/msal-node';
        {BROWSER}
        const authority = 'https://login.microsoftonline.com/' + process.env.AZURE_TENANT_ID;
        const app = new PublicClientApplication({{auth: {{clientId: process.env.PUBLIC_CLIENT, authority}}}});
        const {{ verifier, challenge }} = await new CryptoProvider().generatePkceCodes();
        const redirectUri = 'http://localhost:5173', scopes = ['User.Read'];
        let page = await go(await app.getAuthCodeUrl({{scopes, redirectUri, codeChallenge: challenge, codeChallengeMethod: 'S256'}}));
        page = await submit(page, {{loginfmt: {user["login"]!r}}});
        page = await submit(page, {{passwd: {user["password"]!r}}});
        const code = new URL(page.url).searchParams.get('code');
        const found = await app.acquireTokenByCode({{scopes, redirectUri, code, codeVerifier: verifier}});
        const again = await app.acquireTokenSilent({{scopes, account: found.account, forceRefresh: true}});
        console.log(again.accessToken.length > 100 && again.account.username);
    """) == user["login"]  # fmt: skip


def test_no_other_host_is_reached(lab):
    out = run(
        lab,
        """
        try { await fetch('https://example.com/'); console.log('reached'); }
        catch (error) { console.log(String(error.cause || error)); }
    """,
    )
    assert "not an emulated host" in out
