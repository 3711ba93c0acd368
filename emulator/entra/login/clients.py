"""The application that asks: found, allowed in this tenant, its redirect URIs, its credential.

Source: graph-entra.md 1.14, 2.3, 2.14; security.md 3 (J8, J10).
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_plus, urlsplit

from emulator.entra.login import federated_credentials
from emulator.entra.login.client_assertion import check_assertion
from emulator.entra.login.dialect import because, is_guid
from emulator.entra.login.tenancy import Tenancy
from emulator.entra.resources import applications, service_principals
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc, dig
from emulator.kernel.problems import Compared, Problem, Why

Platform = Literal["web", "spa", "publicClient"]
PLATFORMS: tuple[Platform, ...] = ("web", "spa", "publicClient")
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


# Inferred: which of Microsoft's public applications share refresh tokens, from published research on them.
FAMILY = frozenset({
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "1950a258-227b-4e31-a9cf-717495945fc2",
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264", "d3590ed6-52b3-4102-aeff-aad2292ab01c",
})  # fmt: skip
"""The family of client ids: a refresh token of one is good for the others."""


@dataclass(frozen=True, slots=True)
class Client:
    """An application that may ask this tenant for tokens, with its service principal here (None: no consent yet)."""

    app: Doc
    principal: Doc | None

    @property
    def id(self) -> str:
        return str(self.app["appId"])

    @property
    def name(self) -> str:
        return str(self.app.get("displayName") or "")

    @property
    def first_party(self) -> bool:
        return bool(self.app.get("_firstParty"))

    @property
    def public(self) -> bool:
        """Whether flows without a redirect (password, assertion) may be used without a credential."""
        return bool(self.app.get("isFallbackPublicClient"))

    @property
    def family(self) -> bool:
        return self.id in FAMILY

    def redirect_uris(self, platform: Platform) -> list[str]:
        return list(dig(self.app, f"{platform}.redirectUris") or [])


def client_of(call: Call, client_id: str, tenancy: Tenancy) -> Client:
    """The application with that id. Raises 700038, 700016, 50194, 7000112."""
    found: Client = call.store.settled(
        ("client", client_id, tenancy.segment), lambda: _client_of(call, client_id, tenancy)
    )
    return found


def _client_of(call: Call, client_id: str, tenancy: Tenancy) -> Client:
    given = Compared("client_id", client_id, "request")
    if not is_guid(client_id) or not client_id.strip("0-"):
        raise Problem("700038", client_id, why=Why("A client_id is the GUID of an application.", (given,)))
    app = applications.by_app_id(call.store, client_id.lower())
    if app is None:
        known = Compared("directory", tenant(call)["displayName"], "the tenant")
        why = Why("The tenant knows no application with that client_id.", (given, known))
        raise Problem("700016", client_id, tenant(call)["displayName"], why=why)
    audience = str(app.get("signInAudience") or "AzureADMyOrg")
    if tenancy.shared and audience == "AzureADMyOrg":
        why = because(
            "A single-tenant application needs a tenant-specific endpoint.",
            ("path", tenancy.segment, "request"),
            ("signInAudience", audience, "the application"),
        )
        raise Problem("50194", client_id, str(app["displayName"]), why=why)
    principal = service_principals.by_app_id(call.store, app["appId"])
    if principal is not None and principal.get("accountEnabled") is False:
        why = Why("The service principal is disabled.", (given, Compared("accountEnabled", False, "service principal")))
        raise Problem("7000112", client_id, str(app["displayName"]), why=why)
    return Client(app, principal)


def platform_of(client: Client, uri: str) -> Platform:
    """The platform whose registered URIs hold `uri`: exactly, or for public clients any port of a loopback one.

    Raises 50011: a page, never a redirect.
    """
    for platform in PLATFORMS:
        registered = client.redirect_uris(platform)
        if uri in registered or (platform == "publicClient" and any(_same_loopback(uri, item) for item in registered)):
            return platform
    known = [item for platform in PLATFORMS for item in client.redirect_uris(platform)]
    why = because(
        "A redirect URI must equal a registered one, character by character.",
        ("redirect_uri", uri, "request"),
        ("redirectUris", known, f"application {client.name}"),
    )
    raise Problem("50011", uri, client.id, why=why)


def _same_loopback(uri: str, registered: str) -> bool:
    """RFC 8252: of `http://localhost` and loopback addresses the port is not compared."""
    if not uri.isascii() or not uri.isprintable() or any(char in uri for char in " \\@#"):
        return False
    try:
        one, other = urlsplit(uri), urlsplit(registered)
        ports = (one.port, other.port)
    except ValueError:
        return False
    del ports  # reading them is the check
    host = _host(one.netloc)
    same = (one.scheme, host, one.path or "/", one.query) == (
        other.scheme,
        _host(other.netloc),
        other.path or "/",
        other.query,
    )
    return same and one.scheme == "http" and host in _LOOPBACK


def _host(netloc: str) -> str:
    return netloc.partition("]")[0] + "]" if netloc.startswith("[") else netloc.partition(":")[0]


def authenticate(call: Call, client: Client, form: dict[str, str], *, public: bool) -> str:
    """The client's proof of who it is, as `appidacr`: "0" none, "1" secret, "2" certificate. The sign-in log is told.

    public: whether it may come without one. Raises 7000218, 7000215, 7000222, 700025, 7000xx for assertions.
    """
    secret = form.get("client_secret") or _basic_secret(call, client)
    assertion = form.get("client_assertion", "")
    if assertion:
        kind = form.get("client_assertion_type")
        if kind != JWT_BEARER:
            shown = ("client_assertion_type", kind, "request"), ("expected", JWT_BEARER, "RFC 7523")
            raise Problem("900144", "client_assertion_type", why=because("An assertion needs its type.", *shown))
        if federated_credentials.is_external(client.app, assertion):
            call.memo["credential"] = {"clientCredentialType": "federatedIdentityCredential"}
            federated_credentials.check(call, client.app, assertion)
        else:
            call.memo["credential"] = {"clientCredentialType": "clientAssertion"}
            check_assertion(call, client.app, assertion)
        return "2"
    if not secret:
        if public:
            return "0"
        raise Problem(
            "7000218",
            why=because(
                "A confidential client must prove who it is.",
                ("client_secret, client_assertion", "absent", "request"),
                ("isFallbackPublicClient", client.public, f"application {client.name}"),
            ),
        )
    if public and not _credentials(client):
        raise Problem(
            "700025",
            why=because(
                "A public client has no credential to present.",
                ("client_secret", "present", "request"),
                ("credentials", 0, f"application {client.name}"),
            ),
        )
    call.memo["credential"] = {"clientCredentialType": "clientSecret"}
    _check_secret(call, client, secret)
    return "1"


def _credentials(client: Client) -> int:
    return len(client.app.get("passwordCredentials") or []) + len(client.app.get("keyCredentials") or [])


def _basic_secret(call: Call, client: Client) -> str:
    """client_secret_basic: user is the client id, both parts are form-encoded."""
    scheme, _, value = call.exchange.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        name, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return unquote_plus(secret) if unquote_plus(name).lower() == client.id.lower() else ""


def _check_secret(call: Call, client: Client, secret: str) -> None:
    if applications.secret_ok(client.app, secret, call.now):
        return
    held = client.app.get("passwordCredentials") or []
    shown = [f"{item.get('hint')}… until {item.get('endDateTime')}" for item in held]
    compared = (
        Compared("client_secret", f"{secret[:3]}… ({len(secret)} characters)", "request"),
        Compared("passwordCredentials", shown, f"application {client.name}"),
    )
    for item in held:
        ends = item.get("endDateTime")
        if ends and parse_iso(ends) <= call.now and applications.secret_ok(client.app, secret, parse_iso(ends) - 1):
            raise Problem("7000222", client.id, why=Why("The secret is the right one, but has expired.", compared))
    raise Problem("7000215", client.id, why=Why("No secret of the application is the one presented.", compared))
