"""Entitlements of an app, and whether they are managed at all: /governance/api/v1/entitlements, entitlement-settings.

Source: recordings of terraform-provider-okta; the settings' paths are Okta's, their answer is inferred.
"""

import re
from typing import Any
from urllib.parse import quote

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import assignments, governance, shapes
from emulator.okta.app_kinds import APP_USERS, APPS, ENTITLEMENTS, GRANTS
from emulator.okta.apps_catalog import TYPES
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.okta.tokens import org

BASE = "/governance/api/v1"
READ: Any = {"scope": ("okta.governance.entitlements.read", "okta.governance.entitlements.manage")}
MANAGE: Any = {"scope": ("okta.governance.entitlements.manage",)}
APPLICATION, OKTA_USER = "APPLICATION", "OKTA_USER"
_TERM = re.compile(r'\s*([A-Za-z.]{1,60})\s+eq\s+"([^"]{0,200})"\s*', re.IGNORECASE)
_value = shapes.record(
    {"id": shapes.text, "name": shapes.bounded(255, least=1), "externalValue": shapes.bounded(255, least=1),
     "description": shapes.bounded(1000)}, needed=("name", "externalValue"),
)  # fmt: skip
resource = shapes.record({"externalId": shapes.text, "type": shapes.one_of(APPLICATION)}, needed=("externalId", "type"))
_entitlement = shapes.record(
    {"name": shapes.bounded(255, least=1), "externalValue": shapes.bounded(255, least=1),
     "description": shapes.bounded(1000), "multiValue": shapes.boolean, "required": shapes.boolean,
     "dataType": shapes.one_of("array", "string"), "parent": resource, "values": shapes.many(_value)},
    needed=("name", "externalValue", "dataType", "parent"),
    first={"description": None, "multiValue": False, "required": False, "values": []},
)  # fmt: skip


def filtered(call: Call, known: tuple[str, ...], needed: tuple[str, ...]) -> dict[str, str]:
    """`filter` as path to value: terms `path eq "value"` joined by AND. Raises E0000031, E0000001."""
    text = call.params.get("filter", "")
    found: dict[str, str] = {}
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE) if text else ():
        term = _TERM.fullmatch(part)
        if term is None or term.group(1) not in known:
            compared = (Compared("filter", text[:200], "query"), Compared("attributes", ", ".join(known), "the list"))
            why = Why('A filter is made of terms `attribute eq "value"` joined by AND.', compared)
            raise Problem("E0000031", causes=("Invalid search criteria.",), why=why)
        found[term.group(1)] = term.group(2)
    for name in needed:
        if name not in found:
            why = Why(
                "The list wants a filter.", (Compared("filter", text[:200], "query"), Compared("needed", name, ""))
            )
            raise invalid("filter", f"filter: {name} is required", why=why)
    return found


def answered(call: Call, items: list[Doc]) -> Doc:
    """A list as the governance API shows one."""
    query = f"?filter={quote(call.params['filter'], safe='')}" if call.params.get("filter") else ""
    return {"data": items, "_links": {"self": {"href": f"{call.base}{call.exchange.path}{query}", "hints": {}}}}


def orn(call: Call, app: Doc) -> str:
    return f"orn:okta:idp:{org(call)['id']}:apps:{app['name']}:{app['id']}"


def value_orn(call: Call, id: str) -> str:
    return f"orn:okta:governance:{org(call)['id']}:entitlement-values:{id}"


def shown(call: Call, app: Doc, row: Doc, values: list[Doc]) -> Doc:
    """What every view of an entitlement has in common."""
    return {
        "parentResourceOrn": orn(call, app), "parent": {"externalId": app["id"], "type": APPLICATION},
        "values": [without_null(value) for value in values],
        **without_null({name: row[name] for name in ("id", "name", "externalValue", "description")}),
        **{name: row[name] for name in ("multiValue", "required", "dataType")},
    }  # fmt: skip


def without_null(doc: Doc) -> Doc:
    return {name: value for name, value in doc.items() if value is not None}


def render(call: Call, row: Doc) -> Doc:
    app = call.store.get(APPS, row["appId"])
    href = f"{call.base}{BASE}/entitlements/{row['id']}"
    return {
        **shown(call, app, row, row["values"]), "_links": {"self": {"href": href, "hints": {}}},
        "metadata": {"total": len(row["values"])},
    }  # fmt: skip


def linked(call: Call, shown: Doc) -> Doc:
    """A document whose address stands in the headers too: Link `self`, and Location where it was made (observed)."""
    at = shown["_links"]["self"]["href"]
    call.headers.append(("Link", f'<{at}>; rel="self"'))
    if call.operation.status == 201:
        call.headers.append(("Location", at))
    return shown


def load(call: Call) -> Doc:
    found: Doc | None = call.store.get(ENTITLEMENTS, call.path["entitlementId"])
    if found is None:
        raise not_found(call.path["entitlementId"], "Entitlement")
    return found


def governed(call: Call, app_id: str) -> Doc:
    """An app whose entitlements are managed. Raises 404, E0000001."""
    app: Doc | None = call.store.get(APPS, app_id)
    if app is None:
        raise not_found(app_id, "AppInstance")
    if not governance.governs(app):
        compared = (Compared("emOptInStatus", app["settings"].get("emOptInStatus"), f"settings of {app['label']}"),)
        hint = f'PUT {BASE}/entitlement-settings/{app_id} {{"enabled": true}}'
        why = Why("Entitlement management is not enabled for the app.", compared, hint)
        raise invalid("resource", "Entitlement management is not enabled for the resource.", why=why)
    return app


_BY_TOKEN = ("OPENID_CONNECT", "SAML_2_0", "SAML_1_1", "WS_FEDERATION")
_SETTINGS = inferred("the settings API is in beta; paths are Okta's, its answer is not public")


@operation("GET", BASE + "/entitlement-settings/{appId}", source=_SETTINGS, **READ)
def get_entitlement_settings(call: Call) -> Doc:
    """Whether an app's entitlements are managed: `{resourceId, resourceType, enabled, status}`."""
    from emulator.okta.resources import apps

    return _settings(apps.load(call))


def _settings(app: Doc) -> Doc:
    status = app["settings"].get("emOptInStatus") or governance.NONE
    return {"resourceId": app["id"], "resourceType": APPLICATION, "enabled": governance.governs(app), "status": status}


@operation(
    "PUT", BASE + "/entitlement-settings/{appId}", source=_SETTINGS, emits=("application.lifecycle.update",), **MANAGE
)
def set_entitlement_settings(call: Call) -> Doc:
    """Manage an app's entitlements, or no longer: `{enabled}`.

    Apps that provision have them, and apps that are signed in to by a token: entitlements of an `oidc_client` are
    recorded; that SAML and WS-Federation are as OpenID Connect, and bookmarks and passwords are not, is inferred.
    """
    from emulator.okta.resources import apps

    app = apps.load(call)
    wanted = shapes.record({"enabled": shapes.boolean}, needed=("enabled",))(body_object(call), "")["enabled"]
    if wanted and not TYPES[app["name"]].provisioning and app["signOnMode"] not in _BY_TOKEN:
        compared = (Compared("signOnMode", app["signOnMode"], app["label"]),)
        why = Why("Entitlement management is for apps with provisioning or a token to put entitlements in.", compared)
        raise invalid("resourceId", "The resource does not support entitlement management.", why=why)
    governance.enable(call.store, call.ids, app) if wanted else governance.disable(app)
    apps.touch(call, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    return _settings(app)


@operation("GET", BASE + "/entitlements", source=OBSERVED, query=("filter",), **READ)
def list_entitlements(call: Call) -> Doc:
    """Entitlements of an app: filter `parent.externalId eq "..." AND parent.type eq "APPLICATION"`."""
    asked = filtered(call, ("parent.externalId", "parent.type", "name"), ("parent.externalId",))
    rows = governance.of_app(call.store, asked["parent.externalId"])
    return answered(call, [render(call, row) for row in rows if asked.get("name") in (None, row["name"])])


@operation("POST", BASE + "/entitlements", source=OBSERVED, status=201, **MANAGE)
def create_entitlement(call: Call) -> Doc:
    """Add an entitlement with its values."""
    given = _entitlement(body_object(call), "")
    app = governed(call, given.pop("parent")["externalId"])
    _refuse_twice(call, app, given)
    row = {"id": call.ids.okta("esp"), "appId": app["id"], **given}
    row["values"] = _values(row["id"], given["values"])
    call.store.add(ENTITLEMENTS, row)
    return linked(call, render(call, row))


def _refuse_twice(call: Call, app: Doc, given: Doc) -> None:
    for row in governance.of_app(call.store, app["id"]):
        if row["externalValue"] == given["externalValue"]:
            compared = (Compared("externalValue", given["externalValue"], "request body"),
                        Compared("entitlement", row["id"], app["label"]))  # fmt: skip
            why = Why("An app has one entitlement of an external value.", compared)
            raise invalid("externalValue", "An entitlement with the external value already exists.", why=why)


def _values(entitlement_id: str, given: list[Doc]) -> list[Doc]:
    return [
        governance.value_of(entitlement_id, item["name"], item["externalValue"], item.get("description"))
        for item in {item["externalValue"]: item for item in given}.values()
    ]


@operation("GET", BASE + "/entitlements/{entitlementId}", source=OBSERVED, **READ)
def get_entitlement(call: Call) -> Doc:
    """One entitlement."""
    return linked(call, render(call, load(call)))


@operation("PUT", BASE + "/entitlements/{entitlementId}", source=OBSERVED, **MANAGE)
def replace_entitlement(call: Call) -> Doc:
    """Replace name, description and values; whoever held a value that is gone loses it."""
    row = load(call)
    given = _entitlement(body_object(call), "")
    for name in ("name", "description", "required"):
        row[name] = given[name]
    row["values"] = _values(row["id"], given["values"])
    call.store.put(ENTITLEMENTS, row)
    reevaluate(call, call.store.get(APPS, row["appId"]))
    return render(call, row)


@operation("DELETE", BASE + "/entitlements/{entitlementId}", source=OBSERVED, **MANAGE)
def delete_entitlement(call: Call) -> None:
    """Delete an entitlement; the attribute is set by hand again."""
    call.store.drop(ENTITLEMENTS, load(call)["id"])


def reevaluate(call: Call, app: Doc) -> None:
    """Bring everybody who was ever granted something up to date."""
    from emulator.okta.resources import users

    for user_id in dict.fromkeys(row["userId"] for row in call.store.find_all(GRANTS, "appId", app["id"])):
        app_user = call.store.get(APP_USERS, f"{app['id']}.{user_id}")
        if app_user is not None:
            assignments.regroup(call, app, app_user, users.by_id(call, user_id))
