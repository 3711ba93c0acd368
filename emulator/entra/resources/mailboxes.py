"""Mail addresses of users: `mail` and `proxyAddresses`, as the directory and a mailbox write them.

Source: graph-entra.md 1.8. proxyAddresses is never written by a client: it follows from mail, from the user name and
from holding an Exchange plan.
"""

from emulator.entra.resources import domains, skus
from emulator.kernel.doc import Doc
from emulator.store import Kind, Store

_PLANS = ("EXCHANGE_S_STANDARD", "EXCHANGE_S_ENTERPRISE", "EXCHANGE_S_DESKLESS")


def has_mailbox(store: Store, user: Doc) -> bool:
    """Whether an Exchange plan is enabled for the user."""
    for held in user["assignedLicenses"]:
        sku = skus.by_id(store, held["skuId"])
        for plan in sku["servicePlans"] if sku else ():
            if plan["servicePlanName"].startswith(_PLANS) and plan["servicePlanId"] not in held["disabledPlans"]:
                return True
    return False


def set_mail(store: Store, user: Doc, mail: str | None) -> None:
    """Change `mail`: it becomes the primary address unless another object has it, the old one stays an alias."""
    user["mail"] = mail
    if mail is not None and not taken(store, mail, user["id"]):
        user["proxyAddresses"] = with_primary(user["proxyAddresses"], mail)
    _drop_foreign(store, user)


def with_primary(addresses: list[str], mail: str) -> list[str]:
    """The list with `mail` as its one primary address, first."""
    others = [
        f"smtp:{item[5:]}" if item.startswith("SMTP:") else item
        for item in addresses
        if item.partition(":")[2].casefold() != mail.casefold()
    ]
    return [f"SMTP:{mail}", *others]


def taken(store: Store, mail: str, own_id: str) -> bool:
    """Whether another live object holds an address."""
    return any(
        doc["id"] != own_id for kind in _kinds() for doc in store.find_multi(kind, "proxyAddresses", f"smtp:{mail}")
    )


def _kinds() -> tuple[Kind, Kind]:
    from emulator.entra.resources import groups, users

    return users.USERS, groups.GROUPS


def renamed(store: Store, user: Doc, old_name: str) -> None:
    """A user name changed: a mailbox whose address was the old name moves along, and keeps the old one as an alias."""
    if has_mailbox(store, user) and (user.get("mail") or "").casefold() == old_name.casefold():
        set_mail(store, user, user["userPrincipalName"])


def settle(store: Store, user: Doc) -> None:
    """Licences changed: who holds an Exchange plan has an address, in verified domains only."""
    if not has_mailbox(store, user):
        return
    if not user.get("mail"):
        set_mail(store, user, user["userPrincipalName"])
    routing = f"{user['mailNickname']}@{domains.initial(store)}"
    held = {item.partition(":")[2].casefold() for item in user["proxyAddresses"]}
    if routing.casefold() not in held and not taken(store, routing, user["id"]):
        user["proxyAddresses"] = [*user["proxyAddresses"], f"smtp:{routing}"]
    _drop_foreign(store, user)


def _drop_foreign(store: Store, user: Doc) -> None:
    """A mailbox has addresses in verified domains only; the others go without a word."""
    if not has_mailbox(store, user):
        return
    kept = []
    for item in user["proxyAddresses"]:
        kind, _, address = item.partition(":")
        domain = store.get(domains.DOMAINS, address.rpartition("@")[2].casefold())
        if kind.casefold() != "smtp" or (domain is not None and domain["isVerified"]):
            kept.append(item)
    user["proxyAddresses"] = kept
