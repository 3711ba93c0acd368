"""Bringing deleted objects back: names and addresses must be free, seats too. Source: graph-entra.md 1.20."""

from emulator.entra.problems import conflict
from emulator.entra.resources import group_licences, group_store, licences, mailboxes, user_rules, users
from emulator.entra.resources.bin import BINS, Bin, join_groups
from emulator.entra.resources.references import shapes
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.store import Duplicate


def restored(call: Call, item: Bin, doc: Doc) -> Doc:
    """The live object again, stored. Raises 400 where its place is taken."""
    join_groups(call, doc["id"], doc.pop("_memberships", []))
    if item.resource == "user":
        doc.pop("deletedDateTime", None)
        return _user(call, doc)
    live = {**doc, "deletedDateTime": None}
    if item.resource == "group":
        group_store.store(call, live, new=True)
        return live
    try:
        call.store.add(shapes()[item.resource].kind, live)
    except Duplicate as error:
        raise conflict(error.path, error.value, "another object") from error
    if item.resource == "application":
        _principal(call, live)
    return live


def _principal(call: Call, application: Doc) -> None:
    """The service principal that was deleted with an application comes back with it."""
    kind = BINS["servicePrincipal"].kind
    gone = call.store.find(kind, "appId", application["appId"])
    if gone is not None:
        call.store.drop(kind, gone["id"])
        call.store.add(shapes()["servicePrincipal"].kind, {**gone, "deletedDateTime": None})


def _user(call: Call, doc: Doc) -> Doc:
    """The name must be free, and the addresses (or they are dropped on request)."""
    wanted = call.body.get("newUserPrincipalName")
    name = doc.pop("_userPrincipalName")
    if wanted is not None:
        name = user_rules.checked({"userPrincipalName": wanted})["userPrincipalName"]
        user_rules.domain_of(call, name)
    user = {**doc, "userPrincipalName": name}
    users.refuse_taken_name(call, user["id"], name)
    clashes = [
        item for item in user["proxyAddresses"] if mailboxes.taken(call.store, item.partition(":")[2], user["id"])
    ]
    if clashes and call.body.get("autoReconcileProxyConflict") is not True:
        raise conflict("proxyAddresses", clashes[0], "another object")
    user["proxyAddresses"] = [item for item in user["proxyAddresses"] if item not in clashes]
    user["identities"] = user_rules.identities(call, user, user["identities"])
    licences.settle(call.store, user, _assignments(call, user), now=call.now)
    users.store(call, user, new=True)
    return user


def _assignments(call: Call, user: Doc) -> list[Doc]:
    """What the user had directly, tried again, and what the groups give now; the user holds nothing meanwhile.

    Without a free seat an assignment is kept with its error (inferred).
    """
    direct = [row for row in user["licenseAssignmentStates"] if row["assignedByGroup"] is None]
    user["licenseAssignmentStates"] = []
    open_rows = [{**row, "state": "Error", "error": "Others"} for row in direct]
    rows = group_licences.inherited(call.store, {**user, "licenseAssignmentStates": open_rows}, now=call.now)
    before = {row["skuId"]: row for row in direct}
    return [
        before[row["skuId"]]
        if row["assignedByGroup"] is None and before[row["skuId"]]["state"] == row["state"]
        else row
        for row in rows
    ]
