"""Grants of entitlements to people, and what people have: /governance/api/v1.

Source: recordings of terraform-provider-okta (principal entitlements); Okta's page on grants (types and how
they add up). A grant to somebody who is not assigned assigns them (inferred). Policies are not emulated.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import assignments, governance, shapes
from emulator.okta.app_kinds import APP_USERS, APPS, BUNDLES, GRANTS
from emulator.okta.governance import ACTIVE, BUNDLE, CUSTOM, ENTITLEMENT, INACTIVE
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.entitlement_bundles import CHOSEN, checked, expanded
from emulator.okta.resources.entitlements import (
    APPLICATION,
    BASE,
    MANAGE,
    OKTA_USER,
    READ,
    answered,
    filtered,
    governed,
    orn,
    resource,
    shown,
    without_null,
)
from emulator.okta.tokens import org

_principal = shapes.record({"externalId": shapes.text, "type": shapes.one_of(OKTA_USER)}, needed=("externalId", "type"))
_grant = shapes.record(
    {"grantType": shapes.one_of(CUSTOM, BUNDLE, ENTITLEMENT), "targetPrincipal": _principal, "target": resource,
     "entitlements": CHOSEN, "entitlementBundleId": shapes.text, "action": shapes.one_of("ALLOW"),
     "actor": shapes.one_of("API", "ACCESS_REQUEST", "NONE", "ADMIN")},
    needed=("grantType", "targetPrincipal"), first={"entitlements": [], "action": "ALLOW", "actor": "API"},
)  # fmt: skip
_revocation = shapes.record(
    {"principalOrn": shapes.text, "actor": shapes.text, "revokeOrns": shapes.many(shapes.text, 5)},
    needed=("principalOrn", "revokeOrns"),
)
_APP_EVENTS = ("application.user_membership.add", "application.user_membership.update")


def _render_grant(call: Call, row: Doc) -> Doc:
    app = call.store.get(APPS, row["appId"])
    href = f"{call.base}{BASE}/grants/{row['id']}"
    named = ("grantType", "status", "action", "actor", "created", "createdBy", "lastUpdated", "lastUpdatedBy")
    bundle = row["entitlementBundleId"]
    return {
        "id": row["id"], **{name: row[name] for name in named}, **without_null({"entitlementBundleId": bundle}),
        "targetPrincipalOrn": _user_orn(call, row["userId"]),
        "targetPrincipal": {"externalId": row["userId"], "type": OKTA_USER}, "targetResourceOrn": orn(call, app),
        "target": {"externalId": app["id"], "type": APPLICATION},
        "entitlements": expanded(call, app["id"], _left(call, row)), "_links": {"self": {"href": href, "hints": {}}},
    }  # fmt: skip


def _left(call: Call, row: Doc) -> list[Doc]:
    return [
        {"id": item["id"], "values": [value for value in item["values"] if value["id"] not in row["_revoked"]]}
        for item in governance.contents(call.store, row)
    ]


def _user_orn(call: Call, user_id: str) -> str:
    return f"orn:okta:directory:{org(call)['id']}:users:{user_id}"


@operation("GET", BASE + "/grants", source=DOCUMENTED, query=("filter",), **READ)
def list_grants(call: Call) -> Doc:
    """Grants for an app, of a person: filter `target.externalId eq "..."`, `targetPrincipal.externalId eq "..."`."""
    names = ("target.externalId", "target.type", "targetPrincipal.externalId", "targetPrincipal.type")
    asked = filtered(call, names, ("target.externalId",))
    rows = call.store.find_all(GRANTS, "appId", asked["target.externalId"])
    person = asked.get("targetPrincipal.externalId")
    return answered(call, [_render_grant(call, row) for row in rows if person in (None, row["userId"])])


@operation("GET", BASE + "/grants/{grantId}", source=DOCUMENTED, **READ)
def get_grant(call: Call) -> Doc:
    """One grant."""
    row = call.store.get(GRANTS, call.path["grantId"])
    if row is None:
        raise not_found(call.path["grantId"], "Grant")
    return _render_grant(call, row)


@operation("POST", BASE + "/grants", source=DOCUMENTED, status=201, emits=_APP_EVENTS, **MANAGE)
def create_grant(call: Call) -> Doc:
    """Grant to a person: CUSTOM replaces all other grants, ENTITLEMENT and ENTITLEMENT-BUNDLE add to them."""
    from emulator.okta.resources import users

    given = _grant(body_object(call), "")
    app = _target(call, given)
    user = users.by_id(call, given.pop("targetPrincipal")["externalId"])
    given.pop("target", None)
    at = iso_seconds(call.now)
    row: Doc = {
        "id": call.ids.okta("gra"), "appId": app["id"], "userId": user["id"], "status": ACTIVE, "created": at,
        "createdBy": call.caller.id, "lastUpdated": at, "lastUpdatedBy": call.caller.id, "entitlementBundleId": None,
        "_revoked": [], **given,
    }  # fmt: skip
    if row["grantType"] == CUSTOM:
        for other in governance.of_user(call.store, app["id"], user["id"]):
            call.store.put(GRANTS, {**other, "status": INACTIVE, "lastUpdated": at})
    call.store.add(GRANTS, row)
    _settle(call, app, user)
    return _render_grant(call, row)


def _target(call: Call, given: Doc) -> Doc:
    """The app that a grant is for: its bundle's, or the target's. Raises E0000001, 404."""
    if given["grantType"] == BUNDLE:
        if not given.get("entitlementBundleId"):
            raise shapes.blank("entitlementBundleId")
        bundle = call.store.get(BUNDLES, given["entitlementBundleId"])
        if bundle is None:
            raise not_found(given["entitlementBundleId"], "EntitlementBundle")
        given["entitlements"] = []
        return governed(call, bundle["appId"])
    if not given.get("target"):
        raise shapes.blank("target")
    given.pop("entitlementBundleId", None)
    app = governed(call, given["target"]["externalId"])
    checked(call, app, given["entitlements"])
    return app


def _settle(call: Call, app: Doc, user: Doc) -> None:
    """Bring the assignment in line with the grants; without one, make it."""
    app_user = call.store.get(APP_USERS, f"{app['id']}.{user['id']}")
    if app_user is None:
        assignments.assign(call, app, user)
    else:
        assignments.regroup(call, app, app_user, user)


@operation("GET", BASE + "/principal-entitlements", source=OBSERVED, query=("filter",), **READ)
def list_principal_entitlements(call: Call) -> Doc:
    """What a person has of an app, by entitlement."""
    names = ("parent.externalId", "parent.type", "targetPrincipal.externalId", "targetPrincipal.type")
    asked = filtered(call, names, ("parent.externalId", "targetPrincipal.externalId"))
    user_id, app = asked["targetPrincipal.externalId"], call.store.get(APPS, asked["parent.externalId"])
    if app is None:
        raise not_found(asked["parent.externalId"], "AppInstance")
    mine = governance.granted(call.store, app["id"], user_id)
    found = []
    for row in governance.of_app(call.store, app["id"]):
        values = [value for value in row["values"] if value["id"] in mine.get(row["id"], ())]
        if values:
            principal = {"externalId": user_id, "type": OKTA_USER}
            whose = {"targetPrincipalOrn": _user_orn(call, user_id), "targetPrincipal": principal}
            found.append({**shown(call, app, row, values), **whose})
    return answered(call, found)


@operation(
    "POST", "/governance/api/v2/revoke-principal-access", source=DOCUMENTED,
    emits=("application.user_membership.remove", *_APP_EVENTS), **MANAGE,
)  # fmt: skip
def revoke_access(call: Call) -> Doc:
    """Take entitlement values, bundles or an app from a person: `{principalOrn, revokeOrns}`."""
    from emulator.okta.resources import users

    given = _revocation(body_object(call), "")
    user = users.by_id(call, given["principalOrn"].rpartition(":")[2])
    rows = [row for row in call.store.find_all(GRANTS, "userId", user["id"]) if row["status"] == ACTIVE]
    touched: set[str] = set()
    for name in given["revokeOrns"]:
        touched |= _revoke(call, user, rows, name)
    for app_id in sorted(touched):
        _settle(call, call.store.get(APPS, app_id), user)
    return {"_links": {"self": {"href": f"{call.base}{call.exchange.path}", "hints": {}}}}


def _revoke(call: Call, user: Doc, rows: list[Doc], name: str) -> set[str]:
    """Ids of the apps whose grants have changed."""
    id, changed = name.rpartition(":")[2], set()
    if ":apps:" in name:
        app, app_user = call.store.get(APPS, id), call.store.get(APP_USERS, f"{id}.{user['id']}")
        if app is None or app_user is None:
            raise not_found(id, "AppUser")
        for row in rows:
            if row["appId"] == id:
                call.store.put(GRANTS, row | {"status": INACTIVE})
        assignments.unassign(call, app, app_user, user)
        return set()
    for row in rows:
        held = any(value["id"] == id for item in governance.contents(call.store, row) for value in item["values"])
        if ":entitlement-bundles:" in name and row["entitlementBundleId"] == id:
            row["status"] = INACTIVE
        elif ":entitlement-values:" in name and held:
            row["_revoked"] = [*row["_revoked"], id]
        else:
            continue
        call.store.put(GRANTS, row | {"lastUpdated": iso_seconds(call.now), "lastUpdatedBy": call.caller.id})
        changed.add(row["appId"])
    if not changed:
        why = Why("The person has nothing of that name.", (Compared("revokeOrns", name[:200], "request body"),))
        raise invalid("revokeOrns", f"revokeOrns: '{name[:200]}' is not valid", why=why)
    return changed
