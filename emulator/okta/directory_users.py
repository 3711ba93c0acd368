"""What expressions see of the directories behind Okta: AD app users and managers. Source: okta-admin-api.md 11.

Active Directory is visible to the org only as the app users that its agent imported.
"""

from collections.abc import Callable, Mapping
from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import APP_USERS, APPS
from emulator.okta.expressions import ExpressionError
from emulator.okta.mapping_store import variables
from emulator.okta.user_groups_seen import group_functions, user_methods

__all__ = [
    "AD",
    "Directory",
    "ad_instances",
    "ad_users",
    "domain_of",
    "group_functions",
    "internal_property",
    "seen",
    "user_methods",
]
AD = "active_directory"
# Attributes of an app user that are no part of its profile, and so need no schema.
CORE = ("externalId", "userName", "id")
_INTERNAL = ("id", "status", "created", "lastUpdated")


def ad_instances(store: Any) -> list[Doc]:
    """The org's AD integrations."""
    found: list[Doc] = store.find_all(APPS, "name", AD)
    return found


def domain_of(app: Doc) -> str:
    """The DNS domain of an AD instance, from its naming context."""
    parts = str(app["settings"]["app"].get("namingContext") or "").split(",")
    return ".".join(part[3:] for part in parts if part[:3].upper() == "DC=") or str(app["label"])


def ad_users(store: Any, user_id: str) -> list[Doc]:
    """A user's app users in AD instances: one in the ordinary case, several when two directories have them."""
    ids: frozenset[str] = store.settled(("ad instances",), lambda: frozenset(app["id"] for app in ad_instances(store)))
    if not ids:
        return []
    rows: list[Doc] = store.find_all(APP_USERS, "userId", user_id)
    return [row for row in rows if row["appId"] in ids]


def seen(app_user: Doc | None) -> Doc | None:
    """An app user as an object of expressions: its profile, its external id and its name."""
    if app_user is None:
        return None
    name = app_user["credentials"]["userName"]
    return {**app_user["profile"], "externalId": app_user["externalId"], "userName": name, "id": app_user["userId"]}


def internal_property(user: Doc) -> Callable[[object], object]:
    """`user.getInternalProperty("id")`."""

    def read(name: object) -> object:
        if name not in _INTERNAL:
            raise ExpressionError(f"Invalid internal property {name}")
        return user.get(str(name))

    return read


class Directory:
    """The directory functions of one user's expressions."""

    def __init__(self, store: Any, user: Doc) -> None:
        self._store = store
        self._user = user

    def functions(self) -> Mapping[str, Callable[..., object]]:
        return {
            "hasDirectoryUser": self.has, "findDirectoryUser": self.find,
            "getManagerUser": self.manager_user, "getManagerAppUser": self.manager_app_user,
            "getAssistantUser": self.assistant_user, "getAssistantAppUser": self.assistant_app_user,
            "hasWorkdayUser": lambda: False, "findWorkdayUser": lambda: None,  # no org of ours holds a Workday app
        }  # fmt: skip

    def has(self) -> bool:
        """Only with exactly one AD assignment."""
        return len(ad_users(self._store, self._user["id"])) == 1

    def find(self) -> object:
        found = ad_users(self._store, self._user["id"])
        return seen(found[0]) if len(found) == 1 else None

    def manager_user(self, source: object) -> object:
        return self._okta_user(self._related(source, "managerDn"))

    def manager_app_user(self, source: object, attributes: object) -> object:
        return seen(self._in(attributes, self._related(source, "managerDn")))

    def assistant_user(self, source: object) -> object:
        return self._okta_user(self._related(source, "assistantDn"))

    def assistant_app_user(self, source: object, attributes: object) -> object:
        return seen(self._in(attributes, self._related(source, "assistantDn")))

    def _related(self, source: object, attribute: str) -> Doc | None:
        """The AD app user whose dn the user's own app user in `source` names."""
        app = self._instance(source)
        own = self._store.get(APP_USERS, f"{app['id']}.{self._user['id']}")
        dn = own["profile"].get(attribute) if own is not None else None
        if not dn:
            return None
        rows = self._store.find_all(APP_USERS, "appId", app["id"])
        return next((row for row in rows if str(row["profile"].get("dn", "")).casefold() == str(dn).casefold()), None)

    def _in(self, instance: object, related: Doc | None) -> Doc | None:
        if related is None:
            return None
        found: Doc | None = self._store.get(APP_USERS, f"{self._instance(instance)['id']}.{related['userId']}")
        return found

    def _okta_user(self, related: Doc | None) -> object:
        from emulator.okta.resources import users

        found = self._store.get(users.USERS, related["userId"]) if related is not None else None
        return found["profile"] if found is not None else None

    def _instance(self, name: object) -> Doc:
        found = variables(self._store).get(str(name))
        if found is None:
            raise ExpressionError(f"Invalid source {name}")
        return found
