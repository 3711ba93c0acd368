"""A directory as LDIF: /_lab/directory/ldif, in and out. Users, groups and organizational units are taken."""

import base64
import uuid
from collections.abc import Iterator
from typing import Any

from emulator.directory import ldif, names, objects
from emulator.directory.resources import groups, units, users
from emulator.directory.resources.users import OURS
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import operation
from emulator.kernel.problems import Compared, Problem, Why

_AT = "/_lab/directory/ldif"
_ONE = {
    "sAMAccountName", "userPrincipalName", "givenName", "sn", "displayName", "mail", "department", "title", "company",
    "l",
    "c", "co", "st", "streetAddress", "postalCode", "telephoneNumber", "mobile", "manager", "description", "employeeID",
    "employeeNumber", "msExchUsageLocation", "physicalDeliveryOfficeName", "cn", "pwdLastSet", "info",
    *(f"extensionAttribute{number}" for number in range(1, 16)),
}  # fmt: skip
_DISABLED = 2
_SECURITY = -0x80000000


@operation("GET", _AT, source=OURS, auth="none")
def export(call: Call) -> Answer:
    """Everything, without passwords."""
    text = ldif.write(_entries(call.store))
    return Answer(200, [("Content-Type", "text/plain; charset=utf-8")], text.encode())


def _entries(store: Any) -> Iterator[Doc]:
    for kind in (units.UNITS, users.USERS, groups.GROUPS):
        for doc in store.all(kind):
            shown = {
                key: value for key, value in objects.render(doc).items() if key not in ("sourceAnchor", "uSNChanged")
            }
            entry = {"dn": shown.pop("distinguishedName"), **shown}
            if kind is groups.GROUPS:
                entry["member"] = [each["distinguishedName"] for each in groups.members_of(store, doc["id"])]
            yield entry


@operation("POST", _AT, source=OURS, auth="none")
def take(call: Call) -> Doc:
    """Add the entries of `{ldif: "..."}`: all or none. `{users, groups, units, skipped: [{dn, reason}]}`."""
    text = objects.required(call.body, "ldif")
    try:
        entries = list(ldif.read(text))
    except ldif.BadLdif as error:
        why = Why("The text is not LDIF.", (Compared("line", error.line, "request body"),))
        raise Problem("constraintViolation", f"The LDIF is not valid: {error}.", why=why) from error
    counts: Doc = {"users": 0, "groups": 0, "units": 0, "skipped": []}
    pending: list[tuple[Doc, list[str]]] = []
    for entry in entries:
        classes = {each.lower() for each in entry.get("objectClass", ())}
        if "organizationalunit" in classes:
            _unit(call, entry)
            counts["units"] += 1
        elif "group" in classes:
            pending.append((_group(call, entry), entry.get("member", [])))
            counts["groups"] += 1
        elif "user" in classes or "inetorgperson" in classes:
            _user(call, entry)
            counts["users"] += 1
        else:
            counts["skipped"].append({"dn": entry["dn"][0], "reason": "neither user, group nor organizationalUnit"})
    for group, members in pending:
        counts["skipped"] += _members(call, group, members)
    return counts


def _guid(call: Call, entry: Doc) -> str:
    text = (entry.get("objectGUID") or [""])[0]
    try:
        if text.startswith("base64:"):
            return str(uuid.UUID(bytes_le=base64.b64decode(text[7:])))
        return str(uuid.UUID(text))
    except ValueError:
        return call.ids.guid("objectGUID")


def _attributes(entry: Doc) -> Doc:
    found: Doc = {name: values[0] for name, values in entry.items() if name in _ONE}
    for name in objects.LISTS:
        if name in entry:
            found[name] = entry[name]
    return {**found, "distinguishedName": entry["dn"][0]}


def _user(call: Call, entry: Doc) -> None:
    given = _attributes(entry)
    flags = (entry.get("userAccountControl") or ["512"])[0]
    given["enabled"] = not (flags.isdigit() and int(flags) & _DISABLED)
    given.setdefault("sAMAccountName", (entry.get("uid") or [names.value_of(entry["dn"][0])])[0][:20])
    given.setdefault("userPrincipalName", f"{given['sAMAccountName']}@{names.domain_of(entry['dn'][0])}")
    users.add(call.store, _guid(call, entry), call.now, given)


def _group(call: Call, entry: Doc) -> Doc:
    given = _attributes(entry)
    given.setdefault("sAMAccountName", names.value_of(entry["dn"][0]))
    kind = (entry.get("groupType") or [str(_SECURITY + 2)])[0]
    given["type"] = "security" if kind.startswith("-") else "distribution"
    return groups.add(call.store, _guid(call, entry), call.now, given, "")


def _unit(call: Call, entry: Doc) -> None:
    given = {"name": names.value_of(entry["dn"][0]), "distinguishedName": entry["dn"][0]}
    objects.add(call.store, units.UNITS, _guid(call, entry), call.now, given)


def _members(call: Call, group: Doc, members: list[str]) -> list[Doc]:
    skipped = []
    for name in members:
        kinds = (users.USERS, groups.GROUPS)
        found = next((doc for kind in kinds if (doc := call.store.find(kind, "distinguishedName", name))), None)
        if found is None:
            skipped.append({"dn": name, "reason": f"member of {group['sAMAccountName']}, and not in the directory"})
            continue
        row = {"id": f"{group['id']}.{found['id']}", "groupId": group["id"], "memberId": found["id"]}
        call.store.add(groups.MEMBERS, row)
    return skipped
