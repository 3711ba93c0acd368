"""People from the world file.

Keys of `users` items: `login`, `firstName`; optional `email` (login), `lastName`, `id`, `password`, `status` (ACTIVE
with a password, else PROVISIONED), `profile: {...}` (further attributes), `groups: [names]`, `admin: SUPER_ADMIN`,
`recovery: {question, answer}`, `type` (the name of a user type).
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.problems import LabError
from emulator.okta import profiles, realm_store, user_passwords, user_states
from emulator.okta.base_schema import ALWAYS
from emulator.okta.resources import groups, roles
from emulator.okta.resources.schemas import user_attributes
from emulator.okta.resources.user_types import USER_TYPES, default_type
from emulator.okta.user_docs import USERS, new_user


def plant(seeding: Seeding) -> None:
    """Make every user of the spec. LabError when one does not fit the schema."""
    realm_id = realm_store.default_realm_id(seeding.store)
    everyone = groups.everyone(seeding.store)["id"]
    for spec in seeding.spec.get("users", ()):
        type_id = _type_id(seeding.store, spec)
        profile = _profile(spec, user_attributes(seeding.store, type_id))
        id = spec.get("id") or seeding.ids.okta("00u")
        user = new_user(profile, id=id, now=seeding.now, type_id=type_id, realm_id=realm_id)
        give_credentials(seeding, user, spec)
        seeding.store.add(USERS, user)
        groups.join(seeding.store, everyone, id)
        for name in spec.get("groups", ()):
            groups.join(seeding.store, groups.named(seeding.store, name)["id"], id)
        if spec.get("admin"):
            roles.grant(seeding.store, id, spec["admin"], ids=seeding.ids, now=seeding.now)


def _type_id(store: Any, spec: Doc) -> str:
    name = spec.get("type")
    found = store.find(USER_TYPES, "name", name) if name else default_type(store)
    if found is None:
        raise LabError(f"user {spec.get('login')!r}: there is no user type {name!r}.", hint="Add it to `user_types`.")
    return str(found["id"])


def _profile(spec: Doc, known: Doc) -> Doc:
    given = {name: spec.get(name) for name in ("firstName", "lastName", "login", "email")}
    profile = {**given, "email": given["email"] or given["login"], **spec.get("profile", {})}
    causes = profiles.unknown(known, profile)
    causes += [cause for _, cause in (*profiles.missing(known, profile), *profiles.mistakes(known, profile))]
    if causes:
        raise LabError(f"user {spec.get('login')!r}: {'; '.join(causes)}.", hint="Profiles must fit the user schema.")
    return profiles.set_only(profile, ALWAYS)


def give_credentials(seeding: Seeding, user: Doc, spec: Doc) -> None:
    """Password, recovery question and status of a user of a world file, in place. LabError for an unknown status."""
    password = spec.get("password")
    if password is not None:
        user_passwords.put_password(user, password, ids=seeding.ids, now=seeding.now)
    if spec.get("recovery"):
        given = spec["recovery"]
        user_passwords.put_recovery(user, given["question"], given["answer"], ids=seeding.ids)
    status = spec.get("status") or ("ACTIVE" if password is not None else "PROVISIONED")
    if status not in user_states.LIFECYCLE.states() or status == user_states.DELETED:
        raise LabError(f"user {spec['login']!r}: there is no status {status!r}.", hint="See docs/reference/worlds.md.")
    if status != "STAGED":
        user_states.shift(user, "ACTIVE", now=seeding.now)
        user_states.shift(user, status, now=seeding.now)
    if status == "LOCKED_OUT":
        user["_lockedAt"] = seeding.now
