"""Many people for a forest: those of an estate who have an objectGUID."""

from collections.abc import Sequence
from dataclasses import replace

from emulator.directory import objects
from emulator.directory.resources import users
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.people import Person
from emulator.store.bulk import Draft


class Estate:
    """A forest that is being filled."""

    def __init__(self, seeding: Seeding) -> None:
        self._whole = seeding.store
        self._store = Draft(seeding.store, (users.USERS,))
        self._seeding = replace(seeding, store=self._store)
        self._number = objects.highest(seeding.store)
        held = seeding.store.all(users.USERS)
        self.facts: Doc = {
            "logins": {user["userPrincipalName"].casefold() for user in held},
            "forest": seeding.info["forest"],
        }  # fmt: skip

    def add(self, people: Sequence[Person]) -> None:
        """Store those who are in the forest."""
        for person in people:
            if person.guid:
                self._number += 1
                given = _attributes(person)
                users.add(self._store, person.guid, self._seeding.now, given, number=self._number)

    def close(self) -> None:
        """Write what is left, and the number of the last change."""
        self._store.close()
        if self._number > objects.highest(self._whole):
            objects.raise_to(self._whole, self._number)


def _attributes(person: Person) -> Doc:
    given: Doc = {
        "sAMAccountName": person.sam_account_name, "userPrincipalName": person.login,
        "cn": person.dn[3:].partition(",")[0],
        "givenName": person.first, "sn": person.last, "displayName": person.display, "mail": person.login,
        "department": person.department, "title": person.title, "l": person.city, "c": person.country,
        "co": person.country_name, "employeeID": person.employee_number, "msExchUsageLocation": person.country,
        "distinguishedName": person.dn, "enabled": person.status != "DEPROVISIONED",
    }  # fmt: skip
    if person.manager is not None and person.manager.dn:
        given["manager"] = person.manager.dn
    return given
