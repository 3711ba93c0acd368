"""Owners of groups: /api/v1/groups/{groupId}/owners. Source: okta-admin-api.md 1.4, 4; appendix B (GroupOwner)."""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import And, Compare, Node, QueryError, parse_scim
from emulator.okta import filters, lists, reach, search
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import full_name
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import groups
from emulator.okta.user_docs import USERS
from emulator.store import Column, Duplicate, Kind

GROUP_OWNERS = Kind("group_owners", (Column("_group"), Column("_owner")), together=(("_group", "_owner"),))
_AT = "/api/v1/groups/{groupId}/owners"
_TYPES = ("USER", "GROUP")


def render(row: Doc) -> Doc:
    """The owner as the API shows it; its id is the user's or group's."""
    shown = {name: value for name, value in row.items() if not name.startswith("_") and name != "id"}
    return {"id": row["_owner"], **shown}


@operation(
    "GET", _AT, source=DOCUMENTED, scope=("okta.groups.read",), bucket="groups", paging=Paging(1000, 1000),
    query=("search", "limit", "after"),
)  # fmt: skip
def list_group_owners(call: Call) -> Listing:
    """Owners of a group in order of assignment."""
    group = groups.load(call)
    where, keep = search.located(call, GROUP_OWNERS, Compare(("_group",), "eq", group["id"]), fold=False)
    asked = _asked(call)
    if asked is not None:
        node = And((Compare(("_group",), "eq", group["id"]), asked))
        where, keep = search.located(call, GROUP_OWNERS, node, fold=lambda path: path[0] == "displayName")

    def shown(row: Doc) -> bool:
        area = {"user" if row["type"] == "USER" else "group": row["_owner"]}
        return (keep is None or keep(row)) and reach.sees(call, **area)

    page = call.store.page(GROUP_OWNERS, where, after=_start(call, group), limit=lists.page_size(call), keep=shown)
    more = page.docs[-1]["_owner"] if page.more and page.docs else None
    return Listing([render(row) for row in page.docs], more)


def _asked(call: Call) -> Node | None:
    text = call.params.get("search")
    if not text:
        return None
    rules = filters.RULES["owners.search"]
    try:
        return filters.prepare(parse_scim(text), rules)
    except (QueryError, filters.FilterRefused) as error:
        compared = (Compared("expression", text[:200], "query"), Compared("reason", str(error), "grammar of the list"))
        why = Why("The expression is not one this list accepts.", compared)
        raise Problem("E0000031", causes=filters.causes(error, rules), why=why) from error


def _start(call: Call, group: Doc) -> int:
    after = call.params.get("after")
    if not after:
        return 0
    found = call.store.seq(GROUP_OWNERS, f"{group['id']}.{after}")
    if found is None:
        why = Why("The cursor names no owner of this group.", (Compared("after", after, "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    return int(found)


@operation("POST", _AT, source=DOCUMENTED, scope=("okta.groups.manage",), bucket="groups", status=201)
def assign_group_owner(call: Call) -> Doc:
    """Make a user or a group an owner of a group. The catalogue of events has none for it."""
    group, body = groups.load(call), body_object(call)
    groups.refuse_built_in(group)
    id, kind = needed_text(body, "id"), needed_text(body, "type")
    if kind not in _TYPES:
        raise bad("type", "type: The field is not valid", "type", kind, "An owner is a USER or a GROUP.")
    row: Doc = {
        "id": f"{group['id']}.{id}", "displayName": _display_name(call, id, kind), "type": kind, "resolved": True,
        "originId": None, "originType": "OKTA_DIRECTORY", "lastUpdated": stamp(call.now), "_group": group["id"],
        "_owner": id,
    }  # fmt: skip
    try:
        call.store.add(GROUP_OWNERS, row)
    except Duplicate as error:
        why = Why("An owner is assigned once.", (Compared("id", id, "request body"),))
        raise invalid("owner", "Provided owner is already assigned to this group", why=why) from error
    return render(row)


def _display_name(call: Call, id: str, kind: str) -> str:
    found = call.store.get(USERS if kind == "USER" else groups.GROUPS, id)
    if found is None:
        raise not_found(id, "User" if kind == "USER" else "UserGroup")
    return full_name(found) if kind == "USER" else str(found["profile"]["name"])


@operation("DELETE", _AT + "/{ownerId}", source=DOCUMENTED, scope=("okta.groups.manage",), bucket="groups")
def delete_group_owner(call: Call) -> None:
    """End an ownership."""
    group, id = groups.load(call), call.path["ownerId"]
    if call.store.drop(GROUP_OWNERS, f"{group['id']}.{id}") is None:
        raise not_found(id, "LinkedObject")


def forget(call: Call, id: str) -> None:
    """A group or a user is gone: as an owner, and as what is owned."""
    for path in ("_group", "_owner"):
        call.store.drop_where(GROUP_OWNERS, path, id)
