"""Who owns applications and service principals. Source: graph-entra.md 1.14."""

from typing import Any

from emulator.entra import relations
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection
from emulator.entra.links import add_reference, link, link_kind, member_ids, remove_reference
from emulator.entra.relations import related
from emulator.entra.resources import applications, ownership, service_principals
from emulator.entra.resources.applications import ADMINS
from emulator.entra.resources.references import objects
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

APPLICATION_OWNERS = link_kind("application_owners", "application")
PRINCIPAL_OWNERS = link_kind("service_principal_owners", "principal")
OWNERS = ("user", "servicePrincipal")
MOST = 100
_APP, _SP = "/v1.0/applications/{id}/owners", "/v1.0/servicePrincipals/{id}/owners"


def owners_of(call: Call, id: str, kind: Kind = APPLICATION_OWNERS) -> list[Doc]:
    """The owners of an application or service principal, each with its type."""
    return list(objects(call, member_ids(call.store, kind, id)).values())


def own_what_was_made(call: Call, application_id: str) -> None:
    """Who registers an application owns it: a user always, an application where it may change only its own."""
    caller = call.caller
    owned_only = "Application.ReadWrite.OwnedBy" in (caller.scopes or ()) and "Application.ReadWrite.All" not in (
        caller.scopes or ()
    )
    if caller.kind == "user" or owned_only:
        link(call.store, APPLICATION_OWNERS, application_id, caller.id)


def _owned(call: Call) -> tuple[Doc, Kind, str]:
    """The object of the path, its links, and its words in the audit log."""
    if call.operation.path.startswith("/v1.0/applications"):
        return applications.load(call), APPLICATION_OWNERS, "application"
    return service_principals.load(call), PRINCIPAL_OWNERS, "service principal"


@related(_APP, _SP, source=DOCUMENTED)
def list_owners(call: Call) -> Collection | Answer | Doc:
    """The owners: users and service principals."""
    owned, kind, _ = _owned(call)
    return relations.of_links(call, kind, by=kind.columns[0].path, id=owned["id"], to="member")


_CHANGE: dict[str, Any] = {"source": DOCUMENTED, "extra": ADMINS}


@operation("POST", _SP + "/$ref", emits=("Add owner to service principal",), **_CHANGE)
@operation("POST", _APP + "/$ref", emits=("Add owner to application",), **_CHANGE)
def add_owner(call: Call) -> None:
    """Add an owner."""
    owned, kind, words = _owned(call)
    if len(member_ids(call.store, kind, owned["id"])) >= MOST:
        compared = (Compared("owners", MOST, owned["displayName"]),)
        raise Problem("too_many_owners", why=Why("An object has a limited number of owners.", compared))
    owner = add_reference(call, kind, owned, "owners", only=OWNERS)
    _log(call, f"Add owner to {words}", owned, owner)


@operation("DELETE", _SP + "/{memberId}/$ref", emits=("Remove owner from service principal",), **_CHANGE)
@operation("DELETE", _APP + "/{memberId}/$ref", emits=("Remove owner from application",), **_CHANGE)
def remove_owner(call: Call) -> None:
    """Remove an owner; the last one may go as well."""
    owned, kind, words = _owned(call)
    remove_reference(call, kind, owned, call.path["memberId"], "owner")
    _log(call, f"Remove owner from {words}", owned, {"id": call.path["memberId"].lower()})


def _log(call: Call, activity: str, owned: Doc, owner: Doc) -> None:
    kind = "Application" if activity.endswith("application") else "ServicePrincipal"
    audit(call, activity, [target(owner.get("_type", "User"), owner), target(kind, owned)])


@related("/v1.0/servicePrincipals/{id}/ownedObjects", source=DOCUMENTED)
def owned_objects(call: Call) -> Collection | Answer | Doc:
    """What a service principal owns."""
    return relations.of_objects(call, ownership.linked(call, "_owners", service_principals.load(call)["id"]))


@related("/v1.0/servicePrincipals/{id}/createdObjects", source=DOCUMENTED)
def created_objects(call: Call) -> Collection | Answer | Doc:
    """What a service principal created: the applications that it registered."""
    principal = service_principals.load(call)
    mine = [app for app in call.store.all(applications.APPLICATIONS) if app.get("createdByAppId") == principal["appId"]]
    return relations.of_objects(call, list(objects(call, [app["id"] for app in mine]).values()))
