"""Objects of any kind: /directoryObjects. Source: graph-entra.md 1.1, 1.8 and 1.22."""

from collections.abc import Callable
from typing import Any

from emulator.entra import queries
from emulator.entra.graph import Collection, Entity
from emulator.entra.permissions import needs_permission, needs_role
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.resources import bin, directory_extensions, group_rules, groups, users
from emulator.entra.resources.references import directory_object, objects, rendered, shapes
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why

READ = ("Directory.Read.All", "Directory.ReadWrite.All", "User.Read.All", "User.ReadBasic.All", "Group.Read.All",
        "GroupMember.Read.All", "Application.Read.All", "Device.Read.All", "Directory.AccessAsUser.All")  # fmt: skip
MOST_IDS = 1000
# What the token must hold, and the directory role of a signed-in user, to delete an object of a type.
_DELETES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "user": (("User.ReadWrite.All", "User.DeleteRestore.All"), ("User Administrator",)),
    "group": (("Group.ReadWrite.All",), ()),
    "servicePrincipal": (("Application.ReadWrite.All",), ("Application Administrator",)),
}  # fmt: skip
_ALWAYS = ("Directory.ReadWrite.All", "Directory.AccessAsUser.All")


@operation("GET", "/v1.0/directoryObjects/{id}", source=DOCUMENTED)
def get_object(call: Call) -> Entity:
    """An object of any kind, as one of its own kind."""
    found = _load(call)
    wanted = queries.options(call, found["_resource"], single=True)
    return Entity(f"directoryObjects{queries.fragment(wanted)}/$entity", rendered(call, found, wanted))


def _load(call: Call) -> Doc:
    found = directory_object(call, call.path["id"].lower())
    if found is None:
        raise not_found(call.path["id"])
    return found


@operation(
    "DELETE", "/v1.0/directoryObjects/{id}", source=DOCUMENTED,
    scope=("User.ReadWrite.All", "User.DeleteRestore.All", "Group.ReadWrite.All", "Application.ReadWrite.All",
           *_ALWAYS),
    emits=("Delete user", "Delete group", "Remove service principal"),
)  # fmt: skip
def delete_object(call: Call) -> None:
    """Delete a user, group or service principal by its object id."""
    delete(call, _load(call)["id"])


def delete(call: Call, id: str) -> None:
    """Delete an object, if the caller may delete its kind. Raises 403, 404."""
    found = directory_object(call, id)
    if found is None:
        raise not_found(id)
    kinds: dict[str, Callable[[Call, Doc], Any]] = {
        "user": users.remove, "group": groups.remove,
        "servicePrincipal": lambda call, principal: bin.discard(call, "servicePrincipal", principal),
    }  # fmt: skip
    resource = found["_resource"]
    if resource not in kinds:
        compared = (Compared("type", resource, id),)
        raise Problem("denied", why=Why("Objects of this type are deleted under their own name.", compared))
    scopes, roles = _DELETES[resource]
    needs_permission(call, *scopes, *_ALWAYS)
    if call.caller.kind == "user" and roles:
        needs_role(call, *roles)
    kinds[resource](call, {key: value for key, value in found.items() if key not in ("_type", "_resource")})


@operation("POST", "/v1.0/directoryObjects/getByIds", source=DOCUMENTED, commit="manual", scope=READ)
@operation("POST", "/v1.0/directoryObjects/microsoft.graph.getByIds", source=DOCUMENTED, commit="manual", scope=READ)
@operation("POST", "/v1.0/users/getByIds", source=DOCUMENTED, commit="manual", scope=READ)
@operation("POST", "/v1.0/groups/getByIds", source=DOCUMENTED, commit="manual", scope=READ)
@operation("POST", "/v1.0/devices/getByIds", source=DOCUMENTED, commit="manual", scope=READ)
@operation("POST", "/v1.0/applications/getByIds", source=DOCUMENTED, commit="manual", scope=READ)
@operation("POST", "/v1.0/servicePrincipals/getByIds", source=DOCUMENTED, commit="manual", scope=READ)
def get_by_ids(call: Call) -> Collection:
    """Up to 1,000 objects by id; `types` narrows them. Unknown ids are left out."""
    ids, types = _texts(call, "ids"), call.body.get("types")
    if types is not None and (not isinstance(types, list) or not all(isinstance(item, str) for item in types)):
        raise invalid("types", "DirectoryObject", types, rule="types holds names of types.")
    if len(ids) > MOST_IDS:
        raise invalid("ids", "DirectoryObject", f"{len(ids)} ids", rule=f"ids holds up to {MOST_IDS} ids.")
    wanted = queries.options(call, "directoryObject")
    named = {item.lower().removeprefix("#").removeprefix("microsoft.graph.") for item in types or ()}
    unknown = named - {"directoryobject"} - {name.lower() for name in shapes()}
    if unknown and not named & {name.lower() for name in shapes()} and "directoryobject" not in named:
        raise invalid("types", "DirectoryObject", types, rule=f"Types are {', '.join(shapes())}.")
    found = objects(call, list(dict.fromkeys(id.lower() for id in ids)))
    kept = [
        item for item in found.values()
        if not named or "directoryobject" in named or item["_resource"].lower() in named
    ]  # fmt: skip
    context = f"directoryObjects{queries.fragment(wanted)}"
    return Collection(context, [rendered(call, item, wanted) for item in kept])


def _texts(call: Call, name: str) -> list[str]:
    value = call.body.get(name)
    if value is None:
        raise required(name, "DirectoryObject")
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(name, "DirectoryObject", value, rule=f"{name} holds object ids.")
    return value


@operation(
    "POST", "/v1.0/directoryObjects/getAvailableExtensionProperties", source=DOCUMENTED, body="optional_json",
    commit="manual", scope=directory_extensions.READ,
)  # fmt: skip
def available_extensions(call: Call) -> Collection:
    """Every directory extension of the tenant; `isSyncedFromOnPremises` narrows them."""
    only = call.body.get("isSyncedFromOnPremises")
    if only is not None and not isinstance(only, bool):
        raise invalid("isSyncedFromOnPremises", "DirectoryObject", only, rule="It is true or false.")
    found = call.store.all(directory_extensions.EXTENSIONS)
    kept = [item for item in found if only is None or item["isSyncedFromOnPremises"] is only]
    kind = {"@odata.type": "#microsoft.graph.extensionProperty"}
    shown = [{**kind, **queries.shown(call, directory_extensions.SHAPE, item, queries.QueryOptions())} for item in kept]
    return Collection("Collection(extensionProperty)", shown)


# -- checking names of groups before they are made ------------------------------------------------------------------


@operation(
    "POST", "/v1.0/directoryObjects/validateProperties", source=DOCUMENTED, commit="manual",
    scope=("Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
           "Directory.AccessAsUser.All"),
)  # fmt: skip
def validate_properties(call: Call) -> None:
    """Whether a Microsoft 365 group could have a display name and alias: 204, or 422 with what is wrong."""
    if str(call.body.get("entityType", "")).lower() != "group":
        raise invalid("entityType", "DirectoryObject", call.body.get("entityType"), rule="entityType is Group.")
    _validated(call, None)


@operation(
    "POST", "/v1.0/groups/{id}/validateProperties", source=DOCUMENTED, commit="manual",
    scope=("Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
           "Directory.AccessAsUser.All"),
)  # fmt: skip
def validate_group(call: Call) -> None:
    """The same for a group that is there."""
    _validated(call, groups.load(call))


def _validated(call: Call, group: Doc | None) -> None:
    given = {name: call.body.get(name) for name in ("displayName", "mailNickname") if call.body.get(name) is not None}
    if not given:
        raise required("displayName", "DirectoryObject")
    details: list[Doc] = []
    for name, value in given.items():
        try:
            group_rules.checked({name: value})
        except Problem:
            details.append({"code": "InvalidProperty", "message": f"{name} is invalid.", "target": name})
    if not details and "mailNickname" in given:
        taken = [
            item for item in call.store.find_all(groups.GROUPS, "mailNickname", given["mailNickname"])
            if item["mailEnabled"] and (group is None or item["id"] != group["id"])
        ]  # fmt: skip
        details += [
            {"code": "PropertyConflict", "message": "MailNickname is already in use.", "target": "mailNickname"}
        ] * bool(taken)
    if details:
        compared = tuple(Compared(item["target"], given[item["target"]], "request body") for item in details)
        why = Why("A group's name and alias follow the same rules here as when it is made.", compared)
        raise Problem("unprocessable", details=details, why=why)
