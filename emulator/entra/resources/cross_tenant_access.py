"""Who may come from and go to other tenants: /policies/crossTenantAccessPolicy, its default and its partners.

Source: Microsoft's pages on crossTenantAccessPolicy. What a partner's configuration leaves null comes from the
default; the default is the service's own until it is changed.
"""

import re
from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import bad, invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.rows import load, logged, merged
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind, Store

POLICY = Kind("cross_tenant_access_policy", settled=True)
DEFAULT = Kind("cross_tenant_access_default", settled=True)
PARTNERS = Kind("cross_tenant_access_partners", settled=True)
BASE = "/v1.0/policies/crossTenantAccessPolicy"
SET = "policies/crossTenantAccessPolicy"
READ: dict[str, Any] = {"scope": ("Policy.Read.All", "Policy.ReadWrite.CrossTenantAccess")}
WRITE: dict[str, Any] = {
    "scope": ("Policy.ReadWrite.CrossTenantAccess",), "extra": {"roles": ("Security Administrator",)}
}  # fmt: skip
CLOUDS = ("microsoftonline.com", "microsoftonline.us", "partner.microsoftonline.cn")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_B2B = ("b2bCollaborationInbound", "b2bCollaborationOutbound", "b2bDirectConnectInbound", "b2bDirectConnectOutbound")
_NAMED = {"AllUsers": "user", "AllApplications": "application", "Office365": "application"}
_SHOWN_ONLY = ("isServiceDefault", "isServiceProvider", "isInMultiTenantOrganization", "identitySynchronization")


def _without_id(_: Call, row: Doc) -> Doc:
    return {name: value for name, value in row.items() if name != "id"}


POLICY_SHAPE = Shape("crossTenantAccessPolicy", SET, POLICY)
DEFAULT_SHAPE = Shape("crossTenantAccessPolicyConfigurationDefault", f"{SET}/default", DEFAULT, full=_without_id)
PARTNER = "crossTenantAccessPolicyConfigurationPartner"
PARTNER_SHAPE = Shape(PARTNER, f"{SET}/partners", PARTNERS, full=_without_id)


# -- the policy and its default -----------------------------------------------------------------------------------


def _one(store: Store, kind: Kind) -> Doc:
    return dict(store.all(kind)[0])


@operation("GET", BASE, source=DOCUMENTED, **READ)
def get_policy(call: Call) -> Entity:
    """The policy itself: the clouds that may be worked with."""
    return queries.entity(call, POLICY_SHAPE, _one(call.store, POLICY))


@operation("PATCH", BASE, source=DOCUMENTED, **WRITE, emits=("Update policy",))
def update_policy(call: Call) -> Entity | None:
    """Change the name or the clouds."""
    body = bodies.checked(call.body, POLICY_SHAPE.resource, shown_only=("deletedDateTime", "partners"))
    strange = [name for name in body.get("allowedCloudEndpoints", ()) if name not in CLOUDS]
    if strange:
        rule = f"The clouds are {', '.join(CLOUDS)}."
        raise invalid("allowedCloudEndpoints", "CrossTenantAccessPolicy", strange, rule=rule)
    old = _one(call.store, POLICY)
    row = merged(old, body)
    call.store.put(POLICY, row)
    logged(call, "Update policy", "Policy", row, old)
    return changed(call, queries.entity(call, POLICY_SHAPE, row))


@operation("GET", BASE + "/default", source=DOCUMENTED, **READ)
def get_default(call: Call) -> Entity:
    """What holds for every tenant without a configuration of its own."""
    return queries.entity(call, DEFAULT_SHAPE, _one(call.store, DEFAULT))


@operation("PATCH", BASE + "/default", source=DOCUMENTED, **WRITE, emits=("Update policy",))
def update_default(call: Call) -> Entity | None:
    """Change it; it is the tenant's own from then on."""
    body = _checked(call.body, DEFAULT_SHAPE.resource)
    old = _one(call.store, DEFAULT)
    row = {**merged(old, body), "isServiceDefault": False}
    call.store.put(DEFAULT, row)
    logged(call, "Update policy", "Policy", row, old)
    return changed(call, queries.entity(call, DEFAULT_SHAPE, row))


@operation(
    "POST",
    BASE + "/default/resetToSystemDefault",
    source=DOCUMENTED,
    body="optional_json",
    **WRITE,
    emits=("Update policy",),
)
def reset_default(call: Call) -> None:
    """Take back every change of the default."""
    old = _one(call.store, DEFAULT)
    row = _service_default(old["id"])
    call.store.put(DEFAULT, row)
    logged(call, "Update policy", "Policy", row, old)


# -- partners -----------------------------------------------------------------------------------------------------


@operation("GET", BASE + "/partners", source=DOCUMENTED, **READ)
def list_partners(call: Call) -> Collection:
    """The tenants with a configuration of their own."""
    return queries.of_documents(
        call, call.store.all(PARTNERS), resource=PARTNER, context=PARTNER_SHAPE.set, shape=PARTNER_SHAPE
    )


@operation("GET", BASE + "/partners/{tenantId}", source=DOCUMENTED, **READ)
def get_partner(call: Call) -> Entity:
    """One tenant's."""
    return queries.entity(call, PARTNER_SHAPE, _partner(call))


@operation("POST", BASE + "/partners", source=DOCUMENTED, status=201, **WRITE, emits=("Add policy",))
def create_partner(call: Call) -> Entity:
    """Configure another tenant."""
    body = _checked(call.body, PARTNER)
    name = body.get("tenantId")
    if not name:
        raise required("tenantId", "CrossTenantAccessPolicyConfigurationPartner")
    if not _GUID.fullmatch(name):
        raise invalid("tenantId", "CrossTenantAccessPolicyConfigurationPartner", name, rule="A tenant's id is a GUID.")
    own = tenant(call)["id"]
    if name.lower() == own:
        compared = (Compared("tenantId", name, "request body"), Compared("tenant", own, "organization"))
        raise bad("The tenant itself cannot be a partner.", Why("A tenant is no partner of its own.", compared))
    if call.store.get(PARTNERS, name.lower()) is not None:
        raise Problem(
            "same_key", "tenantId",
            why=Why("A tenant has one configuration.", (Compared("tenantId", name, "request body"),)),
        )  # fmt: skip
    row = {**_blank_partner(name.lower()), **body, "tenantId": name.lower()}
    call.store.add(PARTNERS, row)
    logged(call, "Add policy", "Policy", row)
    return queries.entity(call, PARTNER_SHAPE, row, location=f"/{PARTNER_SHAPE.set}/{row['id']}")


@operation("PATCH", BASE + "/partners/{tenantId}", source=DOCUMENTED, **WRITE, emits=("Update policy",))
def update_partner(call: Call) -> Entity | None:
    """Change a tenant's configuration; null takes the default again."""
    row = _partner(call)
    body = _checked(call.body, PARTNER)
    if str(body.pop("tenantId", row["tenantId"])).lower() != row["tenantId"]:
        raise invalid("tenantId", PARTNER, call.body["tenantId"], rule="The key of a configuration stays.")
    old = dict(row)
    row = merged(row, body)
    call.store.put(PARTNERS, row)
    logged(call, "Update policy", "Policy", row, old)
    return changed(call, queries.entity(call, PARTNER_SHAPE, row))


@operation("DELETE", BASE + "/partners/{tenantId}", source=DOCUMENTED, **WRITE, emits=("Delete policy",))
def delete_partner(call: Call) -> None:
    """Give a tenant the default again; its synchronisation goes first."""
    row = _partner(call)
    if row.get("_synchronization"):
        compared = (Compared("identitySynchronization", row["tenantId"], "partner"),)
        text = "The user synchronization policy of the partner must be deleted first."
        raise bad(text, Why("A partner whose users are synchronised keeps its configuration.", compared))
    call.store.drop(PARTNERS, row["id"])
    logged(call, "Delete policy", "Policy", row)


def _partner(call: Call) -> Doc:
    return load(call, PARTNERS, what="partner configuration", key="tenantId")


# -- users that another tenant sends -------------------------------------------------------------------------------

SYNCHRONIZATION = BASE + "/partners/{tenantId}/identitySynchronization"


@operation("GET", SYNCHRONIZATION, source=DOCUMENTED, **READ)
def get_synchronization(call: Call) -> Entity:
    """Whether a partner may send its users."""
    row = _partner(call)
    found: Doc | None = row.get("_synchronization")
    if found is None:
        raise not_found("identitySynchronization", what=f"synchronisation of {row['tenantId']}")
    return Entity(f"{PARTNER_SHAPE.set}('{row['tenantId']}')/identitySynchronization/$entity", found)


@operation("PATCH", SYNCHRONIZATION, source=DOCUMENTED, **WRITE, emits=("Update policy",))
@operation("PUT", SYNCHRONIZATION, source=DOCUMENTED, **WRITE, emits=("Update policy",))
def set_synchronization(call: Call) -> None:
    """Let a partner send its users, or not; only PUT makes the setting."""
    row = _partner(call)
    held: Doc | None = row.get("_synchronization")
    if held is None and call.operation.method == "PATCH":
        raise not_found("identitySynchronization", what=f"synchronisation of {row['tenantId']}")
    resource = "crossTenantIdentitySyncPolicyPartner"
    body = bodies.checked(call.body, resource, shown_only=("tenantId",))
    if held is not None and call.operation.method == "PUT":
        text = "A user synchronization policy of the partner already exists."
        compared = (Compared("identitySynchronization", held, "partner"),)
        raise Problem("same_key", "identitySynchronization", why=Why(text, compared))
    old = dict(row)
    blank = {"tenantId": row["tenantId"], "displayName": None, "userSyncInbound": {"isSyncAllowed": False}}
    row["_synchronization"] = merged(held or blank, body)
    call.store.put(PARTNERS, row)
    logged(call, "Update policy", "Policy", row, old)


@operation("DELETE", SYNCHRONIZATION, source=DOCUMENTED, **WRITE, emits=("Update policy",))
def delete_synchronization(call: Call) -> None:
    """Stop a partner from sending its users."""
    row = _partner(call)
    if row.pop("_synchronization", None) is None:
        raise not_found("identitySynchronization", what=f"synchronisation of {row['tenantId']}")
    call.store.put(PARTNERS, row)
    logged(call, "Update policy", "Policy", row, row)


# -- values -------------------------------------------------------------------------------------------------------


def _checked(body: Doc, resource: str) -> Doc:
    found = bodies.checked(body, resource, shown_only=_SHOWN_ONLY)
    for name in (*_B2B, "tenantRestrictions"):
        for part in ("usersAndGroups", "applications"):
            _check_targets(name, part, (found.get(name) or {}).get(part), resource)
    return found


def _check_targets(name: str, part: str, setting: Doc | None, resource: str) -> None:
    """The targets of one side of a setting: at least one, each of the right kind."""
    if setting is None:
        return
    kinds = ("user", "group") if part == "usersAndGroups" else ("application",)
    targets = setting.get("targets") or []
    if setting.get("accessType") not in ("allowed", "blocked") or not targets:
        raise invalid(name, resource, setting, rule=f"{part} has an accessType and at least one target.")
    for item in targets:
        text, kind = item.get("target") or "", item.get("targetType")
        fits = kind in kinds and (_GUID.fullmatch(text) or _NAMED.get(text) == kind)
        if not fits:
            raise invalid(name, resource, item, rule=f"A target of {part} is an id or AllUsers, AllApplications.")


def _service_default(id: str) -> Doc:
    def setting(kind: str) -> Doc:
        return {
            "usersAndGroups": {"accessType": kind, "targets": [{"target": "AllUsers", "targetType": "user"}]},
            "applications": {
                "accessType": kind, "targets": [{"target": "AllApplications", "targetType": "application"}]
            },
        }  # fmt: skip

    return {
        "id": id, "isServiceDefault": True,
        "inboundTrust": {
            "isMfaAccepted": False, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False
        },
        "b2bCollaborationOutbound": setting("allowed"), "b2bCollaborationInbound": setting("allowed"),
        "b2bDirectConnectOutbound": setting("blocked"), "b2bDirectConnectInbound": setting("blocked"),
        "tenantRestrictions": {"devices": None, **setting("blocked")},
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
        "invitationRedemptionIdentityProviderConfiguration": {
            "primaryIdentityProviderPrecedenceOrder":
                ["externalFederation", "azureActiveDirectory", "socialIdentityProviders"],
            "fallbackIdentityProvider": "defaultConfiguredIdp",
        },
    }  # fmt: skip


def _blank_partner(id: str) -> Doc:
    empty: dict[str, Any] = dict.fromkeys(("inboundTrust", *_B2B, "tenantRestrictions"))
    return {
        "id": id, "tenantId": id, "isServiceProvider": None, "isInMultiTenantOrganization": False, **empty,
        "automaticUserConsentSettings": {"inboundAllowed": None, "outboundAllowed": None},
    }  # fmt: skip


def seed(seeding: Seeding) -> None:
    """Every tenant has the policy and its default; `cross_tenant_partners: [{tenantId, …fields}]` adds partners."""
    seeding.store.add(POLICY, {
        "id": seeding.ids.guid("crossTenantAccessPolicy"), "deletedDateTime": None,
        "displayName": "CrossTenantAccessPolicy", "description": None, "allowedCloudEndpoints": [],
    })  # fmt: skip
    seeding.store.add(DEFAULT, _service_default(seeding.ids.guid("crossTenantAccessDefault")))
    for given in seeding.spec.get("cross_tenant_partners", ()):
        seeding.store.add(PARTNERS, {**_blank_partner(given["tenantId"].lower()), **given})
