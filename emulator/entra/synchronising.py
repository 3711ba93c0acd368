"""What synchronisation from a directory on-premises does to the tenant: matching, writing, conflicts, deleting.

The wire format of Microsoft's own channel is not documented, its effects are. Source: federation.md 1 and 3,
seed-catalogue.md 1.2; Microsoft's pages on Entra Connect (matching, attribute conflicts, deletion guard).
"""

from dataclasses import dataclass
from typing import Any

from emulator.entra.audit import audit, target
from emulator.entra.resources import (
    bin,
    contacts,
    directory_roles,
    domains,
    group_store,
    memberships,
    on_premises_sync,
    restoring,
    user_rules,
    user_store,
)
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.passwords import hash_password
from emulator.store import Kind

KINDS: dict[str, Kind] = {"user": user_store.USERS, "group": group_store.GROUPS, "contact": contacts.CONTACTS}
TYPES = {"user": "User", "group": "Group", "contact": "Contact"}
# Attributes that a directory may write, by type of object; what else is sent is refused.
_COMMON = "displayName mail mailNickname proxyAddresses onPremisesDistinguishedName onPremisesSamAccountName"
_TEXTS = {
    "user": f"""{_COMMON} userPrincipalName accountEnabled givenName surname jobTitle department companyName city state
        country postalCode streetAddress officeLocation mobilePhone businessPhones faxNumber employeeId employeeType
        usageLocation preferredLanguage otherMails imAddresses onPremisesDomainName onPremisesUserPrincipalName
        onPremisesSecurityIdentifier onPremisesExtensionAttributes userType employeeHireDate employeeLeaveDateTime
        passwordPolicies showInAddressList ageGroup consentProvidedForMinor employeeOrgData""",
    "group": f"""{_COMMON} description mailEnabled securityEnabled onPremisesDomainName onPremisesNetBiosName
        onPremisesSecurityIdentifier""",
    "contact": f"{_COMMON} givenName surname jobTitle department companyName addresses phones",
}
ATTRIBUTES = {kind: frozenset(text.split()) for kind, text in _TEXTS.items()}
_LISTS = frozenset({"proxyAddresses", "businessPhones", "otherMails", "imAddresses", "addresses", "phones"})


# -- finding ------------------------------------------------------------------------------------------------------


def by_anchor(call: Call, kind: str, anchor: str) -> Doc | None:
    """The object that an anchor stands for: a user's immutable id, what else the channel itself has noted."""
    if kind == "user":
        return user_store.by_immutable_id(call.store, anchor)
    found: Doc | None = call.store.find(KINDS[kind], "_anchor", anchor)
    return found


def _soft_match(call: Call, kind: str, attributes: Doc) -> Doc | None:
    """A cloud object of the same name or primary address, which the directory now takes over.

    Holders of admin roles are never taken over so, nor anybody where the tenant blocks it.
    """
    switches = on_premises_sync.features(call.store)
    if switches["blockSoftMatchEnabled"]:
        return None
    found: list[Doc] = []
    upn = attributes.get("userPrincipalName")
    if kind == "user" and upn and switches["softMatchOnUpnEnabled"]:
        found += [doc for doc in [user_store.by_upn(call.store, upn)] if doc]
    primary = next((item for item in attributes.get("proxyAddresses") or () if item.startswith("SMTP:")), None)
    if primary:
        found += call.store.find_multi(KINDS[kind], "proxyAddresses", primary)
    for doc in found:
        taken = doc.get("onPremisesImmutableId") or doc.get("onPremisesSyncEnabled") or doc.get("_anchor")
        if not taken and not directory_roles.is_protected(call.store, doc["id"]):
            return doc
    return None


def _from_bin(call: Call, anchor: str) -> Doc | None:
    """A deleted user of that anchor comes back: an anchor stays with its object."""
    gone = call.store.find(bin.DELETED_USERS, "onPremisesImmutableId", anchor)
    if gone is None or bin.is_over(call, gone):
        return None
    call.store.drop(bin.DELETED_USERS, gone["id"])
    live = restoring.restored(call, bin.BINS["user"], dict(gone))
    audit(call, "Restore user", [target("User", live)])
    return live


# -- writing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Secret:
    """A user's password: in clear, or as the directory keeps it; and when it was set there."""

    password: str | None = None
    hashed: str | None = None
    changed: str | None = None


def write(call: Call, kind: str, anchor: str, attributes: Doc, secret: Secret) -> tuple[Doc, str]:
    """Add or change one object; answers it and what was done: added, joined, restored, updated."""
    found = by_anchor(call, kind, anchor)
    what = "updated"
    if found is None and kind == "user":
        found, what = _from_bin(call, anchor), "restored"
    if found is None:
        found, what = _soft_match(call, kind, attributes), "joined"
    if found is None:
        found, what = _blank(call, kind), "added"
    old = dict(found)
    doc = {**found, **_clean(attributes), "onPremisesSyncEnabled": True}
    doc["onPremisesLastSyncDateTime"] = iso_seconds(call.now)
    doc["onPremisesProvisioningErrors"] = []
    doc.update({"onPremisesImmutableId": anchor} if kind == "user" else {"_anchor": anchor})
    _addresses(call, kind, doc)
    if kind == "user":
        _user(call, doc, new=what == "added", secret=secret)
        user_store.store(call, doc, new=what == "added")
    elif kind == "group":
        group_store.store(call, doc, new=what == "added")
    else:
        call.store.add(contacts.CONTACTS, doc) if what == "added" else call.store.put(contacts.CONTACTS, doc)
    _log(call, kind, doc, old, what)
    return doc, what


def _clean(attributes: Doc) -> Doc:
    return {name: [] if value is None and name in _LISTS else value for name, value in attributes.items()}


def _blank(call: Call, kind: str) -> Doc:
    if kind == "user":
        return {**user_store.blank(call.ids.guid("user"), call.now), "accountEnabled": True, "displayName": None}
    if kind == "group":
        return group_store.blank(call.ids.guid("group"), call.now)
    return contacts.blank(call.ids.guid("orgContact"))


def _user(call: Call, doc: Doc, *, new: bool, secret: Secret) -> None:
    """The user name in a verified domain and not another's; the password where hashes are synchronised."""
    doc["userPrincipalName"] = _name(call, doc)
    doc.setdefault("mailNickname", doc["userPrincipalName"].partition("@")[0])
    doc["identities"] = user_rules.identities(call, doc, doc.get("identities") or [])
    kept = secret.hashed
    if secret.password is not None:
        kept = hash_password(secret.password, call.ids.text("salt", 16))
    if kept not in (None, doc.get("_password")) and on_premises_sync.features(call.store)["passwordSyncEnabled"]:
        doc["_password"] = kept
        doc["lastPasswordChangeDateTime"] = secret.changed or iso_seconds(call.now)
        doc["_passwordProfile"] = {
            "forceChangePasswordNextSignIn": False,
            "forceChangePasswordNextSignInWithMfa": False,
        }
    if new:
        doc["signInSessionsValidFromDateTime"] = iso_seconds(call.now)


def end_tokens(call: Call, doc: Doc, valid_from: str) -> None:
    """Refresh tokens and sessions from before an instant end; the instant never moves back."""
    if (doc.get("signInSessionsValidFromDateTime") or "") >= valid_from:
        return
    old = doc.get("signInSessionsValidFromDateTime")
    doc["signInSessionsValidFromDateTime"] = valid_from
    call.store.put(user_store.USERS, doc)
    values = {"StsRefreshTokensValidFrom": (old, valid_from)}
    audit(call, "Update StsRefreshTokenValidFrom Timestamp", [target("User", doc, changed=values)])


def _name(call: Call, doc: Doc) -> str:
    """The user name that is kept: an unknown suffix becomes the initial domain, a taken name gets four digits."""
    wanted = str(doc.get("userPrincipalName") or doc.get("mailNickname") or doc["id"])
    alias, at, suffix = wanted.rpartition("@")
    alias = alias if at else wanted
    domain = call.store.get(domains.DOMAINS, suffix.casefold())
    name = wanted if at and domain is not None and domain["isVerified"] else f"{alias}@{domains.initial(call.store)}"
    holder = user_store.by_upn(call.store, name)
    if holder is None or holder["id"] == doc["id"]:
        return name
    _conflict(call, doc, "UserPrincipalName", name)
    digits = int.from_bytes(call.ids.secret_text("upn", 4).encode(), "big") % 10_000
    return f"{alias}{digits:04d}@{domains.initial(call.store)}"


def _addresses(call: Call, kind: str, doc: Doc) -> None:
    """The addresses of the directory; what another object holds is left out and noted. `mail` follows the primary."""
    kept: list[str] = []
    for item in doc.get("proxyAddresses") or ():
        holders = [
            other
            for store_kind in KINDS.values()
            for other in call.store.find_multi(store_kind, "proxyAddresses", item)
        ]
        if any(other["id"] != doc["id"] for other in holders):
            _conflict(call, doc, "ProxyAddresses", item)
        elif item not in kept:
            kept.append(item)
    doc["proxyAddresses"] = kept
    primary = next((item[5:] for item in kept if item.startswith("SMTP:")), None)
    if primary and not doc.get("mail"):
        doc["mail"] = primary


def _conflict(call: Call, doc: Doc, name: str, value: str) -> None:
    row = {
        "category": "PropertyConflict",
        "occurredDateTime": iso_seconds(call.now),
        "propertyCausingError": name,
        "value": value,
    }
    doc["onPremisesProvisioningErrors"] = [*doc["onPremisesProvisioningErrors"], row]


def _log(call: Call, kind: str, doc: Doc, old: Doc, what: str) -> None:
    verb = "Add" if what == "added" else "Update"
    watched = sorted(ATTRIBUTES[kind] | {"onPremisesImmutableId", "onPremisesSyncEnabled"})
    values = {name: (old.get(name), doc.get(name)) for name in watched if old.get(name) != doc.get(name)}
    if what == "added" or values:
        audit(call, f"{verb} {kind}", [target(TYPES[kind], doc, changed=values)])


# -- links --------------------------------------------------------------------------------------------------------


def set_manager(call: Call, kind: str, doc: Doc, anchor: str | None) -> None:
    """The manager by anchor; one that the tenant does not know yet is left out."""
    manager = (by_anchor(call, "user", anchor) or by_anchor(call, "contact", anchor)) if anchor else None
    if doc.get("_manager") != (manager["id"] if manager else None):
        doc["_manager"] = manager["id"] if manager else None
        call.store.put(KINDS[kind], doc)


def set_members(call: Call, group: Doc, anchors: list[str]) -> list[str]:
    """A group's members as the directory has them; answers the anchors that nobody has."""
    wanted: dict[str, None] = {}
    unknown = []
    for anchor in anchors:
        member = next((doc for kind in KINDS if (doc := by_anchor(call, kind, anchor)) is not None), None)
        if member is None:
            unknown.append(anchor)
        else:
            wanted[member["id"]] = None
    held = memberships.member_ids(call.store, memberships.GROUP_MEMBERS, group["id"])
    for id in held:
        if id not in wanted:
            memberships.leave(call.store, memberships.GROUP_MEMBERS, group["id"], id)
            audit(call, "Remove member from group", [target("User", {"id": id}), target("Group", group)])
    for id in wanted:
        if memberships.join(call.store, memberships.GROUP_MEMBERS, group["id"], id):
            audit(call, "Add member to group", [target("User", {"id": id}), target("Group", group)])
    return unknown


# -- deleting -----------------------------------------------------------------------------------------------------


def delete(call: Call, kind: str, anchor: str) -> Doc | None:
    """The object left the directory: users and groups go to the recycle bin, contacts at once."""
    found = by_anchor(call, kind, anchor)
    if found is None or not found.get("onPremisesSyncEnabled"):
        return None
    if kind == "contact":
        call.store.drop(contacts.CONTACTS, found["id"])
        audit(call, "Delete contact", [target("Contact", found)])
    else:
        bin.discard(call, kind, found)
    return found


def threshold(call: Call, objects: int) -> int | None:
    """How many deletions one run may bring; None where nothing guards against them."""
    row: Any = call.store.all(on_premises_sync.ON_PREMISES_SYNC)[0]
    guard = row["configuration"]["accidentalDeletionPrevention"]
    limit = int(guard["alertThreshold"] or 0)
    return {"enabledForCount": limit, "enabledForPercentage": objects * limit // 100}.get(
        guard["synchronizationPreventionType"]
    )
