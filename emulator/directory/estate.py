"""Many people for a forest: those of an estate who have an objectGUID."""

from collections.abc import Sequence
from dataclasses import replace

from emulator.directory.resources import users
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.people import Person
from emulator.store.bulk import Draft


class Estate:
    """A forest that is being filled."""

    def __init__(self, seeding: Seeding) -> None:
        self._store = Draft(seeding.store, (users.USERS,))
        self._seeding = replace(seeding, store=self._store)
        held = seeding.store.all(users.USERS)
        self.facts: Doc = {
            "logins": {user["userPrincipalName"].casefold() for user in held},
            "forest": seeding.info["forest"],
        }  # fmt: skip

    def add(self, people: Sequence[Person]) -> None:
        """Store those who are in the forest."""
        for person in people:
            if person.guid:
                users.add(self._store, person.guid, self._seeding.now, _attributes(person))

    def close(self) -> None:
        self._store.close()


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
