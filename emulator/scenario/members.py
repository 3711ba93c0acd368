"""Members of the cast: people and groups. They look things up each time: a reference shows the present state."""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.scenario.references import plain
from emulator.scenario.stage import Stage

USER_FIELDS = (
    "id,displayName,givenName,surname,userPrincipalName,mail,otherMails,accountEnabled,usageLocation,assignedLicenses,"
    "licenseAssignmentStates,onPremisesImmutableId,onPremisesSyncEnabled,proxyAddresses,onPremisesExtensionAttributes,"
    "signInSessionsValidFromDateTime,lastPasswordChangeDateTime,department,jobTitle,companyName,officeLocation,city,"
    "country,mobilePhone,businessPhones,employeeId,userType,mailNickname,passwordPolicies"
)


class Person:
    """Somebody: `login`, `password`, `first`, `last`, `name`, and what each side holds of them now.

    Parts: `id` and `okta` (the Okta user), `app` (their Office 365 assignment), `entra` (the Microsoft user, found by
    the assignment's external id, then by the object seen before, then by name), `ad` (the directory's user).
    """

    def __init__(self, stage: Stage, login: str, *, password: str = "", facts: Doc | None = None) -> None:
        self._stage, self.secret = stage, password or _known_password(stage, login)
        self._facts: Doc = {"login": login, **(facts or {})}

    def part(self, name: str) -> Any:
        if name in ("self", "login"):
            return self._facts["login"]
        if name == "password":
            return self.secret
        asked = {"id": self._okta_id, "okta": self._okta, "app": self._app, "entra": self._entra, "ad": self._ad,
                 "first": self._first, "last": self._last, "name": self._name,
                 "object": self._object}.get(name)  # fmt: skip
        if asked is None:
            raise LookupError("a person has login, password, first, last, name, id, okta, app, entra, object and ad")
        return asked()

    def to_doc(self) -> Doc:
        """What another process needs to go on with this person."""
        return {"person": self._facts, "password": self.secret}

    def _okta_id(self) -> str:
        if "id" not in self._facts:
            self._facts["id"] = self._okta()["id"]
        return str(self._facts["id"])

    def _okta(self) -> Doc:
        found = self._stage.org(f"/api/v1/users/{self._facts.get('id') or self._facts['login']}")
        if found is None:
            raise LookupError(f"Okta has no user {self._facts['login']}")
        return found

    def _app(self) -> Doc:
        return self._stage.org(f"/api/v1/apps/{self._stage.app_id}/users/{self._okta_id()}") or {}

    def _entra(self) -> Doc:
        for key in (self._facts.get("object"), self._facts["login"]):
            found = self._stage.graph(f"/users/{key}?$select={USER_FIELDS}") if key else None
            if found is not None:
                self._facts["object"] = found["id"]
                return found
        return {}

    def _object(self) -> str:
        """The Microsoft object's id, as it was when it was first asked for."""
        return str(self._facts.get("object") or self._entra().get("id", ""))

    def _ad(self) -> Doc:
        found = self._stage.directory.call("GET", f"/users/{self._facts['login']}") if self._stage.directory else None
        if found is None or found.status != 200:
            raise LookupError(f"the directory has no user {self._facts['login']}")
        from emulator.wire.client import doc_of

        return doc_of(found)

    def _first(self) -> str:
        return str(self._facts.get("first") or (self._okta_or_none() or {}).get("profile", {}).get("firstName", ""))

    def _last(self) -> str:
        return str(self._facts.get("last") or (self._okta_or_none() or {}).get("profile", {}).get("lastName", ""))

    def _name(self) -> str:
        return f"{self._first()} {self._last()}".strip() or str(self._entra().get("displayName", ""))

    def _okta_or_none(self) -> Doc | None:
        return self._stage.org(f"/api/v1/users/{self._facts['login']}")


class Group:
    """A group of one side: `id`, `name`, and `doc`, what it is now."""

    def __init__(self, stage: Stage, on: str, facts: Doc) -> None:
        self._stage, self._on, self._facts = stage, on, facts

    def part(self, name: str) -> Any:
        if name in ("self", "id"):
            return self._facts["id"]
        if name == "name":
            return self._facts["name"]
        if name == "doc":
            ask = self._stage.org if self._on == "okta" else self._stage.graph
            return ask(f"{'/api/v1' if self._on == 'okta' else ''}/groups/{self._facts['id']}") or {}
        raise LookupError("a group has id, name and doc")

    def to_doc(self) -> Doc:
        return {"group": self._facts, "on": self._on}


def _known_password(stage: Stage, login: str) -> str:
    people = stage.lab.get("users") or ()
    return next((str(each["password"]) for each in people if each["login"].casefold() == login.casefold()), "")


def revived(stage: Stage, value: Any) -> Any:
    """An alias that was kept as data: a person or a group again, or the value."""
    if isinstance(value, list):
        return [revived(stage, each) for each in value]
    if isinstance(value, dict) and set(value) == {"person", "password"}:
        return Person(stage, value["person"]["login"], password=value["password"], facts=value["person"])
    if isinstance(value, dict) and set(value) == {"group", "on"}:
        return Group(stage, value["on"], value["group"])
    return value


def kept(value: Any) -> Any:
    """An alias as data that `revived` reads."""
    if isinstance(value, list):
        return [kept(each) for each in value]
    return value.to_doc() if isinstance(value, Person | Group) else value


def each_of(value: Any) -> list[Any]:
    """The value, or what the list (of lists) holds."""
    return [each for item in value for each in each_of(item)] if isinstance(value, list) else [value]


def subject_of(stage: Stage, value: Any) -> Any:
    """A person or group of the cast, by alias name, login or the alias itself."""
    if isinstance(value, Person | Group):
        return value
    for alias in stage.aliases.values():
        for member in alias if isinstance(alias, list) else [alias]:
            if isinstance(member, Person | Group) and plain(member) == value:
                return member
    return Person(stage, str(value))
