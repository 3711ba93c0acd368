"""Policies of which a tenant has one each: consent requests, sign-up flows, credentials of applications.

Source: Microsoft's pages on adminConsentRequestPolicy, authenticationFlowsPolicy and tenantAppManagementPolicy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from emulator.entra import bodies, queries
from emulator.entra.graph import Entity, changed
from emulator.entra.problems import invalid
from emulator.entra.queries import Shape
from emulator.entra.rows import logged, merged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.store import Column, Kind

TENANT_POLICIES = Kind("tenant_policies", (Column("_name", unique=True),), settled=True)
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class One:
    """A policy: its type, what changing it needs, its properties that only Graph sets, and how it begins."""

    resource: str
    write: str
    roles: tuple[str, ...]
    shown_only: tuple[str, ...]
    begins: Doc


_OFF: Doc = {"passwordCredentials": [], "keyCredentials": []}
POLICIES = {
    "adminConsentRequestPolicy": One(
        "adminConsentRequestPolicy", "Policy.ReadWrite.ConsentRequest",
        ("Cloud Application Administrator", "Application Administrator"), ("version",),
        {"isEnabled": False, "version": 0, "notifyReviewers": True, "remindersEnabled": True,
         "requestDurationInDays": 30, "reviewers": []},
    ),
    "authenticationFlowsPolicy": One(
        "authenticationFlowsPolicy", "Policy.ReadWrite.AuthenticationFlows",
        ("External ID User Flow Administrator",), ("displayName", "description"),
        {"id": "authenticationFlowsPolicy", "displayName": "Authentication flows policy",
         "description": "Authentication flows policy allows modification of settings related to authentication flows "
         "in AAD tenant, such as self-service sign up configuration.",
         "selfServiceSignUp": {"isEnabled": False}},
    ),
    "defaultAppManagementPolicy": One(
        "tenantAppManagementPolicy", "Policy.ReadWrite.ApplicationConfiguration",
        ("Security Administrator", "Application Administrator"), ("deletedDateTime",),
        {"id": "00000000-0000-0000-0000-000000000000", "deletedDateTime": None,
         "displayName": "Default app management tenant policy",
         "description": "Default tenant policy that enforces app management restrictions on applications and service "
         "principals. To apply policy to targeted resources, create a new policy under appManagementPolicies "
         "collection.",
         "isEnabled": False, "applicationRestrictions": _OFF, "servicePrincipalRestrictions": _OFF},
    ),
}  # fmt: skip


def _each(*methods: str, **data: Any) -> Callable[[F], F]:
    def mark(handler: F) -> F:
        for name, one in POLICIES.items():
            for method in methods:
                reads = method == "GET"
                scope = ("Policy.Read.All", one.write) if reads else (one.write,)
                extra = {} if reads else {"roles": one.roles}
                path = f"/v1.0/policies/{name}"
                operation(method, path, source=DOCUMENTED, scope=scope, extra=extra, **data)(handler)
        return handler

    return mark


def _named(call: Call) -> tuple[str, One, Doc]:
    name = call.operation.path.rpartition("/")[2]
    row = call.store.find(TENANT_POLICIES, "_name", name)
    assert row is not None  # seeded
    return name, POLICIES[name], dict(row)


def _shown(call: Call, row: Doc) -> Doc:
    """Consent requests' policy has no id."""
    return {key: value for key, value in row.items() if key != "id" or row["_name"] != "adminConsentRequestPolicy"}


def _shape(name: str, one: One) -> Shape:
    return Shape(one.resource, f"policies/{name}", TENANT_POLICIES, full=_shown)


@_each("GET")
def get_policy(call: Call) -> Entity:
    """The policy."""
    name, one, row = _named(call)
    return queries.entity(call, _shape(name, one), row)


@_each("PATCH", "PUT", emits=("Update policy",))
def update_policy(call: Call) -> Entity | None:
    """Change the policy; a change of who reviews consent counts its version up."""
    name, one, old = _named(call)
    body = bodies.checked(call.body, one.resource, shown_only=one.shown_only)
    for flag in ("isEnabled", "notifyReviewers", "remindersEnabled"):
        if flag in body and body[flag] is None:
            raise invalid(flag, one.resource, None, rule=f"{flag} is true or false.")
    days = body.get("requestDurationInDays", 1)
    if days is None or not 1 <= days <= 60:
        raise invalid("requestDurationInDays", one.resource, days, rule="Requests live 1 to 60 days.")
    row = merged(old, body)
    if "version" in row:
        row["version"] = old["version"] + 1
    call.store.put(TENANT_POLICIES, row)
    logged(call, "Update policy", "Policy", {"displayName": name, **row}, {"displayName": name, **old})
    return changed(call, queries.entity(call, _shape(name, one), row))


def seed(seeding: Seeding) -> None:
    """Every tenant has one of each; `tenant_policies: {name: {fields}}` changes them."""
    given = seeding.spec.get("tenant_policies", {})
    for name, one in POLICIES.items():
        row = {"id": name, **one.begins, "_name": name}
        seeding.store.add(TENANT_POLICIES, merged(row, given.get(name, {})))
