"""Office 365 settings that the vendor offers in its console only: domains, federation, deactivation, sync, licences.

Source: okta-admin-api.md 19; seed-catalogue.md 1.1, 1.2.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Why
from emulator.okta import (
    app_operations,
    assignments,
    federating,
    office365,
    office365_groups,
    provisioning,
    setup_commands,
    slices,
)
from emulator.okta.app_kinds import APP_USERS, LICENSES, MICROSOFT_CLIENTS, OPERATIONS
from emulator.okta.console import UI_ONLY
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object, text_of
from emulator.okta.problems import invalid

__all__ = ["LICENSES", "MICROSOFT_CLIENTS", "office365_app"]
SEED_RANK = 25
_AT = "/api/internal/v1/apps/{appId}"
_JOB = "app.app_instance.provision_sync_job"
_SYNCED = (
    f"{_JOB}.started", f"{_JOB}.completed", "application.user_membership.update",
    "application.user_membership.change_username",
)  # fmt: skip
SYNCING = "app.sync"
_MOST_GRACE = 30


def office365_app(call: Call) -> Doc:
    """The Office 365 app that the path names. Raises 404, or E0000001 for another kind of app."""
    from emulator.okta.resources import apps

    app = apps.load(call)
    if not office365.is_office365(app):
        why = Why("This function is Office 365's.", (Compared("name", app["name"], "the app"),))
        raise invalid("app", "The application is not Microsoft Office 365", why=why)
    return app


def _federating(call: Call) -> Doc:
    """The app, if it federates domains by itself and may. Raises E0000001 `settings`."""
    app = office365_app(call)
    if app["signOnMode"] != "SAML_1_1" or not office365.automatic(app) or app["status"] != "ACTIVE":
        compared = (
            Compared("signOnMode", app["signOnMode"], "the app"), Compared("status", app["status"], "the app"),
            Compared("wsFedConfigureType", app["settings"]["app"]["wsFedConfigureType"], "settings.app"),
        )  # fmt: skip
        why = Why("Okta configures domains only for an active app in WS-Federation automatic mode.", compared)
        raise invalid("settings", "Domains can be federated in WS-Federation automatic mode only.", why=why)
    office365.require_consent(call, app)
    return app


@operation(
    "POST", _AT + "/office365/domains/fetch", source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get",
    body="none", status=202,
)  # fmt: skip
def fetch_domains(call: Call) -> Doc:
    """Ask the connector for the tenant's domains: an operation whose result is `{domains: [...]}`."""
    app = _federating(call)
    return app_operations.render(call, app_operations.ask(call, app, "domains.fetch"))


@operation(
    "PUT", _AT + "/office365/domains", source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get", status=202
)
def choose_domains(call: Call) -> Doc:
    """Federate `{names}` and no others: an operation with a result for each domain. Saving sets right what differs."""
    app = _federating(call)
    names = body_object(call).get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) and "." in name for name in names):
        why = Why("names is a list of domain names.", (Compared("names", names, "request body"),))
        raise invalid("names", "names: must be a list of domain names", why=why)
    wanted = list(dict.fromkeys(name.casefold() for name in names))
    present = [name.casefold() for name in office365.federated_domains(app)]
    if not wanted and not present:
        why = Why(
            "WS-Federation needs at least one domain to begin with.", (Compared("names", "none", "request body"),)
        )
        raise invalid("names", "At least one domain must be selected.", why=why)
    drop = [name for name in present if name not in wanted]
    made = app_operations.begin(call, app, "domains.update", waits_for=len(wanted) + len(drop))
    for name in wanted:
        federating.federate(call, app, name, operation_id=made["id"])
    for name in drop:
        federating.unfederate(call, app, name, operation_id=made["id"])
    return app_operations.render(call, made)


@operation(
    "GET", _AT + "/office365/federation-settings", source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get",
    query=("domain",),
)  # fmt: skip
def federation_settings(call: Call) -> Doc:
    """What an administrator enters by hand at Microsoft; `?domain=` chooses the issuer of an automatic app."""
    app = _federated(call)
    found = federating.configuration(call, app, call.params.get("domain") or app["settings"]["app"]["domain"])
    return {
        **{name: found[name] for name in ("issuerUri", "passiveSignInUri", "activeSignInUri", "metadataExchangeUri",
                                          "signOutUri", "signingCertificate")},
        "federationBrandName": app["label"], "supportsMfa": False,
    }  # fmt: skip


@operation(
    "GET", _AT + "/office365/setup-instructions", source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get",
    query=("domain",),
)  # fmt: skip
def setup_instructions(call: Call) -> Doc:
    """View Setup Instructions: `{domain, commands [{title, command, request}]}`, a request being the call behind it."""
    app = _federated(call)
    domain = call.params.get("domain") or app["settings"]["app"]["domain"]
    return {"domain": domain, "commands": setup_commands.printed(domain, federating.configuration(call, app, domain))}


def _federated(call: Call) -> Doc:
    """The app, if WS-Federation is its sign-on method. Raises E0000001."""
    app = office365_app(call)
    if app["signOnMode"] != "SAML_1_1":
        compared = (Compared("signOnMode", app["signOnMode"], "the app"),)
        why = Why("Only WS-Federation has federation settings.", compared)
        raise invalid("settings", "The application does not use WS-Federation.", why=why)
    return app


@operation("GET", _AT + "/office365/deprovisioning", source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get")
def get_deprovisioning(call: Call) -> Doc:
    """The menu "user status on deactivation": `{action, gracePeriodDays}`."""
    return dict(office365_app(call).get("_deprovisioning", provisioning.FIRST_DEPROVISIONING))


@operation(
    "PUT", _AT + "/office365/deprovisioning", source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get",
    emits=("application.lifecycle.update",),
)  # fmt: skip
def set_deprovisioning(call: Call) -> Doc:
    """Choose it; grace variants take 0 to 30 days."""
    from emulator.okta.resources import apps

    app = office365_app(call)
    app["_deprovisioning"] = checked_deprovisioning(body_object(call))
    apps.touch(call, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    return dict(app["_deprovisioning"])


def checked_deprovisioning(body: Doc) -> Doc:
    action, days = text_of(body, "action"), body.get("gracePeriodDays", 0)
    if action not in provisioning.ACTIONS:
        compared = (
            Compared("action", action, "request body"),
            Compared("actions", ", ".join(provisioning.ACTIONS), "menu"),
        )
        raise invalid("action", f"action: '{action}' is not valid", why=Why("The menu has no such entry.", compared))
    if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= _MOST_GRACE:
        why = Why("The grace period is 0 to 30 days.", (Compared("gracePeriodDays", days, "request body"),))
        raise invalid("gracePeriodDays", f"gracePeriodDays: '{days}' is not valid", why=why)
    return {"action": action, "gracePeriodDays": days}


@operation(
    "POST", _AT + "/sync", source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get", body="none", status=202,
    emits=_SYNCED,
)  # fmt: skip
def force_sync(call: Call) -> Doc:
    """Force Sync, and Apply updates now: evaluate every app user's mapping and push them all, blanks included."""
    from emulator.okta.resources import apps

    return _sync(call, apps.load(call), None)


@operation(
    "POST", _AT + "/users/{userId}/sync", source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get", body="none",
    status=202, emits=_SYNCED,
)  # fmt: skip
def sync_user(call: Call) -> Doc:
    """The same for one user."""
    from emulator.okta.resources import app_users

    app, app_user, _ = app_users.load(call)
    return _sync(call, app, app_user)


def _sync(call: Call, app: Doc, only: Doc | None) -> Doc:
    made = app_operations.begin(call, app, "sync")
    emit(call, f"{_JOB}.started", [app_target(app)])
    if only is not None:
        _refreshed(call, app, made, [only])
        _synced(call, app, made)
    else:
        slices.spread(call, SYNCING, key=f"sync:{made['id']}", app=app, subject={"operationId": made["id"]})
    return app_operations.render(call, call.store.get(OPERATIONS, made["id"]))


@slices.slice_of(SYNCING)
def _syncing(call: Call, app: Doc, subject: Doc, after: int) -> int | None:
    """A slice of the app's people is evaluated and pushed; the last one settles the operation."""
    operation = call.store.get(OPERATIONS, subject["operationId"])
    rows, left = slices.page(call.store, APP_USERS, "appId", app["id"], after)
    _refreshed(call, app, operation, rows)
    if left is None:
        _synced(call, app, operation)
        if office365.is_office365(app):
            office365_groups.settle(call, app)
    return left


def _refreshed(call: Call, app: Doc, operation: Doc, rows: list[Doc]) -> None:
    """Evaluate and push some people, and count them in the operation."""
    from emulator.okta.resources import users

    people = {user["id"]: user for user in call.store.get_many(users.USERS, [row["userId"] for row in rows])}
    counts = operation.setdefault("_counts", {"users": 0, "changed": 0, "pushed": 0})
    for row in rows:
        counts["changed"] += assignments.refresh(call, app, row, people[row["userId"]], force=True)
    counts["users"] += len(rows)
    counts["pushed"] += sum(row["syncState"] == "SYNCING" for row in rows)
    call.store.put(OPERATIONS, operation)


def _synced(call: Call, app: Doc, operation: Doc) -> None:
    emit(call, f"{_JOB}.completed", [app_target(app)])
    app_operations.settle(call, operation, dict(operation["_counts"]), failed=False)


@operation("POST", _AT + "/sync/preview", source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get", body="none")
def preview_sync(call: Call) -> Doc:
    """What Force Sync would change: `{users, changes [{userId, login, changes {attribute: {from, to}}, errors}]}`."""
    from emulator.okta.resources import apps, users

    app = apps.load(call)
    rows = call.store.find_all(APP_USERS, "appId", app["id"])
    people = {user["id"]: user for user in call.store.get_many(users.USERS, [row["userId"] for row in rows])}
    found = [assignments.preview(call, app, row, people[row["userId"]]) for row in rows]
    return {"users": len(rows), "changes": [item for item in found if item["changes"] or item["errors"]]}


@operation(
    "POST", _AT + "/metadata/refresh", source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get", body="none",
    status=202,
)  # fmt: skip
def refresh_metadata(call: Call) -> Doc:
    """Refresh Application Data: the tenant's licences become the values that `licenses` may have."""
    app = office365_app(call)
    return app_operations.render(call, app_operations.ask(call, app, "licenses.refresh"))


@operation(
    "GET", _AT + "/office365/licenses", source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get", query=("q",)
)
def list_licenses(call: Call) -> Doc:
    """The licence catalogue as last fetched, by prefix of a SKU's or plan's name: `{fetchedAt, items}`."""
    found = call.store.get(LICENSES, office365_app(call)["id"])
    items = found["items"] if found else []
    wanted = (call.params.get("q") or "").casefold()
    if wanted:
        items = [item for item in items if any(
            name.casefold().startswith(wanted) for name in (item["skuPartNumber"], *item["servicePlans"])
        )]  # fmt: skip
    return {"fetchedAt": found["fetchedAt"] if found else None, "items": items}


def seed(seeding: Seeding) -> None:
    """`microsoft_clients: {federation: {client_id, client_secret}, provisioning: {...}}`: Okta's two apps at Microsoft.

    One that is left out is made up, and Microsoft does not know it.
    """
    given = seeding.spec.get("microsoft_clients", {})
    for name in ("federation", "provisioning"):
        spec = given.get(name, {})
        seeding.store.add(MICROSOFT_CLIENTS, {
            "id": name, "client_id": spec.get("client_id") or seeding.ids.guid("client"),
            "client_secret": spec.get("client_secret") or seeding.ids.secret("client"),
        })  # fmt: skip
