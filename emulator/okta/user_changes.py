"""Creating and updating users: what a request changes, and what follows from it. Source: okta-admin-api.md 3.2, 3.3."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import group_rule_engine, memberships, reach, realm_store, user_passwords, user_states
from emulator.okta.events import emit, group_target, user_target
from emulator.okta.params import flag, part, stamp
from emulator.okta.problems import invalid, not_found, taken
from emulator.okta.resources import groups
from emulator.okta.resources.schemas import user_attributes
from emulator.okta.resources.user_types import USER_TYPES, default_type
from emulator.okta.user_docs import USERS, can_sign_in, new_user
from emulator.okta.user_input import Credentials, checked_profile, checked_provider, checked_recovery, read_credentials
from emulator.store import Duplicate

CHANGE_PASSWORD = "changePassword"


def create(call: Call, body: Doc) -> Doc:
    """Make the user that a body describes; the query says how they start. Raises 400."""
    profile, given = part(body, "profile"), read_credentials(body)
    if profile is None:
        raise invalid("profile", "profile: The field cannot be left blank")
    activate, expired = flag(call, "activate", True), _must_change(call, given)
    type_id = _type_id(call, body)
    checked = checked_profile(call, profile, type_id=type_id)
    realm_id = realm_store.of_new_user(call, body, checked)
    user = new_user(checked, id=call.ids.okta("00u"), now=call.now, type_id=type_id, realm_id=realm_id)
    if flag(call, "provider", False):
        user["credentials"]["provider"] = checked_provider(given.provider)
    elif given.provider is not None and given.provider.get("type") not in (None, "OKTA", "IMPORT"):
        call.note("credentials.provider counts only with provider=true")
    _set_credentials(call, user, given, history=False)
    if given.any_password and call.info["engine"] != "classic":  # observed; on Classic it stays null
        user["statusChanged"] = user["passwordChanged"]
    joined = _groups(call, body)
    if activate:
        user_states.shift(user, "ACTIVE" if can_sign_in(user) else "PROVISIONED", now=call.now)
    if activate and expired:
        user_states.shift(user, "PASSWORD_EXPIRED", now=call.now)
    _store(call, user, new=True)
    emit(call, "user.lifecycle.create", [user_target(user)])
    _join(call, user, joined)
    if activate:
        activated(call, user)
    return user


def activated(call: Call, user: Doc) -> None:
    """What follows when a user becomes active: the event, and the apps of their groups."""
    from emulator.okta.resources import app_users

    emit(call, "user.lifecycle.activate", [user_target(user)])
    app_users.user_activated(call, user)


def _must_change(call: Call, given: Credentials) -> bool:
    """Whether the first sign-in must set a new password. Raises 400 where that cannot be."""
    asked = call.params.get("nextLogin")
    if not asked:
        return False
    if asked != CHANGE_PASSWORD:  # inferred
        why = Why("nextLogin has one value.", (Compared("nextLogin", asked[:60], "query"),))
        raise invalid("nextLogin", "nextLogin: The field is not valid", why=why)
    if not given.any_password:
        why = Why("nextLogin=changePassword expires a password, and none was given.",
                  (Compared("credentials.password", None, "request body"),))  # fmt: skip
        raise Problem("E0000124", why=why)
    if not flag(call, "activate", True):
        why = Why("nextLogin=changePassword is for users who are activated at once.",
                  (Compared("activate", "false", "query"),))  # fmt: skip
        raise Problem("E0000125", why=why)
    return True


def _type_id(call: Call, body: Doc) -> str:
    wanted = (part(body, "type") or {}).get("id")
    if wanted is None:
        return str(default_type(call.store)["id"])
    if not isinstance(wanted, str) or call.store.get(USER_TYPES, wanted) is None:
        raise not_found(str(wanted), "CVDType")
    return wanted


def _groups(call: Call, body: Doc) -> list[Doc]:
    wanted = body.get("groupIds") or []
    if not isinstance(wanted, list) or not all(isinstance(id, str) for id in wanted):
        why = Why("groupIds is a list of ids.", (Compared("groupIds", type(wanted).__name__, "request body"),))
        raise Problem("E0000003", why=why)
    found = [groups.by_id(call, id) for id in dict.fromkeys(wanted)]
    reach.require_new_user(call, [group["id"] for group in found])
    for group in found:
        groups.refuse_built_in(group)
    return found


def _join(call: Call, user: Doc, joined: list[Doc]) -> None:
    memberships.note_member(call.store, groups.everyone(call.store)["id"], user["id"])
    for group in joined:
        memberships.note_member(call.store, group["id"], user["id"])
        groups.touch(call, group, membership=True)
        emit(call, "group.user_membership.add", [user_target(user), group_target(group)])
    group_rule_engine.user_changed(call, user)


def change(call: Call, user: Doc, body: Doc, *, whole: bool) -> Doc:
    """Apply a body to a user: `whole` replaces the profile, else what is named changes. Raises 400 or 403.

    A body of credentials alone leaves the profile as it is, even where it replaces (observed).
    """
    profile, given = part(body, "profile"), read_credentials(body)
    if profile is None and whole and not given.any:
        raise invalid("profile", "profile: The field cannot be left blank")
    before, status = user["profile"], user["status"]
    moved = _change_type(call, user, body)
    if profile is not None or moved:
        known = before if not moved else _of_type(call, before, user["type"]["id"])
        wanted = profile if whole and profile is not None else {**known, **(profile or {})}
        user["profile"] = checked_profile(call, wanted, before, type_id=user["type"]["id"])
    changed = {name for name in {*before, *user["profile"]} if before.get(name) != user["profile"].get(name)}
    realmed = realm_store.change_realm(call, user, body)
    _set_credentials(call, user, given, history=flag(call, "strict", False))
    if given.any_password:
        _password_set(call, user)
    if changed or moved or realmed or given.any_password or given.answer is not None:
        user["lastUpdated"] = stamp(call.now)
        _store(call, user, new=False)
    if moved:
        emit(call, "user.account.update_user_type", [user_target(user)])
    _announce(call, user, changed, given)
    if changed or moved:
        group_rule_engine.user_changed(call, user)
    if user["status"] != status:
        _status_moved(call, user)
    return user


def _change_type(call: Call, user: Doc, body: Doc) -> bool:
    """Give the user the type that the body names; whether it is another one."""
    if body.get("type") is None:
        return False
    wanted = _type_id(call, body)
    moved: bool = wanted != user["type"]["id"]
    user["type"] = {"id": wanted}
    return moved


def _of_type(call: Call, profile: Doc, type_id: str) -> Doc:
    """What of a profile another type keeps (inferred: attributes that it does not have are lost)."""
    known = user_attributes(call.store, type_id)
    return {name: value for name, value in profile.items() if name in known}


def _status_moved(call: Call, user: Doc) -> None:
    """A password has made the user active: accounts that waited for that are made now."""
    from emulator.okta.resources import app_users

    app_users.user_changed(call, user, {"status"})


def _password_set(call: Call, user: Doc) -> None:
    """A password from an administrator ends PROVISIONED, RECOVERY, PASSWORD_EXPIRED and LOCKED_OUT (inferred)."""
    after = user_states.LIFECYCLE.after(user["status"], "set_password")
    if after is not None:
        user_states.shift(user, after, now=call.now)


def _announce(call: Call, user: Doc, changed: set[str], given: Credentials) -> None:
    from emulator.okta.resources import app_users

    targets = [user_target(user)]
    if changed:
        names = ",".join(sorted(changed))
        emit(call, "user.account.update_profile", targets, debug={"changedAttributes": names})
    for name, kind in (("email", "update_primary_email"), ("secondEmail", "update_secondary_email")):
        if name in changed:
            emit(call, f"user.account.{kind}", targets)
    if given.any_password:
        emit(call, "user.account.update_password", targets)
    if changed:
        app_users.user_changed(call, user, changed)


def _set_credentials(call: Call, user: Doc, given: Credentials, *, history: bool) -> None:
    provider = user["credentials"]["provider"]["type"]
    if given.any_password and provider not in ("OKTA", "IMPORT"):
        compared = (Compared("provider", provider, f"user {user['profile']['login']}"),)
        why = Why("The password of a user whom another system vouches for is not kept here.", compared)
        raise Problem("E0000014", causes=("Password cannot be set for users of another provider",), why=why)
    if given.password is not None:
        user_passwords.change_password(call, user, given.password, history=history)
    elif given.hash is not None:
        user_passwords.put_imported(user, given.hash, now=call.now)
    elif given.hook is not None:
        user_passwords.put_hook(user, given.hook, now=call.now)
    present = user["credentials"].get("recovery_question", {}).get("question")
    if given.answer is not None or (given.question is not None and given.question != present):
        question, answer = checked_recovery(given.question, given.answer)
        user_passwords.put_recovery(user, question, answer, ids=call.ids)


def _store(call: Call, user: Doc, *, new: bool) -> None:
    try:
        call.store.add(USERS, user) if new else call.store.put(USERS, user)
    except Duplicate as error:
        raise taken("login", str(user["profile"]["login"])) from error
