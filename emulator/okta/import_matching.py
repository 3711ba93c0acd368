"""Whom an imported account belongs to. Source: seed-catalogue.md 1.2; okta-admin-api.md 8.4.

By user name in the format that the app's settings give, by email, or by an attribute; where it is allowed, by first and
last name.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.query import Compare
from emulator.okta import import_mapping, import_rules, search
from emulator.okta.app_kinds import APP_USERS
from emulator.okta.directory_users import domain_of
from emulator.okta.mapping import Setting
from emulator.okta.user_docs import USERS

EXACT, PARTIAL, NONE = "EXACT", "PARTIAL", "NONE"


def login_of(call: Call, app: Doc, row: Doc) -> str:
    """The Okta user name of an imported person, in the format that the app's settings give."""
    name = import_rules.inbound(call.store, app)["importSettings"]["username"]
    profile, kind = row["profile"], name["userNameFormat"]
    if kind == "CUSTOM":
        draft = {"profile": profile, "externalId": row["externalId"], "userId": None,
                 "credentials": {"userName": row["userName"]}}  # fmt: skip
        return import_mapping.named(Setting.of(call), app, draft, name["userNameExpression"]) or str(row["userName"])
    if kind == "SAM_ACCOUNT_NAME" and profile.get("samAccountName"):
        return f"{profile['samAccountName']}@{domain_of(app)}"
    if kind == "EMAIL" and profile.get("email"):
        return str(profile["email"])
    return str(profile.get("userPrincipalName") or row["userName"])


def match(call: Call, app: Doc, row: Doc, rules: Doc) -> tuple[str, Doc | None]:
    """The Okta user who is meant: exactly, by first and last name where that is allowed, or nobody.

    Whoever is linked to another account of the app is nobody's match.
    """
    found = _free(call, app, _exact(call, app, row, rules["exactMatchCriteria"]))
    if found:
        return EXACT, found[0]
    first, last = row["profile"].get("firstName"), row["profile"].get("lastName")
    if rules["allowPartialMatch"] and first and last:
        named = [
            user for user in call.store.find_all(USERS, "profile.lastName", last)
            if str(user["profile"].get("firstName") or "").casefold() == str(first).casefold()
        ]  # fmt: skip
        named = _free(call, app, named)
        if named:
            return PARTIAL, named[0]
    return NONE, None


def _exact(call: Call, app: Doc, row: Doc, criterion: str) -> list[Doc]:
    if criterion == "USERNAME":
        found = call.store.find(USERS, "profile.login", login_of(call, app, row))
        return [found] if found else []
    if criterion == "EMAIL":
        email = row["profile"].get("email")
        rows: list[Doc] = call.store.find_all(USERS, "profile.email", email) if email else []
        return rows if len(rows) == 1 else []
    return _by_attribute(call, row["profile"].get(criterion), criterion)


def _by_attribute(call: Call, value: Any, name: str) -> list[Doc]:
    """By an attribute of the profile, where exactly one user has the value."""
    if value in (None, ""):
        return []
    where, keep = search.located(call, USERS, Compare(("profile", name), "eq", value), fold=True)
    found: list[Doc] = call.store.page(USERS, where, limit=2, keep=keep).docs
    return found if len(found) == 1 else []


def _free(call: Call, app: Doc, users: list[Doc]) -> list[Doc]:
    def free(user: Doc) -> bool:
        own = call.store.get(APP_USERS, f"{app['id']}.{user['id']}")
        return own is None or own["externalId"] is None

    return [user for user in users if free(user)]
