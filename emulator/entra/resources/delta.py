"""Delta queries of directory objects: /users/delta, /groups/delta… Source: graph-entra.md 1.4."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from emulator.entra import changes
from emulator.entra.changes import Links, Source
from emulator.entra.graph import Collection
from emulator.entra.problems import bad
from emulator.entra.resources import (
    administrative_units,
    applications,
    contacts,
    devices,
    directory_roles,
    groups,
    memberships,
    permission_grants,
    service_principals,
    users,
)
from emulator.entra.resources.bin import BINS
from emulator.kernel.call import Call
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why

READ = ("Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
_ISOF = re.compile(r"isof\(\s*'(?:microsoft\.graph\.)?(\w+)'\s*\)", re.IGNORECASE)


def _users(_: Call) -> Source:
    return Source(users.SHAPE, BINS["user"].kind, single={"manager": "_manager"})


def _groups(_: Call) -> Source:
    links = {
        "members": Links(memberships.GROUP_MEMBERS, "group", "member", always=True),
        "owners": Links(memberships.GROUP_OWNERS, "group", "member"),
    }
    return Source(groups.SHAPE, BINS["group"].kind, links)


def _roles(_: Call) -> Source:
    return Source(
        directory_roles.SHAPE, None, {"members": Links(directory_roles.ROLE_MEMBERS, "role", "principal", always=True)}
    )


def _applications(_: Call) -> Source:
    return Source(applications.SHAPE, BINS["application"].kind)


def _principals(_: Call) -> Source:
    return Source(service_principals.SHAPE, BINS["servicePrincipal"].kind)


def _devices(_: Call) -> Source:
    return Source(devices.SHAPE)


def _units(_: Call) -> Source:
    return Source(
        administrative_units.SHAPE, BINS["administrativeUnit"].kind,
        {"members": Links(administrative_units.UNIT_MEMBERS, "unit", "member", always=True)},
    )  # fmt: skip


SOURCES: Mapping[str, Callable[[Call], Source]] = {
    "user": _users, "group": _groups, "directoryRole": _roles, "application": _applications,
    "servicePrincipal": _principals, "device": _devices, "administrativeUnit": _units,
    "orgContact": lambda _: Source(contacts.SHAPE),
}  # fmt: skip


@operation("GET", "/v1.0/users/delta", source=DOCUMENTED)
def delta_users(call: Call) -> Collection:
    """Users that changed."""
    return changes.answer(call, _users(call), resource="user", context="users")


@operation("GET", "/v1.0/groups/delta", source=DOCUMENTED)
def delta_groups(call: Call) -> Collection:
    """Groups that changed, and who joined or left them."""
    return changes.answer(call, _groups(call), resource="group", context="groups")


@operation("GET", "/v1.0/directoryRoles/delta", source=DOCUMENTED, extra={"like": "/directoryRoles"})
def delta_roles(call: Call) -> Collection:
    """Directory roles that changed, and who got or lost them."""
    return changes.answer(call, _roles(call), resource="directoryRole", context="directoryRoles")


@operation("GET", "/v1.0/applications/delta", source=DOCUMENTED, extra={"like": "/applications"})
def delta_applications(call: Call) -> Collection:
    """Applications that changed."""
    return changes.answer(call, _applications(call), resource="application", context="applications")


@operation("GET", "/v1.0/servicePrincipals/delta", source=DOCUMENTED, extra={"like": "/servicePrincipals"})
def delta_principals(call: Call) -> Collection:
    """Service principals that changed."""
    return changes.answer(call, _principals(call), resource="servicePrincipal", context="servicePrincipals")


@operation("GET", "/v1.0/devices/delta", source=DOCUMENTED)
def delta_devices(call: Call) -> Collection:
    """Devices that changed."""
    return changes.answer(call, _devices(call), resource="device", context="devices")


@operation("GET", "/v1.0/directory/administrativeUnits/delta", source=DOCUMENTED)
def delta_units(call: Call) -> Collection:
    """Administrative units that changed, and who joined or left them."""
    return changes.answer(call, _units(call), resource="administrativeUnit", context="directory/administrativeUnits")


@operation("GET", "/v1.0/oauth2PermissionGrants/delta", source=DOCUMENTED, extra={"like": "/oauth2PermissionGrants"})
def delta_grants(call: Call) -> Collection:
    """Delegated permission grants that changed."""
    source = Source(permission_grants.SHAPE)
    return changes.answer(call, source, resource="oAuth2PermissionGrant", context="oauth2PermissionGrants")


@operation("GET", "/v1.0/contacts/delta", source=DOCUMENTED, scope=contacts.READ)
def delta_contacts(call: Call) -> Collection:
    """Organizational contacts that changed."""
    return changes.answer(call, Source(contacts.SHAPE), resource="orgContact", context="contacts")


@operation("GET", "/v1.0/directoryObjects/delta", source=DOCUMENTED, scope=READ)
def delta_objects(call: Call) -> Collection:
    """Objects of several types that changed; `$filter=isof('microsoft.graph.user')` says which."""
    given = call.params.get("$filter", "")
    types = tuple(dict.fromkeys(_known(name) for name in _ISOF.findall(given)))
    token = call.params.get("$skiptoken") or call.params.get("$deltatoken")
    if token and token != "latest":
        types = changes.Token.read(token).types
    if types:
        rest = re.sub(r"^\s*(or|and)\b|\b(or|and)\s*$|\(\s*\)", "", _ISOF.sub("", given).strip()).strip()
        call = replace(call, multi=[(name, value) for name, value in call.multi if name != "$filter"])
        if re.sub(r"\b(or|and)\b|[()\s]", "", rest):
            call.multi.append(("$filter", re.sub(r"^\s*(or|and)\b|\b(or|and)\s*$", "", rest).strip()))
    chosen = [SOURCES[name](call) for name in (types or SOURCES) if name in SOURCES]
    return changes.answer(call, *chosen, resource="directoryObject", context="directoryObjects", types=types)


def _known(name: str) -> str:
    for known in SOURCES:
        if known.lower() == name.lower():
            return known
    compared = (Compared("type", name, "$filter"), Compared("types", ", ".join(SOURCES), "operations"))
    raise bad(
        f"Invalid filter clause: The type '{name}' is not supported.", Why("Other types are not followed.", compared)
    )
