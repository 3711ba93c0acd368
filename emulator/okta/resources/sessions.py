"""Sessions: /api/v1/sessions. Source: okta-admin-api.md 15, appendix C."""

from emulator.kernel.call import Call
from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import OBSERVED, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import reach, session_policy
from emulator.okta.events import emit, user_target
from emulator.okta.mfa import factors, strength
from emulator.okta.params import body_object, stamp, text_of
from emulator.okta.problems import invalid, not_found
from emulator.okta.tokens import SESSIONS, digest, live_session, org
from emulator.okta.user_docs import USERS

_AT = "/api/v1/sessions"


def start_session(
    call: Call, user: Doc, proofs: list[Doc], *, remembered: bool = False, by_id: bool = False
) -> tuple[Doc, str]:
    """A new session of a user who has proved who they are (`mfa/strength.py`), and the value of its cookie.

    remembered: the org's own demand for a factor was met by a known device. by_id: the session's id is also its
    cookie. Call it inside a write transaction. The cookie's value is kept as a digest only.
    """
    now, id = stamp(call.now), "102" + call.ids.secret("session-id", 17)[:22]
    value = id if by_id else call.ids.secret("session", 32)
    expires = session_policy.here(call, user).expiry(call.now, call.now)
    session: Doc = {
        "id": id, "userId": user["id"], "login": user["profile"]["login"],
        "createdAt": now, "expiresAt": stamp(expires), "status": "ACTIVE", "lastPasswordVerification": None,
        "lastFactorVerification": None, "amr": [], "idp": {"id": org(call)["id"], "type": "OKTA"},
        "mfaActive": bool(factors.active(call.store, user["id"])), "_cookie": digest(value),
        "_remembered": remembered,
    }  # fmt: skip
    call.store.add(SESSIONS, _proved(call, session, proofs))
    fresh = call.store.get(USERS, user["id"]) or user
    fresh["lastLogin"] = now
    call.store.put(USERS, fresh)
    call.memo["session_id"] = session["id"]
    emit(call, "user.session.start", [user_target(user)], actor=user_target(user))
    return session, value


def _proved(call: Call, session: Doc, proofs: list[Doc]) -> Doc:
    """Write what was proved, and when, into a session document."""
    passwords = [proof["at"] for proof in proofs if proof["method"] == strength.PASSWORD]
    others = [proof["at"] for proof in proofs if proof["method"] != strength.PASSWORD]
    session["lastPasswordVerification"] = stamp(max(passwords)) if passwords else None
    session["lastFactorVerification"] = stamp(max(others)) if others else None
    session["amr"] = strength.amr(proofs)
    session["_proofs"] = proofs
    session["_factors"] = strength.factors(proofs, classic=call.info["engine"] == "classic")
    return session


def add_proofs(call: Call, session: Doc, proofs: list[Doc]) -> None:
    """A session's person has proved more: write it down; call it inside a write transaction."""
    fresh = call.store.get(SESSIONS, session["id"])
    if fresh is not None:
        call.store.put(SESSIONS, _proved(call, fresh, proofs))


def end_session(call: Call, session: Doc) -> None:
    """End a session, and log it; ending one twice changes nothing. Call it inside a write transaction."""
    if call.store.drop(SESSIONS, session["id"]) is None:
        return
    user = call.store.get(USERS, session["userId"])
    call.memo.setdefault("session_id", session["id"])
    emit(call, "user.session.end", [user_target(user)] if user else [], actor=user_target(user) if user else None)


def clear(call: Call, user: Doc, *, always: bool = False) -> None:
    """End every session of a user; logged when there was one, or `always`."""
    ended = call.store.drop_where(SESSIONS, "userId", user["id"])
    if ended or always:
        emit(call, "user.session.clear", [user_target(user)])


def render(call: Call, session: Doc) -> Doc:
    """The session as the API shows it."""
    at = f"{call.base}{_AT}/{session['id']}"
    user = call.store.get(USERS, session["userId"])
    name = " ".join(filter(None, (user["profile"].get(k) for k in ("firstName", "lastName")))) if user else ""
    me = f"{call.base}/api/v1/users/{session['userId']}"
    return {
        **public(session),
        "_links": {
            "self": {"href": at, "hints": {"allow": ["GET", "DELETE"]}},
            "refresh": {"href": f"{at}/lifecycle/refresh", "hints": {"allow": ["POST"]}},
            "user": {"name": name, "href": me, "hints": {"allow": ["GET"]}},
        },
    }


def _load(call: Call) -> Doc:
    id = call.path["sessionId"]
    found: Doc | None = call.store.get(SESSIONS, id)
    if found is None or found["expiresAt"] < iso(call.now):
        raise not_found(id, "AppSession")
    reach.require(call, user=found["userId"])
    return found


def _mine(call: Call) -> Doc:
    """The session of the request's own cookie. Raises 404."""
    found = live_session(call)
    if found is None:
        raise not_found("me", "AppSession")
    return found


@operation("POST", _AT, source=OBSERVED, auth="none", bucket="authn", emits=("user.session.start",))
def create_session(call: Call) -> Doc:
    """A session for a session token, which works once. Its id is its cookie: clients go on with it as such."""
    from emulator.okta.resources import authn

    token = text_of(body_object(call), "sessionToken")
    if not token:
        why = Why("The body must name the session token.", (Compared("sessionToken", token, "request body"),))
        raise invalid("sessionToken", "sessionToken: The field cannot be left blank", why=why)
    found = authn.redeem_session_token(call, token)
    if found is None or found[0]["status"] not in ("ACTIVE", "PASSWORD_EXPIRED"):
        shown = Compared("sessionToken", "unknown, used or expired" if found is None else "valid", "request body")
        status = Compared("status", found[0]["status"] if found else None, "the token's user")
        why = Why("A session token works once, for five minutes, for a user who may sign in.", (shown, status))
        raise Problem("E0000004", why=why, keep=True)
    user, row = found
    session, _ = start_session(call, user, row["proofs"], remembered=row["remembered"], by_id=True)
    return render(call, session)


@operation("GET", _AT + "/me", source=inferred("404 without a session, as the recordings show by id"), auth="none")
def get_my_session(call: Call) -> Doc:
    """The session of the request's own cookie."""
    return render(call, _mine(call))


@operation("DELETE", _AT + "/me", source=inferred("as by id"), auth="none", emits=("user.session.end",))
def end_my_session(call: Call) -> None:
    """End the session of the request's own cookie."""
    end_session(call, _mine(call))


@operation(
    "POST", _AT + "/me/lifecycle/refresh", source=inferred("as by id"), auth="none", body="none",
)  # fmt: skip
def refresh_my_session(call: Call) -> Doc:
    """Give the session of the request's own cookie its idle time again."""
    return _refreshed(call, _mine(call))


@operation("GET", _AT + "/{sessionId}", source=OBSERVED, scope=("okta.sessions.read",))
def get_session(call: Call) -> Doc:
    """One session."""
    return render(call, _load(call))


@operation(
    "DELETE", _AT + "/{sessionId}", source=OBSERVED, scope=("okta.sessions.manage",), emits=("user.session.end",)
)
def revoke_session(call: Call) -> None:
    """End a session."""
    end_session(call, _load(call))


@operation(
    "POST", _AT + "/{sessionId}/lifecycle/refresh", source=OBSERVED, scope=("okta.sessions.manage",), body="none"
)
def refresh_session(call: Call) -> Doc:
    """Give a session its idle time again, as far as the policy lets it live."""
    return _refreshed(call, _load(call))


def _refreshed(call: Call, session: Doc) -> Doc:
    user = call.store.get(USERS, session["userId"])
    if user is not None:
        began = parse_iso(session["createdAt"])
        session["expiresAt"] = stamp(session_policy.here(call, user).expiry(call.now, began))
    call.store.put(SESSIONS, session)
    return render(call, session)
