"""Administrative units: /directory/administrativeUnits, members and scoped roles. Source: graph-entra.md 1.20, 1.13."""

from typing import Any

from emulator.entra import bodies, queries, relations
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.links import add_reference, link, link_kind, remove_reference
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.relations import related
from emulator.entra.resources import bin, directory_roles
from emulator.entra.resources.references import objects
from emulator.entra.rows import load as load_row
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind

SEED_RANK = 55
UNITS = Kind(
    "administrative_units",
    (
        Column("displayName", fold=True), Column("description", fold=True), Column("createdDateTime"),
        Column("isMemberManagementRestricted", kind="bool"),
    ),
)  # fmt: skip
UNIT_MEMBERS = link_kind("unit_members", "unit")
SCOPED_ROLES = Kind(
    "scoped_role_members", (Column("administrativeUnitId"), Column("roleId"), Column("_member")), settled=True
)
PATH = "/v1.0/directory/administrativeUnits"
ADMINS = {"roles": ("Privileged Role Administrator",)}
ROLE_READ = (
    "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All",
    "Directory.ReadWrite.All", "Directory.AccessAsUser.All",
)  # fmt: skip
MEMBERS = ("user", "group", "device")
_MOST = {"displayName": 256, "description": 1024}
VISIBILITIES = ("Public", "HiddenMembership")


def _members(call: Call, unit: Doc) -> list[Doc]:
    ids = [row["member"] for row in call.store.find_all(UNIT_MEMBERS, "unit", unit["id"])]
    return list(objects(call, ids).values())


SHAPE = Shape(
    "administrativeUnit", "directory/administrativeUnits", UNITS,
    relations={"members": _members},
)  # fmt: skip


def load(call: Call) -> Doc:
    return load_row(call, UNITS, what="administrative unit")


@operation("GET", PATH, source=DOCUMENTED)
def list_units(call: Call) -> Collection:
    """Every administrative unit."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/$count", source=DOCUMENTED)
def count_units(call: Call) -> Answer:
    """How many there are."""
    return queries.count_text(call, queries.counted(call, SHAPE))


@operation("GET", PATH + "/{id}", source=DOCUMENTED)
def get_unit(call: Call) -> Entity:
    """One administrative unit."""
    return queries.entity(call, SHAPE, load(call))


@operation("POST", PATH, source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add administrative unit",))
def create_unit(call: Call) -> Entity:
    """Add an administrative unit."""
    body = _checked(call.body)
    if not body.get("displayName"):
        raise required("displayName", "AdministrativeUnit")
    unit = {**blank(call.ids.guid("administrativeUnit"), call.now), **body}
    call.store.add(UNITS, unit)
    logged(call, "Add administrative unit", "AdministrativeUnit", unit, {})
    return queries.entity(call, SHAPE, unit, location=f"/directory/administrativeUnits/{unit['id']}")


@operation("PATCH", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update administrative unit",))
def update_unit(call: Call) -> Entity | None:
    """Change an administrative unit."""
    unit = load(call)
    body = _checked(call.body, fixed=("visibility", "isMemberManagementRestricted"))
    if "displayName" in body and not body["displayName"]:
        raise required("displayName", "AdministrativeUnit")
    old = dict(unit)
    unit.update(body)
    call.store.put(UNITS, unit)
    logged(call, "Update administrative unit", "AdministrativeUnit", unit, old)
    return changed(call, queries.entity(call, SHAPE, unit))


@operation("DELETE", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete administrative unit",))
def delete_unit(call: Call) -> None:
    """Remove an administrative unit; it can be restored for 30 days, its members stay in the tenant."""
    bin.discard(call, "administrativeUnit", load(call))


def _checked(body: Doc, *, fixed: tuple[str, ...] = ()) -> Doc:
    found = bodies.checked(
        body, "administrativeUnit", shown_only=("deletedDateTime", "createdDateTime", *fixed), limits=_MOST
    )
    visibility = found.get("visibility")
    if visibility is not None and visibility not in VISIBILITIES:
        raise invalid("visibility", "AdministrativeUnit", visibility, rule=f"Visibility: {', '.join(VISIBILITIES)}.")
    kind, rule = found.get("membershipType"), found.get("membershipRule")
    if kind is not None and kind not in ("Assigned", "Dynamic"):
        raise invalid("membershipType", "AdministrativeUnit", kind, rule="Membership is Assigned or Dynamic.")
    if kind == "Dynamic" and not rule:
        raise required("membershipRule", "AdministrativeUnit")
    return found


def blank(id: str, now: int) -> Doc:
    return {
        "id": id, "deletedDateTime": None, "createdDateTime": iso_seconds(now), "displayName": None,
        "description": None, "visibility": None, "membershipType": None, "membershipRule": None,
        "membershipRuleProcessingState": None, "isMemberManagementRestricted": False,
    }  # fmt: skip


# -- members ------------------------------------------------------------------------------------------------------


@related(PATH + "/{id}/members", source=DOCUMENTED)
def list_members(call: Call) -> Collection | Answer | Doc:
    """Users, groups and devices of a unit."""
    return relations.of_links(call, UNIT_MEMBERS, by="unit", id=load(call)["id"], to="member")


_ADD: dict[str, Any] = {"source": DOCUMENTED, "extra": ADMINS}


@operation("POST", PATH + "/{id}/members", status=201, emits=("Add group", "Add member to administrative unit"), **_ADD)
def create_member(call: Call) -> Entity:
    """Make a group inside a unit; `@odata.type` says that it is one."""
    from emulator.entra.resources import groups

    unit = load(call)
    kind = str(call.body.get("@odata.type", "")).lower().removeprefix("#").removeprefix("microsoft.graph.")
    if kind != "group":
        rule = "Only groups are made inside a unit."
        raise invalid("@odata.type", "AdministrativeUnit", call.body.get("@odata.type"), rule=rule)
    made = groups.create_group(call)
    link(call.store, UNIT_MEMBERS, unit["id"], made.doc["id"])
    _log(call, "Add member to administrative unit", unit, {**made.doc, "_type": "Group"})
    doc = {"@odata.type": "#microsoft.graph.group", **made.doc}
    return Entity("directoryObjects/$entity", doc, status=201, location=f"/directoryObjects/{made.doc['id']}")


@operation("POST", PATH + "/{id}/members/$ref", emits=("Add member to administrative unit",), **_ADD)
def add_member(call: Call) -> None:
    """Put a user, group or device into a unit."""
    unit = load(call)
    if unit["membershipType"] == "Dynamic":
        compared = (Compared("membershipType", "Dynamic", unit["displayName"]),)
        raise Problem("denied", why=Why("The members of a dynamic unit follow from its rule.", compared))
    member = add_reference(call, UNIT_MEMBERS, unit, "members", only=MEMBERS)
    _log(call, "Add member to administrative unit", unit, member)


@operation("DELETE", PATH + "/{id}/members/{memberId}/$ref", emits=("Remove member from administrative unit",), **_ADD)
def remove_member(call: Call) -> None:
    """Take a member out of a unit."""
    unit = load(call)
    remove_reference(call, UNIT_MEMBERS, unit, call.path["memberId"], "member of this unit")
    _log(call, "Remove member from administrative unit", unit, {"id": call.path["memberId"].lower()})


def _log(call: Call, activity: str, unit: Doc, member: Doc) -> None:
    audit(call, activity, [target(member.get("_type", "User"), public(member)), target("AdministrativeUnit", unit)])


# -- roles over a unit --------------------------------------------------------------------------------------------


@operation("GET", PATH + "/{id}/scopedRoleMembers", source=DOCUMENTED)
def list_scoped(call: Call) -> Collection:
    """Who holds a role over a unit."""
    rows = call.store.find_all(SCOPED_ROLES, "administrativeUnitId", load(call)["id"])
    return Collection("scopedRoleMemberships", [public(row) for row in rows])


@operation("GET", "/v1.0/directoryRoles/{id}/scopedMembers", source=DOCUMENTED, scope=ROLE_READ)
def list_scoped_of_role(call: Call) -> Collection:
    """Who holds a role over a unit, whichever."""
    rows = call.store.find_all(SCOPED_ROLES, "roleId", directory_roles.load(call)["id"])
    return Collection("scopedRoleMemberships", [public(row) for row in rows])


@operation("GET", PATH + "/{id}/scopedRoleMembers/{scopedId}", source=DOCUMENTED)
def get_scoped(call: Call) -> Entity:
    """One role over a unit."""
    return Entity("scopedRoleMemberships/$entity", public(_scoped(call)))


@operation("GET", "/v1.0/me/scopedRoleMemberOf", source=DOCUMENTED)
@operation("GET", "/v1.0/users/{id}/scopedRoleMemberOf", source=DOCUMENTED)
def list_scoped_of_user(call: Call) -> Collection:
    """The roles that a user holds over units."""
    from emulator.entra.resources import user_paths

    rows = call.store.find_all(SCOPED_ROLES, "_member", user_paths.load(call)["id"])
    return Collection("scopedRoleMemberships", [public(row) for row in rows])


@operation("POST", PATH + "/{id}/scopedRoleMembers", status=201, emits=("Add scoped member to role",), **_ADD)
def add_scoped(call: Call) -> Entity:
    """Give somebody a role over a unit: `{roleId, roleMemberInfo: {id}}`; roleId is an active directory role's."""
    unit = load(call)
    body = bodies.checked(call.body, "scopedRoleMembership", shown_only=("administrativeUnitId",))
    member_id = (body.get("roleMemberInfo") or {}).get("id")
    if not body.get("roleId") or not isinstance(member_id, str) or not member_id:
        raise required("roleMemberInfo" if body.get("roleId") else "roleId", "ScopedRoleMembership")
    role = call.store.get(directory_roles.ROLES, body["roleId"].lower())
    member = objects(call, [member_id.lower()]).get(member_id.lower())
    if role is None or member is None:
        raise not_found(body["roleId"] if role is None else member_id, what="role or member")
    row = {
        "id": f"{unit['id']}.{role['id']}.{member['id']}", "roleId": role["id"], "administrativeUnitId": unit["id"],
        "roleMemberInfo": {"id": member["id"], "displayName": member["displayName"]}, "_member": member["id"],
    }  # fmt: skip
    if call.store.get(SCOPED_ROLES, row["id"]) is not None:
        compared = (Compared("roleId", role["id"], "request body"), Compared("member", member["id"], "request body"))
        raise Problem("role_active", why=Why("The member holds this role over the unit already.", compared))
    call.store.add(SCOPED_ROLES, row)
    audit(call, "Add scoped member to role", [target(member["_type"], public(member)), target("Role", role)])
    place = f"/directory/administrativeUnits/{unit['id']}/scopedRoleMembers/{row['id']}"
    return Entity("scopedRoleMemberships/$entity", public(row), location=place)


@operation("DELETE", PATH + "/{id}/scopedRoleMembers/{scopedId}", emits=("Remove scoped member from role",), **_ADD)
def remove_scoped(call: Call) -> None:
    """Take a role over a unit away."""
    row = _scoped(call)
    call.store.drop(SCOPED_ROLES, row["id"])
    audit(call, "Remove scoped member from role", [target("User", row["roleMemberInfo"])])


def _scoped(call: Call) -> Doc:
    unit, id = load(call), call.path["scopedId"]
    found: Doc | None = call.store.get(SCOPED_ROLES, id)
    if found is None or found["administrativeUnitId"] != unit["id"]:
        raise not_found(id, what="scoped role of this unit")
    return found


def seed(seeding: Seeding) -> None:
    """`administrative_units: [{displayName, description?, members?: [user or group names]}]`."""
    from emulator.entra.resources import groups, users

    for given in seeding.spec.get("administrative_units", ()):
        fields = {key: value for key, value in given.items() if key != "members"}
        unit = {**blank(given.get("id") or seeding.ids.guid("administrativeUnit"), seeding.now), **fields}
        seeding.store.add(UNITS, unit)
        for name in given.get("members", ()):
            found = users.by_upn(seeding.store, name) or groups.by_name(seeding.store, name)
            if found is not None:
                link(seeding.store, UNIT_MEMBERS, unit["id"], found["id"])
