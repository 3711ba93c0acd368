"""How a domain is federated: /domains/{id}/federationConfiguration. Source: graph-entra.md 1.11; federation.md 1."""

import re
from typing import Any

from emulator.entra import bodies
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.resources import domains
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.x509 import parse_certificate
from emulator.store import Column, Duplicate, Kind, Store

SEED_RANK = 21
FEDERATIONS = Kind("federations", (Column("domain", unique=True), Column("issuerUri", unique=True)), settled=True)
ADMINS = {
    "roles": ("External Identity Provider Administrator", "Hybrid Identity Administrator", "Domain Name Administrator")
}
# Microsoft's table names the newer permissions only for the list; the older ones read it as they read one item.
READERS = (
    "Domain.Read.All", "Domain.ReadWrite.All", "Domain-InternalFederation.Read.All",
    "Domain-InternalFederation.ReadWrite.All",
)  # fmt: skip
SETTINGS = ("Set domain authentication", "Set federation settings on domain")
REQUIRED = ("issuerUri", "passiveSignInUri", "signingCertificate")
URIS = ("passiveSignInUri", "activeSignInUri", "metadataExchangeUri", "signOutUri", "passwordResetUri")
CERTIFICATES = ("signingCertificate", "nextSigningCertificate")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_EMPTY: Doc = {
    "displayName": None, "issuerUri": None, "metadataExchangeUri": None, "passiveSignInUri": None,
    "preferredAuthenticationProtocol": "wsFed", "signingCertificate": None, "activeSignInUri": None, "signOutUri": None,
    "isSignedAuthenticationRequestRequired": False, "nextSigningCertificate": None, "promptLoginBehavior": None,
    "federatedIdpMfaBehavior": None, "passwordResetUri": None, "signingCertificateUpdateStatus": None,
}  # fmt: skip


def of_domain(store: Store, domain_name: str) -> Doc | None:
    """The federation that decides for a domain: its own, or its root's."""
    domain = store.get(domains.DOMAINS, domain_name.casefold())
    if domain is None:
        return None
    return store.find(FEDERATIONS, "domain", domain["_root"] or domain["id"])


def by_issuer(store: Store, issuer: str) -> Doc | None:
    """The federation of an issuer, compared exactly."""
    return store.find(FEDERATIONS, "issuerUri", issuer)


def drop(call: Call, domain: Doc) -> None:
    """End a domain's federation: it and its subdomains become Managed."""
    for row in call.store.drop_where(FEDERATIONS, "domain", domain["id"]):
        values = changes(public(row), {})
        audit(
            call,
            "Set federation settings on domain",
            [target("Other", {**domain, "displayName": domain["id"]}, changed=values)],
        )
    domains.set_authentication(call, domain, "Managed")


def _load(call: Call) -> Doc:
    domain = domains.load(call)
    found = of_domain(call.store, domain["id"])
    if found is None or found["id"] != call.path["configurationId"].lower():
        raise not_found(call.path["configurationId"], what=f"federation configuration of {domain['id']}")
    return found


def _shown(row: Doc) -> Doc:
    shown = {key: value for key, value in public(row).items() if key != "domain"}
    return {"@odata.type": "#microsoft.graph.internalDomainFederation", **shown}


def _entity(row: Doc, status: int | None = None) -> Entity:
    at = f"domains('{row['domain']}')/federationConfiguration"
    return Entity(
        f"{at}/$entity",
        _shown(row),
        status,
        f"/domains/{row['domain']}/federationConfiguration/{row['id']}" if status else None,
    )


@operation("GET", "/v1.0/domains/{id}/federationConfiguration", source=DOCUMENTED, scope=READERS)
def list_configurations(call: Call) -> Collection:
    """The federation of a domain: one item or none."""
    domain = domains.load(call)
    found = of_domain(call.store, domain["id"])
    return Collection(f"domains('{domain['id']}')/federationConfiguration", [_shown(found)] if found else [])


@operation("GET", "/v1.0/domains/{id}/federationConfiguration/{configurationId}", source=DOCUMENTED)
def get_configuration(call: Call) -> Entity:
    """One federation configuration."""
    return _entity(_load(call))


@operation(
    "POST", "/v1.0/domains/{id}/federationConfiguration", source=DOCUMENTED, status=201, extra=ADMINS, emits=SETTINGS
)
def create_configuration(call: Call) -> Entity:
    """Federate a domain: it and its subdomains become Federated."""
    domain = domains.load(call)
    _may_federate(call, domain)
    body = _checked(call.body)
    for name in REQUIRED:
        if not body.get(name):
            raise required(name, "internalDomainFederation")
    row = {"id": call.ids.guid("federation"), **_EMPTY, **body, "domain": domain["id"]}
    _store(call, row, new=True)
    domains.set_authentication(call, domain, "Federated")
    _log(call, row, {})
    return _entity(row, 201)


@operation(
    "PATCH",
    "/v1.0/domains/{id}/federationConfiguration/{configurationId}",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=SETTINGS[1:],
)
def update_configuration(call: Call) -> Entity:
    """Change a federation; the answer is the whole of it."""
    row = _load(call)
    old = dict(row)
    body = _checked(call.body)
    for name in REQUIRED:
        if name in body and not body[name]:
            raise required(name, "internalDomainFederation")
    row.update(body)
    _store(call, row, new=False)
    _log(call, row, old)
    return _entity(row)


@operation(
    "DELETE",
    "/v1.0/domains/{id}/federationConfiguration/{configurationId}",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=SETTINGS,
)
def delete_configuration(call: Call) -> None:
    """End a federation: the domain becomes Managed."""
    row = _load(call)
    domain = call.store.get(domains.DOMAINS, row["domain"])
    drop(call, domain)


def _may_federate(call: Call, domain: Doc) -> None:
    """Only verified roots that are neither initial nor default, and not federated yet."""
    rules = (
        ("isVerified", False, "domain_unverified", "Only a verified domain is federated."),
        ("isRoot", False, "domain_child", "A subdomain follows its root."),
        ("isInitial", True, "domain_initial", "The initial domain stays Managed."),
        (
            "isDefault",
            True,
            "domain_default",
            "The default domain stays Managed: make another domain the default first.",
        ),
        (
            "authenticationType",
            "Federated",
            "federation_exists",
            "A domain has one federation configuration: change it instead.",
        ),
    )
    for name, refused, code, rule in rules:
        if domain[name] == refused:
            raise Problem(
                code,
                why=Why(rule, (Compared(name, refused, domain["id"]), Compared("root", domain["_root"], domain["id"]))),
            )


def _checked(body: Any) -> Doc:
    """The properties of a body: types, URIs, certificates."""
    found = bodies.checked(body, "internalDomainFederation", shown_only=("signingCertificateUpdateStatus",))
    issuer = found.get("issuerUri")
    if issuer is not None and not _URI.fullmatch(issuer):
        hint = "RFC 3986: scheme = ALPHA *( ALPHA / DIGIT / + / - / . ), then a colon."
        raise Problem(
            "bad_issuer",
            why=Why("issuerUri must be an absolute URI.", (Compared("issuerUri", issuer, "request body"),), hint),
        )
    for name in URIS:
        value = found.get(name)
        if value is not None and not re.fullmatch(r"https://[^\s/]+\S*", value):
            raise invalid(name, "internalDomainFederation", value, rule=f"{name} is an https URI.")
    for name in ("preferredAuthenticationProtocol", "promptLoginBehavior", "federatedIdpMfaBehavior"):
        if found.get(name) == "unknownFutureValue":
            raise invalid(name, "internalDomainFederation", found[name], rule="The value is one that exists.")
    for name in CERTIFICATES:
        if found.get(name) is not None:
            found[name] = _certificate(name, found[name])
    return found


def _certificate(name: str, text: str) -> str:
    """A certificate as it is kept: base64 DER on one line."""
    try:
        if "-----" in text:
            raise ValueError("it has PEM armour; Graph takes the bare base64")
        return parse_certificate(text).b64
    except ValueError as error:
        why = Why(f"The certificate cannot be read: {error}.", (Compared(name, text[:40], "request body"),))
        raise Problem("bad_certificate", why=why) from error


def _store(call: Call, row: Doc, *, new: bool) -> None:
    try:
        call.store.add(FEDERATIONS, row) if new else call.store.put(FEDERATIONS, row)
    except Duplicate as error:
        holder = call.store.find(FEDERATIONS, "issuerUri", row["issuerUri"]) or {"domain": row["domain"]}
        compared = (
            Compared("issuerUri", row["issuerUri"], "request body"),
            Compared("used by", holder["domain"], "tenant"),
        )
        raise Problem(
            "same_key", "issuerUri", why=Why("Each federated domain has an issuer of its own.", compared)
        ) from error


def _log(call: Call, row: Doc, old: Doc) -> None:
    values = {name: pair for name, pair in changes(old, row).items() if name not in ("Id", "Domain")}
    audit(call, "Set federation settings on domain", [target("Other", {"id": row["domain"]}, changed=values)])


def _block(pem: str) -> str:
    """The certificate of a PEM file, without the comments around it."""
    return pem[pem.index("-----BEGIN CERTIFICATE-----") :]


def seed(seeding: Seeding) -> None:
    """`domains: [{..., federation: {fields of internalDomainFederation}}]`.

    A certificate may be a fixture: `signingCertificate: "@certificates/okta-acme-saml.crt"` (PEM).
    """
    for given in seeding.spec.get("domains", ()):
        if "federation" not in given:
            continue
        fields = dict(given["federation"])
        for name in CERTIFICATES:
            text = fields.get(name)
            if text is not None:
                fields[name] = parse_certificate(
                    _block(seeding.read_fixture(text[1:]).decode()) if text[0] == "@" else text
                ).b64
        number = fields.pop("id", None) or seeding.ids.guid("federation")
        row = {"id": number, **_EMPTY, **fields, "domain": given["id"].lower()}
        seeding.store.add(FEDERATIONS, row)
        domain = seeding.store.get(domains.DOMAINS, row["domain"])
        for member in domains.family(seeding.store, domain):
            seeding.store.put(domains.DOMAINS, {**member, "authenticationType": "Federated"})
