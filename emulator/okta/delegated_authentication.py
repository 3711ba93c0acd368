"""Delegated authentication: who is mastered by Active Directory signs in with the directory's password.

The org asks the directory's agent, outside any transaction, and holds no password itself. Source: seed-catalogue.md
1.1, 2.3; reasons are those of a domain controller's bind. How each shows at Okta is inferred, but for the two errors
about agents (appendix D).
"""

from dataclasses import dataclass
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import agent_calls, import_matching, import_people, import_rules, user_passwords
from emulator.okta.app_kinds import APP_USERS
from emulator.okta.directory_users import AD, ad_instances, domain_of
from emulator.okta.events import app_target, emit, target, user_target
from emulator.okta.params import stamp
from emulator.okta.user_docs import USERS

EVENT = "user.authentication.auth_via_AD_agent"
EMITS = (EVENT, *import_people.EMITS)  # who signs in is brought up to date, or made, as an import would
_MEMO = user_passwords.COMPARED_ELSEWHERE
_EXPIRED = frozenset({"532", "773"})
_LOCKED = "775"
RULES = {
    "525": "The directory has no user of that name.", "52e": "The password is not the one in the directory.",
    "532": "The password has expired in the directory.", "533": "The account is disabled in the directory.",
    "773": "The directory wants a new password first.", "775": "The account is locked out in the directory.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the directory said of a password. code: the bind's data code, empty where it was right."""

    code: str
    why: Why

    @property
    def right(self) -> bool:
        """Right, or right and too old."""
        return not self.code or self.code in _EXPIRED


class Unavailable(Exception):
    """No agent is there to ask; the problem is what an API answers."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


# -- who -----------------------------------------------------------------------------------------------------------


def settings(app: Doc) -> Doc:
    """`{delegatedAuthentication, justInTime, organizationalUnits}` of an instance."""
    first = {"delegatedAuthentication": False, "justInTime": False, "organizationalUnits": []}
    return {**first, **app.get("_directory", {})}


def instance_of(store: Any, user: Doc) -> Doc | None:
    """The directory that vouches for a user's password; None where the org itself does."""
    provider = user["credentials"]["provider"]
    if provider["type"] != "ACTIVE_DIRECTORY":
        return None
    for app in ad_instances(store):
        own = provider["name"] in (domain_of(app), app["label"]) and app["status"] == "ACTIVE"
        if own and settings(app)["delegatedAuthentication"]:
            return app
    return None


def delegated(store: Any, user: Doc) -> bool:
    """Whether the org has no password of the user, because a directory keeps it."""
    return instance_of(store, user) is not None


# -- signing in ----------------------------------------------------------------------------------------------------


def compare(call: Call, user: Doc | None, username: str, password: str) -> tuple[Doc | None, bool]:
    """Whether it is the user's password, asked of whoever keeps it; the user may be new (just in time).

    Call it outside any transaction. What a directory said stays with the call: `standing`, `verdict`. Takes as long for
    an unknown user as for a wrong password where no directory creates users just in time. Raises `Unavailable`.
    """
    if user is None:
        arrived = _just_in_time(call, username, password)
        return (arrived, True) if arrived is not None else (None, user_passwords.password_matches(None, password))
    app = instance_of(call.store, user)
    if app is None:
        return user, user_passwords.password_matches(user, password)
    return user, _asked(call, app, user, password).right


def _asked(call: Call, app: Doc, user: Doc, password: str) -> Verdict:
    name = _name(call, app, user)
    said = _logon(call, app, name, password, user)
    code = "" if said.get("ok") else str(said.get("data") or "52e")
    compared = (
        Compared("userName", name, "sign-in"),
        Compared("data", code or "0", f"Active Directory {app['label']}"),
    )
    verdict = Verdict(code, Why(RULES.get(code, "The directory lets the user in."), compared))
    call.memo[_MEMO] = verdict
    with call.commit():
        fresh = call.store.get(USERS, user["id"])
        if fresh is not None:
            _learnt(call, app, fresh, said.get("user"))
            outcome = "SUCCESS" if not code else "FAILURE"
            reason = None if not code else str(said.get("reason") or "INVALID_CREDENTIALS")
            emit(call, EVENT, [app_target(app)], outcome=outcome, reason=reason, actor=user_target(fresh),
                 why=verdict.why if code else None)  # fmt: skip
    return verdict


def _name(call: Call, app: Doc, user: Doc) -> str:
    """The user's name in the directory."""
    own = call.store.get(APP_USERS, f"{app['id']}.{user['id']}")
    return str(own["credentials"]["userName"] if own is not None else user["profile"]["login"])


def _logon(call: Call, app: Doc, name: str, password: str, user: Doc | None) -> Doc:
    try:
        return agent_calls.ask(call, app, "/logon", {"userName": name, "password": password})
    except agent_calls.Refused as refused:
        return {"ok": False, "data": "52e", "reason": refused.text}
    except Problem as problem:
        actor = user_target(user) if user else target("User", "unknown", name="unknown", alternate=name)
        with call.commit():
            emit(call, EVENT, [app_target(app)], outcome="FAILURE", reason="No agents are available", actor=actor,
                 why=problem.why)  # fmt: skip
        raise Unavailable(problem) from problem


def _learnt(call: Call, app: Doc, user: Doc, row: Doc | None) -> None:
    """A sign-in tells what an import would: attributes, and when the password was set. Inside a transaction."""
    app_user = import_people.linked(call.store, app["id"], row["externalId"]) if row else None
    if row is None or app_user is None or app_user["userId"] != user["id"]:
        return
    import_people.refresh(call, app, app_user, row)


def _just_in_time(call: Call, username: str, password: str) -> Doc | None:
    """A user who is in a directory and not yet here, where the directory's settings allow it."""
    for app in ad_instances(call.store):
        chosen = settings(app)
        if app["status"] != "ACTIVE" or not (chosen["justInTime"] and chosen["delegatedAuthentication"]):
            continue
        said = _logon(call, app, username, password, None)
        row = said.get("user")
        if said.get("ok") and row and said.get("domain", "").casefold() == domain_of(app).casefold():
            return _created(call, app, row)
    return None


def _created(call: Call, app: Doc, row: Doc) -> Doc | None:
    with call.commit():
        present = import_people.linked(call.store, app["id"], row["externalId"])
        if present is not None:
            found: Doc | None = call.store.get(USERS, present["userId"])
            return found
        rules = import_rules.matching(call.store, app)
        _, user = import_matching.match(call, app, row, {**rules, "allowPartialMatch": False})
        try:
            if user is not None:
                import_people.link(call, app, user, row)
            else:
                user = import_people.create(call, app, row, activate=True)
        except Problem as problem:
            call.note(f"not created just in time: {problem.code}")
            return None
        emit(call, EVENT, [app_target(app)], actor=user_target(user))
        call.memo[_MEMO] = Verdict("", Why("The directory lets the user in."))
        return user


def verdict(call: Call) -> Verdict | None:
    """What a directory said in this call."""
    found: Verdict | None = call.memo.get(_MEMO)
    return found


def because(call: Call, why: Why) -> Why:
    """Why a sign-in was refused: the directory's reason, where it was asked and said no."""
    found = verdict(call)
    return found.why if found is not None and found.code else why


def standing(call: Call, user: Doc) -> str:
    """The status that a sign-in goes by: the user's, or what the directory makes of it."""
    found = verdict(call)
    if found is not None and user["status"] == "ACTIVE":
        if found.code in _EXPIRED:
            return "PASSWORD_EXPIRED"
        if found.code == _LOCKED:
            return "LOCKED_OUT"
    return str(user["status"])


# -- changing the password -----------------------------------------------------------------------------------------


def write_back(call: Call, user: Doc, password: str, *, code: str = "E0000014") -> None:
    """Set a user's password in their directory; outside any transaction. Raises `code` with the directory's words."""
    from emulator.okta.resources import app_users

    app = instance_of(call.store, user)
    if app is None:
        return
    try:
        said = agent_calls.ask(call, app, "/password", {"userName": _name(call, app, user), "password": password})
    except agent_calls.Refused as refused:
        compared = (Compared("directory", refused.text, app["label"]), Compared("status", refused.status, app["label"]))
        raise Problem(
            code, causes=(refused.text,), why=Why("The directory refused the password.", compared)
        ) from refused
    with call.commit():
        emit(call, "system.agent.ad.reset_user_password", [app_target(app), user_target(user)])
        own, fresh = call.store.get(APP_USERS, f"{app['id']}.{user['id']}"), call.store.get(USERS, user["id"])
        if own is not None and fresh is not None and said.get("pwdLastSet"):
            own["profile"]["pwdLastSet"] = said["pwdLastSet"]
            call.store.put(APP_USERS, own)
            import_people.password_moved(call, own, fresh)
            app_users.user_changed(call, fresh, {f"{AD}.pwdLastSet"})


def password_set_at(app_user: Doc) -> str | None:
    """When a directory says that the password was set, as a stamp."""
    text = app_user["profile"].get("pwdLastSet")
    try:
        return stamp(parse_iso(text)) if isinstance(text, str) else None
    except ValueError:
        return None
