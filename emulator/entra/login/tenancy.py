"""Which tenant a path names, and which domain a user name belongs to. Source: graph-entra.md 2.1, 2.9."""

from dataclasses import dataclass

from emulator.entra.login.dialect import because
from emulator.entra.resources import domains, feature_rollout, federation, users
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem, not_emulated

SHARED = ("common", "organizations")


@dataclass(frozen=True, slots=True)
class Tenancy:
    """The first path segment, understood. `id` is the tenant's; `shared` for common and organizations."""

    segment: str
    id: str
    shared: bool

    @property
    def name(self) -> str:
        """How endpoints in answers write it: the tenant's id, or the shared name."""
        return self.segment if self.shared else self.id


def resolve(call: Call, *, error: str = "invalid_request") -> Tenancy:
    """The tenant of the path's `{tenant}`: its id, a verified domain, common or organizations. Raises 90002."""
    segment = call.path.get("tenant", "common").lower()
    own = str(tenant(call)["id"])
    if segment in SHARED or segment == own.lower() or _is_verified(call, segment):
        return Tenancy(segment, own, segment in SHARED)
    if segment == "consumers":
        raise Problem("90002", segment, error=error, why=not_emulated("The tenant of personal accounts (/consumers)"))
    known = ", ".join(str(item["name"]) for item in domains.verified(call.store))
    why = because(
        "No tenant has that id or verified domain.",
        ("tenant", call.path.get("tenant", ""), "request path"),
        ("tenant id", own, "the tenant"),
        ("verified domains", known, "the tenant"),
    )
    raise Problem("90002", call.path.get("tenant", ""), error=error, why=why)


def _is_verified(call: Call, name: str) -> bool:
    return any(str(item["name"]).lower() == name for item in domains.verified(call.store))


def suffix_of(user_name: str) -> str:
    """The domain part of a user name, lower-case; empty when it has none."""
    return user_name.rpartition("@")[2].strip().lower() if "@" in user_name else ""


def domain_of(call: Call, user_name: str) -> Doc | None:
    """The verified domain that a user name is in; a parent domain does not speak for names below it."""
    suffix = suffix_of(user_name)
    found = domains.for_upn(call.store, user_name) if suffix else None
    return found if found is not None and found["id"].lower() == suffix and found["isVerified"] else None


def federation_for(call: Call, user_name: str) -> Doc | None:
    """The federation that a user name signs in at: its domain's, but for somebody whom staged rollout makes managed."""
    found = federation_of(call, domain_of(call, user_name))
    return None if found is not None and is_staged(call, users.by_upn(call.store, user_name.strip())) else found


def is_staged(call: Call, user: Doc | None) -> bool:
    """Whether staged rollout has moved a synchronised user of a federated domain to authentication in the cloud."""
    if user is None or not user.get("onPremisesSyncEnabled"):
        return False
    return any(feature_rollout.applies(call.store, name, user["id"]) for name in feature_rollout.EXCLUSIVE)


def federation_of(call: Call, domain: Doc | None) -> Doc | None:
    """The federation of a domain (its own or its root's); None while it is managed."""
    if domain is None or domain["authenticationType"] != "Federated":
        return None
    return federation.of_domain(call.store, domain["id"])
