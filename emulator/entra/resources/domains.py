"""Domains of the tenant: /domains. Source: graph-entra.md 1.11, seed-catalogue.md 5 rule 8."""

from typing import Any

from emulator.entra import queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found
from emulator.entra.queries import Shape
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.store import Column, Kind, Store

SEED_RANK = 20
DOMAINS = Kind(
    "domains", (Column("isDefault", kind="bool"), Column("isVerified", kind="bool"), Column("_root")), settled=True
)
SERVICES = ["Email", "OfficeCommunicationsOnline"]
ADMINS = {"roles": ("Domain Name Administrator",)}
PASSWORDS = ("passwordValidityPeriodInDays", "passwordNotificationWindowInDays")


def render(_: Call, domain: Doc) -> Doc:
    """The domain as Graph shows it: a federated one has no password settings."""
    hidden = PASSWORDS if domain["authenticationType"] == "Federated" else ()
    return {name: value for name, value in domain.items() if name not in hidden}


SHAPE = Shape("domain", "domains", DOMAINS, full=render)


# -- what others ask ----------------------------------------------------------------------------------------------


def for_upn(store: Store, upn: str) -> Doc | None:
    """The verified domain that decides for a user name: the longest that its suffix is or ends in."""
    suffix = upn.rpartition("@")[2].casefold()
    while suffix:
        found = store.get(DOMAINS, suffix)
        if found is not None and found["isVerified"]:
            return found
        suffix = suffix.partition(".")[2]
    return None


def verified(store: Store) -> list[Doc]:
    """The items of organization.verifiedDomains."""
    return [
        {
            "capabilities": ", ".join(domain["supportedServices"]), "isDefault": domain["isDefault"],
            "isInitial": domain["isInitial"], "name": domain["id"], "type": domain["authenticationType"],
        }
        for domain in store.find_all(DOMAINS, "isVerified", 1)
    ]  # fmt: skip


def initial(store: Store) -> str:
    """The name of the tenant's initial domain (`acme.onmicrosoft.com`)."""
    return next(str(domain["id"]) for domain in store.all(DOMAINS) if domain["isInitial"])


def load(call: Call, key: str = "id") -> Doc:
    """The domain that the path names."""
    name = call.path[key].casefold()
    found: Doc | None = call.store.get(DOMAINS, name)
    if found is None:
        raise not_found(call.path[key], what="domain")
    return found


def family(store: Store, domain: Doc) -> list[Doc]:
    """A root domain and the subdomains that inherit from it."""
    return [domain, *store.find_all(DOMAINS, "_root", domain["id"])]


def set_authentication(call: Call, domain: Doc, kind: str) -> None:
    """Make a domain, and what inherits from it, Managed or Federated."""
    for member in family(call.store, domain):
        old = member["authenticationType"]
        if old != kind:
            member["authenticationType"] = kind
            call.store.put(DOMAINS, member)
            values = {"LiveType": (old, kind)}
            audit(
                call,
                "Set domain authentication",
                [target("Other", {**member, "displayName": member["id"]}, changed=values)],
            )
    domain["authenticationType"] = kind


def logged(call: Call, activity: str, domain: Doc, old: Doc | None = None) -> None:
    values = changes(old, domain) if old is not None else None
    audit(call, activity, [target("Other", {**domain, "displayName": domain["id"]}, changed=values)])


# -- operations ---------------------------------------------------------------------------------------------------


@operation("GET", "/v1.0/domains", source=DOCUMENTED)
def list_domains(call: Call) -> Collection:
    """All domains of the tenant."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/domains/{id}", source=DOCUMENTED)
def get_domain(call: Call) -> Entity:
    """One domain."""
    return queries.entity(call, SHAPE, load(call))


@operation("GET", "/v1.0/domains/{id}/rootDomain", source=DOCUMENTED)
def root_domain(call: Call) -> Entity:
    """The root that a subdomain belongs to."""
    domain = load(call)
    root = call.store.get(DOMAINS, domain["_root"]) if domain["_root"] else domain
    return queries.entity(call, SHAPE, root)


def root_of(store: Store, name: str) -> Doc | None:
    """The verified root above a name."""
    while name := name.partition(".")[2]:
        found = store.get(DOMAINS, name)
        if found is not None and found["isVerified"]:
            return store.get(DOMAINS, found["_root"]) if found["_root"] else found
    return None


def new_domain(name: str, *, verified: bool, root: str | None = None, **more: Any) -> Doc:
    """A domain document. root: the domain that it inherits from."""
    return {
        "authenticationType": "Managed", "availabilityStatus": None, "id": name, "isAdminManaged": True,
        "isDefault": False, "isInitial": False, "isRoot": verified and root is None, "isVerified": verified,
        "supportedServices": list(SERVICES) if verified else [], "passwordValidityPeriodInDays": 90,
        "passwordNotificationWindowInDays": 14, "state": None, "manufacturer": None, "model": None, "_root": root,
        **more,
    }  # fmt: skip


def seed(seeding: Seeding) -> None:
    """`domains: [{id, isDefault?, isInitial?, isVerified? (true)}]`; a name below a verified one inherits from it.

    `federation` and `dns` of the items are read by federation.py and dns.py. Without `domains` the tenant has none but
    needs one: give the initial one (`isInitial: true, isDefault: true`).
    """
    for given in seeding.spec.get("domains", ()):
        name = given["id"].lower()
        root = root_of(seeding.store, name)
        flags = {flag: bool(given.get(flag)) for flag in ("isDefault", "isInitial")}
        more = {key: given[key] for key in (*PASSWORDS, "supportedServices") if key in given}
        kind = root["authenticationType"] if root else "Managed"
        made = new_domain(
            name, verified=given.get("isVerified", True), root=root["id"] if root else None, **flags, **more
        )
        seeding.store.add(DOMAINS, {**made, "authenticationType": kind})
