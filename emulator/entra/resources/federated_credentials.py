"""Tokens of other issuers that stand for an application: federatedIdentityCredentials. Source: graph-entra.md 1.14."""

import re
from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed, preferences
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import applications
from emulator.entra.resources.applications import ADMINS
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.store import Column, Duplicate, Kind, Store

FEDERATED_CREDENTIALS = Kind(
    "federated_credentials",
    (Column("_application"), Column("name"), Column("issuer"), Column("subject")),
    together=(("_application", "name"), ("_application", "issuer", "subject")),
    settled=True,
)
PATH = "/v1.0/applications/{id}/federatedIdentityCredentials"
MOST = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")
_LIMITS = {"issuer": 600, "subject": 600, "audiences": 600, "description": 600}
SHAPE = Shape("federatedIdentityCredential", "federatedIdentityCredentials", FEDERATED_CREDENTIALS)


def of_application(store: Store, application_id: str) -> list[Doc]:
    """The issuers and subjects whose tokens an application accepts for itself."""
    return store.find_all(FEDERATED_CREDENTIALS, "_application", application_id)


def _shape(application: Doc) -> Shape:
    place = f"applications('{application['id']}')/federatedIdentityCredentials"
    return Shape(SHAPE.resource, place, FEDERATED_CREDENTIALS)


def _load(call: Call, application: Doc) -> Doc | None:
    """The credential of the path: by id, or by name."""
    key = call.path["credentialId"]
    name, equals, value = key.partition("=")
    for row in of_application(call.store, application["id"]):
        if row["id"] == key.lower() or row["name"] == (value if equals and name.lower() == "name" else key):
            return row
    return None


def _known(call: Call, application: Doc) -> Doc:
    found = _load(call, application)
    if found is None:
        raise not_found(call.path["credentialId"], what="federated credential of this application")
    return found


@operation("GET", PATH, source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_credentials(call: Call) -> Collection:
    """The federated credentials of an application."""
    application = applications.load(call)
    return queries.collection(call, _shape(application), only=Compare(("_application",), "eq", application["id"]))


@operation("GET", PATH + "/{credentialId}", source=DOCUMENTED)
def get_credential(call: Call) -> Entity:
    """One federated credential, by its id or its name."""
    application = applications.load(call)
    return queries.entity(call, _shape(application), _known(call, application))


@operation("POST", PATH, source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add federated identity credential",))
def create_credential(call: Call) -> Entity:
    """Trust tokens of an issuer about a subject."""
    return _create(call, applications.load(call), dict(call.body))


def _create(call: Call, application: Doc, given: Doc) -> Entity:
    body = bodies.checked(given, SHAPE.resource, limits=_LIMITS)
    for name in ("name", "issuer", "subject", "audiences"):
        if not body.get(name):
            raise required(name, "FederatedIdentityCredential")
    if len(of_application(call.store, application["id"])) >= MOST:
        compared = (Compared("credentials", MOST, application["displayName"]),)
        raise Problem("too_many_credentials", str(MOST), why=Why("An application has up to 20 of them.", compared))
    row = {
        "id": call.ids.guid("federatedIdentityCredential"),
        "description": None,
        **body,
        "_application": application["id"],
    }
    _validate(row)
    _store(call, row, new=True)
    logged(call, "Add federated identity credential", "Application", application)
    place = f"/applications/{application['id']}/federatedIdentityCredentials/{row['id']}"
    return queries.entity(call, _shape(application), row, status=201, location=place)


@operation(
    "PATCH", PATH + "/{credentialId}", source=DOCUMENTED, extra=ADMINS, emits=("Update federated identity credential",)
)
def update_credential(call: Call) -> Entity | None:
    """Change a credential; its name stays. With `Prefer: create-if-missing` a name upserts."""
    application = applications.load(call)
    row = _load(call, application)
    key, equals, value = call.path["credentialId"].partition("=")
    if row is None and "create-if-missing" in preferences(call):
        return _create(call, application, {**call.body, "name": value if equals and key.lower() == "name" else key})
    row = _known(call, application)
    body = bodies.checked(call.body, SHAPE.resource, limits=_LIMITS)
    if body.get("name", row["name"]) != row["name"]:
        raise invalid("name", "FederatedIdentityCredential", body["name"], rule="The name stays.")
    row.update(body)
    _validate(row)
    _store(call, row, new=False)
    logged(call, "Update federated identity credential", "Application", application)
    return changed(call, queries.entity(call, _shape(application), row))


@operation(
    "DELETE", PATH + "/{credentialId}", source=DOCUMENTED, extra=ADMINS, emits=("Remove federated identity credential",)
)
def delete_credential(call: Call) -> None:
    """Trust these tokens no more."""
    application = applications.load(call)
    call.store.drop(FEDERATED_CREDENTIALS, _known(call, application)["id"])
    logged(call, "Remove federated identity credential", "Application", application)


def _validate(row: Doc) -> None:
    if not _NAME.fullmatch(row["name"]):
        raise invalid("name", "FederatedIdentityCredential", row["name"], rule="1 to 120 letters, digits, - and _.")
    if not re.fullmatch(r"https://\S+", row["issuer"] or ""):
        raise invalid("issuer", "FederatedIdentityCredential", row["issuer"], rule="The issuer is an https URL.")
    if not row["subject"]:
        raise required("subject", "FederatedIdentityCredential")
    if len(row["audiences"]) != 1 or not row["audiences"][0]:
        raise invalid("audiences", "FederatedIdentityCredential", row["audiences"], rule="Exactly one audience.")


def _store(call: Call, row: Doc, *, new: bool) -> None:
    try:
        call.store.add(FEDERATED_CREDENTIALS, row) if new else call.store.put(FEDERATED_CREDENTIALS, row)
    except Duplicate as error:
        compared: tuple[Any, ...] = tuple(
            Compared(name, row[name], "request body") for name in ("name", "issuer", "subject")
        )
        why = Why("Name, and issuer with subject, are unique within an application.", compared)
        raise Problem("same_key", "name" if row["name"] == error.value else "issuer and subject", why=why) from error
