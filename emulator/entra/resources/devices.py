"""Devices: /devices, their owners and users. Source: graph-entra.md 1.18."""

from typing import Any

from emulator.entra import bodies, queries, relations
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.keyed import addressed
from emulator.entra.links import add_reference, forget, link, link_kind, remove_reference
from emulator.entra.problems import conflict, invalid, not_found, read_only, required
from emulator.entra.queries import Shape
from emulator.entra.relations import related
from emulator.entra.resources import memberships
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Duplicate, Kind, Multi, Store

SEED_RANK = 45
DEVICES = Kind(
    "devices",
    (
        Column("deviceId", fold=True, unique=True), Column("displayName", fold=True),
        Column("accountEnabled", kind="bool"), Column("operatingSystem", fold=True),
        Column("operatingSystemVersion", fold=True), Column("trustType"), Column("isCompliant", kind="bool"),
        Column("isManaged", kind="bool"), Column("approximateLastSignInDateTime"), Column("registrationDateTime"),
        Column("onPremisesSyncEnabled", kind="bool"), Column("createdDateTime"),
    ),
    (Multi("physicalIds", fold=True),),
)  # fmt: skip
DEVICE_OWNERS = link_kind("device_owners", "device")
DEVICE_USERS = link_kind("device_users", "device")
ADMINS = {"roles": ("Cloud Device Administrator", "Intune Administrator")}
_WRITABLE_TEXT = """
    accountEnabled alternativeSecurityIds deviceId displayName extensionAttributes isCompliant isManaged
    operatingSystem operatingSystemVersion physicalIds profileType systemLabels trustType deviceVersion hostnames
    deviceMetadata deviceCategory deviceOwnership
"""
WRITABLE = frozenset(_WRITABLE_TEXT.split())
REQUIRED = (
    "accountEnabled",
    "alternativeSecurityIds",
    "deviceId",
    "displayName",
    "operatingSystem",
    "operatingSystemVersion",
)
TRUST_TYPES = ("Workplace", "AzureAd", "ServerAd")


def render(_: Call, device: Doc) -> Doc:
    return device


SHAPE = Shape(
    "device", "devices", DEVICES, full=render,
    relations={
        "registeredOwners": lambda call, doc: _members(call, DEVICE_OWNERS, doc),
        "registeredUsers": lambda call, doc: _members(call, DEVICE_USERS, doc),
        "memberOf": lambda call, doc: memberships.of(call, doc["id"]),
    },
)  # fmt: skip


def _members(call: Call, kind: Kind, device: Doc) -> list[Doc]:
    from emulator.entra.resources.references import objects

    ids = [row["member"] for row in call.store.find_all(kind, "device", device["id"])]
    return list(objects(call, ids).values())


def by_device_id(store: Store, device_id: str) -> Doc | None:
    """A device by the id that it was registered under."""
    return store.find(DEVICES, "deviceId", device_id)


def load(call: Call) -> Doc:
    """The device that the path names: by object id, or as `deviceId=…`."""
    found, asked = addressed(call, DEVICES, deviceId=lambda value: by_device_id(call.store, value))
    if found is None:
        raise not_found(asked, what="device")
    return dict(found)


@operation("GET", "/v1.0/devices", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_devices(call: Call) -> Collection:
    """Every device of the tenant."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/devices/$count", source=DOCUMENTED)
def count_devices(call: Call) -> Answer:
    """How many devices there are."""
    return queries.count_text(call, queries.counted(call, SHAPE))


@operation("GET", "/v1.0/devices/{id}", source=DOCUMENTED)
def get_device(call: Call) -> Entity:
    """One device."""
    return queries.entity(call, SHAPE, load(call))


@operation("POST", "/v1.0/devices", source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add device",))
def create_device(call: Call) -> Entity:
    """Register a device; only for a signed-in user."""
    body = _checked(call.body)
    for name in REQUIRED:
        if body.get(name) in (None, [], ""):
            raise required(name, "Device")
    device = {**blank(call.ids.guid("device"), call.now), **body}
    _store(call, device, new=True)
    if call.caller.kind == "user":
        for kind in (DEVICE_OWNERS, DEVICE_USERS):
            link(call.store, kind, device["id"], call.caller.id)
    logged(call, "Add device", "Device", device, {})
    return queries.entity(call, SHAPE, device, location=f"/devices/{device['id']}")


@operation("PATCH", "/v1.0/devices/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update device",))
def update_device(call: Call) -> Entity | None:
    """Change a device: disable it, mark it compliant or managed, set extension attributes."""
    device = load(call)
    body = _checked(call.body)
    if "deviceId" in body and body["deviceId"].lower() != device["deviceId"].lower():
        raise read_only("deviceId", body["deviceId"])
    if device["onPremisesSyncEnabled"] and set(body) - {"extensionAttributes", "isCompliant", "isManaged"}:
        compared = (
            Compared("changed", sorted(body), "request body"),
            Compared("onPremisesSyncEnabled", True, device["displayName"]),
        )
        raise Problem("synced", why=Why("A synchronised device is changed on-premises.", compared))
    old = dict(device)
    if "extensionAttributes" in body:
        body["extensionAttributes"] = {**device["extensionAttributes"], **(body["extensionAttributes"] or {})}
    device.update(body)
    _store(call, device, new=False)
    logged(call, "Update device", "Device", device, old)
    return changed(call, queries.entity(call, SHAPE, device))


@operation("DELETE", "/v1.0/devices/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete device",))
def delete_device(call: Call) -> None:
    """Remove a device."""
    device = load(call)
    call.store.drop(DEVICES, device["id"])
    for kind in (DEVICE_OWNERS, DEVICE_USERS):
        forget(call.store, kind, device["id"])
    memberships.forget(call.store, device["id"])
    logged(call, "Delete device", "Device", device)


def _checked(body: Doc) -> Doc:
    found = bodies.checked(
        body, "device", shown_only=set(bodies.names("device")) - WRITABLE, limits={"displayName": 256}
    )
    trust = found.get("trustType")
    if trust is not None and trust not in TRUST_TYPES:
        raise invalid("trustType", "Device", trust, rule=f"Trust types: {', '.join(TRUST_TYPES)}.")
    return found


def _store(call: Call, device: Doc, *, new: bool) -> None:
    try:
        call.store.add(DEVICES, device) if new else call.store.put(DEVICES, device)
    except Duplicate as error:
        holder = by_device_id(call.store, device["deviceId"]) or {"id": ""}
        raise conflict("deviceId", device["deviceId"], holder["id"]) from error


def blank(id: str, now: int) -> Doc:
    """A device with nothing known of it."""
    at = iso_seconds(now)
    return {
        "id": id, "deletedDateTime": None, "accountEnabled": True, "approximateLastSignInDateTime": None,
        "complianceExpirationDateTime": None, "createdDateTime": at, "deviceCategory": None, "deviceId": id,
        "deviceMetadata": None, "deviceOwnership": None, "deviceVersion": 2, "displayName": None,
        "enrollmentProfileName": None, "enrollmentType": None, "isCompliant": None, "isManaged": None,
        "isRooted": None, "managementType": None, "manufacturer": None, "mdmAppId": None, "model": None,
        "onPremisesLastSyncDateTime": None, "onPremisesSyncEnabled": None, "operatingSystem": None,
        "operatingSystemVersion": None, "physicalIds": [], "profileType": "RegisteredDevice",
        "registrationDateTime": at, "systemLabels": [], "trustType": None,
        "extensionAttributes": {f"extensionAttribute{number}": None for number in range(1, 16)},
        "alternativeSecurityIds": [],
    }  # fmt: skip


# -- who owns and uses it -----------------------------------------------------------------------------------------


@related("/v1.0/devices/{id}/registeredOwners", source=DOCUMENTED)
def list_owners(call: Call) -> Collection | Answer | Doc:
    """Who registered a device: its owner."""
    return relations.of_links(call, DEVICE_OWNERS, by="device", id=load(call)["id"], to="member")


@related("/v1.0/devices/{id}/registeredUsers", source=DOCUMENTED)
def list_users(call: Call) -> Collection | Answer | Doc:
    """Who uses a device."""
    return relations.of_links(call, DEVICE_USERS, by="device", id=load(call)["id"], to="member")


_ADD: dict[str, Any] = {"source": DOCUMENTED, "extra": ADMINS}


@operation("POST", "/v1.0/devices/{id}/registeredOwners/$ref", emits=("Add registered owner to device",), **_ADD)
def add_owner(call: Call) -> None:
    """Give a device an owner."""
    device = load(call)
    _log(
        call,
        "Add registered owner to device",
        device,
        add_reference(call, DEVICE_OWNERS, device, "registeredOwners", only=("user",)),
    )


@operation(
    "DELETE",
    "/v1.0/devices/{id}/registeredOwners/{memberId}/$ref",
    emits=("Remove registered owner from device",),
    **_ADD,
)
def remove_owner(call: Call) -> None:
    """Take the owner away."""
    device = load(call)
    remove_reference(call, DEVICE_OWNERS, device, call.path["memberId"], "registered owner")
    _log(call, "Remove registered owner from device", device, {"id": call.path["memberId"].lower()})


@operation("POST", "/v1.0/devices/{id}/registeredUsers/$ref", emits=("Add registered users to device",), **_ADD)
def add_user(call: Call) -> None:
    """Name a user of a device."""
    device = load(call)
    _log(
        call,
        "Add registered users to device",
        device,
        add_reference(call, DEVICE_USERS, device, "registeredUsers", only=("user",)),
    )


@operation(
    "DELETE",
    "/v1.0/devices/{id}/registeredUsers/{memberId}/$ref",
    emits=("Remove registered users from device",),
    **_ADD,
)
def remove_user(call: Call) -> None:
    """Take a user away."""
    device = load(call)
    remove_reference(call, DEVICE_USERS, device, call.path["memberId"], "registered user")
    _log(call, "Remove registered users from device", device, {"id": call.path["memberId"].lower()})


def _log(call: Call, activity: str, device: Doc, user: Doc) -> None:
    audit(call, activity, [target("Device", device), target("User", user)])


_OURS = {"onPremisesSid": "_onPremisesSid", "userCertificate": "_userCertificate"}


def seed(seeding: Seeding) -> None:
    """`devices: [{displayName, deviceId?, owner?: user name, …properties}]`; a computer that directory synchronisation
    has brought, but that has not joined yet, has `onPremisesSid` and `userCertificate` (base64 DER).
    """
    from emulator.entra.resources.users import by_upn

    for given in seeding.spec.get("devices", ()):
        id = given.get("id") or seeding.ids.guid("device")
        fields = {_OURS.get(key, key): value for key, value in given.items() if key != "owner"}
        device = {**blank(id, seeding.now), "deviceId": seeding.ids.guid("deviceId"), "trustType": "AzureAd", **fields}
        seeding.store.add(DEVICES, device)
        owner = by_upn(seeding.store, given["owner"]) if "owner" in given else None
        if owner is not None:
            for kind in (DEVICE_OWNERS, DEVICE_USERS):
                link(seeding.store, kind, id, owner["id"])
