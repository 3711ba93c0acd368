"""Devices and who uses them: /api/v1/devices. Source: okta-admin-api.md 1.4, appendix A; the vendor's SDK models.

The vendor offers no operation that makes a device: people enrol them with Okta Verify (device_enrolment.py). A world
file may make them too (`devices`).
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.lifecycle import Lifecycle
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.okta import lists, search
from emulator.okta.events import emit, target
from emulator.okta.mfa import fastpass
from emulator.okta.params import stamp
from emulator.okta.problems import not_found
from emulator.store import Column, Duplicate, Kind

DEVICES = Kind("devices", (Column("status"), Column("lastUpdated")))
DEVICE_USERS = Kind("device_users", (Column("deviceId"), Column("userId")), together=(("deviceId", "userId"),))
SEED_RANK = 45
PLATFORMS = ("ANDROID", "IOS", "MACOS", "WINDOWS")
_AT = "/api/v1/devices"
_READ: Any = {"scope": ("okta.devices.read",)}
_MANAGE: Any = {"scope": ("okta.devices.manage",)}
LIFECYCLE = Lifecycle({
    ("CREATED", "activate"): "ACTIVE", ("DEACTIVATED", "activate"): "ACTIVE", ("ACTIVE", "activate"): "ACTIVE",
    ("CREATED", "deactivate"): "DEACTIVATED", ("ACTIVE", "deactivate"): "DEACTIVATED",
    ("SUSPENDED", "deactivate"): "DEACTIVATED", ("DEACTIVATED", "deactivate"): "DEACTIVATED",
    ("ACTIVE", "suspend"): "SUSPENDED", ("SUSPENDED", "unsuspend"): "ACTIVE",
})  # fmt: skip


def new_device(profile: Doc, *, id: str, now: int, status: str = "ACTIVE") -> Doc:
    """A device; its profile holds at least displayName and platform."""
    at, name = stamp(now), profile["displayName"]
    whole = {"displayName": name, "platform": profile["platform"], "registered": True, "secureHardwarePresent": False}
    return {
        "id": id, "status": status, "created": at, "lastUpdated": at, "profile": {**whole, **profile},
        "resourceType": "UDDevice", "resourceDisplayName": {"value": name, "sensitive": False},
        "resourceAlternateId": None, "resourceId": id,
    }  # fmt: skip


def attach(store: Any, device: Doc, user_id: str, *, now: int, managed: bool = False) -> Doc:
    """Make a user one of a device's. Raises `Duplicate`."""
    row = {
        "id": f"{device['id']}.{user_id}", "deviceId": device["id"], "userId": user_id, "created": stamp(now),
        "managementStatus": "MANAGED" if managed else "NOT_MANAGED",
        "screenLockType": device["profile"].get("screenLockType", "NONE"),
    }  # fmt: skip
    made: Doc = store.add(DEVICE_USERS, row)
    return made


def of_user(store: Any, user_id: str) -> list[Doc]:
    """The devices of a user, oldest first."""
    rows = store.find_all(DEVICE_USERS, "userId", user_id)
    found: list[Doc] = store.get_many(DEVICES, [row["deviceId"] for row in rows])
    return found


def render(call: Call, device: Doc) -> Doc:
    """The device as the API shows it, with the steps that its status allows; one switched off can only be deleted."""
    at = f"{call.base}{_AT}/{device['id']}"
    if device["status"] == "DEACTIVATED":
        links: Doc = {"self": {"href": at, "hints": {"allow": ["GET", "DELETE"]}}}
    else:
        links = {
            "self": {"href": at, "hints": {"allow": ["GET", "PATCH", "PUT"]}},
            "users": {"href": f"{at}/users", "hints": {"allow": ["GET"]}},
        }
    for action in LIFECYCLE.actions(device["status"]):
        if LIFECYCLE.after(device["status"], action) != device["status"]:
            links[action] = {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}}
    return {**device, "_links": links}


def _load(call: Call, entity: str = "Device") -> Doc:
    found: Doc | None = call.store.get(DEVICES, call.path["deviceId"])
    if found is None:
        raise not_found(call.path["deviceId"], entity)
    return found


def device_target(device: Doc) -> Doc:
    return target("UDDevice", device["id"], name=device["profile"]["displayName"])


@operation(
    "GET", _AT, source=DOCUMENTED, paging=Paging(200, 200), query=("after", "limit", "search", "expand"), **_READ
)
def list_devices(call: Call) -> Listing:
    """Devices, all or by `search`; `expand` embeds their users (`user`) or a summary of them (`userSummary`)."""
    expand = call.params.get("expand")
    if expand not in (None, "", "user", "userSummary"):
        why = Why("expand is user or userSummary.", (Compared("expand", expand[:60], "query"),))
        raise Problem("E0000001", "RequestParams", causes=("Expand query is malformed.",), why=why)
    after = call.params.get("after")
    if after and call.store.seq(DEVICES, after) is None:
        why = Why("The cursor names no device.", (Compared("after", after[:60], "query"),))
        raise Problem("E0000031", causes=("Invalid cursor.",), why=why)
    where, keep = search.compiled(call, DEVICES, "devices")
    return lists.listing(call, DEVICES, _expanded if expand else render, where=where, keep=keep)


def _expanded(call: Call, device: Doc) -> Doc:
    whole = call.params["expand"] == "user"
    users = _users(call, device) if whole else [_summary(call, row) for row in _rows(call, device)]
    return {**render(call, device), "_embedded": {"users": users}}


def _rows(call: Call, device: Doc) -> list[Doc]:
    found: list[Doc] = call.store.find_all(DEVICE_USERS, "deviceId", device["id"])
    return found


def _users(call: Call, device: Doc) -> list[Doc]:
    from emulator.okta.resources import users

    found = []
    for row in _rows(call, device):
        user = call.store.get(users.USERS, row["userId"])
        if user is not None:
            shown = {name: row[name] for name in ("created", "managementStatus", "screenLockType")}
            found.append({**shown, "user": users.render_item(call, user)})
    return found


def _summary(call: Call, row: Doc) -> Doc:
    from emulator.okta.user_docs import USERS

    user = call.store.get(USERS, row["userId"])
    return {
        "managementStatus": row["managementStatus"], "screenLockType": row["screenLockType"], "user": {
            "id": row["userId"], "realmId": None, "profile": {"login": user["profile"]["login"] if user else None},
            "_links": {"self": {"href": f"{call.base}/api/v1/users/{row['userId']}"}},
        },
    }  # fmt: skip


@operation("GET", _AT + "/{deviceId}", source=DOCUMENTED, **_READ)
def get_device(call: Call) -> Doc:
    """One device, with the authenticator that registered it."""
    from emulator.okta.resources.authenticators import AUTHENTICATORS

    device = _load(call)
    found = call.store.find_all(AUTHENTICATORS, "key", "okta_verify") if device["profile"]["registered"] else []
    origins = [{name: item[name] for name in ("id", "name", "key")} for item in found]
    return {**render(call, device), "_embedded": {"originatedFrom": origins}}


@operation("DELETE", _AT + "/{deviceId}", source=DOCUMENTED, emits=("device.lifecycle.delete",), **_MANAGE)
def delete_device(call: Call) -> None:
    """Delete a deactivated device."""
    device = _load(call)
    if device["status"] != "DEACTIVATED":
        raise _illegal(device, "delete")
    for row in call.store.drop_where(DEVICE_USERS, "deviceId", device["id"]):
        fastpass.forget(call, row["userId"], device["id"])
    call.store.drop(DEVICES, device["id"])
    emit(call, "device.lifecycle.delete", [device_target(device)])


@operation("GET", _AT + "/{deviceId}/users", source=DOCUMENTED, **_READ)
def list_device_users(call: Call) -> list[Doc]:
    """The users of a device."""
    return _users(call, _load(call, "GenericUDObject"))


@operation("GET", "/api/v1/users/{userId}/devices", source=DOCUMENTED, scope=("okta.users.read",), bucket="users")
def list_user_devices(call: Call) -> list[Doc]:
    """The devices of a user."""
    from emulator.okta.resources import users

    user = users.load(call)
    rows = {row["deviceId"]: row for row in call.store.find_all(DEVICE_USERS, "userId", user["id"])}
    return [
        {"created": rows[device["id"]]["created"], "deviceUserId": rows[device["id"]]["id"],
         "device": render(call, device)}
        for device in of_user(call.store, user["id"])
    ]  # fmt: skip


@operation(
    "POST", _AT + "/{deviceId}/lifecycle/activate", source=DOCUMENTED, body="none",
    emits=("device.lifecycle.activate",), **_MANAGE,
)  # fmt: skip
def activate_device(call: Call) -> None:
    """Let a device count again."""
    _move(call, "activate")


@operation(
    "POST", _AT + "/{deviceId}/lifecycle/deactivate", source=DOCUMENTED, body="none",
    emits=("device.lifecycle.deactivate",), **_MANAGE,
)  # fmt: skip
def deactivate_device(call: Call) -> None:
    """Take a device out of use."""
    _move(call, "deactivate")


@operation(
    "POST", _AT + "/{deviceId}/lifecycle/suspend", source=DOCUMENTED, body="none",
    emits=("device.lifecycle.suspend",), **_MANAGE,
)  # fmt: skip
def suspend_device(call: Call) -> None:
    """Stop an ACTIVE device for a while."""
    _move(call, "suspend")


@operation(
    "POST", _AT + "/{deviceId}/lifecycle/unsuspend", source=DOCUMENTED, body="none",
    emits=("device.lifecycle.unsuspend",), **_MANAGE,
)  # fmt: skip
def unsuspend_device(call: Call) -> None:
    """End a suspension."""
    _move(call, "unsuspend")


def _move(call: Call, action: str) -> None:
    device = _load(call)
    after = LIFECYCLE.after(device["status"], action)
    if after is None:
        raise _illegal(device, action)
    if after != device["status"]:
        device["status"], device["lastUpdated"] = after, stamp(call.now)
        call.store.put(DEVICES, device)
        emit(call, f"device.lifecycle.{action}", [device_target(device)])


def _illegal(device: Doc, action: str) -> Problem:
    compared = (Compared("status", device["status"], f"device {device['id']}"), Compared("action", action, "request"))
    return Problem("E0000152", why=Why("The device's status does not allow the action.", compared))


def seed(seeding: Seeding) -> None:
    """`devices: [{displayName, platform, users?: [login], status?, managed?, id?, profile?}]`."""
    from emulator.okta.resources import users

    for spec in seeding.spec.get("devices", ()):
        if spec.get("platform") not in PLATFORMS:
            raise LabError(
                f"device {spec.get('displayName')!r}: unknown platform.", hint=f"One of {', '.join(PLATFORMS)}."
            )
        profile = {"displayName": spec["displayName"], "platform": spec["platform"], **spec.get("profile", {})}
        profile["managed"] = bool(spec.get("managed", False))
        id = spec.get("id") or seeding.ids.okta("guo")
        device = new_device(profile, id=id, now=seeding.now, status=spec.get("status", "ACTIVE"))
        seeding.store.add(DEVICES, device)
        for login in spec.get("users", ()):
            user = users.by_login(seeding.store, login)
            if user is None:
                raise LabError(f"device {spec['displayName']!r}: no user {login!r}.", hint="Add it to `users`.")
            try:
                attach(seeding.store, device, user["id"], now=seeding.now, managed=profile["managed"])
            except Duplicate as error:
                raise LabError(f"device {spec['displayName']!r} names {login!r} twice.") from error
