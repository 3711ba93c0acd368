"""Active Directory integrations: app instances named `active_directory` and the people their agent imported.

Source: okta-admin-api.md 10.3, 11; DESIGN.md (the directory). The documents are those of apps and app users; this
file only seeds them. The on-premises side is a party of its own.
"""

from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.problems import LabError
from emulator.okta import app_installation, app_shapes
from emulator.okta.app_kinds import APP_USERS
from emulator.okta.apps_catalog import TYPES
from emulator.okta.params import stamp
from emulator.okta.resources import schemas, users
from emulator.okta.tokens import ORG
from emulator.okta.user_docs import USERS

SEED_RANK = 40  # after users, before the apps whose seeded assignments read the directory
_KIND = "active_directory"


def seed(seeding: Seeding) -> None:
    """`directories: [{id?, label?, domain, schema?: {attribute: property}, users: [{user, externalId, profile}]}]`.

    user: an Okta login. externalId: the base64 objectGUID. profile: what the agent imported (samAccountName, dn,
    msExchUsageLocation, proxyAddresses, managerDn, pwdLastSet...); firstName, lastName and email come from the user.
    """
    for spec in seeding.spec.get("directories", ()):
        app = _instance(seeding, spec)
        known = schemas.app_attributes(seeding.store, app["id"])
        for person in spec.get("users", ()):
            _imported(seeding, app, person, known, domain=spec["domain"])


def _instance(seeding: Seeding, spec: Doc) -> Doc:
    ids = seeding.ids
    app = app_shapes.new_app(
        TYPES[_KIND], id=spec.get("id") or ids.okta("0oa"), key=spec.get("key") or ids.okta("exk"),
        org_id=seeding.store.all(ORG)[0]["id"], now=seeding.now,
    )  # fmt: skip
    app["label"] = spec.get("label") or spec["domain"]
    naming = ",".join(f"DC={part}" for part in spec["domain"].split("."))
    app["settings"]["app"] |= {"namingContext": naming, **spec.get("settings", {})}
    app_installation.install(seeding.store, ids, seeding.now, app)
    schemas.add_custom(seeding.store, app["id"], spec.get("schema", {}))
    return app


def _imported(seeding: Seeding, app: Doc, person: Doc, known: Doc, *, domain: str) -> None:
    user = users.by_login(seeding.store, person["user"])
    if user is None:
        raise LabError(f"directory {domain!r}: no user has the login {person['user']!r}.", hint="Add it to `users`.")
    profile = {name: user["profile"].get(name) for name in ("firstName", "lastName", "email")} | person.get(
        "profile", {}
    )
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
