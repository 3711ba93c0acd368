"""Changes of domains: add, verify, promote, update, remove. Source: graph-entra.md 1.11, seed-catalogue.md 5 rule 8."""

import re
from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Entity, changed
from emulator.entra.problems import invalid, required
from emulator.entra.resources import domain_references, federation
from emulator.entra.resources.dns import publishes
from emulator.entra.resources.domains import (
    ADMINS,
    DOMAINS,
    PASSWORDS,
    SERVICES,
    SHAPE,
    load,
    logged,
    new_domain,
    root_of,
    set_authentication,
)
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Duplicate

MOST = 5000
WRITABLE_SERVICES = frozenset({"Email", "OfficeCommunicationsOnline", "Yammer"})
_NAME = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_WRITABLE = frozenset({"authenticationType", "isDefault", "supportedServices", *PASSWORDS})


@operation(
    "POST",
    "/v1.0/domains",
    source=DOCUMENTED,
    status=201,
    extra=ADMINS,
    emits=("Add unverified domain", "Add verified domain"),
)
def add_domain(call: Call) -> Entity:
    """Add a domain: unverified, or verified at once below a verified root."""
    given = dict(call.body)
    name = given.pop("id", None)
    if not isinstance(name, str) or not name:
        raise required("id", "Domain")
    bodies.checked(given, "domain", shown_only=set(bodies.names("domain")) - _WRITABLE)
    if not _NAME.fullmatch(name.lower()):
        raise invalid("id", "Domain", name, rule="A domain's id is its fully qualified name.")
    if given.get("authenticationType") == "Federated":
        compared: tuple[Compared, ...] = (Compared("authenticationType", "Federated", "request body"),)
        raise Problem(
            "federated_create", why=Why("Domains are created Managed; federationConfiguration federates.", compared)
        )
    root = root_of(call.store, name.lower())
    if root is not None and root["authenticationType"] == "Federated":
        compared = (
            Compared("root domain", root["id"], "tenant"),
            Compared("authenticationType", "Federated", root["id"]),
        )
        raise Problem(
            "domain_child_federated", why=Why("A subdomain of a federated root is not created here.", compared)
        )
    if call.store.count(DOMAINS) >= MOST:
        compared = (Compared("domains", MOST, "tenant"),)
        raise Problem("domain_limit", str(MOST), why=Why("A tenant has a limited number of domains.", compared))
    domain = new_domain(name.lower(), verified=root is not None, root=root["id"] if root else None)
    try:
        call.store.add(DOMAINS, domain)
    except Duplicate as error:
        compared = (Compared("id", name, "request body"), Compared("id", error.value, "an existing domain"))
        raise Problem("same_key", "id", why=Why("The tenant has this domain already.", compared)) from error
    logged(call, "Add verified domain" if root else "Add unverified domain", domain)
    return queries.entity(call, SHAPE, domain, location=f"/domains/{domain['id']}")


@operation(
    "POST", "/v1.0/domains/{id}/verify", source=DOCUMENTED, body="optional_json", extra=ADMINS, emits=("Verify domain",)
)
def verify_domain(call: Call) -> Entity:
    """Verify a domain by the record that the tenant asked for in its DNS zone (state of `resources/dns.py`)."""
    domain = load(call)
    if domain["isVerified"]:
        compared = (Compared("isVerified", True, domain["id"]),)
        raise Problem("dns_verified", why=Why("The domain is verified already.", compared))
    publishes(call, domain["id"])
    old = dict(domain)
    domain.update(isVerified=True, isRoot=True, supportedServices=list(SERVICES))
    call.store.put(DOMAINS, domain)
    logged(call, "Verify domain", domain, old)
    return queries.entity(call, SHAPE, {**domain, "availabilityStatus": "AvailableImmediately"})


@operation(
    "POST",
    "/v1.0/domains/{id}/promote",
    source=DOCUMENTED,
    body="optional_json",
    extra=ADMINS,
    emits=("Update domain",),
)
def promote_domain(call: Call) -> Doc:
    """Make a verified subdomain a root, so that it is set apart from its former root."""
    domain = load(call)
    if domain["isRoot"] or not domain["isVerified"]:
        compared = (
            Compared("isRoot", domain["isRoot"], domain["id"]),
            Compared("isVerified", domain["isVerified"], domain["id"]),
        )
        raise Problem("invalid_value", "id", "Domain", why=Why("Only a verified subdomain can be promoted.", compared))
    old = dict(domain)
    # An issuer belongs to one domain, so the root's federation is not taken along (inferred).
    set_authentication(call, domain, "Managed")
    domain.update(isRoot=True, _root=None)
    call.store.put(DOMAINS, domain)
    logged(call, "Update domain", domain, old)
    return {"@odata.context": f"{call.base}/v1.0/$metadata#Edm.Boolean", "value": True}


@operation(
    "PATCH", "/v1.0/domains/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update domain", "Set domain authentication")
)
def update_domain(call: Call) -> Entity | None:
    """Make a domain the default, change its services or password settings, or drop its federation."""
    domain = load(call)
    body = bodies.checked(call.body, "domain", shown_only=set(bodies.names("domain")) - _WRITABLE)
    if not domain["isVerified"]:
        compared = (Compared("isVerified", False, domain["id"]),)
        raise Problem("domain_unverified_change", why=Why("Verify the domain first.", compared))
    old = dict(domain)
    if "authenticationType" in body:
        _change_authentication(call, domain, body.pop("authenticationType"))
    if "isDefault" in body:
        _change_default(call, domain, wanted=body.pop("isDefault"))
    strange = set(body.get("supportedServices") or ()) - WRITABLE_SERVICES - set(domain["supportedServices"])
    if strange:
        rule = f"Writable services: {', '.join(sorted(WRITABLE_SERVICES))}."
        raise invalid("supportedServices", "Domain", sorted(strange), rule=rule)
    domain.update(body)
    call.store.put(DOMAINS, domain)
    if any(domain[name] != old[name] for name in ("isDefault", "supportedServices", *PASSWORDS)):
        logged(call, "Update domain", domain, old)
    return changed(call, queries.entity(call, SHAPE, domain))


def _change_authentication(call: Call, domain: Doc, wanted: Any) -> None:
    if wanted == domain["authenticationType"]:
        return
    compared = (
        Compared("authenticationType", wanted, "request body"),
        Compared("authenticationType", domain["authenticationType"], domain["id"]),
    )
    if wanted == "Federated":
        hint = "POST a federationConfiguration instead."
        raise Problem(
            "federated_patch", why=Why("A domain is federated through federationConfiguration.", compared, hint)
        )
    if wanted != "Managed":
        raise invalid("authenticationType", "Domain", wanted, rule="authenticationType is Managed or Federated.")
    if domain["_root"]:
        raise Problem(
            "domain_child",
            why=Why("A subdomain follows its root.", (*compared, Compared("root", domain["_root"], "tenant"))),
        )
    federation.drop(call, domain)


def _change_default(call: Call, domain: Doc, *, wanted: Any) -> None:
    if wanted is domain["isDefault"]:
        return
    if wanted is not True:
        compared: tuple[Compared, ...] = (
            Compared("isDefault", wanted, "request body"),
            Compared("isDefault", True, domain["id"]),
        )
        why = Why("There is always one default domain.", compared, "Make another domain the default.")
        raise Problem("invalid_value", "isDefault", "Domain", why=why)
    if domain["authenticationType"] == "Federated":
        compared = (Compared("authenticationType", "Federated", domain["id"]),)
        raise Problem("domain_federated_default", why=Why("The default domain must be Managed.", compared))
    for other in call.store.find_all(DOMAINS, "isDefault", 1):
        call.store.put(DOMAINS, {**other, "isDefault": False})
    domain["isDefault"] = True


@operation(
    "DELETE",
    "/v1.0/domains/{id}",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Remove unverified domain", "Remove verified domain"),
)
def delete_domain(call: Call) -> None:
    """Remove a domain that nothing refers to."""
    domain = load(call)
    for flag, label in (("isInitial", "initial"), ("isDefault", "default")):
        if domain[flag]:
            raise Problem(
                "domain_builtin", label, why=Why(f"The {label} domain stays.", (Compared(flag, True, domain["id"]),))
            )
    holders = domain_references.counted(call, domain["id"])
    if holders:
        compared = tuple(Compared(what, count, "tenant") for what, count in holders.items())
        raise Problem("domain_in_use", domain["id"], why=Why("A domain goes when nothing refers to it.", compared))
    if domain["isRoot"] and domain["authenticationType"] == "Federated":
        federation.drop(call, domain)
    call.store.drop(DOMAINS, domain["id"])
    logged(call, "Remove verified domain" if domain["isVerified"] else "Remove unverified domain", domain)
