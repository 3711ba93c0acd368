"""Users of a world file. Source: graph-entra.md 1.8; the seed keys are ours."""

from emulator.entra.resources import directory_roles, domains, licences, mailboxes, skus, users
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.passwords import hash_password
from emulator.kernel.problems import LabError

SEED_RANK = 40
_OURS = frozenset([
    "password", "licenses", "roles", "manager", "forceChangePasswordNextSignIn", "methods", "perUserMfaState",
])  # fmt: skip


def seed(seeding: Seeding) -> None:
    """`users: [{userPrincipalName, displayName, …}]`, with these keys beside any property of a user:

    id?, password? (none: no Microsoft password, as federated users have), licenses?: [SKU part numbers, or
    {sku, disabled: [plan names]}], roles?: [directory roles], manager?: a user name that stands earlier or later,
    forceChangePasswordNextSignIn?: bool. mailNickname defaults to the alias, accountEnabled to true. The rules of the
    API are not applied (a federated user without an immutable id can be seeded); uniqueness is.
    """
    given_users = seeding.spec.get("users", ())
    for given in given_users:
        user = new_user(seeding, given)
        rows = [licence(seeding, item) for item in given.get("licenses", ())]
        licences.settle(seeding.store, user, rows, now=seeding.now)
        seeding.store.add(users.USERS, user)
        for role in given.get("roles", ()):
            if role not in directory_roles.TEMPLATES:
                raise LabError(
                    f"There is no directory role {role!r}.", hint=f"Known: {', '.join(directory_roles.TEMPLATES)}."
                )
            directory_roles.grant(seeding.store, seeding.ids.guid("directoryRole"), user["id"], role)
    for given in given_users:
        if given.get("manager"):
            person, manager = (users.by_upn(seeding.store, given[key]) for key in ("userPrincipalName", "manager"))
            if person is None or manager is None:
                raise LabError(
                    f"There is no user {given['manager']!r} to be a manager.", hint="Give a seeded user name."
                )
            seeding.store.put(users.USERS, {**person, "_manager": manager["id"]})


def new_user(seeding: Seeding, given: Doc) -> Doc:
    """The document of a seeded user, without licences; nothing is stored."""
    name = given["userPrincipalName"]
    user = users.blank(given.get("id") or seeding.ids.guid("user"), seeding.now)
    user.update(accountEnabled=True, displayName=name, mailNickname=name.partition("@")[0])
    user.update({key: value for key, value in given.items() if key not in _OURS and key != "mail"})
    user["identities"] = [
        {"signInType": "userPrincipalName", "issuer": domains.initial(seeding.store), "issuerAssignedId": name}
    ]
    if given.get("mail"):
        mailboxes.set_mail(seeding.store, user, given["mail"])
    force = bool(given.get("forceChangePasswordNextSignIn"))
    user["_passwordProfile"] = {"forceChangePasswordNextSignIn": force, "forceChangePasswordNextSignInWithMfa": False}
    if given.get("password"):
        user["_password"] = hash_password(given["password"], seeding.ids.text("salt", 16))
    user.setdefault("signInSessionsValidFromDateTime", iso_seconds(seeding.now))
    return user


def licence(seeding: Seeding, item: str | Doc) -> Doc:
    """A direct assignment. LabError where the tenant does not subscribe to the SKU."""
    part = item if isinstance(item, str) else item["sku"]
    sku = seeding.store.find(skus.SKUS, "skuPartNumber", part)
    if sku is None:
        raise LabError(f"The tenant does not subscribe to {part!r}.", hint="Add it to `skus` of the tenant.")
    off = set() if isinstance(item, str) else set(item.get("disabled", ()))
    disabled = [plan["servicePlanId"] for plan in sku["servicePlans"] if plan["servicePlanName"] in off]
    return licences.row(sku["skuId"], disabled, seeding.now)
