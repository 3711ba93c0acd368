"""Directory roles and their members: /directoryRoles, /directoryRoleTemplates. Source: graph-entra.md 1.13."""

from emulator.entra import bodies, queries, relations
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found, required
from emulator.entra.queries import Shape
from emulator.entra.relations import related
from emulator.entra.resources.references import MEMBERS, bind, directory_object, referenced, rendered
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Duplicate, Kind, Store

SEED_RANK = 30
ROLES = Kind("directory_roles", (Column("roleTemplateId", unique=True), Column("displayName", fold=True)), settled=True)
ROLE_MEMBERS = Kind(
    "role_members", (Column("role"), Column("principal")), together=(("role", "principal"),), settled=True
)
ADMINS = {"roles": ("Privileged Role Administrator",)}
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"

# Display name to template id.
TEMPLATES: dict[str, str] = {
    "Global Administrator": GLOBAL_ADMINISTRATOR,
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "Helpdesk Administrator": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "Password Administrator": "966707d0-3269-4727-9be2-8c3a10f19b9d",
    "Authentication Administrator": "c4e39bd9-1100-46d3-8c65-fb160da0071f",
    "Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Hybrid Identity Administrator": "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
    "External Identity Provider Administrator": "be2f45a1-457d-42af-a067-6ec1fa63bc45",
    "Domain Name Administrator": "8329153b-31d0-4727-b945-745eb3bc5f31",
    "License Administrator": "4d6ac14f-3453-41d0-bef9-a3e0c569773a",
    "Groups Administrator": "fdd7a751-b60b-444a-984c-02652fe8fa1c",
    "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "Cloud Application Administrator": "158c047a-c907-4556-b7ef-446551a6b5f7",
    "Conditional Access Administrator": "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
    "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "Security Reader": "5d6b6bb7-de71-4623-b4af-96380a352509",
    "Exchange Administrator": "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "SharePoint Administrator": "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",
    "Teams Administrator": "69091246-20e8-4a56-aa4d-066075b2a7a8",
    "Skype for Business Administrator": "75941009-915a-4869-abe7-691bff18279e",
    "Intune Administrator": "3a2c62db-5318-420d-8d74-23affee5d9d5",
    "Billing Administrator": "b0f54661-2d74-4c50-afa3-1ec803f12efe",
    "Service Support Administrator": "f023fd81-a637-4b56-95fd-791ac0226033",
    "Reports Reader": "4a5d8f65-41da-4de4-8968-e035b65339cf",
    "Compliance Administrator": "17315797-102d-40b4-93e0-432062caca18",
    "Directory Readers": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "Directory Writers": "9360feb5-f418-4baa-8175-e2a00bac4301",
    "Directory Synchronization Accounts": "d29b2b05-8046-44ba-8758-1e26182fcf32",
    "Guest Inviter": "95e79109-95c0-4d8e-aee3-d01accf2d47b",
    "Cloud Device Administrator": "7698a772-787b-4ac8-901f-60d6b08affd2",
    "Authentication Policy Administrator": "0526716b-113d-4c15-b2c8-68e3c22b9f80",
    "Security Operator": "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f",
    "Application Developer": "cf1c38e5-3621-4004-a7cb-879624dced7c",
    "Identity Governance Administrator": "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e",
    "Attribute Definition Administrator": "8424c6f0-a189-499e-bbd0-26c1753c96d4",
    "Attribute Definition Reader": "1d336d2c-4ae8-42ef-9711-b3604ce3fc2c",
    "Attribute Assignment Administrator": "58a13ea3-c632-46ae-9ee0-9c0d43cd7f3d",
    "Attribute Assignment Reader": "ffd52fa5-98dc-465c-991d-fc073eb59f8f",
    "Message Center Reader": "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
}
_NAMES = {template: name for name, template in TEMPLATES.items()}

# Roles whose holders anyone who manages users may change (Microsoft's "sensitive actions" table, graph-entra.md 1.2).
UNPROTECTED = frozenset({"Directory Readers", "Guest Inviter", "Reports Reader"})


def in_force(store: Store, rows: list[Doc]) -> list[Doc]:
    """Those of some role memberships that hold now: `_from` and `_until` (world time) bound what was requested so."""
    if not any("_from" in row or "_until" in row for row in rows):
        return rows
    now = store.database.moment()[1].now()
    return [row for row in rows if row.get("_from", now) <= now < row.get("_until", now + 1)]


def roles_of_user(store: Store, principal_id: str) -> list[Doc]:
    """`{roleTemplateId, displayName}` of the roles that a user or service principal holds."""
    rows = in_force(store, store.find_all(ROLE_MEMBERS, "principal", principal_id))
    found = store.get_many(ROLES, [row["role"] for row in rows])
    return [{"roleTemplateId": role["roleTemplateId"], "displayName": role["displayName"]} for role in found]


def is_protected(store: Store, user_id: str) -> bool:
    """Whether a user holds a role that makes changes of password, state or existence a sensitive action."""
    return any(role["displayName"] not in UNPROTECTED for role in roles_of_user(store, user_id))


def principal_gone(store: Store, principal_id: str) -> None:
    """Forget the roles of an object that is deleted for good."""
    from emulator.entra.resources.role_schedules import ELIGIBILITIES

    store.drop_where(ROLE_MEMBERS, "principal", principal_id)
    store.drop_where(ELIGIBILITIES, "principalId", principal_id)


def _members(call: Call, role: Doc) -> list[Doc]:
    rows = in_force(call.store, call.store.find_all(ROLE_MEMBERS, "role", role["id"]))
    found = (directory_object(call, row["principal"]) for row in rows)
    return [item for item in found if item is not None]


SHAPE = Shape(
    "directoryRole",
    "directoryRoles",
    ROLES,
    relations={"members": lambda call, role: [rendered(call, item) for item in _members(call, role)]},
)


def load(call: Call) -> Doc:
    """The role that the path names: by id, or as `roleTemplateId=…`."""
    key = call.path["id"]
    name, equals, value = key.partition("=")
    if equals and name.lower() == "roletemplateid":
        found = call.store.find(ROLES, "roleTemplateId", value.lower())
    else:
        found = call.store.get(ROLES, key.lower())
    if found is None:
        raise not_found(value if equals else key, what="active directory role")
    return dict(found)


@operation("GET", "/v1.0/directoryRoleTemplates", source=DOCUMENTED)
def list_templates(call: Call) -> Collection:
    """Every role that can be activated."""
    return Collection("directoryRoleTemplates", [_template(template) for template in _NAMES])


@operation("GET", "/v1.0/directoryRoleTemplates/{id}", source=DOCUMENTED)
def get_template(call: Call) -> Entity:
    """One role template."""
    if call.path["id"].lower() not in _NAMES:
        raise not_found(call.path["id"], what="role template")
    return Entity("directoryRoleTemplates/$entity", _template(call.path["id"].lower()))


def _template(template: str) -> Doc:
    return {
        "id": template,
        "deletedDateTime": None,
        "description": description(_NAMES[template]),
        "displayName": _NAMES[template],
    }


def description(name: str) -> str:
    """What a role says of itself."""
    return f"Members have the rights of the {name} role."


@operation("GET", "/v1.0/directoryRoles", source=DOCUMENTED)
def list_roles(call: Call) -> Collection:
    """The roles that are active in the tenant."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/directoryRoles/{id}", source=DOCUMENTED)
def get_role(call: Call) -> Entity:
    """One active role."""
    return queries.entity(call, SHAPE, load(call))


@operation(
    "POST", "/v1.0/directoryRoles", source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add role from template",)
)
def activate_role(call: Call) -> Entity:
    """Activate a role from its template."""
    template = bodies.checked(call.body, "directoryRole").get("roleTemplateId")
    if not template:
        raise required("roleTemplateId", "DirectoryRole")
    if template.lower() not in _NAMES:
        raise not_found(template, what="role template")
    role = _role(call.ids.guid("directoryRole"), template.lower())
    try:
        call.store.add(ROLES, role)
    except Duplicate as error:
        compared = (
            Compared("roleTemplateId", template, "request body"),
            Compared("displayName", role["displayName"], "an active role"),
        )
        raise Problem("role_active", why=Why("The role is active already.", compared)) from error
    audit(call, "Add role from template", [target("Role", role)])
    return queries.entity(call, SHAPE, role, location=f"/directoryRoles/{role['id']}")


def activated(call: Call, template: str) -> Doc:
    """The active role of a template, activated where it is not yet."""
    found = call.store.find(ROLES, "roleTemplateId", template)
    if found is None:
        found = call.store.add(ROLES, _role(call.ids.guid("directoryRole"), template))
        audit(call, "Add role from template", [target("Role", found)])
    return dict(found)


def _role(id: str, template: str) -> Doc:
    name = _NAMES[template]
    return {
        "id": id,
        "deletedDateTime": None,
        "description": description(name),
        "displayName": name,
        "roleTemplateId": template,
    }


@related("/v1.0/directoryRoles/{id}/members", source=DOCUMENTED)
def list_members(call: Call) -> Collection | Answer | Doc:
    """Who holds a role."""
    return relations.of_objects(call, _members(call, load(call)))


@operation(
    "POST",
    "/v1.0/directoryRoles/{id}/members/$ref",
    source=DOCUMENTED,
    extra=ADMINS,
    scope=("RoleManagement.ReadWrite.Directory", "Directory.AccessAsUser.All"),
    emits=("Add member to role",),
)
def add_member(call: Call) -> None:
    """Give a role to a user, group or service principal."""
    role = load(call)
    principal = referenced(call, bind(call.body), only=MEMBERS)
    row = {"id": f"{role['id']}.{principal['id']}", "role": role["id"], "principal": principal["id"]}
    try:
        call.store.add(ROLE_MEMBERS, row)
    except Duplicate as error:
        compared = (
            Compared("member", principal["id"], "request body"),
            Compared("role", role["displayName"], "tenant"),
        )
        raise Problem("reference_exists", "members", why=Why("The object holds the role already.", compared)) from error
    _log(call, "Add member to role", role, principal)


@operation(
    "DELETE",
    "/v1.0/directoryRoles/{id}/members/{memberId}/$ref",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Remove member from role",),
)
def remove_member(call: Call) -> None:
    """Take a role away."""
    role = load(call)
    principal = call.path["memberId"].lower()
    if call.store.drop(ROLE_MEMBERS, f"{role['id']}.{principal}") is None:
        raise not_found(call.path["memberId"], what=f"member of {role['displayName']}")
    _log(call, "Remove member from role", role, directory_object(call, principal) or {"id": principal})


def _log(call: Call, activity: str, role: Doc, principal: Doc) -> None:
    values: dict[str, tuple[object, object]] = {
        "Role.DisplayName": (None, role["displayName"]),
        "Role.TemplateId": (None, role["roleTemplateId"]),
    }
    if activity.startswith("Remove"):
        values = {name: (new, old) for name, (old, new) in values.items()}
    audit(
        call,
        activity,
        [target(principal.get("_type", "User"), public(principal), changed=values), target("Role", role)],
    )


def grant(store: Store, new_id: str, principal: str, role_name: str) -> None:
    """Give a role by its name, activating it where needed (seeding)."""
    template = TEMPLATES[role_name]
    role = store.find(ROLES, "roleTemplateId", template) or store.add(ROLES, _role(new_id, template))
    store.add(ROLE_MEMBERS, {"id": f"{role['id']}.{principal}", "role": role["id"], "principal": principal})


def seed(seeding: Seeding) -> None:
    """Global Administrator is always active; `roles: [names]` of users and applications activate others."""
    seeding.store.add(ROLES, _role(seeding.ids.guid("directoryRole"), GLOBAL_ADMINISTRATOR))
