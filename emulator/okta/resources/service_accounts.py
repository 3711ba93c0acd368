"""App service accounts: /privileged-access/api/v1/service-accounts, accounts at apps that no one person owns.

Source: the vendor's SDK and its models; administrators' notes on real orgs for the events, whose target is the account
by a GUID, and for UNMANAGED, which is what an account is that this API has made. Inferred: the refusals; an app that
does not provision wants a password.

# Differs: no vault stands behind: a password is looked at and not kept, and nothing rotates it.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import lists, resource_names, shapes
from emulator.okta.app_kinds import APPS, SERVICE_ACCOUNTS
from emulator.okta.events import app_target, emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.groups import GROUPS
from emulator.okta.user_docs import USERS

_AT = "/privileged-access/api/v1/service-accounts"
_ONE = _AT + "/{id}"
_READ: Any = {"scope": ("okta.serviceAccounts.read",), "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.serviceAccounts.manage",), "source": DOCUMENTED}
_OWNERS = {"ownerUserIds": USERS, "ownerGroupIds": GROUPS}
_FIELDS = {
    "name": shapes.bounded(50, least=1), "description": shapes.bounded(255),
    **dict.fromkeys(_OWNERS, shapes.many(shapes.text, 1000)),
}  # fmt: skip
_changed = shapes.record(_FIELDS)
_made = shapes.record(
    {**_FIELDS, "username": shapes.bounded(100, least=1), "containerOrn": shapes.text, "password": shapes.text},
    needed=("name", "username", "containerOrn"),
)
_MATCHED = ("name", "username", "containerInstanceName", "containerGlobalName")


def _render(call: Call, item: Doc) -> Doc:
    app = call.store.get(APPS, item["_appId"])
    return {**public(item), "containerGlobalName": app["name"], "containerInstanceName": app["label"]}


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(SERVICE_ACCOUNTS, call.path["id"])
    if found is None:
        raise not_found(call.path["id"][:100], "AppServiceAccount")
    return found


def _log(call: Call, step: str, item: Doc) -> None:
    account = target("Service Account", item["id"], name=item["name"], alternate=item["id"])
    app = app_target(call.store.get(APPS, item["_appId"]))
    emit(call, f"pam.service_account.{step}", [account, app], debug={"serviceAccountType": "APP_ACCOUNT"})


def _check_owners(call: Call, sent: Doc) -> None:
    for name, kind in _OWNERS.items():
        for id in sent.get(name) or ():
            if call.store.get(kind, id) is None:
                why = Why("Owners are users and groups of the org.", (Compared(name, id[:100], "request body"),))
                raise invalid(name, f"{name}: The owner does not exist", why=why)


def _app(call: Call, sent: Doc) -> Doc:
    """The app that an ORN of the body names. Raises E0000001."""
    id = sent["containerOrn"].rpartition(":")[2]
    app: Doc | None = call.store.get(APPS, id)
    name = resource_names.named(call, f"{call.base}/api/v1/apps/{id}").get("orn") if app is not None else None
    if app is None or name != sent["containerOrn"]:
        compared = (
            Compared("containerOrn", sent["containerOrn"][:200], "request body"), Compared("its name", name, "the app"),
        )  # fmt: skip
        cause = "containerOrn: does not name an app of the org"
        raise invalid("containerOrn", cause, why=Why("Accounts are at apps of the org.", compared))
    return app


@operation("GET", _AT, paging=Paging(20, 200), query=("limit", "after", "match"), **_READ)
def list_service_accounts(call: Call) -> Listing:
    """App service accounts, all or those whose names, or whose app's, have the text `match` in them."""
    wanted = call.params.get("match", "").casefold()

    def keep(item: Doc) -> bool:
        shown = _render(call, item)
        return any(wanted in shown[name].casefold() for name in _MATCHED)

    return lists.listing(call, SERVICE_ACCOUNTS, _render, keep=keep if wanted else None)


@operation("POST", _AT, status=201, emits=("pam.service_account.create",), **_MANAGE)
def create_service_account(call: Call) -> Doc:
    """Tell of an account at an app; nobody manages it yet."""
    sent: Doc = _made(body_object(call), "")
    app = _app(call, sent)
    _check_owners(call, sent)
    if not app["features"] and not sent.pop("password", None):
        why = Why("The app does not provision, so nothing can set one.", (Compared("features", "none", "the app"),))
        raise invalid("password", "password: The field cannot be left blank", why=why)
    held = call.store.find_all(SERVICE_ACCOUNTS, "_appId", app["id"])
    if any(item["username"] == sent["username"] for item in held):
        why = Why("An account is told of once.", (Compared("username", sent["username"], "request body"),))
        raise invalid("username", "username: An app service account with this username exists", why=why)
    now = stamp(call.now)
    made = {
        "id": call.ids.guid("serviceAccount"), "_appId": app["id"], "description": "",
        **{name: [] for name in _OWNERS}, **{name: value for name, value in sent.items() if name != "password"},
        "status": "UNSECURED", "statusDetail": "UNMANAGED", "created": now, "lastUpdated": now,
    }  # fmt: skip
    call.store.add(SERVICE_ACCOUNTS, made)
    _log(call, "create", made)
    return _render(call, made)


@operation("GET", _ONE, **_READ)
def get_service_account(call: Call) -> Doc:
    """One app service account."""
    return _render(call, _load(call))


@operation("PATCH", _ONE, emits=("pam.service_account.update",), **_MANAGE)
def update_service_account(call: Call) -> Doc:
    """Change its name, description or owners."""
    item = _load(call)
    sent: Doc = _changed(body_object(call), "")
    _check_owners(call, sent)
    item |= {**sent, "lastUpdated": stamp(call.now)}
    call.store.put(SERVICE_ACCOUNTS, item)
    _log(call, "update", item)
    return _render(call, item)


@operation("DELETE", _ONE, emits=("pam.service_account.delete",), **_MANAGE)
def delete_service_account(call: Call) -> None:
    """Forget an account; at the app it stays."""
    item = _load(call)
    call.store.drop(SERVICE_ACCOUNTS, item["id"])
    _log(call, "delete", item)
