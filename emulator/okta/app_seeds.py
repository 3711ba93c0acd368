"""Apps from the world file. The keys of an `apps` item are documented at `resources.apps.seed`."""

from typing import Any

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.problems import LabError, Problem
from emulator.okta import (
    app_installation,
    app_oauth,
    app_profiles,
    app_shapes,
    assignments,
    key_material,
    licence_catalogue,
    mapping_store,
    office365,
    office365_types,
    policy_store,
    provisioning,
)
from emulator.okta import mapping as engine
from emulator.okta.app_kinds import APP_GROUPS, APP_USERS, APPS, CAPABILITIES, CONNECTIONS, MAPPINGS, POLICY_RULES
from emulator.okta.app_types import OIDC, SIGNING
from emulator.okta.resources import groups, users
from emulator.okta.resources.app_groups import new_assignment
from emulator.okta.resources.zones import ZONES
from emulator.okta.tokens import ORG

_HINT = "See docs/reference/worlds.md."
_CONSENT = {"federation": office365.FEDERATION, "provisioning": office365.GRAPH}


def plant(seeding: Seeding) -> None:
    """Make every app of the spec. LabError where one does not fit."""
    for spec in seeding.spec.get("apps", ()):
        try:
            _plant(seeding, spec)
        except Problem as problem:
            text = "; ".join(problem.causes) or problem.code
            raise LabError(f"app {spec.get('label') or spec.get('name')!r}: {text}.", hint=_HINT) from problem


def _plant(seeding: Seeding, spec: Doc) -> None:
    store, ids, now = seeding.store, seeding.ids, seeding.now
    org = store.all(ORG)[0]
    app = app_shapes.made(spec, store=store, ids=ids, now=now, org=org)
    app_shapes.applied(app, {
        "label": spec.get("label") or app["label"], "signOnMode": spec.get("signOnMode"),
        "settings": spec.get("settings", {}), "visibility": {"appLinks": spec.get("appLinks", {})},
        "credentials": {"userNameTemplate": spec.get("userNameTemplate", {}), **spec.get("credentials", {})},
    })  # fmt: skip
    if app["signOnMode"] == OIDC:
        app_oauth.keep_secret(app, ids, spec)
    app["status"] = spec.get("status", "ACTIVE")
    app_installation.install(store, ids, now, app, material=_material(seeding, spec, app, org))
    _settings(seeding, spec, app)
    _rules(seeding, spec, app)
    _mappings(seeding, spec, app)
    _groups(seeding, spec, app)
    _users(seeding, spec, app)


def _material(seeding: Seeding, spec: Doc, app: Doc, org: Doc) -> key_material.Material | None:
    if app["signOnMode"] not in SIGNING:
        return None
    stem = spec.get("signing_key")
    if stem is None:
        return key_material.make(seeding.ids, name=org["subdomain"], now=seeding.now)
    return key_material.Material(seeding.read_fixture(f"{stem}.key"), seeding.read_fixture(f"{stem}.crt"))


def _settings(seeding: Seeding, spec: Doc, app: Doc) -> None:
    """Consent, connection, capabilities, provisioning type, deactivation menu, schema, licence catalogue."""
    from emulator.okta.mfa import claims
    from emulator.okta.resources import office365_mfa, schemas
    from emulator.okta.resources.office365_admin import checked_deprovisioning

    store = seeding.store
    for name, given in spec.get("consent", {}).items():
        if given:
            app["_consent"][_CONSENT[name]] = {"tenant": None, "at": iso(seeding.now)}
    if spec.get("mfa"):
        app["_mfa"] = office365_mfa.checked(spec["mfa"], dict(claims.FLAGS))
    given = spec.get("provisioning")
    if given is not None:
        app["settings"]["app"]["office365ProvisioningType"] = given.get("type", office365.PROFILE_SYNC)
        store.add(CONNECTIONS, {"id": app["id"], "status": "ENABLED", "profile": {"authScheme": "OAUTH2"}})
        store.add(CAPABILITIES, {"id": app["id"], "capabilities": _capabilities(given)})
        if given.get("action"):
            menu = {"action": given["action"], "gracePeriodDays": given.get("gracePeriodDays", 0)}
            app["_deprovisioning"] = checked_deprovisioning(menu)
    if office365.is_office365(app):
        office365.check_settings(app, None)
        office365_types.planted(store, app, spec, ids=seeding.ids, now=seeding.now)
    app_installation.refresh_features(store, app)
    store.put(APPS, app)
    schemas.add_custom(store, app["id"], spec.get("schema", {}))
    if spec.get("license_catalogue") is not None:
        licence_catalogue.keep(store, app["id"], spec["license_catalogue"], now=seeding.now)


def _capabilities(given: Doc) -> Doc:
    found = app_installation.first_capabilities()
    for name, place in (
        ("create", found["create"]["lifecycleCreate"]), ("update", found["update"]["profile"]),
        ("deactivate", found["update"]["lifecycleDeactivate"]), ("password", found["update"]["password"]),
    ):  # fmt: skip
        place["status"] = "ENABLED" if given.get(name) else "DISABLED"
    return found


def _rules(seeding: Seeding, spec: Doc, app: Doc) -> None:
    """Extra rules stand above the ones that the app came with, in the order given."""
    extra = spec.get("rules", ())
    store = seeding.store
    if not extra:
        return
    policy = {"id": app["_policyId"], "type": policy_store.ACCESS}
    for rule in policy_store.rules_of(store, policy["id"]):
        if not rule["system"]:
            rule["priority"] += len(extra)
            store.put(POLICY_RULES, rule)
    for number, given in enumerate(extra, 1):
        rule = policy_store.new_rule(
            seeding.ids, seeding.now, policy, name=given["name"], priority=number, conditions=_conditions(store, given),
            actions=policy_store.sign_on(
                given.get("access", "ALLOW"), factors=given.get("factors", "1FA"),
                reauthenticate=given.get("reauthenticateIn", policy_store.REAUTHENTICATE),
            ),
        )  # fmt: skip
        rule["id"], rule["status"] = given.get("id") or rule["id"], given.get("status", "ACTIVE")
        store.add(POLICY_RULES, rule)


def _conditions(store: Any, given: Doc) -> Doc:
    found = policy_store.anyone()
    for side, suffix in (("include", ""), ("exclude", "_excluded")):
        if given.get(f"groups{suffix}"):
            ids = [groups.named(store, name)["id"] for name in given[f"groups{suffix}"]]
            found["people"].setdefault("groups", {})[side] = ids
        if given.get(f"users{suffix}"):
            found["people"]["users"][side] = [_user(store, login)["id"] for login in given[f"users{suffix}"]]
        if given.get(f"zones{suffix}"):
            ids = [_zone(store, name) for name in given[f"zones{suffix}"]]
            found["network"] = {**found["network"], "connection": "ZONE", side: ids}
    if given.get("clients"):
        found["office365Client"] = {"include": given["clients"]}
    if given.get("platforms"):
        include = [{"type": "ANY", "os": {"type": name}} for name in given["platforms"]]
        found["platform"] = {"include": include, "exclude": []}
    if given.get("expression"):
        found["elCondition"] = {"condition": given["expression"]}
    return found


def _zone(store: Any, name: str) -> str:
    zone = store.find(ZONES, "name", name)
    if zone is None:
        raise LabError(f"There is no network zone named {name!r}.", hint="Add it to `zones` of the org's part.")
    return str(zone["id"])


def _user(store: Any, login: str) -> Doc:
    found = users.by_login(store, login)
    if found is None:
        raise LabError(f"No user has the login {login!r}.", hint="Add it to `users` of the org's part.")
    return found


def _mappings(seeding: Seeding, spec: Doc, app: Doc) -> None:
    given = spec.get("mappings", {})
    doc = mapping_store.to_app(seeding.store, app["id"])
    if not given or doc is None:
        return
    known = app_profiles.attributes(seeding.store, app)
    for name, item in given.items():
        if name not in known:
            raise LabError(f"app {app['label']!r}: the mapping's target {name!r} is no attribute.", hint=_HINT)
        if item is None:
            doc["properties"].pop(name, None)
        else:
            whole = item if isinstance(item, dict) else {"expression": item, "pushStatus": "PUSH"}
            doc["properties"][name] = whole
    seeding.store.put(MAPPINGS, doc)


def _groups(seeding: Seeding, spec: Doc, app: Doc) -> None:
    """Group assignments, and the members' app users where `users` does not name them."""
    named = {_user(seeding.store, item["login"])["id"] for item in spec.get("users", ())}
    for number, given in enumerate(spec.get("groups", ())):
        group = groups.named(seeding.store, given["name"])
        profile = given.get("profile", {})
        app_profiles.check(app_profiles.attributes(seeding.store, app), profile)
        priority = given.get("priority", number)
        seeding.store.add(
            APP_GROUPS, new_assignment(app["id"], group["id"], priority=priority, profile=profile, now=seeding.now)
        )
    for row in seeding.store.find_all(APP_GROUPS, "appId", app["id"]):
        for user_id in groups.member_ids(seeding.store, row["groupId"]):
            user = seeding.store.get(users.USERS, user_id)
            if user_id not in named and user["status"] not in ("STAGED", "DEPROVISIONED"):
                named.add(user_id)
                assigned(seeding, app, user, {"scope": assignments.GROUP})


def _users(seeding: Seeding, spec: Doc, app: Doc) -> None:
    for given in spec.get("users", ()):
        assigned(seeding, app, _user(seeding.store, given["login"]), given)


def assigned(seeding: Seeding, app: Doc, user: Doc, given: Doc) -> None:
    """An assignment of a world file: mapping and groups first, then what the item says."""
    setting = engine.Setting.of(seeding)
    app_user = assignments.new_app_user(app, user["id"], now=seeding.now, scope=given.get("scope", assignments.USER))
    name = given.get("userName") or engine.user_name(setting, app, user)
    if name is None:
        raise LabError(f"app {app['label']!r}: {given.get('login')!r} needs a userName.", hint=_HINT)
    app_user["credentials"]["userName"] = name
    assignments.first_profile(setting, app, user, app_user)
    short = {key: given[key] for key in ("immutableId", "licenses", "roles") if key in given}
    by_hand = short | given.get("profile", {})
    app_profiles.check(app_profiles.attributes(seeding.store, app), by_hand)
    pinned = {key for key, value in by_hand.items() if value is not None and value != app_user["profile"].get(key)}
    app_user["profile"] |= by_hand
    app_user["_pinned"] = sorted(pinned)
    app_user["externalId"] = given.get("externalId")
    if app_user["externalId"] and provisioning.provisions(app):
        app_user["status"], app_user["syncState"] = "PROVISIONED", "SYNCHRONIZED"
        app_user["lastSync"] = app_user["created"]
    app_user["status"] = given.get("status") or app_user["status"]
    app_user["syncState"] = given.get("syncState") or app_user["syncState"]
    seeding.store.add(APP_USERS, app_user)
