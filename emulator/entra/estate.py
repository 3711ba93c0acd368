"""Many people for a tenant: users with licences, managers, and a group for each department, as its seeds make them."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from emulator.entra.resources import domains, groups, licences, memberships, skus, user_seed, users
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.passwords import hash_password
from emulator.kernel.people import PASSWORD, Person
from emulator.store.bulk import Draft

_SPARE = 1.05
"""Seats are raised so that this many times those taken are there."""


class Estate:
    """A tenant that is being filled."""

    def __init__(self, seeding: Seeding) -> None:
        self._store = Draft(seeding.store, (users.USERS, memberships.GROUP_MEMBERS))
        self._seeding = replace(seeding, store=self._store)
        self._groups: dict[str, str] = {}
        self._password = hash_password(PASSWORD, seeding.ids.text("salt", 16))
        held = seeding.store.all(users.USERS)
        default = seeding.store.find(domains.DOMAINS, "isDefault", 1)
        self.facts: Doc = {
            "logins": {user["userPrincipalName"].casefold() for user in held},
            "by_hand": [sku["skuPartNumber"] for sku in self._store.all(skus.SKUS)],
            "domain": default["id"] if default else domains.initial(self._store),
            "domains": [item["name"] for item in domains.verified(self._store)],
        }  # fmt: skip

    def add(self, people: Sequence[Person]) -> None:
        """Store users, their licences and memberships."""
        for person in people:
            if person.entra_id:
                self._add(person)

    def close(self) -> None:
        for sku in self._store.all(skus.SKUS):
            taken = skus.consumed(self._store, sku["skuId"])
            if taken > sku["prepaidUnits"]["enabled"]:
                units = {**sku["prepaidUnits"], "enabled": ceil(taken * _SPARE / 25) * 25}
                self._store.put(skus.SKUS, {**sku, "prepaidUnits": units})
        self._store.close()

    def _add(self, person: Person) -> None:
        user = user_seed.new_user(self._seeding, _properties(person))
        if not self._federated(person.upn):
            user["_password"] = self._password
        rows = [user_seed.licence(self._seeding, person.licence)] if person.licence else []
        licences.settle(self._store, user, rows, now=self._seeding.now)
        if person.manager is not None and person.manager.entra_id:
            user["_manager"] = person.manager.entra_id
        self._store.add(users.USERS, user)
        self._store.add(memberships.GROUP_MEMBERS, memberships.link(self._team(person.department), user["id"]))

    def _federated(self, upn: str) -> bool:
        """Who signs in elsewhere has no password here."""
        domain = domains.for_upn(self._store, upn)
        return domain is not None and domain["authenticationType"] == "Federated"

    def _team(self, department: str) -> str:
        if department not in self._groups:
            name = f"{department} team"
            group = groups.by_name(self._store, name)
            if group is None:
                nickname = "".join(letter for letter in name if letter.isalnum())
                id = self._seeding.ids.guid("group")
                group = groups.blank(id, self._seeding.now, displayName=name, mailNickname=nickname)
                self._store.add(groups.GROUPS, group)
            self._groups[department] = group["id"]
        return self._groups[department]


def _properties(person: Person) -> Doc:
    given: Doc = {
        "id": person.entra_id, "userPrincipalName": person.upn, "displayName": person.display,
        "givenName": person.first, "surname": person.last, "usageLocation": person.country, "city": person.city,
        "country": person.country_name, "department": person.department, "jobTitle": person.title,
        "employeeId": person.employee_number, "accountEnabled": person.status != "DEPROVISIONED",
    }  # fmt: skip
    if person.linked:
        given["onPremisesImmutableId"] = person.anchor
    return given
