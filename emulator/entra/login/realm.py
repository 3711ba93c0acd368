"""Where a user name signs in: UserRealm, GetUserRealm.srf, GetCredentialType.

Source: graph-entra.md 2.9, federation.md 2.
The answer depends on the domain: a name that nobody has answers like any other of its domain. Only staged rollout makes
one person's answer differ, for sign-in pages; version 1.0, which clients take to WS-Trust, stays federated.
"""

from urllib.parse import urlencode

from emulator.entra.login import flow
from emulator.entra.login.claims import opaque
from emulator.entra.login.dialect import because, fields
from emulator.entra.login.idp import passive_redirect, wctx_of
from emulator.entra.login.tenancy import domain_of, federation_for, federation_of
from emulator.entra.resources import users
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Problem
from emulator.protocols.saml import MICROSOFT_ONLINE
from emulator.protocols.xmltext import text

CLOUD = "microsoftonline.com"
SAML_PROTOCOL = {"1.0": "SAML20", "2.0": "SAMLP", "2.1": "SAMLP"}


def _protocol(federation: Doc, version: str) -> str:
    return SAML_PROTOCOL[version] if federation.get("preferredAuthenticationProtocol") == "saml" else "WSTrust"


def auth_url(federation: Doc, user_name: str) -> str:
    """The sign-in address as the realm answers give it: `wctx` is left for the caller to append to."""
    base = str(federation["passiveSignInUri"])
    realm = "wtrealm=urn%3afederation%3aMicrosoftOnline"  # the service writes these escapes in lower case
    return f"{base}{'&' if '?' in base else '?'}{urlencode({'username': user_name})}&wa=wsignin1.0&{realm}&wctx="


@operation("GET", "/common/userrealm", source=OBSERVED, auth="none", query=("user", "api-version"))
@operation("GET", "/common/userrealm/{user}", source=OBSERVED, auth="none", query=("api-version",))
def user_realm(call: Call) -> Doc:
    """The realm of a user name, for clients (api-version 1.0) and sign-in pages (2.0, 2.1)."""
    version = call.params.get("api-version", "")
    if version not in SAML_PROTOCOL:
        raise Problem(
            "90014",
            "api-version",
            why=because(
                "The realm endpoint needs a version that it knows.",
                ("api-version", version, "request"),
                ("known", sorted(SAML_PROTOCOL), "Entra"),
            ),
        )
    user = call.path.get("user") or call.params.get("user", "")
    domain = domain_of(call, user)
    if version == "1.0":
        return _realm_1(domain, federation_of(call, domain))
    return _realm_2(call, user, domain, federation_for(call, user), version)


def _realm_1(domain: Doc | None, federation: Doc | None) -> Doc:
    if domain is None:
        return {
            "ver": "1.0",
            "account_type": "Unknown",
            "cloud_instance_name": CLOUD,
            "cloud_audience_urn": MICROSOFT_ONLINE,
        }
    realm: Doc = {"ver": "1.0", "account_type": "Federated" if federation else "Managed", "domain_name": domain["id"]}
    if federation:
        realm["federation_protocol"] = _protocol(federation, "1.0")
        addresses = {"federation_metadata_url": "metadataExchangeUri", "federation_active_auth_url": "activeSignInUri"}
        realm.update({key: federation[name] for key, name in addresses.items() if federation.get(name)})
    return {**realm, "cloud_instance_name": CLOUD, "cloud_audience_urn": MICROSOFT_ONLINE}


def _realm_2(call: Call, user: str, domain: Doc | None, federation: Doc | None, version: str) -> Doc:
    kind = "Unknown" if domain is None else "Federated" if federation else "Managed"
    realm: Doc = {"NameSpaceType": kind, "Login": user}
    if federation:
        realm["federation_protocol"] = _protocol(federation, version)
        realm["AuthURL"] = auth_url(federation, user)
    if domain is not None:
        realm.update(DomainName=domain["id"], FederationBrandName=_brand(call, federation), TenantBrandingInfo=None)
    realm["cloud_instance_name"] = CLOUD
    if version == "2.1" and domain is not None:
        realm.update(DesktopSsoEnabled=False, is_dsso_enabled=False)
    return realm


def _brand(call: Call, federation: Doc | None) -> str:
    return str((federation or {}).get("displayName") or tenant(call)["displayName"])


@operation("GET", "/GetUserRealm.srf", source=OBSERVED, auth="none", query=("login", "json", "xml"))
@operation("POST", "/GetUserRealm.srf", source=OBSERVED, auth="none", body="form", commit="manual")
def get_user_realm(call: Call) -> Doc | Answer:
    """The realm of a user name, for legacy clients: JSON, or XML with `xml=1`."""
    given = fields(call)
    login = given.get("login", "")
    domain = domain_of(call, login)
    federation = federation_of(call, domain)
    realm: Doc = {"State": 4, "UserState": 1, "Login": login, "NameSpaceType": "Unknown"}
    if domain is not None:
        realm.update(NameSpaceType="Managed", DomainName=domain["id"])
    if federation is not None:
        realm.update(
            State=3, UserState=2, NameSpaceType="Federated", FederationGlobalVersion=-1,
            AuthURL=auth_url(federation, login), AuthNForwardType=1,
        )  # fmt: skip
    if domain is not None:
        realm["FederationBrandName"] = _brand(call, federation)
    realm.update(CloudInstanceName=CLOUD, CloudInstanceIssuerUri=MICROSOFT_ONLINE)
    return _xml(realm) if given.get("xml") == "1" else realm


def _xml(realm: Doc) -> Answer:
    attributes = {"State": "State", "UserState": "UserState"}
    inside = "".join(f"<{key}>{text(str(value))}</{key}>" for key, value in realm.items() if key not in attributes)
    head = f'<RealmInfo Success="true" State="{realm["State"]}" UserState="{realm["UserState"]}">'
    body = f'<?xml version="1.0" encoding="utf-8"?>{head}{inside}</RealmInfo>'
    headers = [("Content-Type", "text/xml; charset=utf-8"), ("Cache-Control", "no-store, no-cache")]
    return Answer(200, headers, body.encode())


@operation("POST", "/common/GetCredentialType", source=OBSERVED, auth="none", body="json", commit="manual")
def get_credential_type(call: Call) -> Doc:
    """The home-realm step of the sign-in page: a password here, or a redirect to the identity provider."""
    name = str(call.body.get("username") or "").strip()
    domain = domain_of(call, name)
    federation = federation_for(call, name)
    credentials: Doc = {
        "PrefCredential": 4 if federation else 1, "HasPassword": True, "RemoteNgcParams": None, "FidoParams": None,
        "SasParams": None, "CertAuthParams": None, "GoogleParams": None, "FacebookParams": None,
        "OtcNotAutoSent": False,
    }  # fmt: skip
    if federation is not None:
        credentials["FederationRedirectUrl"] = _redirect_url(call, federation, name)
    exists = federation is not None or (domain is not None and users.by_upn(call.store, name) is not None)
    return {
        "Username": name, "Display": name, "IfExistsResult": 0 if exists else 1, "IsUnmanaged": False,
        "ThrottleStatus": 0,
        "Credentials": credentials,
        "EstsProperties": {"UserTenantBranding": None, "DomainType": 4 if federation else 3 if domain else 1},
        "FlowToken": str(call.body.get("flowToken") or ""), "IsSignupDisallowed": True,
        "apiCanary": opaque(call, "canary", 32),
    }  # fmt: skip


def _redirect_url(call: Call, federation: Doc, name: str) -> str:
    """With the page's own state (`originalRequest` is its `sCtx`) the redirect comes back to that sign-in."""
    context = str(call.body.get("originalRequest") or "")
    if not context or federation.get("preferredAuthenticationProtocol") == "saml":
        return auth_url(federation, name)
    state = flow.unseal(call, "signin", context)
    return passive_redirect(call, federation, name, wctx_of(context), state)
