"""Many people for an org: users, memberships, assignments, as the seeds of a world file would make them.

They join Everyone, a group for their department, and the group that brings their licence; who is in a directory has
the app user that its agent imported. All have one password.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.people import PASSWORD, Person
from emulator.okta import app_seeds, office365, user_seeds
from emulator.okta.app_kinds import APP_GROUPS, APP_USERS, APPS
from emulator.okta.assignments import GROUP, USER
from emulator.okta.directory_users import ad_instances
from emulator.okta.params import stamp
from emulator.okta.realm_store import default_realm_id
from emulator.okta.resources import directories, groups
from emulator.okta.resources.groups import GROUPS, MEMBERS
from emulator.okta.resources.user_types import default_type
from emulator.okta.user_docs import USERS, new_user
from emulator.store.bulk import Draft

_SHOWN = ("credentials", "_passwordHash", "_passwordHistory", "_failures", "_lockedAt")
_STAMPS = ("status", "activated", "statusChanged", "lastUpdated", "passwordChanged")


class Estate:
    """An org that is being filled."""

    def __init__(self, seeding: Seeding) -> None:
        self._store = Draft(seeding.store, (USERS, MEMBERS, APP_USERS))
        self._seeding = replace(seeding, store=self._store)
        self._type = default_type(self._store)["id"]
        self._realm = default_realm_id(self._store)
        self._everyone = groups.everyone(self._store)["id"]
        self._app = self._office365()
        self._directory: Doc | None = next(iter(ad_instances(self._store)), None)
        self._licence_groups = self._by_licence() if self._app else {}
        self._departments: dict[str, str] = {}
        self._templates: dict[str, Doc] = {}
        self.facts: Doc = {
            "logins": {user["profile"]["login"].casefold() for user in seeding.store.all(USERS)},
            "domain": self._domain(), "licences": list(self._licence_groups), "linked": self._app is not None,
            "directory": self._directory["label"] if self._directory else None,
        }  # fmt: skip

    def add(self, people: Sequence[Person]) -> None:
        """Store users with what hangs off them."""
        for person in people:
            if person.okta_id:
                self._add(person)

    def close(self) -> None:
        self._store.close()

    # -- what is there ------------------------------------------------------------------------------------------

    def _office365(self) -> Doc | None:
        apps: list[Doc] = self._store.find_all(APPS, "name", "office365")
        return next((app for app in apps if app["status"] == "ACTIVE"), None)

    def _by_licence(self) -> dict[str, str]:
        """Group ids by the one SKU that the group's assignment of the app brings."""
        assert self._app is not None
        found: dict[str, str] = {}
        for row in self._store.find_all(APP_GROUPS, "appId", self._app["id"]):
            held = row["profile"].get("licenses") or []
            if len(held) == 1 and ":" not in held[0]:
                found.setdefault(held[0], row["groupId"])
        return found

    def _domain(self) -> str:
        """The domain that the Office 365 app federates, else the one of most people here."""
        if self._app is None:
            held = Counter(user["profile"]["login"].rpartition("@")[2] for user in self._store.all(USERS))
            return held.most_common(1)[0][0] if held else f"{self._seeding.info['subdomain']}.example"
        return next(iter(office365.federated_domains(self._app)), None) or str(self._app["settings"]["app"]["domain"])

    # -- making -------------------------------------------------------------------------------------------------

    def _add(self, person: Person) -> None:
        store, user = self._store, self._user(person)
        store.add(USERS, user)
        rows = [self._join(group_id, person) for group_id in self._groups(person)]
        store.forget_expected()
        store.expect(USERS, "profile.login", person.login, [user])
        store.expect(MEMBERS, "user", person.okta_id, rows)
        store.expect(APP_USERS, "userId", person.okta_id, [])
        if person.guid and self._directory is not None:
            self._import(person, self._directory)
        if person.linked and person.entra_id and person.signs_in_with_okta and person.licence and self._app is not None:
            given: Doc = {"immutableId": person.anchor, "externalId": person.entra_id, "scope": GROUP}
            if person.by_hand:
                given |= {"scope": USER, "licenses": [person.licence]}
            app_seeds.assigned(self._seeding, self._app, user, given)

    def _user(self, person: Person) -> Doc:
        manager = person.manager
        profile = {
            "firstName": person.first, "lastName": person.last, "login": person.login, "email": person.login,
            "displayName": person.display, "department": person.department, "title": person.title,
            "city": person.city, "countryCode": person.country, "employeeNumber": person.employee_number,
            "manager": manager.display if manager else None, "managerId": manager.login if manager else None,
        }  # fmt: skip
        user = new_user(profile, id=person.okta_id, now=self._seeding.now, type_id=self._type, realm_id=self._realm)
        template = self._template(person.status)
        user.update((name, template[name]) for name in (*_STAMPS, *_SHOWN) if name in template)
        if person.guid and self._directory is not None:
            user["credentials"] = directories.credentials(self._directory["label"])
        return user

    def _template(self, status: str) -> Doc:
        """A user of that status: its stamps, and the credentials that all share."""
        if status not in self._templates:
            user = new_user({}, id="", now=self._seeding.now, type_id=self._type)
            spec: Doc = {"login": status, "status": status}
            user_seeds.give_credentials(
                self._seeding, user, spec if status == "STAGED" else {**spec, "password": PASSWORD}
            )
            self._templates[status] = user
        return self._templates[status]

    def _groups(self, person: Person) -> list[str]:
        found = [self._everyone, self._department(person.department)]
        if person.licence in self._licence_groups and not person.by_hand:
            found.append(self._licence_groups[person.licence])
        return found

    def _department(self, name: str) -> str:
        if name not in self._departments:
            group: Doc | None = self._store.find(GROUPS, "profile.name", name)
            if group is None:
                group = groups.new_group(
                    {"name": name, "description": f"Everybody in {name}"},
                    id=self._seeding.ids.okta("00g"),
                    now=self._seeding.now,
                )
                self._store.add(GROUPS, group)
            self._departments[name] = group["id"]
        return self._departments[name]

    def _join(self, group_id: str, person: Person) -> Doc:
        return self._store.add(MEMBERS, groups.membership(group_id, person.okta_id))

    def _import(self, person: Person, app: Doc) -> None:
        profile: dict[str, Any] = {
            "firstName": person.first, "lastName": person.last, "email": person.login,
            "samAccountName": person.sam_account_name, "userPrincipalName": person.login, "displayName": person.display,
            "department": person.department, "title": person.title, "msExchUsageLocation": person.country,
            "employeeID": person.employee_number, "dn": person.dn, "cn": person.dn[3:].partition(",")[0],
            "city": person.city, "countryCode": person.country, "co": person.country_name,
            "pwdLastSet": stamp(self._seeding.now),
            "managerDn": (person.manager.dn or None) if person.manager else None,
        }  # fmt: skip
        doc = directories.imported_user(
            app, person.okta_id, person.login, profile, external_id=person.anchor, now=self._seeding.now
        )
        self._store.add(APP_USERS, doc)
        self._store.expect(APP_USERS, "userId", person.okta_id, [doc])
        self._store.expect(APP_USERS, "id", doc["id"], [doc])
