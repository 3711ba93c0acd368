"""Identity providers of guests' organizations: /directory/federationConfigurations.

Source: Microsoft's pages on samlOrWsFedExternalDomainFederation. Such a provider signs in guests of domains that no
Microsoft Entra tenant holds. Differs: it is kept and shown; no guest signs in by it here.
"""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import bad, invalid, required
from emulator.entra.queries import Shape
from emulator.entra.resources import domains
from emulator.entra.rows import load, logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.x509 import parse_certificate
from emulator.store import Column, Kind

EXTERNAL = Kind("external_federations", (Column("displayName", fold=True), Column("issuerUri", unique=True)))
RESOURCE = "samlOrWsFedExternalDomainFederation"
BASE = "/v1.0/directory/federationConfigurations"
TYPED = f"{BASE}/microsoft.graph.{RESOURCE}"
CONTEXT = f"directory/federationConfigurations/microsoft.graph.{RESOURCE}"
_ROLES = {"roles": ("External Identity Provider Administrator",)}
READ: dict[str, Any] = {"source": DOCUMENTED, "scope": ("IdentityProvider.Read.All", "IdentityProvider.ReadWrite.All"),
                        "extra": _ROLES}  # fmt: skip
WRITE: dict[str, Any] = {"source": DOCUMENTED, "scope": ("IdentityProvider.ReadWrite.All",), "extra": _ROLES}
REQUIRED = ("displayName", "issuerUri", "passiveSignInUri", "preferredAuthenticationProtocol", "signingCertificate")


def _shown(_: Call, row: Doc) -> Doc:
    return {"@odata.type": f"#microsoft.graph.{RESOURCE}", **public(row), "domains": row["_domains"]}


SHAPE = Shape(RESOURCE, CONTEXT, EXTERNAL, full=_shown, relations={"domains": lambda _, row: row["_domains"]})


@operation("GET", BASE, **READ)
@operation("GET", TYPED, **READ)
def list_federations(call: Call) -> Collection:
    """The providers, each with its domains."""
    return queries.collection(call, SHAPE)


@operation("GET", BASE + "/availableProviderTypes", **READ)
def available_types(call: Call) -> Doc:
    """What can be configured."""
    return {"@odata.context": f"{call.base}/v1.0/$metadata#Collection(Edm.String)", "value": ["Saml", "WsFed"]}


def _load(call: Call) -> Doc:
    return load(call, EXTERNAL, what="external federation")


@operation("GET", BASE + "/{id}", **READ)
def get_federation(call: Call) -> Entity:
    """One provider."""
    return queries.entity(call, SHAPE, _load(call))


@operation("POST", BASE, status=201, **WRITE, emits=("Add identity provider",))
@operation("POST", TYPED, status=201, **WRITE, emits=("Add identity provider",))
def create_federation(call: Call) -> Entity:
    """Federate domains of others."""
    given = dict(call.body)
    names = _names(call, given.pop("domains", []))
    body = _checked(given)
    for name in REQUIRED:
        if not body.get(name):
            raise required(name, RESOURCE)
    if not names:
        raise required("domains", RESOURCE)
    if call.store.find(EXTERNAL, "issuerUri", body["issuerUri"]) is not None:
        compared = (Compared("issuerUri", body["issuerUri"], "request body"),)
        raise Problem("same_key", "issuerUri", why=Why("An issuer is configured once.", compared))
    row = {"id": call.ids.guid("externalFederation"), "metadataExchangeUri": None, **body, "_domains": names}
    call.store.add(EXTERNAL, row)
    logged(call, "Add identity provider", "Other", row)
    return queries.entity(call, SHAPE, row, location=f"/directory/federationConfigurations/{row['id']}")


@operation("PATCH", BASE + "/{id}", **WRITE, emits=("Update identity provider",))
def update_federation(call: Call) -> Entity | None:
    """Change a provider."""
    row = _load(call)
    body = _checked(call.body)
    for name in REQUIRED:
        if name in body and not body[name]:
            raise required(name, RESOURCE)
    old = dict(row)
    row.update(body)
    call.store.put(EXTERNAL, row)
    logged(call, "Update identity provider", "Other", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


@operation("DELETE", BASE + "/{id}", **WRITE, emits=("Remove identity provider",))
def delete_federation(call: Call) -> None:
    """Take a provider away."""
    row = _load(call)
    call.store.drop(EXTERNAL, row["id"])
    logged(call, "Remove identity provider", "Other", row)


_DOMAINS = TYPED + "/{id}/domains"


@operation("GET", _DOMAINS, **READ)
def list_domains(call: Call) -> Collection:
    """The domains of a provider."""
    row = _load(call)
    context = f"{CONTEXT}('{row['id']}')/domains"
    return queries.of_documents(call, row["_domains"], resource="externalDomainName", context=context)


@operation("POST", _DOMAINS, status=201, **WRITE, emits=("Update identity provider",))
def add_domain(call: Call) -> Entity:
    """Give a provider one more domain."""
    row = _load(call)
    made = _names(call, [call.body])[0]
    row["_domains"] = [*row["_domains"], made]
    call.store.put(EXTERNAL, row)
    logged(call, "Update identity provider", "Other", row, row)
    return Entity(f"{CONTEXT}('{row['id']}')/domains/$entity", made)


def _names(call: Call, given: Any) -> list[Doc]:
    """The domains of a body: no domain of this tenant, and none that a provider has."""
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise invalid("domains", RESOURCE, given, rule="A list of objects with an id.")
    taken = {item["id"] for row in call.store.all(EXTERNAL) for item in row["_domains"]}
    found: list[Doc] = []
    for item in given:
        name = item.get("id")
        if not isinstance(name, str) or "." not in name or len(name) > 253:
            raise invalid("domains", RESOURCE, name, rule="The id of a domain is its name.")
        own = call.store.get(domains.DOMAINS, name.lower())
        if own is not None or name.lower() in taken:
            compared = (Compared("domain", name, "request body"),)
            text = f"The domain '{name}' is verified in a tenant or federated already."
            raise bad(text, Why("Such a domain belongs to no tenant and to one provider.", compared))
        found.append({"id": name.lower()})
    return found


def _checked(body: Doc) -> Doc:
    found = bodies.checked(body, RESOURCE)
    if found.get("signingCertificate"):
        try:
            parse_certificate(found["signingCertificate"])
        except ValueError as error:
            text = str(found["signingCertificate"])[:40]
            why = Why(f"No certificate: {error}.", (Compared("signingCertificate", text, "request body"),))
            raise Problem("bad_certificate", why=why) from error
    if found.get("preferredAuthenticationProtocol", "saml") not in ("wsFed", "saml"):
        value = found["preferredAuthenticationProtocol"]
        raise invalid("preferredAuthenticationProtocol", RESOURCE, value, rule="wsFed or saml.")
    return found
