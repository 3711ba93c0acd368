"""Who and what belongs to a user: manager, reports, sponsors, objects, devices. Source: graph-entra.md 1.8."""

from emulator.entra import queries, relations
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity, beta_operation
from emulator.entra.problems import not_found
from emulator.entra.relations import related
from emulator.entra.resources import user_expansions, user_rules, users
from emulator.entra.resources.references import bind, referenced, rendered
from emulator.entra.resources.user_paths import load, of_user
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why

ADMINS = {"roles": ("User Administrator",)}
SPONSOR_READ = ("User.Read", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
                "Directory.AccessAsUser.All")  # fmt: skip
SPONSOR_WRITE = ("User.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
OWN_READ = ("User.Read", "User.ReadWrite", "User.Read.All", "User.ReadWrite.All", "User.ReadBasic.All",
            "Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")  # fmt: skip
OBJECTS = {"like": "/users/{id}/directReports"}
_MOST_SPONSORS = 5


@of_user("GET", "/manager", source=DOCUMENTED, own={"scope": OWN_READ})
def get_manager(call: Call) -> Entity:
    """The manager of a user; 404 when there is none."""
    user = load(call)
    found = _manager(call, user)
    wanted = queries.options(call, "directoryObject", single=True)
    context = f"directoryObjects{queries.fragment(wanted)}/$entity"
    return Entity(context, rendered(call, found, wanted))


@of_user("GET", "/manager/$ref", source=DOCUMENTED)
def get_manager_reference(call: Call) -> Doc:
    """The reference to a user's manager."""
    found = _manager(call, load(call))
    return {"@odata.context": f"{call.base}/v1.0/$metadata#$ref", "@odata.id": relations.reference(call, found)}


def _manager(call: Call, user: Doc) -> Doc:
    found = user_expansions.manager(call, user)
    if found is None:
        raise not_found("manager", what=f"manager of {user['userPrincipalName']}")
    return found


@of_user("PUT", "/manager/$ref", source=DOCUMENTED, extra=ADMINS, emits=("Set user manager",))
def set_manager(call: Call) -> None:
    """Set the manager: a user or contact of the tenant."""
    user = load(call)
    user_rules.may_change(user, {"manager"})
    manager = referenced(call, bind(call.body), only=("user", "orgContact"))
    if manager["id"] == user["id"]:
        compared = (Compared("@odata.id", manager["id"], "request body"), Compared("user", user["id"], "path"))
        text = "A user cannot be their own manager."
        raise Problem("bad", text, why=Why("Nobody is their own manager.", compared))
    old = user.get("_manager")
    user["_manager"] = manager["id"]
    call.store.put(users.USERS, user)
    audit(call, "Set user manager", [target("User", user, changed={"Manager": (old, manager["id"])})])


@of_user("DELETE", "/manager/$ref", source=DOCUMENTED, extra=ADMINS, emits=("Remove user manager",))
def remove_manager(call: Call) -> None:
    """Take the manager away."""
    user = load(call)
    user_rules.may_change(user, {"manager"})
    old = user.pop("_manager", None)
    if old is None:
        raise not_found("manager", what=f"manager of {user['userPrincipalName']}")
    call.store.put(users.USERS, user)
    audit(call, "Remove user manager", [target("User", user, changed={"Manager": (old, None)})])


@related("/v1.0/users/{id}/directReports", "/v1.0/me/directReports", source=DOCUMENTED)
def direct_reports(call: Call) -> Collection | Answer | Doc:
    """The users whose manager this one is."""
    return relations.of_objects(call, user_expansions.reports(call, load(call)))


@beta_operation("GET", "/beta/users/{id}/transitiveReports", source=DOCUMENTED, extra=OBJECTS)
@beta_operation("GET", "/beta/users/{id}/transitiveReports/$count", source=DOCUMENTED, extra=OBJECTS)
def transitive_reports(call: Call) -> Collection | Answer | Doc:
    """The users below this one, at any distance."""
    found: dict[str, Doc] = {}
    open_ends = [load(call)]
    while open_ends:
        for item in user_expansions.reports(call, open_ends.pop()):
            if item["id"] not in found:
                found[item["id"]] = item
                open_ends.append(item)
    return relations.of_objects(call, list(found.values()))


@related("/v1.0/users/{id}/ownedObjects", "/v1.0/me/ownedObjects", source=DOCUMENTED, extra=OBJECTS)
def owned_objects(call: Call) -> Collection | Answer | Doc:
    """Groups, applications and service principals that a user owns."""
    return relations.of_objects(call, user_expansions.RELATIONS["ownedObjects"](call, load(call)))


@related("/v1.0/users/{id}/ownedDevices", "/v1.0/me/ownedDevices", source=DOCUMENTED, extra=OBJECTS)
def owned_devices(call: Call) -> Collection | Answer | Doc:
    """Devices that a user owns."""
    return relations.of_objects(call, user_expansions.RELATIONS["ownedDevices"](call, load(call)))


@related("/v1.0/users/{id}/registeredDevices", "/v1.0/me/registeredDevices", source=DOCUMENTED, extra=OBJECTS)
def registered_devices(call: Call) -> Collection | Answer | Doc:
    """Devices that a user registered."""
    return relations.of_objects(call, user_expansions.RELATIONS["registeredDevices"](call, load(call)))


@related("/v1.0/users/{id}/createdObjects", "/v1.0/me/createdObjects", source=DOCUMENTED, extra=OBJECTS)
def created_objects(call: Call) -> Collection | Answer | Doc:
    """What a user without a directory role created; nothing here, as such users create nothing over Graph."""
    load(call)
    return relations.of_objects(call, [])


@related("/v1.0/users/{id}/sponsors", "/v1.0/me/sponsors", source=DOCUMENTED, scope=SPONSOR_READ)
def list_sponsors(call: Call) -> Collection | Answer | Doc:
    """Users and groups that answer for a guest."""
    return relations.of_objects(call, user_expansions.sponsors(call, load(call)))


@operation(
    "POST", "/v1.0/users/{id}/sponsors/$ref", source=DOCUMENTED, scope=SPONSOR_WRITE, extra=ADMINS,
    emits=("Update user",),
)  # fmt: skip
def add_sponsor(call: Call) -> None:
    """Add a sponsor: a user or group."""
    user = load(call)
    sponsor = referenced(call, bind(call.body), only=("user", "group"))
    held = user.get("_sponsors", [])
    compared = (Compared("sponsors", held, user["userPrincipalName"]), Compared("added", sponsor["id"], "request body"))
    if sponsor["id"] in held:
        raise Problem("reference_exists", "sponsors", why=Why("The object is linked already.", compared))
    if len(held) >= _MOST_SPONSORS:
        text = f"A user can have at most {_MOST_SPONSORS} sponsors."
        raise Problem("bad", text, why=Why("The number of sponsors is limited.", compared))
    _set_sponsors(call, user, [*held, sponsor["id"]])


@operation(
    "DELETE", "/v1.0/users/{id}/sponsors/{sponsorId}/$ref", source=inferred("as for members of groups"),
    scope=SPONSOR_WRITE, extra=ADMINS, emits=("Update user",),
)  # fmt: skip
def remove_sponsor(call: Call) -> None:
    """Take a sponsor away."""
    user = load(call)
    id = call.path["sponsorId"].lower()
    held = user.get("_sponsors", [])
    if id not in held:
        raise not_found(call.path["sponsorId"], what=f"sponsor of {user['userPrincipalName']}")
    _set_sponsors(call, user, [item for item in held if item != id])


def _set_sponsors(call: Call, user: Doc, ids: list[str]) -> None:
    old = user.get("_sponsors", [])
    user["_sponsors"] = ids
    call.store.put(users.USERS, user)
    audit(call, "Update user", [target("User", user, changed={"Sponsors": (old, ids)})])
