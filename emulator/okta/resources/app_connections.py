"""Cross App Access: which app may ask which other one's resources for its users, /api/v1/apps/{appId}/cwo/connections.

Source: the vendor's SDK, its models and the conversation in its tests. Inferred: ids, the refusals, and that a pair of
apps has one connection.

# Differs: the tokens that such a connection is for (identity assertion grants) are not issued.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import lists, shapes
from emulator.okta.app_kinds import APPS, CROSS_APP_ACCESS, REQUESTING, RESOURCE
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import apps
from emulator.store import Duplicate

_ENDS = (REQUESTING, RESOURCE)
_AT = "/api/v1/apps/{appId}/cwo/connections"
_ONE = _AT + "/{connectionId}"
_READ: Any = {"scope": ("okta.apps.read",), "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.apps.manage",), "source": DOCUMENTED}
_STATUS = shapes.one_of("ACTIVE", "INACTIVE")
_made = shapes.record({**dict.fromkeys(_ENDS, shapes.text), "status": _STATUS})
_changed = shapes.record({"status": _STATUS}, needed=("status",))


def _of(id: str) -> Any:
    return lambda item: id in (item[REQUESTING], item[RESOURCE])


def _load(call: Call) -> Doc:
    app, id = apps.load(call), call.path["connectionId"]
    found: Doc | None = call.store.get(CROSS_APP_ACCESS, id)
    if found is None or not _of(app["id"])(found):
        raise not_found(id, "Connection")
    return found


def _render(call: Call, item: Doc) -> Doc:
    return public(item)


@operation("GET", _AT, paging=Paging(20, 200), query=("after", "limit"), **_READ)
def list_app_connections(call: Call) -> Listing:
    """The connections that begin or end at an app."""
    return lists.listing(call, CROSS_APP_ACCESS, _render, keep=_of(apps.load(call)["id"]))


@operation("POST", _AT, status=201, **_MANAGE)
def create_app_connection(call: Call) -> Doc:
    """Connect an app, which asks unless the body says that it is asked, to another one."""
    app = apps.load(call)
    sent: Doc = _made(body_object(call), "")
    if RESOURCE not in sent:
        raise shapes.blank(RESOURCE)
    now = stamp(call.now)
    made = {
        "id": call.ids.okta("con"),
        REQUESTING: app["id"],
        "status": "ACTIVE",
        "created": now,
        "lastUpdated": now,
        **sent,
    }
    if not _of(app["id"])(made):
        compared = (
            Compared("appId", app["id"], "request path"),
            Compared("apps", [made[end] for end in _ENDS], "body"),
        )
        cause = f"{REQUESTING}: must be the app of the request"
        raise invalid(REQUESTING, cause, why=Why("A connection is made from one of its ends.", compared))
    for end in _ENDS:
        if call.store.get(APPS, made[end]) is None:
            told = Compared(end, made[end][:100], "request body")
            raise invalid(end, f"{end}: The app does not exist", why=Why("Both ends are apps of the org.", (told,)))
    try:
        call.store.add(CROSS_APP_ACCESS, made)
    except Duplicate as error:
        told = Compared(RESOURCE, made[RESOURCE], "request body")
        raise invalid(RESOURCE, f"{RESOURCE}: The apps are connected", why=Why("Once is enough.", (told,))) from error
    return _render(call, made)


@operation("GET", _ONE, **_READ)
def get_app_connection(call: Call) -> Doc:
    """One connection."""
    return _render(call, _load(call))


@operation("PATCH", _ONE, **_MANAGE)
def update_app_connection(call: Call) -> Doc:
    """Switch a connection on or off."""
    sent: Doc = _changed(body_object(call), "")
    item = {**_load(call), **sent, "lastUpdated": stamp(call.now)}
    call.store.put(CROSS_APP_ACCESS, item)
    return _render(call, item)


@operation("DELETE", _ONE, **_MANAGE)
def delete_app_connection(call: Call) -> None:
    """Disconnect the apps."""
    call.store.drop(CROSS_APP_ACCESS, _load(call)["id"])
