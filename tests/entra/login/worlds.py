"""A tenant to sign in to, and the ways in: tokens of a federated provider, authorization requests, unmodified msal."""

import base64
import copy
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from emulator import World
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.protocols import saml11, wsfed
from emulator.protocols.jose import pkce_challenge
from emulator.protocols.keys import SigningKey, load_signing_key
from emulator.serving.files import read_fixture
from emulator.wire.browser import Browser, View
from emulator.wire.client import Http, json_of

LOGIN = "https://login.microsoftonline.com"
TENANT = "5d0c1c2e-2222-4222-8222-222222222222"
LAB, LAB_SP, LAB_SECRET = "a1000000-0000-4000-8000-000000000001", "a1000000-0000-4000-8000-0000000000f1", "lab-secret-1"
WEB, WEB_SECRET = "a1000000-0000-4000-8000-000000000002", "web-secret-1"
PUBLIC = "a1000000-0000-4000-8000-000000000003"
SPA = "a1000000-0000-4000-8000-000000000004"
OTHER = "a1000000-0000-4000-8000-000000000005"
UNKNOWN = "a1000000-0000-4000-8000-0000000000ff"
WEB_URI, PUBLIC_URI, SPA_URI, OTHER_URI = (
    "https://web.example/callback?app=1", "http://localhost", "https://spa.example/", "https://other.example/consented",
)  # fmt: skip
DANA, DANA_ID = "dana@acme.example", "b1000000-0000-4000-8000-000000000001"
DANA_ANCHOR = "ZGFuYS1pbW11dGFibGU="
EVE, EVE_ANCHOR = "eve@acme.example", "ZXZlLWltbXV0YWJsZQ=="
LEE, LEE_ANCHOR = "lee@second.example", "bGVlLWltbXV0YWJsZQ=="
LIN, LIN_PASSWORD, LIN_ANCHOR = "lin@acme-labs.example", "Correct-Horse-2", "bGluLWltbXV0YWJsZQ=="
ADMIN, ADMIN_PASSWORD = "admin@acme.onmicrosoft.com", "Correct-Horse-1"
ISSUER, SECOND_ISSUER = "acme.example:exk0000000000000000a", "second.example:exk0000000000000000b"
GRAPH_SCOPE = "openid profile offline_access https://graph.microsoft.com/User.Read"


def _federation(name: str, issuer: str, **more: Any) -> Doc:
    base = "https://acme.okta.com/app/office365/exk0000000000000000a/sso/wsfed"
    return {
        "displayName": name, "issuerUri": issuer, "passiveSignInUri": f"{base}/passive", "activeSignInUri": f"{base}/active",
        "metadataExchangeUri": f"{base}/mex", "signOutUri": f"{base}/signout", "preferredAuthenticationProtocol": "wsFed",
        "signingCertificate": "@certificates/okta-acme-saml.crt", **more,
    }  # fmt: skip


SPEC: Doc = {
    "world": "entra-login-test",
    "clock": "2026-01-15T09:00:00Z",
    "lab": {"entra": {"tenant_id": TENANT, "client_id": LAB, "client_secret": LAB_SECRET}},
    "parties": {
        "entra:acme": {
            "tenant": {"id": TENANT, "displayName": "Acme", "countryLetterCode": "US", "settings": {}},
            "signing_keys": [
                {"use": "active", "files": "certificates/entra-signing-a"},
                {"use": "next", "files": "certificates/entra-signing-b"},
            ],
            "domains": [
                {"id": "acme.onmicrosoft.com", "isInitial": True, "isDefault": True},
                {"id": "acme.example", "federation": _federation("Acme sign-in", ISSUER)},
                {"id": "sales.acme.example"},
                {"id": "second.example", "federation": _federation("Second", SECOND_ISSUER)},
                {"id": "acme-labs.example"},
            ],
            "skus": [{"skuPartNumber": "AAD_PREMIUM", "enabled": 5}],
            "users": [
                {"userPrincipalName": ADMIN, "displayName": "Ada Min", "password": ADMIN_PASSWORD, "roles": ["Global Administrator"]},
                {"id": DANA_ID, "userPrincipalName": DANA, "displayName": "Dana Fox", "givenName": "Dana", "surname": "Fox",
                 "onPremisesImmutableId": DANA_ANCHOR, "mail": DANA},
                {"userPrincipalName": EVE, "displayName": "Eve Low", "onPremisesImmutableId": EVE_ANCHOR},
                {"userPrincipalName": LEE, "displayName": "Lee Two", "onPremisesImmutableId": LEE_ANCHOR},
                {"userPrincipalName": LIN, "displayName": "Lin Lab", "password": LIN_PASSWORD,
                 "onPremisesImmutableId": LIN_ANCHOR},
                {"userPrincipalName": "off@acme.example", "displayName": "Off", "onPremisesImmutableId": "b2Zm",
                 "accountEnabled": False},
                {"userPrincipalName": "off@acme-labs.example", "displayName": "Off", "password": LIN_PASSWORD,
                 "accountEnabled": False},
                {"userPrincipalName": "new@acme-labs.example", "displayName": "New", "password": LIN_PASSWORD,
                 "forceChangePasswordNextSignIn": True},
                {"userPrincipalName": "none@acme-labs.example", "displayName": "None"},
            ],
            "applications": [
                {"appId": LAB, "displayName": "Lab", "secret": LAB_SECRET, "servicePrincipalId": LAB_SP,
                 "application_permissions": "all"},
                {"appId": WEB, "displayName": "Web <app>", "secret": WEB_SECRET, "redirectUris": {"web": [WEB_URI]},
                 "delegated": ["User.Read"]},
                {"appId": PUBLIC, "displayName": "Native", "isFallbackPublicClient": True,
                 "redirectUris": {"publicClient": [PUBLIC_URI, "myapp://auth"]}, "delegated": ["User.Read"],
                 "signInAudience": "AzureADMultipleOrgs"},
                {"appId": SPA, "displayName": "Page", "redirectUris": {"spa": [SPA_URI]}, "delegated": ["User.Read"],
                 "web": {"homePageUrl": None, "logoutUrl": None, "redirectUris": [], "redirectUriSettings": [],
                         "implicitGrantSettings": {"enableIdTokenIssuance": True, "enableAccessTokenIssuance": False}}},
                {"appId": OTHER, "displayName": "Office 365 connector", "secret": "other-secret-1", "external": True,
                 "redirectUris": {"web": [OTHER_URI]}, "application_permissions": ["User.ReadWrite.All"],
                 "delegated": ["User.Read"]},
            ],
        }
    },
}  # fmt: skip


def spec(**settings: Any) -> Doc:
    """The world file, with settings of the tenant."""
    made = copy.deepcopy(SPEC)
    made["parties"]["entra:acme"]["tenant"]["settings"] = settings
    return made


def load(name: str) -> SigningKey:
    return load_signing_key(read_fixture(f"certificates/{name}.key"), read_fixture(f"certificates/{name}.crt"))


KEY, NEXT, FOREIGN = load("okta-acme-saml"), load("okta-acme-next"), load("foreign")


# -- tokens of the identity provider -------------------------------------------------------------------------------


def assertion(world: World, *, key: SigningKey = KEY, mfa: bool = False, **changes: Any) -> bytes:
    """A signed assertion about Dana, from now; changes are fields of `Assertion11`, or upn and immutable_id."""
    made = saml11.office365_assertion(
        assertion_id=changes.pop("assertion_id", "_assertion1"), issuer=changes.pop("issuer", ISSUER), now_ms=world.clock.now(),
        upn=changes.pop("upn", DANA), immutable_id=changes.pop("immutable_id", DANA_ANCHOR),
        authn_instant_ms=world.clock.now(), mfa=mfa,
    )  # fmt: skip
    return saml11.issue(replace(made, **changes), key)


def wresult(world: World, **changes: Any) -> str:
    """The RSTR around `assertion`."""
    return wrap(world, assertion(world, **changes))


def wrap(world: World, token: bytes) -> str:
    now = world.clock.now()
    return wsfed.rstr(token, created_ms=now, expires_ms=now + 3_600_000, assertion_id="_assertion1").decode()


def post_srf(
    world: World, wresult: str, *, wctx: str | None = None, browser: Browser | None = None, **more: str
) -> View:
    """Post a sign-in response as the identity provider's page does."""
    fields = {"wa": "wsignin1.0", "wresult": wresult, **more}
    if wctx is not None:
        fields["wctx"] = wctx
    return (browser or world.browser)._settle("POST", f"{LOGIN}/login.srf", fields)


def refusal(world: World, view: View) -> tuple[str, Doc]:
    """The AADSTS code on an error page, and the why behind it."""
    assert view.status in (200, 400), view.answer.text()
    code = view.text.partition("AADSTS")[2].partition(":")[0]
    assert code.isdigit(), view.text
    why = world.why(view.answer.header("x-ms-request-id") or "")
    assert why is not None and why["rule"]
    return code, why


def values(why: Doc) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in why["compared"]}


def signins(world: World) -> list[Doc]:
    """The sign-in log."""
    return [row["doc"] for row in world.journal(stream="signIns")]


# -- authorization requests ------------------------------------------------------------------------------------------

VERIFIER = "v" * 43


def authorize_url(client_id: str = PUBLIC, *, tenant: str = TENANT, v1: bool = False, **changes: str | None) -> str:
    """An authorization request with PKCE; a change to None leaves a parameter out."""
    fields: dict[str, str | None] = {
        "client_id": client_id, "response_type": "code", "redirect_uri": "http://localhost:53124", "scope": GRAPH_SCOPE,
        "state": "state 1&<>", "code_challenge": pkce_challenge(VERIFIER), "code_challenge_method": "S256", **changes,
    }  # fmt: skip
    version = "" if v1 else "/v2.0"
    query = urlencode({key: value for key, value in fields.items() if value is not None})
    return f"{LOGIN}/{tenant}/oauth2{version}/authorize?{query}"


def stopping(world: World, *, client: str = "127.0.0.1") -> Browser:
    """A browser that stops at addresses outside the sign-in service."""
    browser = world.browser
    browser.stop_at = lambda url: not url.startswith(LOGIN)
    return browser


def answered(view: View) -> dict[str, str]:
    """The parameters that a redirect URI was given, in query or fragment."""
    parts = urlsplit(view.url)
    return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True))


def sign_in_federated(world: World, url: str, *, browser: Browser | None = None, **changes: Any) -> View:
    """Authorize, be sent to the provider, come back with its token; the view at the client."""
    browser = browser or stopping(world)
    away = browser.get(url)
    wctx = answered(away)["wctx"]
    return post_srf(world, wresult(world, **changes), wctx=wctx, browser=browser)


def sign_in_managed(browser: Browser, url: str, name: str = LIN, password: str = LIN_PASSWORD) -> View:
    """Authorize with a user name and a password on the sign-in page; the view at the client (or the page again)."""
    view = browser.get(url)
    if any("loginfmt" in form.fields for form in view.forms):
        view = browser.fill(view, {"loginfmt": name})
    return browser.fill(view, {"passwd": password})


def token(
    world: World, form: dict[str, str], *, tenant: str = TENANT, v1: bool = False, **headers: str
) -> tuple[int, Doc]:
    """Status and body of a token request."""
    url = f"{LOGIN}/{tenant}/oauth2{'' if v1 else '/v2.0'}/token"
    answer = Http(world.transport).request("POST", url, form=form, headers=headers)
    body = json_of(answer)
    if answer.status >= 400:
        assert answer.header("x-lab-why"), body
        why = world.why(body["trace_id"])
        assert why is not None and why["rule"], body
    return answer.status, body


def redeem(world: World, view: View, **changes: str) -> tuple[int, Doc]:
    """Redeem the code that a client was given (the public client unless changed)."""
    form = {
        "grant_type": "authorization_code", "client_id": PUBLIC, "code": answered(view)["code"], "code_verifier": VERIFIER,
        "redirect_uri": "http://localhost:53124", "scope": GRAPH_SCOPE, "client_info": "1", **changes,
    }  # fmt: skip
    return token(world, {key: value for key, value in form.items() if value != ""})


def claims(jwt: str) -> Doc:
    """A token's claims, unverified."""
    import json

    part = jwt.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


# -- unmodified clients ----------------------------------------------------------------------------------------------


class HttpClient:
    """What msal wants of `http_client`, over the in-process wire."""

    def __init__(self, world: World) -> None:
        self.http = Http(world.transport)

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> "Response":
        given = {key: value for key, value in (headers or {}).items() if value is not None}
        if isinstance(data, str):
            return Response(self.http.request("POST", url, body=data.encode(), headers=given))
        sent = {key: value for key, value in (data or {}).items() if value is not None}  # as requests leaves None out
        pairs = {key: value.decode() if isinstance(value, bytes) else str(value) for key, value in sent.items()}
        return Response(self.http.request("POST", url, form=pairs, headers=given))

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> "Response":
        given = {key: value for key, value in (headers or {}).items() if value is not None}
        if params:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
        return Response(self.http.request("GET", url, headers=given))

    def close(self) -> None:
        pass


class Response:
    """What msal reads of an answer."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.text = answer.text()
        self.headers = dict(answer.headers)

    def raise_for_status(self) -> None:
        assert self.status_code < 400, self.text
