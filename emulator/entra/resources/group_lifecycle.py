"""How long Microsoft 365 groups live: /groupLifecyclePolicies, renewal, expiry. Source: Microsoft's pages on it.

Groups that a policy manages get an expirationDateTime. Differs: a group that is over is not deleted by itself.
"""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.entitlements import P1, needs
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.links import is_linked, link, link_kind, member_ids
from emulator.entra.problems import bad, invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import groups
from emulator.entra.rows import load, logged
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.store import Kind

LIFECYCLE = Kind("group_lifecycle_policies", settled=True)
LIFECYCLE_GROUPS = link_kind("lifecycle_groups", "policy")
PATH = "/v1.0/groupLifecyclePolicies"
READ: dict[str, Any] = {
    "source": DOCUMENTED, "scope": ("Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"),
}  # fmt: skip
WRITE: dict[str, Any] = {
    "source": DOCUMENTED, "scope": ("Directory.ReadWrite.All", "Directory.AccessAsUser.All"),
    "extra": {"roles": ("Groups Administrator", "User Administrator")},
}  # fmt: skip
KINDS = ("All", "Selected", "None")
MOST = 500
SHAPE = Shape("groupLifecyclePolicy", "groupLifecyclePolicies", LIFECYCLE)


@operation("GET", PATH, **READ)
def list_policies(call: Call) -> Collection:
    """The tenant's policy, if it has one."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/{id}", **READ)
def get_policy(call: Call) -> Entity:
    """One policy."""
    return queries.entity(call, SHAPE, _load(call))


@operation("GET", "/v1.0/groups/{id}/groupLifecyclePolicies", **READ)
def list_of_group(call: Call) -> Collection:
    """The policy that manages a group."""
    group = groups.load(call)
    rows = [row for row in call.store.all(LIFECYCLE) if _manages(call, row, group)]
    return queries.of_documents(call, rows, resource=SHAPE.resource, context=SHAPE.set, shape=SHAPE)


def _load(call: Call) -> Doc:
    return load(call, LIFECYCLE, what="group lifecycle policy")


def _manages(call: Call, row: Doc, group: Doc) -> bool:
    if "Unified" not in group["groupTypes"] or row["managedGroupTypes"] == "None":
        return False
    return row["managedGroupTypes"] == "All" or is_linked(call.store, LIFECYCLE_GROUPS, row["id"], group["id"])


@operation("POST", PATH, status=201, **WRITE, emits=("Add policy",))
def create_policy(call: Call) -> Entity:
    """Let groups expire; a tenant has one policy."""
    needs(call, P1, "premium_needed", "Expiry of groups")
    body = _checked(call.body)
    for name in ("groupLifetimeInDays", "managedGroupTypes"):
        if body.get(name) is None:
            raise required(name, "GroupLifecyclePolicy")
    held = call.store.all(LIFECYCLE)
    if held:
        compared = (Compared("policies", held[0]["id"], "tenant"),)
        raise bad("A group lifecycle policy already exists.", Why("A tenant has one of them.", compared))
    row = {"id": call.ids.guid("policy"), "alternateNotificationEmails": None, **body}
    call.store.add(LIFECYCLE, row)
    _date(call, row)
    logged(call, "Add policy", "Policy", {"displayName": row["id"], **row})
    return queries.entity(call, SHAPE, row, location=f"/groupLifecyclePolicies/{row['id']}")


@operation("PATCH", PATH + "/{id}", **WRITE, emits=("Update policy",))
def update_policy(call: Call) -> Entity | None:
    """Change it."""
    row = _load(call)
    old = dict(row)
    row.update(_checked(call.body))
    call.store.put(LIFECYCLE, row)
    _date(call, row)
    logged(call, "Update policy", "Policy", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


@operation("DELETE", PATH + "/{id}", **WRITE, emits=("Delete policy",))
def delete_policy(call: Call) -> None:
    """Let groups live."""
    row = _load(call)
    call.store.drop(LIFECYCLE, row["id"])
    call.store.drop_where(LIFECYCLE_GROUPS, "policy", row["id"])
    _date(call, {**row, "managedGroupTypes": "None"})
    logged(call, "Delete policy", "Policy", row)


@operation("POST", PATH + "/{id}/addGroup", **WRITE, emits=("Update policy",))
def add_group(call: Call) -> Doc:
    """Let a policy for selected groups manage one more."""
    row, group = _load(call), _group(call)
    selected = row["managedGroupTypes"] == "Selected"
    room = len(member_ids(call.store, LIFECYCLE_GROUPS, row["id"])) < MOST
    added = selected and room and link(call.store, LIFECYCLE_GROUPS, row["id"], group["id"])
    _date(call, row)
    logged(call, "Update policy", "Policy", row, row)
    return {"@odata.context": f"{call.base}/v1.0/$metadata#Edm.Boolean", "value": added}


@operation("POST", PATH + "/{id}/removeGroup", **WRITE, emits=("Update policy",))
def remove_group(call: Call) -> Doc:
    """Take a group out of it."""
    row, group = _load(call), _group(call)
    removed = call.store.drop(LIFECYCLE_GROUPS, f"{row['id']}.{group['id']}") is not None
    if removed:
        call.store.put(groups.GROUPS, {**group, "expirationDateTime": None})
    logged(call, "Update policy", "Policy", row, row)
    return {"@odata.context": f"{call.base}/v1.0/$metadata#Edm.Boolean", "value": removed}


@operation(
    "POST", "/v1.0/groups/{id}/renew", source=DOCUMENTED, body="optional_json", status=204,
    scope=("Group.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"), emits=("Renew group",),
)  # fmt: skip
def renew_group(call: Call) -> None:
    """Let a group live as long again, from now."""
    group = groups.load(call)
    old = dict(group)
    group["renewedDateTime"] = iso_seconds(call.now)
    for row in call.store.all(LIFECYCLE):
        if _manages(call, row, group):
            group["expirationDateTime"] = iso_seconds(call.now + row["groupLifetimeInDays"] * DAY)
    call.store.put(groups.GROUPS, group)
    logged(call, "Renew group", "Group", group, old)


def _group(call: Call) -> Doc:
    id = call.body.get("groupId")
    if not isinstance(id, str) or not id:
        raise required("groupId", "GroupLifecyclePolicy")
    found = call.store.get(groups.GROUPS, id.lower())
    if found is None:
        raise not_found(id, what="group")
    return dict(found)


def _checked(body: Doc) -> Doc:
    found = bodies.checked(body, "groupLifecyclePolicy")
    days, kind = found.get("groupLifetimeInDays", 30), found.get("managedGroupTypes", "All")
    if days is None or not 30 <= days < 2**31:
        raise invalid("groupLifetimeInDays", "GroupLifecyclePolicy", days, rule="Groups live at least 30 days.")
    if kind not in KINDS:
        raise invalid("managedGroupTypes", "GroupLifecyclePolicy", kind, rule=f"One of {', '.join(KINDS)}.")
    return found


def _date(call: Call, row: Doc) -> None:
    """Give the groups that a policy manages the day on which they are over."""
    for group in call.store.all(groups.GROUPS):
        managed = _manages(call, row, group)
        if not managed and group.get("expirationDateTime") is None:
            continue
        at = iso_seconds(call.now + row["groupLifetimeInDays"] * DAY) if managed else None
        if group.get("expirationDateTime") is None or not managed:
            call.store.put(groups.GROUPS, {**group, "expirationDateTime": at})
