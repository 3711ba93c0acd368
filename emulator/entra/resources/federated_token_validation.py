"""Which users a federated domain's identity provider may speak for: /policies/federatedTokenValidationPolicy.

Source: Microsoft Graph, federatedTokenValidationPolicy (beta); the rule itself is applied in `login.tokenpolicy`.
"""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Entity, beta_operation
from emulator.entra.problems import invalid
from emulator.entra.queries import Shape
from emulator.entra.resources.domains import DOMAINS
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.party import Seeding
from emulator.store import Kind, Store

POLICIES = Kind("federated_token_validation", settled=True)
PATH = "/policies/federatedTokenValidationPolicy"
SHAPE = Shape("federatedTokenValidationPolicy", PATH.removeprefix("/"), POLICIES)
ALL = "all"
_BY_TYPE = {
    "#microsoft.graph.allDomains": ("none", ALL, "allFederated", "allManaged"),
    "#microsoft.graph.enumeratedDomains": ("enumerated", "allManagedAndEnumeratedFederated"),
}
_TYPE_OF = {root: name for name, roots in _BY_TYPE.items() for root in roots}
_ADMINS = {
    "roles": ("Security Administrator", "Hybrid Identity Administrator", "External Identity Provider Administrator"),
}  # fmt: skip


def validating(store: Store) -> Doc:
    """`{rootDomains, domainNames?}` of the tenant's one policy."""
    return dict(store.all(POLICIES)[0]["validatingDomains"])


@operation("GET", "/v1.0" + PATH, source=DOCUMENTED, extra=_ADMINS)
@beta_operation("GET", "/beta" + PATH, source=DOCUMENTED, extra=_ADMINS)
def get_policy(call: Call) -> Entity:
    """The policy."""
    return queries.entity(call, SHAPE, dict(call.store.all(POLICIES)[0]))


_UPDATES: Doc = {
    "source": inferred("the operation is documented, its refusals and its activity are not"), "status": 204,
    "extra": _ADMINS, "emits": ("Update policy",),
}  # fmt: skip


@operation("PUT", "/v1.0" + PATH, **_UPDATES)
@beta_operation("PUT", "/beta" + PATH, **_UPDATES)
def update_policy(call: Call) -> None:
    """Choose the root domains that must match: by their kind, or listed by name."""
    body = bodies.checked(call.body, SHAPE.resource, shown_only=("deletedDateTime",))
    if "validatingDomains" not in body:
        raise _bad(None, "validatingDomains says which domains are held to the rule.")
    old = dict(call.store.all(POLICIES)[0])
    row = {**old, "validatingDomains": _checked(call, body["validatingDomains"])}
    call.store.put(POLICIES, row)
    logged(call, "Update policy", "Policy", row, old)


def _checked(call: Call, given: Any) -> Doc:
    if not isinstance(given, dict):
        raise _bad(given, "validatingDomains is an object with rootDomains.")
    which = given.get("rootDomains")
    kind = _TYPE_OF.get(which) if isinstance(which, str) else None
    if kind is None:
        raise _bad(which, f"rootDomains is one of {', '.join(_TYPE_OF)}.")
    sent = given.get("@odata.type", kind)
    if sent not in (kind, kind.removeprefix("#")):
        raise _bad(sent, f"With rootDomains {which} the type is {kind}.")
    listed = given.get("domainNames")
    if which in _BY_TYPE["#microsoft.graph.allDomains"]:
        if listed:
            raise _bad(listed, f"With rootDomains {which} no domains are listed.")
        return {"@odata.type": kind, "rootDomains": which}
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise _bad(listed, f"With rootDomains {which}, domainNames lists root domains.")
    for name in listed:
        domain = call.store.get(DOMAINS, name.casefold())
        if domain is None or domain["_root"] or not domain["isVerified"]:
            raise _bad(name, "domainNames lists verified root domains of the tenant.")
    return {"@odata.type": kind, "rootDomains": which, "domainNames": [name.lower() for name in listed]}


def _bad(value: Any, rule: str) -> Exception:
    shown = value if value is None or isinstance(value, str | int | bool) else str(value)[:200]
    return invalid("validatingDomains", "FederatedTokenValidationPolicy", shown, rule=rule)


def seed(seeding: Seeding) -> None:
    """`federated_token_validation: {rootDomains: all|none|..., domainNames?}`; `all` without it."""
    given = seeding.spec.get("federated_token_validation") or {}
    which = given.get("rootDomains", ALL)
    names = {"domainNames": [str(name).lower() for name in given["domainNames"]]} if given.get("domainNames") else {}
    seeding.store.add(POLICIES, {
        "id": seeding.ids.guid("federatedTokenValidationPolicy"), "deletedDateTime": None,
        "validatingDomains": {"@odata.type": _TYPE_OF[which], "rootDomains": which, **names},
    })  # fmt: skip
