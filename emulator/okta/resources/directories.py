"""Active Directory integrations: app instances named `active_directory`, and the people their agent imported.

Source: okta-admin-api.md 10.3, 11, 19, appendix A; DESIGN.md (the directory). The documents are those of apps and app
users; the on-premises side is a party of its own. What the vendor offers in its console only has addresses of ours.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.okta import (
    agent_calls,
    app_installation,
    app_shapes,
    delegated_authentication,
    import_groups,
    import_rules,
    memberships,
    policy_seeds,
    reach,
)
from emulator.okta.app_kinds import APP_USERS, APPS, CAPABILITIES
from emulator.okta.app_values import boolean, choice
from emulator.okta.apps_catalog import TYPES
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.console import UI_ONLY
from emulator.okta.directory_users import AD, ad_instances, domain_of
from emulator.okta.events import app_target, emit, group_target, user_target
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import schemas, users
from emulator.okta.resources.features import merged
from emulator.okta.tokens import ORG
from emulator.okta.user_docs import USERS

SEED_RANK = 40  # after users, before the apps whose seeded assignments read the directory
_AT = "/api/internal/v1/directories"
_READ: Any = {"source": UI_ONLY, "scope": ("okta.apps.read",), "bucket": "apps.get"}
_MANAGE: Any = {"source": UI_ONLY, "scope": ("okta.apps.manage",), "bucket": "apps.get"}
_SWITCHES = ("delegatedAuthentication", "justInTime")
_MOST_MEMBERS = 100


def load(call: Call, id: str) -> Doc:
    """The instance of that id. Raises 404."""
    found = call.store.get(APPS, id)
    if found is None or found["name"] != AD:
        raise not_found(id, "AppInstance")
    return dict(found)


def render(call: Call, app: Doc) -> Doc:
    """An instance with its settings and its agents."""
    at = f"{call.base}{_AT}/{app['id']}"
    agents = [{name: row[name] for name in ("id", "name", "version", "host", "connected")}
              for row in agent_calls.agents_of(call.store, app["id"])]  # fmt: skip
    return {
        "id": app["id"], "domain": domain_of(app), "label": app["label"], "status": app["status"],
        **delegated_authentication.settings(app), **import_rules.inbound(call.store, app), "agents": agents,
        "_links": {"self": {"href": at}, "app": {"href": f"{call.base}/api/v1/apps/{app['id']}"}},
    }  # fmt: skip


@operation("GET", _AT, **_READ)
def list_directories(call: Call) -> list[Doc]:
    """The org's Active Directory integrations."""
    return [render(call, app) for app in ad_instances(call.store) if reach.sees(call, app=app["id"])]


@operation(
    "POST", _AT, status=201, emits=("application.lifecycle.create",), extra={"reach": "require_new_app"}, **_MANAGE
)  # fmt: skip
def add_directory(call: Call) -> Doc:
    """Add the integration of a domain: `{domain, label?}`; its agent finds it by the domain."""
    body = body_object(call)
    domain = needed_text(body, "domain").casefold()
    if not all(label.replace("-", "").isalnum() for label in domain.split(".")) or "." not in domain:
        raise bad("domain", f"domain: '{domain[:100]}' is not valid", "domain", domain[:200], "It is a DNS name.")
    if any(domain_of(app).casefold() == domain for app in ad_instances(call.store)):
        raise bad("domain", "domain: The directory is already integrated", "domain", domain, "One instance a domain.")
    reach.require_new_app(call, AD)
    app = new_instance(call, {"domain": domain, "label": text_of(body, "label")})
    emit(call, "application.lifecycle.create", [app_target(app)])
    return render(call, app)


@operation("GET", _AT + "/{appId}", **_READ)
def get_directory(call: Call) -> Doc:
    """One integration."""
    return render(call, load(call, call.path["appId"]))


@operation(
    "PUT", _AT + "/{appId}", emits=("application.lifecycle.update", "system.agent.ad.config_change_detected"), **_MANAGE
)
def update_directory(call: Call) -> Doc:
    """Change settings; what is left out stays: `{delegatedAuthentication, justInTime, organizationalUnits,
    importSettings, importRules}`."""
    from emulator.okta.resources import apps

    app, body = load(call, call.path["appId"]), body_object(call)
    before = delegated_authentication.settings(app)
    wanted: Doc = {name: boolean(body, name, before[name]) for name in _SWITCHES}
    wanted["organizationalUnits"] = _units(body, before)
    if wanted["justInTime"] and not wanted["delegatedAuthentication"]:
        compared = (Compared("justInTime", "true", "request body"), Compared("delegatedAuthentication", "false", "it"))
        why = Why("Users are created just in time when they sign in with the directory's password.", compared)
        raise invalid("justInTime", "justInTime: delegated authentication is needed", why=why)
    app["_directory"] = wanted
    sent = {name: body[name] for name in ("importSettings", "importRules") if body.get(name) is not None}
    if sent:
        import_rules.keep(call, app, merged(import_rules.inbound(call.store, app), sent, "capabilities"))
    apps.touch(call, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    emit(call, "system.agent.ad.config_change_detected", [app_target(app)])
    return render(call, app)


def _units(body: Doc, before: Doc) -> list[str]:
    units = body.get("organizationalUnits", before["organizationalUnits"])
    if (
        not isinstance(units, list)
        or len(units) > 200
        or not all(isinstance(unit, str) and "=" in unit for unit in units)
    ):
        raise bad("organizationalUnits", "organizationalUnits: must be a list of distinguished names",
                  "organizationalUnits", str(units)[:200], "Up to 200 distinguished names.")  # fmt: skip
    return list(units)


@operation(
    "POST", _AT + "/{appId}/delegated-authentication/test", commit="manual",
    emits=("user.authentication.auth_via_AD_agent",), **_MANAGE,
)  # fmt: skip
def test_delegation(call: Call) -> Doc:
    """Try a name and password there: `{userName, password}` -> `{result SUCCESS|FAILURE, data?, reason?}`."""
    app, body = load(call, call.path["appId"]), body_object(call)
    asked = {"userName": needed_text(body, "userName"), "password": needed_text(body, "password")}
    try:
        said = agent_calls.ask(call, app, "/logon", asked)
    except agent_calls.Refused as refused:
        return {"result": "FAILURE", "reason": refused.text}
    if said.get("ok"):
        return {"result": "SUCCESS"}
    return {"result": "FAILURE", "data": said.get("data"), "reason": said.get("reason")}


# -- groups of the directory -----------------------------------------------------------------------------------------


@operation(
    "POST", "/api/v1/directories/{appInstanceId}/groups/modify", source=DOCUMENTED, bucket="apps.get",
    scope=("okta.directories.groups.manage",), commit="manual",
    emits=("directory.external.group.membership.add", "directory.external.group.membership.remove",
           "group.user_membership.add", "group.user_membership.remove"),
)  # fmt: skip
def modify_group(call: Call) -> Doc:
    """Put members into an imported group of the directory, or take them out; the agent writes it there."""
    app, body = load(call, call.path["appInstanceId"]), body_object(call)
    given = part(body, "parameters") or {}
    action = choice(given, "action", ("ADD", "REMOVE"), None)
    if action is None:
        raise bad("action", "action: The field cannot be left blank", "action", None, "ADD or REMOVE.")
    if text_of(given, "attribute") not in (None, "member"):
        raise bad("attribute", "attribute: must be member", "attribute", given["attribute"], "Members are in `member`.")
    group = imported_group(call, app, text_of(body, "id") or "")
    members = _members(call, app, given.get("values"))
    asked = {"add" if action == "ADD" else "remove": [row["credentials"]["userName"] for row in members]}
    try:
        agent_calls.ask(call, app, f"/groups/{group['profile']['samAccountName']}", asked)
    except agent_calls.Refused as refused:
        why = Why("The directory refused the change.", (Compared("directory", refused.text, app["label"]),))
        raise invalid("group", refused.text, why=why) from refused
    with call.commit():
        _follow(call, app, group, members, add=action == "ADD")
    return {}


def imported_group(call: Call, app: Doc, id: str) -> Doc:
    found = next((group for group in import_groups.imported(call.store, app["id"]) if group["id"] == id), None)
    if found is None:
        raise not_found(id[:100], "UserGroup")
    return found


def _members(call: Call, app: Doc, values: Any) -> list[Doc]:
    """The users' accounts in this directory. Raises E0000001, 404."""
    if (
        not isinstance(values, list)
        or not 0 < len(values) <= _MOST_MEMBERS
        or not all(isinstance(v, str) for v in values)
    ):
        raise bad("values", "values: must be a list of user ids", "values", str(values)[:200], "1 to 100 user ids.")
    rows = [call.store.get(APP_USERS, f"{app['id']}.{users.by_id(call, id)['id']}") for id in values]
    if None in rows:
        compared = (
            Compared("user", values[rows.index(None)], "request body"),
            Compared("directory", app["label"], "it"),
        )
        raise Problem("E0000007", f"{values[rows.index(None)]} (AppUser)", why=Why("The user is not of it.", compared))
    return rows


def _follow(call: Call, app: Doc, group: Doc, members: list[Doc], *, add: bool) -> None:
    """What the directory did shows here at once."""
    for user in call.store.get_many(USERS, [row["userId"] for row in members]):
        (memberships.enter if add else memberships.leave)(call, group, user)
        kind = f"directory.external.group.membership.{'add' if add else 'remove'}"
        emit(call, kind, [user_target(user), group_target(group), app_target(app)])


# -- seeds ---------------------------------------------------------------------------------------------------------


def seed(seeding: Seeding) -> None:
    """`directories: [...]`, each:

    domain; id, key, label; schema {attribute: property}; settings {...} of the app.
    delegatedAuthentication, justInTime (false), organizationalUnits [dn]: settings of the integration.
    import {exactMatchCriteria, allowPartialMatch, autoConfirm…, autoActivateNewUsers}: beside the defaults.
    agent {name, host, version}: the agent that has connected; the world adds the one of its own directory.
    users [{user, externalId, userName?, profile}]: user: an Okta login. externalId: the base64 objectGUID. profile:
    what the agent imported; firstName, lastName and email come from the user, and what a directory of the same world
    says of the account fills in the rest.
    """
    for spec in seeding.spec.get("directories", ()):
        app = new_instance(seeding, spec)
        known = schemas.app_attributes(seeding.store, app["id"])
        for person in spec.get("users", ()):
            _imported(seeding, app, person, known, domain=spec["domain"])


def new_instance(place: Seeding | Call, spec: Doc) -> Doc:
    """Store an instance with what belongs to it."""
    ids = place.ids
    app = app_shapes.new_app(
        TYPES[AD], id=spec.get("id") or ids.okta("0oa"), key=spec.get("key") or ids.okta("exk"),
        org_id=place.store.all(ORG)[0]["id"], now=place.now,
    )  # fmt: skip
    app["label"] = spec.get("label") or spec["domain"]
    naming = ",".join(f"DC={part}" for part in spec["domain"].split("."))
    app["settings"]["app"] |= {"namingContext": naming, **spec.get("settings", {})}
    app["_directory"] = {name: spec[name] for name in (*_SWITCHES, "organizationalUnits") if name in spec}
    app_installation.install(place.store, ids, place.now, app)
    policy_seeds.directory_policy(place, place.spec.get("password_policy", {}) if isinstance(place, Seeding) else {})
    schemas.add_custom(place.store, app["id"], spec.get("schema", {}))
    if spec.get("import"):
        inbound = import_rules.first_inbound(app)
        inbound["importRules"]["userCreateAndMatch"] |= spec["import"]
        first = app_installation.first_capabilities()
        place.store.add(CAPABILITIES, {"id": app["id"], "capabilities": first, "inbound": inbound})
    if spec.get("agent"):
        given = spec["agent"]
        place.store.add(agent_calls.AGENTS, {
            "id": ids.okta("a53"), "appId": app["id"], "name": given.get("name", "AD agent"), "host": given["host"],
            "version": given.get("version", "3.19.0"), "connected": stamp(place.now),
        })  # fmt: skip
    return app


def _imported(seeding: Seeding, app: Doc, person: Doc, known: Doc, *, domain: str) -> None:
    user = users.by_login(seeding.store, person["user"])
    if user is None:
        raise LabError(f"directory {domain!r}: no user has the login {person['user']!r}.", hint="Add it to `users`.")
    profile = {name: user["profile"].get(name) for name in ("firstName", "lastName", "email")}
    profile |= {name: value for name, value in person.get("imported", {}).items() if name in known}
    profile |= person.get("profile", {})
    undefined = [name for name in profile if name not in known]
    if undefined:
        raise LabError(
            f"directory {domain!r}: {', '.join(undefined)} is no attribute of Active Directory's users.",
            hint="Known ones: " + ", ".join(known),
        )
    name = person.get("userName") or user["profile"]["login"]
    doc = imported_user(app, user["id"], name, profile, external_id=person["externalId"], now=seeding.now)
    seeding.store.add(APP_USERS, doc)
    user["credentials"] = credentials(domain)
    if delegated_authentication.settings(app)["delegatedAuthentication"]:
        for kept in ("_passwordHash", "_passwordHistory"):
            user.pop(kept, None)
    seeding.store.put(USERS, user)


def imported_user(app: Doc, user_id: str, name: str, profile: Doc, *, external_id: str, now: int) -> Doc:
    """The app user that an agent's import makes."""
    at = stamp(now)
    return {
        "id": f"{app['id']}.{user_id}", "appId": app["id"], "userId": user_id,
        "externalId": external_id, "created": at, "lastUpdated": at, "scope": "USER", "status": "ACTIVE",
        "statusChanged": at, "passwordChanged": None, "syncState": "SYNCHRONIZED", "lastSync": at,
        "credentials": {"userName": name},
        "profile": {name: value for name, value in profile.items() if value is not None},
    }  # fmt: skip


def credentials(domain: str) -> Doc:
    """The credentials of a user whom a directory masters."""
    return {"provider": {"type": "ACTIVE_DIRECTORY", "name": domain}}
