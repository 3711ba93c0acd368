"""memberOf and its kin, for every kind of object that can be in a group. Source: graph-entra.md 1.8 and 1.9."""

from collections.abc import Callable
from typing import Any, TypeVar

from emulator.entra import relations
from emulator.entra.graph import Collection, version
from emulator.entra.problems import invalid, not_found
from emulator.entra.relations import related
from emulator.entra.resources import groups, memberships
from emulator.entra.resources.references import directory_object
from emulator.entra.resources.user_paths import load as load_user
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why

F = TypeVar("F", bound=Callable[..., Any])
READ = ("Directory.Read.All", "Directory.ReadWrite.All", "GroupMember.Read.All", "Group.Read.All",
        "Directory.AccessAsUser.All")  # fmt: skip
MOST_CHECKED = 20
# Set in the path to what is found there; users and /me have their own rules of access.
_OTHERS = {
    "groups": "group", "servicePrincipals": "servicePrincipal", "devices": "device", "contacts": "orgContact",
    "directoryObjects": "",
}  # fmt: skip


def _paths(tail: str, *, objects_too: bool = False) -> tuple[str, ...]:
    sets = [name for name in _OTHERS if objects_too or name != "directoryObjects"]
    return tuple(f"/v1.0/{name}/{{id}}{tail}" for name in sets)


def _asked(tail: str) -> Callable[[F], F]:
    """POST of a question about memberships, on every kind of object."""

    def mark(handler: F) -> F:
        for path in (f"/v1.0/users/{{id}}{tail}", f"/v1.0/me{tail}"):
            like = f"/users/{{id}}{tail}".replace("checkMemberObjects", "checkMemberGroups")
            operation("POST", path, source=DOCUMENTED, commit="manual", extra={"like": like})(handler)
        for path in _paths(tail, objects_too=True):
            operation("POST", path, source=DOCUMENTED, commit="manual", scope=READ)(handler)
        return handler

    return mark


def _subject(call: Call) -> Doc:
    """The object that the path is about."""
    name = call.operation.path.split("/")[2]
    if name in ("users", "me"):
        return load_user(call)
    wanted = _OTHERS[name]
    key = call.path["id"]
    named, equals, value = key.partition("=")
    if name == "servicePrincipals" and equals and named.lower() == "appid":
        from emulator.entra.resources import service_principals

        return service_principals.load(call)
    found = directory_object(call, key.lower())
    if found is None or (wanted and found["_resource"] != wanted):
        raise not_found(value if equals else key, what=wanted or "object")
    return found


# -- lists --------------------------------------------------------------------------------------------------------


@related("/v1.0/users/{id}/memberOf", "/v1.0/me/memberOf", source=DOCUMENTED)
@related(*_paths("/memberOf"), source=DOCUMENTED, scope=READ)
def member_of(call: Call) -> Collection | Answer | Doc:
    """The groups, roles and administrative units that an object is directly in."""
    return relations.of_objects(call, memberships.of(call, _subject(call)["id"]))


@related("/v1.0/users/{id}/transitiveMemberOf", "/v1.0/me/transitiveMemberOf", source=DOCUMENTED)
@related(*_paths("/transitiveMemberOf"), source=DOCUMENTED, scope=READ)
def transitive_member_of(call: Call) -> Collection | Answer | Doc:
    """The same, with the groups around those groups."""
    return relations.of_objects(call, memberships.of(call, _subject(call)["id"], nested=True))


# -- questions ----------------------------------------------------------------------------------------------------


@_asked("/getMemberGroups")
def get_member_groups(call: Call) -> Doc:
    """Ids of all groups of an object; `securityEnabledOnly` leaves the others out."""
    subject = _subject(call)
    only = _flag(call)
    found = call.store.get_many(groups.GROUPS, memberships.all_group_ids(call.store, subject["id"]))
    return _strings(call, [group["id"] for group in found if group["securityEnabled"] or not only])


@_asked("/getMemberObjects")
def get_member_objects(call: Call) -> Doc:
    """Ids of all groups, roles and administrative units of an object."""
    subject = _subject(call)
    only = _flag(call)
    if only and subject.get("_resource", "user") != "user":
        compared = (Compared("securityEnabledOnly", True, "request body"),)
        raise Problem(
            "bad", "The 'securityEnabledOnly' parameter can be set to true only for users.",
            why=Why("Only users are asked for security groups alone.", compared),
        )  # fmt: skip
    found = memberships.of(call, subject["id"], nested=True)
    return _strings(call, [item["id"] for item in found if item.get("securityEnabled", True) or not only])


@_asked("/checkMemberGroups")
def check_member_groups(call: Call) -> Doc:
    """Which of up to 20 groups an object is in."""
    subject = _subject(call)
    wanted = _wanted(call, "groupIds")
    held = set(memberships.all_group_ids(call.store, subject["id"]))
    return _strings(call, [item for item in wanted if item.lower() in held])


@_asked("/checkMemberObjects")
def check_member_objects(call: Call) -> Doc:
    """Which of up to 20 groups, roles and administrative units an object is in."""
    subject = _subject(call)
    wanted = _wanted(call, "ids")
    held = {item["id"] for item in memberships.of(call, subject["id"], nested=True)}
    return _strings(call, [item for item in wanted if item.lower() in held])


def _wanted(call: Call, name: str) -> list[str]:
    value = call.body.get(name)
    if value is None:
        action = call.operation.path.rpartition("/")[2]
        why = Why("The list is required.", (Compared(name, None, "request body"),))
        raise Problem("missing_parameters", action, name, why=why)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(name, "DirectoryObject", value, rule=f"{name} holds object ids.")
    if not 1 <= len(value) <= MOST_CHECKED:
        rule = f"{name} holds 1 to {MOST_CHECKED} ids; {len(value)} were sent."
        raise invalid(name, "DirectoryObject", f"{len(value)} ids", rule=rule)
    return value


def _flag(call: Call) -> bool:
    value = call.body.get("securityEnabledOnly", False)
    if not isinstance(value, bool):
        raise invalid("securityEnabledOnly", "User", value, rule="securityEnabledOnly is true or false.")
    return value


def _strings(call: Call, values: list[str]) -> Doc:
    return {"@odata.context": f"{call.base}/{version(call)}/$metadata#Collection(Edm.String)", "value": values}
