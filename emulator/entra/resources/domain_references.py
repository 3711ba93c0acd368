"""What refers to a domain: domainNameReferences, and deleting it by force. Source: graph-entra.md 1.11."""

from urllib.parse import urlsplit

from emulator.entra import queries, relations
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection
from emulator.entra.problems import invalid
from emulator.entra.relations import related
from emulator.entra.resources import applications, bin, domains, groups, mailboxes, user_rules, users
from emulator.entra.resources.domains import ADMINS, DOMAINS
from emulator.entra.resources.references import marked
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare, Node, Or
from emulator.store import Kind

MOST_FORCED = 1000
MULTI_TENANT = ("AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount")


def _by_user(name: str) -> Node:
    suffix = f"@{name}"
    return Or((
        Compare(("userPrincipalName",), "ew", suffix), Compare(("mail",), "ew", suffix),
        Compare(("proxyAddresses",), "ew", suffix),
    ))  # fmt: skip


def _by_group(name: str) -> Node:
    suffix = f"@{name}"
    return Or((Compare(("mail",), "ew", suffix), Compare(("proxyAddresses",), "ew", suffix)))


def _apps(call: Call, name: str) -> list[Doc]:
    """The tenant's applications that have an identifier URI below the domain."""
    return [app for app in call.store.all(applications.APPLICATIONS)
            if not app["_external"] and any(_below(uri, name) for uri in app["identifierUris"])]  # fmt: skip


def _below(uri: str, name: str) -> bool:
    try:
        return (urlsplit(uri).hostname or "").casefold() == name
    except ValueError:
        return False


def counted(call: Call, name: str) -> dict[str, int]:
    """How many objects refer to a domain, by kind. Empty when nothing does."""
    found = {
        "users": call.store.count(users.USERS, queries.compiled(call, users.SHAPE, _by_user(name))),
        "groups": call.store.count(groups.GROUPS, queries.compiled(call, groups.SHAPE, _by_group(name))),
        "applications": len(_apps(call, name)),
        "subdomains": len(call.store.find_all(DOMAINS, "_root", name)),
    }  # fmt: skip
    return {what: count for what, count in found.items() if count}


def _found(call: Call, shape: queries.Shape, node: Node) -> list[Doc]:
    """Every live object that a condition names."""
    where, after, more = queries.compiled(call, shape, node), 0, True
    docs: list[Doc] = []
    while more:
        page = call.store.page(shape.kind, where, after=after, limit=1000, keep=None if where.exact else where.keeps)
        docs, after, more = docs + page.docs, page.last, page.more
    return docs


@related("/v1.0/domains/{id}/domainNameReferences", source=DOCUMENTED)
def list_references(call: Call) -> Collection | Answer | Doc:
    """The users, groups and applications that refer to a domain; not for federated domains."""
    domain = domains.load(call)
    if domain["authenticationType"] == "Federated":
        compared = (Compared("authenticationType", "Federated", domain["id"]),)
        raise Problem("federated_references", why=Why("Graph lists the references of managed domains.", compared))
    name = domain["id"]
    found = [marked(doc, "user") for doc in _found(call, users.SHAPE, _by_user(name))]
    found += [marked(doc, "group") for doc in _found(call, groups.SHAPE, _by_group(name))]
    return relations.of_objects(call, found + [marked(doc, "application") for doc in _apps(call, name)])


# -- by force -----------------------------------------------------------------------------------------------------


@operation(
    "POST", "/v1.0/domains/{id}/forceDelete", source=DOCUMENTED, status=204, body="optional_json", extra=ADMINS,
    emits=("Force delete domain", "Update user", "Update group", "Update application", "Remove verified domain"),
)  # fmt: skip
def force_delete(call: Call) -> None:
    """Remove a domain and rename whatever refers to it into the initial domain. Done at once."""
    # Differs: Microsoft does this in the background within a day; the domain shows a state meanwhile.
    domain = domains.load(call)
    disable = call.body.get("disableUserAccounts", True)
    if not isinstance(disable, bool):
        raise invalid("disableUserAccounts", "Domain", disable, rule="disableUserAccounts is a Boolean.")
    _may_force(call, domain)
    name, initial = domain["id"], domains.initial(call.store)
    for user in _found(call, users.SHAPE, _by_user(name)):
        _rename_user(call, user, name, initial, disable=disable)
    for group in _found(call, groups.SHAPE, _by_group(name)):
        _rename_group(call, group, name, initial)
    for app in _apps(call, name):
        kept = [uri for uri in app["identifierUris"] if not _below(uri, name)]
        _put(
            call,
            applications.APPLICATIONS,
            {**app, "identifierUris": [*kept, f"api://{app['appId']}"]},
            "Update application",
            "Application",
        )
    for kind in (bin.DELETED_USERS,):
        for user in call.store.all(kind):
            if str(user.get("_userPrincipalName", "")).casefold().endswith(f"@{name}"):
                alias = user["_userPrincipalName"].partition("@")[0]
                call.store.put(kind, {**user, "_userPrincipalName": f"{alias}@{initial}"})
    call.store.drop(DOMAINS, name)
    for activity in ("Force delete domain", "Remove verified domain"):
        domains.logged(call, activity, domain)


def _may_force(call: Call, domain: Doc) -> None:
    """Not the initial, default or a federated domain, not one with subdomains or too many references."""
    name = domain["id"]
    for flag, label in (("isInitial", "initial"), ("isDefault", "default")):
        if domain[flag]:
            raise Problem("domain_builtin", label, why=Why(f"The {label} domain stays.", (Compared(flag, True, name),)))
    if domain["authenticationType"] == "Federated":
        compared: tuple[Compared, ...] = (Compared("authenticationType", "Federated", name),)
        raise Problem("domain_in_use", name, why=Why("Make the domain Managed first.", compared))
    held = counted(call, name)
    if held.get("subdomains"):
        compared = (Compared("subdomains", held["subdomains"], "tenant"),)
        raise Problem("domain_in_use", name, why=Why("The subdomains go first.", compared))
    if sum(held.values()) > MOST_FORCED:
        compared = tuple(Compared(what, count, "tenant") for what, count in held.items())
        raise Problem(
            "domain_too_many", name, str(MOST_FORCED), why=Why("Too many objects refer to the domain.", compared)
        )
    wide = [app["displayName"] for app in _apps(call, name) if app["signInAudience"] in MULTI_TENANT]
    if wide:
        compared = (Compared("multi-tenant applications", wide, "identifierUris"),)
        raise Problem(
            "domain_multi_tenant", name, why=Why("A multi-tenant application refers to the domain.", compared)
        )


def _moved(address: str, name: str, initial: str) -> str:
    head, at, suffix = address.rpartition("@")
    return f"{head}@{initial}" if at and suffix.casefold() == name else address


def _rename_user(call: Call, user: Doc, name: str, initial: str, *, disable: bool) -> None:
    """User name, mail and addresses move to the initial domain; what is taken there goes."""
    upn = _moved(user["userPrincipalName"], name, initial)
    holder = users.by_upn(call.store, upn)
    if holder is not None and holder["id"] != user["id"]:
        upn = f"{user['id'].replace('-', '')}@{initial}"
    new = {**user, "userPrincipalName": upn, **_mail(call, user, name, initial)}
    new["identities"] = user_rules.identities(call, new, new.get("identities") or [])
    if disable and upn != user["userPrincipalName"]:
        new.update(accountEnabled=False, signInSessionsValidFromDateTime=iso_seconds(call.now))
    _put(call, users.USERS, new, "Update user", "User")


def _rename_group(call: Call, group: Doc, name: str, initial: str) -> None:
    _put(call, groups.GROUPS, {**group, **_mail(call, group, name, initial)}, "Update group", "Group")


def _mail(call: Call, doc: Doc, name: str, initial: str) -> Doc:
    addresses: list[str] = []
    for item in doc.get("proxyAddresses") or ():
        moved = _moved(item, name, initial)
        taken = moved != item and mailboxes.taken(call.store, moved.partition(":")[2], doc["id"])
        known = {held.partition(":")[2].casefold() for held in addresses}
        if not taken and moved.partition(":")[2].casefold() not in known:
            addresses.append(moved)
    return {
        "proxyAddresses": addresses,
        "mail": _moved(doc["mail"], name, initial) if doc.get("mail") else doc.get("mail"),
    }


def _put(call: Call, kind: Kind, doc: Doc, activity: str, what: str) -> None:
    call.store.put(kind, doc)
    audit(call, activity, [target(what, doc)])
