"""People as lists have them: CSV, YAML or JSON with the columns that everybody uses."""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.seeds.collected import Collected, text

_PROFILE = {
    "department": ("department",), "title": ("title", "jobTitle"), "city": ("city",), "state": ("state",),
    "countryCode": ("countryCode", "usageLocation"), "employeeNumber": ("employeeNumber", "employeeId"),
    "mobilePhone": ("mobilePhone", "mobile"), "division": ("division",), "organization": ("company", "companyName"),
}  # fmt: skip
_TENANT = {
    "department": "department", "title": "jobTitle", "city": "city", "state": "state", "mobilePhone": "mobilePhone",
    "employeeNumber": "employeeId", "organization": "companyName", "countryCode": "usageLocation",
}  # fmt: skip
_SIDES = ("okta", "entra", "both")


def read(rows: list[Any], name: str, found: Collected) -> None:
    """Take people from rows. side: okta, entra or both (default). groups: a list, or text with semicolons. LabError."""
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise LabError(f"{name}: item {number} is no person.", hint="Give login, firstName, lastName and more.")
        login = text(row, "login", "userPrincipalName", "upn", "email", "mail", "userName")
        if "@" not in login:
            raise LabError(f"{name}: item {number} has no login of the form name@domain.", hint="Add a column `login`.")
        side = text(row, "side").casefold() or "both"
        if side not in _SIDES:
            raise LabError(f"{name}: item {number} is on the side {side!r}.", hint=f"Sides: {', '.join(_SIDES)}.")
        _take(row, login, side, found)


def _take(row: Doc, login: str, side: str, found: Collected) -> None:
    local = login.partition("@")[0]
    display = text(row, "displayName", "name") or " ".join(
        part for part in (text(row, "firstName", "givenName"), text(row, "lastName", "surname")) if part
    )
    first = text(row, "firstName", "givenName") or display.partition(" ")[0] or local.title()
    last = text(row, "lastName", "surname", "familyName") or display.partition(" ")[2] or local.title()
    more = {key: value for key, names in _PROFILE.items() if (value := text(row, *names))}
    groups = _groups(row)
    if side != "entra":
        made = {"login": login, "firstName": first, "lastName": last, "email": text(row, "email", "mail") or login}
        profile = {**more, "displayName": display or f"{first} {last}"}
        found.put("okta", "users", login, {**made, "profile": profile, "groups": groups}, called="people at Okta")
        for group in groups:
            found.put("okta", "groups", group, {"name": group}, called="groups at Okta")
    if side != "okta":
        person = {"userPrincipalName": login, "displayName": display or f"{first} {last}", "givenName": first}
        attributes = {_TENANT[key]: value for key, value in more.items() if key in _TENANT}
        found.put("entra", "users", login, {**person, "surname": last, **attributes}, called="people at Microsoft")
        for group in groups:
            found.put("entra", "groups", group, {"displayName": group}, called="groups at Microsoft")
            found.entra["groups"][group.casefold()].setdefault("members", []).append(login)


def _groups(row: Doc) -> list[str]:
    value = next((item for key, item in row.items() if str(key).casefold() == "groups"), None)
    parts = value if isinstance(value, list) else str(value or "").split(";")
    return list(dict.fromkeys(str(part).strip() for part in parts if str(part).strip()))
