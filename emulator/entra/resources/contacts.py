"""Organizational contacts: /contacts. They come from Exchange or a directory on-premises; Graph only shows them.

Source: graph-entra.md 1.3 and 1.8 (targets of manager and members).
"""

from emulator.entra import queries, relations
from emulator.entra.filtering import EXTENSIONS
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found
from emulator.entra.queries import Shape
from emulator.entra.relations import related
from emulator.entra.resources import memberships
from emulator.entra.resources.references import directory_object, marked, rendered
from emulator.entra.resources.user_store import USERS
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.store import Column, Kind, Multi

SEED_RANK = 42
CONTACTS = Kind(
    "org_contacts",
    (
        Column("displayName", fold=True), Column("mail", fold=True), Column("givenName", fold=True),
        Column("surname", fold=True), Column("mailNickname", fold=True), Column("_manager"), Column("_anchor"),
    ),
    (Multi("proxyAddresses", fold=True), Multi(EXTENSIONS, fold=True)),
)  # fmt: skip
READ = ("OrgContact.Read.All", "Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")


def _manager(call: Call, contact: Doc) -> Doc | None:
    return directory_object(call, contact["_manager"]) if contact.get("_manager") else None


def _reports(call: Call, contact: Doc) -> list[Doc]:
    found = [marked(item, "user") for item in call.store.find_all(USERS, "_manager", contact["id"])]
    return [*found, *(marked(item, "orgContact") for item in call.store.find_all(CONTACTS, "_manager", contact["id"]))]


SHAPE = Shape(
    "orgContact", "contacts", CONTACTS,
    relations={
        "manager": _manager, "directReports": _reports,
        "memberOf": lambda call, contact: memberships.of(call, contact["id"]),
        "transitiveMemberOf": lambda call, contact: memberships.of(call, contact["id"], nested=True),
    },
    paths={"manager/id": "_manager"},
)  # fmt: skip


@operation("GET", "/v1.0/contacts", source=DOCUMENTED, scope=READ, paging=Paging(100, 999, "$top"))
def list_contacts(call: Call) -> Collection:
    """The organizational contacts of the tenant."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/contacts/$count", source=DOCUMENTED, scope=READ)
def count_contacts(call: Call) -> Answer:
    """How many contacts there are, as text."""
    return queries.count_text(call, queries.counted(call, SHAPE))


@operation("GET", "/v1.0/contacts/{id}", source=DOCUMENTED, scope=READ)
def get_contact(call: Call) -> Entity:
    """One contact."""
    return queries.entity(call, SHAPE, _load(call))


@operation("GET", "/v1.0/contacts/{id}/manager", source=DOCUMENTED, scope=READ)
def get_manager(call: Call) -> Entity:
    """The manager of a contact; 404 when there is none."""
    found = _manager(call, _load(call))
    if found is None:
        raise not_found("manager", what="manager of the contact")
    return Entity("directoryObjects/$entity", rendered(call, found))


@related("/v1.0/contacts/{id}/directReports", source=DOCUMENTED, scope=READ)
def direct_reports(call: Call) -> Collection | Answer | Doc:
    """Users and contacts whose manager this contact is."""
    return relations.of_objects(call, _reports(call, _load(call)))


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(CONTACTS, call.path["id"].lower())
    if found is None:
        raise not_found(call.path["id"], what="organizational contact")
    return found


def blank(id: str) -> Doc:
    """A contact with nothing known of it."""
    return {
        "id": id, "deletedDateTime": None, "addresses": [], "companyName": None, "department": None,
        "displayName": None, "givenName": None, "jobTitle": None, "mail": None, "mailNickname": None,
        "onPremisesLastSyncDateTime": None, "onPremisesProvisioningErrors": [], "onPremisesSyncEnabled": None,
        "phones": [], "proxyAddresses": [], "serviceProvisioningErrors": [], "surname": None,
    }  # fmt: skip


def seed(seeding: Seeding) -> None:
    """`contacts: [{displayName, mail?, id?, …properties of orgContact}]`."""
    for given in seeding.spec.get("contacts", ()):
        mail = given.get("mail")
        seeding.store.add(CONTACTS, {
            **blank(given.get("id") or seeding.ids.guid("orgContact")), "mail": mail,
            "mailNickname": (mail or "").partition("@")[0] or None,
            "proxyAddresses": [f"SMTP:{mail}"] if mail else [], **given,
        })  # fmt: skip
