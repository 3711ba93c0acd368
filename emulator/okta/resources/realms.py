"""Realms: /api/v1/realms. Source: appendix D (E0000178, E0000221), appendix E; the published Realm schema."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import lists, search
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import taken
from emulator.okta.realm_store import REALM_ASSIGNMENTS, REALMS, by_id, require_realms
from emulator.okta.user_docs import USERS
from emulator.store import Duplicate

SEED_RANK = 18
MOST = 5000
_AT = "/api/v1/realms"
_TYPES = ("PARTNER", "DEFAULT")
_READ: Any = {"source": DOCUMENTED, "scope": ("okta.realms.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.realms.manage",)}


def new_realm(profile: Doc, *, id: str, now: int, default: bool = False) -> Doc:
    at = stamp(now)
    return {"id": id, "created": at, "lastUpdated": at, "isDefault": default, "profile": profile}


def render(call: Call, realm: Doc) -> Doc:
    """The realm as the API shows it: its domains always, its type never (observed)."""
    profile = {"name": realm["profile"]["name"], "domains": realm["profile"].get("domains", [])}
    links = {"self": {"rel": "self", "href": f"{call.base}{_AT}/{realm['id']}", "method": "GET"}}
    return {**public(realm), "profile": profile, "_links": links}


def realm_target(realm: Doc) -> Doc:
    return target("Realm", realm["id"], name=realm["profile"]["name"])


@operation("GET", _AT, paging=Paging(1000, 1000), query=("limit", "after", "search", "sortBy", "sortOrder"), **_READ)
def list_realms(call: Call) -> Listing:
    """Realms in order of creation, by `search` on the name."""
    require_realms(call)
    where, keep = search.compiled(call, REALMS, "realms")
    if call.params.get("sortBy"):
        return search.sorted_listing(call, REALMS, render, where=where, keep=keep)
    return lists.listing(call, REALMS, render, where=where, keep=keep)


@operation("POST", _AT, emits=("directory.realm.lifecycle.create",), **_MANAGE)
def create_realm(call: Call) -> Doc:
    """Add a realm."""
    require_realms(call)
    profile = _profile(body_object(call))
    if call.store.count(REALMS) >= MOST:
        why = Why("An org has a limited number of realms.", (Compared("realms", MOST, "the org"),))
        raise Problem("E0000221", str(MOST), why=why)
    realm = new_realm(profile, id=call.ids.okta("guo"), now=call.now)
    _store(call, realm, new=True)
    emit(call, "directory.realm.lifecycle.create", [realm_target(realm)])
    return render(call, realm)


@operation("GET", _AT + "/{realmId}", **_READ)
def get_realm(call: Call) -> Doc:
    """One realm."""
    require_realms(call)
    return render(call, by_id(call, call.path["realmId"]))


@operation("PUT", _AT + "/{realmId}", emits=("directory.realm.lifecycle.update",), **_MANAGE)
def replace_realm(call: Call) -> Doc:
    """Replace a realm's profile."""
    require_realms(call)
    realm = {
        **by_id(call, call.path["realmId"]),
        "profile": _profile(body_object(call)),
        "lastUpdated": stamp(call.now),
    }
    _store(call, realm, new=False)
    emit(call, "directory.realm.lifecycle.update", [realm_target(realm)])
    return render(call, realm)


@operation("DELETE", _AT + "/{realmId}", emits=("directory.realm.lifecycle.delete",), **_MANAGE)
def delete_realm(call: Call) -> None:
    """Delete a realm that is not the default one, has no users, and that no assignment names."""
    require_realms(call)
    realm = by_id(call, call.path["realmId"])
    user = call.store.find(USERS, "realmId", realm["id"])
    rows = call.store.all(REALM_ASSIGNMENTS)
    named = next((row["id"] for row in rows if row["actions"]["assignUserToRealm"]["realmId"] == realm["id"]), None)
    reasons = (
        (realm["isDefault"], "Default realm."), (user is not None, "It has users."),
        (named is not None, "A realm assignment uses it."),
    )  # fmt: skip
    reason = next((text for holds, text in reasons if holds), None)
    if reason:
        compared = (
            Compared("isDefault", realm["isDefault"], "the realm"), Compared("user", user and user["id"], "users"),
            Compared("realm assignment", named, "realm assignments"),
        )  # fmt: skip
        raise Problem("E0000178", reason, why=Why("Only an unused realm is deleted.", compared))
    call.store.drop(REALMS, realm["id"])
    emit(call, "directory.realm.lifecycle.delete", [realm_target(realm)])


def _profile(body: Doc) -> Doc:
    given = part(body, "profile")
    if given is None:
        raise bad("profile", "profile: The field cannot be left blank", "profile", None, "A realm has a profile.")
    kind = text_of(given, "realmType")
    if kind not in (None, *_TYPES):
        raise bad("realmType", "realmType: The field is not valid", "realmType", kind, "PARTNER or DEFAULT.")
    domains = given.get("domains")
    if domains is not None and not (isinstance(domains, list) and all(isinstance(one, str) for one in domains)):
        raise bad("domains", "domains: The field is not valid", "domains", domains, "A list of domain names.")
    more = {name: value for name, value in (("realmType", kind), ("domains", domains)) if value is not None}
    return {"name": needed_text(given, "name"), **more}


def _store(call: Call, realm: Doc, *, new: bool) -> None:
    try:
        call.store.add(REALMS, realm) if new else call.store.put(REALMS, realm)
    except Duplicate as error:
        raise taken("name", realm["profile"]["name"]) from error


def seed(seeding: Seeding) -> None:
    """The default realm of an Identity Engine org; `realms: [{name, id?, realmType?, domains?}]` adds further ones,
    `default_realm: {id}` fixes the default one's id.
    """
    if seeding.info.get("engine") != "oie" or "realms" in seeding.info["without"]:
        return
    id = seeding.spec.get("default_realm", {}).get("id") or seeding.ids.okta("guo")
    profile = {"name": "Default Realm", "realmType": "DEFAULT"}
    seeding.store.add(REALMS, new_realm(profile, id=id, now=seeding.now, default=True))
    for spec in seeding.spec.get("realms", ()):
        profile = {name: spec[name] for name in ("name", "realmType", "domains") if name in spec}
        seeding.store.add(REALMS, new_realm(profile, id=spec.get("id") or seeding.ids.okta("guo"), now=seeding.now))
