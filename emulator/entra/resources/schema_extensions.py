"""Schema extensions: /schemaExtensions. Source: graph-entra.md 1.22; Microsoft's page on schema extensions."""

import re
from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import applications, domains
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.lifecycle import Lifecycle
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind, Store

SCHEMAS = Kind("schema_extensions", (Column("owner"), Column("status", fold=True)), settled=True)
TYPES = ("Binary", "Boolean", "DateTime", "Integer", "String")
TARGETS = (
    "AdministrativeUnit", "Contact", "Device", "Event", "Group", "Message", "Organization", "Post", "TodoTask",
    "TodoTaskList", "User",
)  # fmt: skip
READ = ("Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All", "User.Read")  # fmt: skip
WRITE = ("Application.ReadWrite.All", "Directory.AccessAsUser.All")
# What the owner may make of a definition.
STATES = Lifecycle({
    ("InDevelopment", "InDevelopment"): "InDevelopment", ("InDevelopment", "Available"): "Available",
    ("Available", "Available"): "Available", ("Available", "Deprecated"): "Deprecated",
    ("Deprecated", "Deprecated"): "Deprecated", ("Deprecated", "Available"): "Available",
})  # fmt: skip
SHAPE = Shape("schemaExtension", "schemaExtensions", SCHEMAS)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def by_id(store: Store, id: str) -> Doc | None:
    """The definition of that id."""
    return store.get(SCHEMAS, id)


@operation("GET", "/v1.0/schemaExtensions", source=DOCUMENTED, scope=READ)
def list_schemas(call: Call) -> Collection:
    """The schema extensions that the tenant's applications define."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/schemaExtensions/{id}", source=DOCUMENTED, scope=READ)
def get_schema(call: Call) -> Entity:
    """One schema extension."""
    return queries.entity(call, SHAPE, _load(call))


@operation(
    "POST", "/v1.0/schemaExtensions", source=DOCUMENTED, status=201, scope=WRITE, emits=("Create schema extension",)
)
def create_schema(call: Call) -> Entity:
    """Define a schema extension; it is in development until it is made available."""
    given = dict(call.body)
    id = given.pop("id", None)
    body = _checked(given)
    for name in ("description", "targetTypes", "properties"):
        if not body.get(name):
            raise required(name, "SchemaExtension")
    made = {
        "id": _name(call, id), "description": body["description"], "targetTypes": body["targetTypes"],
        "status": "InDevelopment", "owner": _owner(call, body.get("owner")), "properties": body["properties"],
    }  # fmt: skip
    if by_id(call.store, made["id"]) is not None:
        compared = (Compared("id", made["id"], "request body"), Compared("schema extension", "exists", "tenant"))
        raise Problem("bad", "An extension already exists with given id.", why=Why("Ids are unique.", compared))
    call.store.add(SCHEMAS, made)
    audit(call, "Create schema extension", [_target(made)])
    return queries.entity(call, SHAPE, made, location=f"/schemaExtensions/{made['id']}")


@operation("PATCH", "/v1.0/schemaExtensions/{id}", source=DOCUMENTED, scope=WRITE, emits=("Update schema extension",))
def update_schema(call: Call) -> Entity | None:
    """Move a definition on, or add to it; what is available only grows."""
    found = _owned(call)
    body = _checked(call.body)
    state = str(body.get("status", found["status"]))
    if STATES.after(found["status"], state) is None:
        raise invalid("status", "SchemaExtension", state, rule=f"{found['status']} does not become {state}.")
    if found["status"] != "InDevelopment":
        _only_grows(found, body, "targetTypes", lambda item: item)
        _only_grows(found, body, "properties", lambda item: (item["name"], item["type"]))
    found.update({name: value for name, value in body.items() if name != "owner"})
    call.store.put(SCHEMAS, found)
    audit(call, "Update schema extension", [_target(found)])
    return changed(call, queries.entity(call, SHAPE, found))


@operation("DELETE", "/v1.0/schemaExtensions/{id}", source=DOCUMENTED, scope=WRITE, emits=("Delete schema extension",))
def delete_schema(call: Call) -> None:
    """Undefine a schema extension that nobody can use yet."""
    found = _owned(call)
    if found["status"] != "InDevelopment":
        compared = (Compared("status", found["status"], found["id"]),)
        text = "Only extensions in the InDevelopment state can be deleted."
        raise Problem("bad", text, why=Why("Others may hold values of it.", compared))
    call.store.drop(SCHEMAS, found["id"])
    audit(call, "Delete schema extension", [_target(found)])


def _target(doc: Doc) -> Doc:
    return target("Other", {"id": doc["id"], "displayName": doc["id"]})


def _load(call: Call) -> Doc:
    found = by_id(call.store, call.path["id"])
    if found is None:
        raise not_found(call.path["id"], what="schema extension")
    return dict(found)


def _owned(call: Call) -> Doc:
    """The definition, if the calling application is its owner."""
    found = _load(call)
    if call.caller.extra.get("appId") != found["owner"]:
        compared = (
            Compared("appid", call.caller.extra.get("appId"), "token"),
            Compared("owner", found["owner"], found["id"]),
        )
        raise Problem("denied", why=Why("Only the application that owns a definition changes it.", compared))
    return found


def _checked(body: Doc) -> Doc:
    found = bodies.checked(body, "schemaExtension", limits={"description": 1024})
    for kind in found.get("targetTypes") or ():
        if kind not in TARGETS:
            raise invalid("targetTypes", "SchemaExtension", kind, rule=f"targetTypes holds {', '.join(TARGETS)}.")
    for item in found.get("properties") or ():
        if not _NAME.fullmatch(str(item.get("name"))) or item.get("type") not in TYPES:
            rule = f"A property has a name, and a type of {', '.join(TYPES)}."
            raise invalid("properties", "SchemaExtension", item, rule=rule)
    return found


def _name(call: Call, given: Any) -> str:
    """The id: `{verified domain}_{name}` as given, else a prefix of eight characters is put before the name."""
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise invalid("id", "SchemaExtension", given, rule="An id is letters, digits and underscores.")
    vanity, underscore, _ = given.partition("_")
    roots = {item["name"].rpartition(".")[0].replace(".", "_") for item in domains.verified(call.store)}
    if underscore and any(given.startswith(f"{root}_") for root in roots):
        return given
    if underscore:
        compared = (
            Compared("id", given, "request body"), Compared("verified domains", ", ".join(sorted(roots)), "tenant"),
        )  # fmt: skip
        text = f"Your organization must own the namespace {vanity} as a part of one of the verified domains."
        raise Problem("denied_text", text, why=Why("A prefix is the name of a verified domain.", compared))
    return f"ext{call.ids.text('schemaExtension', 8).lower()}_{given}"


def _owner(call: Call, given: str | None) -> str:
    """The client id of the application that defines: the caller's, or one of this tenant."""
    app_id = given or call.caller.extra.get("appId")
    if not isinstance(app_id, str) or applications.by_app_id(call.store, app_id) is None:
        raise invalid("owner", "SchemaExtension", app_id, rule="owner is the client id of an application here.")
    return app_id.lower()


def _only_grows(found: Doc, body: Doc, name: str, key: Any) -> None:
    if name in body:
        gone = {key(item) for item in found[name]} - {key(item) for item in body[name]}
        if gone:
            rule = f"What is {found['status']} is only added to; missing: {sorted(map(str, gone))}."
            raise invalid(name, "SchemaExtension", body[name], rule=rule)
