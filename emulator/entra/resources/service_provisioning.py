"""Errors that services report on objects, and asking them to try again. Source: Microsoft's pages on it."""

from emulator.entra.audit import audit, target
from emulator.entra.resources import contacts, groups, users
from emulator.entra.rows import load
from emulator.kernel.call import Call
from emulator.kernel.operations import DOCUMENTED, operation

_TAIL = "/{id}/retryServiceProvisioning"
_ADMIN = {"roles": ("User Administrator", "Groups Administrator")}


@operation(
    "POST", "/v1.0/users" + _TAIL, source=DOCUMENTED, body="optional_json", status=204,
    scope=("User.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"), extra=_ADMIN,
    emits=("Update user",),
)  # fmt: skip
def retry_user(call: Call) -> None:
    """Forget what services complain of, so that they look at the user again."""
    user = users.load(call)
    user["serviceProvisioningErrors"] = []
    call.store.put(users.USERS, user)
    audit(call, "Update user", [target("User", user)])


@operation(
    "POST", "/v1.0/groups" + _TAIL, source=DOCUMENTED, body="optional_json", status=204,
    scope=("Group.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"), extra=_ADMIN,
    emits=("Update group",),
)  # fmt: skip
def retry_group(call: Call) -> None:
    """The same for a group."""
    group = groups.load(call)
    group["serviceProvisioningErrors"] = []
    call.store.put(groups.GROUPS, group)
    audit(call, "Update group", [target("Group", group)])


@operation(
    "POST", "/v1.0/contacts" + _TAIL, source=DOCUMENTED, body="optional_json", status=204,
    scope=("Directory.ReadWrite.All", "Directory.AccessAsUser.All"), extra=_ADMIN, emits=("Update contact",),
)  # fmt: skip
def retry_contact(call: Call) -> None:
    """The same for a contact."""
    contact = load(call, contacts.CONTACTS, what="contact")
    contact["serviceProvisioningErrors"] = []
    call.store.put(contacts.CONTACTS, contact)
    audit(call, "Update contact", [target("Other", {**contact, "displayName": contact.get("displayName")})])
