"""Lists of apps: `q`, `filter` and `expand`. Source: okta-admin-api.md 5."""

import re
from collections.abc import Callable

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import QueryError, matches, parse_scim
from emulator.okta import lists, reach
from emulator.okta.app_kinds import APP_GROUPS, APP_USERS, APPS
from emulator.okta.filters import RULES, FilterRefused, check, take_equal
from emulator.okta.problems import invalid
from emulator.store.where import Where, compile_for

Render = Callable[[Call, Doc], Doc]
Keep = Callable[[Doc], bool]
_EXPANDS = re.compile(r"user/([A-Za-z0-9]+)")


def apps_page(call: Call, render: Render) -> Listing:
    """A page of apps, in order of creation."""
    where, keep = _filtered(call)
    _expanding(call)
    wanted = (call.params.get("q") or "").casefold()

    def kept(app: Doc) -> bool:
        named = not wanted or app["name"].casefold().startswith(wanted) or app["label"].casefold().startswith(wanted)
        return named and (keep is None or keep(app))

    finish = kept if wanted or keep is not None else None
    return lists.listing(call, APPS, lambda c, app: expanded(c, app, render), where=where, keep=finish)


def expanded(call: Call, app: Doc, render: Render) -> Doc:
    """The app, with the assignment that `expand=user/{userId}` asks for."""
    from emulator.okta.resources import app_users

    shown, user_id = render(call, app), _expanding(call)
    if user_id is None:
        return shown
    assigned = app_users.find(call.store, app["id"], user_id)
    if assigned is not None and reach.sees(call, user=user_id):
        shown["_embedded"] = {"user": app_users.render(call, assigned)}
    return shown


def _expanding(call: Call) -> str | None:
    """The user whose assignment is asked for. Raises E0000001 whether or not any app is found."""
    asked = call.params.get("expand")
    if not asked:
        return None
    found = _EXPANDS.fullmatch(asked)
    if found is None:
        why = Why("expand takes one user/{userId}.", (Compared("expand", asked[:200], "query"),))
        raise invalid("RequestParams", "Expand query is malformed.", why=why)
    return found[1]


def _filtered(call: Call) -> tuple[Where | None, Keep | None]:
    text = call.params.get("filter")
    if not text:
        return None, None
    rules = RULES["apps.filter"]
    try:
        node = parse_scim(text)
        check(node, rules)
        taken, rest = take_equal(node, frozenset({"user.id", "group.id"}))
    except (QueryError, FilterRefused) as error:
        why = Why("The filter is not one this list accepts.", (Compared("filter", text[:200], "query"),))
        raise Problem("E0000031", causes=(str(error),), why=why) from error
    where = compile_for(rest, APPS, call.store.multi_table, fold=rules.fold)
    if where.exact and not taken:
        return where, None
    assigned = [_assigned_to(call, name, id) for name, id in taken.items()]
    return where, lambda app: all(app["id"] in ids for ids in assigned) and matches(rest, app, fold=rules.fold)


def _assigned_to(call: Call, name: str, id: str) -> set[str]:
    kind, column = (APP_USERS, "userId") if name == "user.id" else (APP_GROUPS, "groupId")
    return {row["appId"] for row in call.store.find_all(kind, column, id)}
