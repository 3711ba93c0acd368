"""Forgotten passwords and locked accounts: /api/v1/authn/recovery. Source: okta-admin-api.md 15.

A client without a token hears the same for every user name; the message itself goes to the outbox. A client with an
administrator's token gets the recovery token and sends it itself.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import authn_states, password_policy, recovery, user_passwords, user_states
from emulator.okta.events import client_address, emit, user_target
from emulator.okta.links import link
from emulator.okta.mfa import challenges, checks, factors, journey, views
from emulator.okta.mfa.journey import Journey
from emulator.okta.params import body_object, text_of
from emulator.okta.policy_walk import walk
from emulator.okta.problems import forbidden
from emulator.okta.resources import users
from emulator.okta.resources.authn import AT, OPEN, resumed
from emulator.okta.resources.factor_verify import blank
from emulator.okta.rule_subject import subject_of
from emulator.okta.shapes import one_of
from emulator.okta.tokens import token_caller
from emulator.okta.user_docs import USERS

_AT = AT + "/recovery"
_MAY_RESET = ("ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED")
_CHANNELS = {"EMAIL": "okta_email", "SMS": "okta_sms", "CALL": "okta_call"}
_FACTOR_OF = {"SMS": "sms", "CALL": "call"}
_EVENTS = ("user.account.reset_password", "user.account.unlock")


def by_link(call: Call, token: str, *, relay: str | None) -> Doc:
    """The token of an activation or recovery link: the user goes on to set a password. Raises 401."""
    with call.commit():
        row = recovery.spend(call, token)
        user = authn_states.user_of(call, row)
        purpose = row["purpose"] if row is not None else ""
        may = {recovery.UNLOCK: ("LOCKED_OUT",), recovery.VERIFICATION: ()}.get(purpose, _MAY_RESET)
        if row is None or user is None or user["status"] not in may:
            compared = (Compared("token", "known" if row else "unknown, used or expired", "request body"),
                        Compared("status", user["status"] if user else None, "the token's user"))  # fmt: skip
            why = Why("The link's token works once, while the user may set a password.", compared)
            raise Problem("E0000011", why=why, keep=True)
        if purpose == recovery.ACTIVATION:
            return views.shown(journey.begin(call, user, status=journey.RESET, relay=relay))
        kind = "UNLOCK" if purpose == recovery.UNLOCK else "PASSWORD"
        return _shown(_recovering(call, user, kind, relay=relay))


def _recovering(call: Call, user: Doc, kind: str, *, relay: str | None) -> Journey:
    """RECOVERY where the user has a question that the policy wants answered, else what comes after it."""
    trip = journey.begin(call, user, status=journey.RECOVERY, relay=relay, recoveryType=kind)
    wanted = password_policy.recovery_factors(call, user)["recovery_question"]["status"] == "ACTIVE"
    if wanted and "recovery_question" in user["credentials"]:
        return trip
    return _recovered(trip)


def _recovered(trip: Journey) -> Journey:
    """The person is who they say: unlock, or let them choose a password."""
    if trip.row["recoveryType"] == "PASSWORD":
        trip.save(status=journey.RESET)
        return trip
    call, user = trip.call, trip.user
    after = user_states.LIFECYCLE.after(user["status"], "unlock")
    if after is None:
        raise user_states.refused(user, "unlock")
    user_states.shift(user, after, now=call.now)
    user_passwords.unlocked(user)
    call.store.put(USERS, user)
    emit(call, "user.account.unlock", [user_target(user)], actor=user_target(user))
    trip.done()
    trip.row["status"] = _UNLOCKED
    return trip


_UNLOCKED = "UNLOCKED"


def _shown(trip: Journey) -> Doc:
    """An unlocked account ends the transaction without a session (documented)."""
    if trip.status != _UNLOCKED:
        return views.shown(trip)
    relay = {"relayState": trip.row["relay"]} if trip.row["relay"] else {}
    return {"status": "SUCCESS", "recoveryType": "UNLOCK", **relay, "_embedded": {"user": views.user(trip.user)}}


@operation("POST", _AT + "/token", source=DOCUMENTED, commit="manual", emits=_EVENTS, **OPEN)
def verify_recovery_token(call: Call) -> Doc:
    """Redeem the token of a recovery link."""
    body = body_object(call)
    return by_link(call, text_of(body, "recoveryToken") or "", relay=text_of(body, "relayState"))


@operation("POST", _AT + "/answer", source=DOCUMENTED, emits=(*_EVENTS, "user.account.lock"), **OPEN)
def answer_recovery_question(call: Call) -> Doc:
    """Answer the recovery question. E0000087 for another answer."""
    trip, body = resumed(call), body_object(call)
    journey.need(trip, journey.RECOVERY)
    given = text_of(body, "answer")
    if not given:
        raise blank("answer", given)
    return _shown(answered(trip, given))


def answered(trip: Journey, given: str) -> Journey:
    """The transaction after the right answer to the recovery question. Raises E0000087."""
    if not user_passwords.recovery_matches(trip.user, given):
        compared = (Compared("user", trip.user["profile"]["login"], "state token"),)
        trip.row["wrong"] = trip.row.get("wrong", 0) + 1
        trip.save() if trip.row["wrong"] < checks.MOST_FAILURES else trip.done()
        raise Problem("E0000087", why=Why("The answer is not the one on record.", compared), keep=True)
    return _recovered(trip)


@operation("POST", _AT + "/password", source=DOCUMENTED, emits=_EVENTS, **OPEN)
def recover_password(call: Call) -> Doc:
    """Forgotten password: a link by mail, or a code by text message or call."""
    return _begin(call, "PASSWORD")


@operation("POST", _AT + "/unlock", source=DOCUMENTED, emits=_EVENTS, **OPEN)
def unlock_account(call: Call) -> Doc:
    """A locked account: the same, to unlock it."""
    return _begin(call, "UNLOCK")


def _begin(call: Call, kind: str) -> Doc:
    body = body_object(call)
    username, relay = text_of(body, "username"), text_of(body, "relayState")
    if not username:
        raise blank("username", username)
    trusted = _trusted(call)
    sent = text_of(body, "factorType")
    channel = one_of(*_CHANNELS)(sent, "factorType") if sent is not None or not trusted else ""
    user = users.by_login(call.store, username)
    if trusted and not channel:
        return _for_trusted(call, user, username, kind, relay=relay)
    answer: Doc = {
        "status": journey.RECOVERY_CHALLENGE, "factorResult": "WAITING", **({"relayState": relay} if relay else {}),
        "factorType": channel, "recoveryType": kind,
    }  # fmt: skip
    fit = user is not None and _unfit(call, user, kind, channel) is None
    if user is None or not fit:
        why = "no such user" if user is None else _unfit(call, user, kind, channel)
        call.note(f"Nothing was sent for {username[:100]}: {why}.")
        return answer if channel == "EMAIL" else {**answer, **_decoy(call, channel)}
    if channel == "EMAIL":
        _mail(call, user, kind)
        return answer
    trip = journey.begin(
        call, user, status=journey.RECOVERY_CHALLENGE, relay=relay, recoveryType=kind, channel=channel,
        factorId=_phone(call, user, channel)["id"],
    )  # fmt: skip
    challenges.send_code(call, user, _phone(call, user, channel), resend=False)
    _log(call, user, kind)
    return views.shown(trip)


def begin_by_mail(call: Call, username: str, kind: str) -> None:
    """Send the mail that a person asks for on a page, `PASSWORD` or `UNLOCK`; nothing for whom it does not fit."""
    user = users.by_login(call.store, username)
    unfit = "no such user" if user is None else _unfit(call, user, kind, "EMAIL")
    if user is None or unfit is not None:
        call.note(f"Nothing was sent for {username[:100]}: {unfit}.")
    else:
        _mail(call, user, kind)


def _mail(call: Call, user: Doc, kind: str) -> None:
    purpose = recovery.RECOVERY if kind == "PASSWORD" else recovery.UNLOCK
    recovery.mail(call, user, recovery.new_token(call, user, purpose), purpose)
    _log(call, user, kind)


def _decoy(call: Call, channel: str) -> Doc:
    """What a person with a phone would have got: a token that opens nothing, so that nobody learns who has one."""
    at = f"{call.base}{_AT}/factors/{channel}"
    token = "00" + call.ids.secret_text("state-token", 40)
    links = {"next": {"name": "verify", **link(f"{at}/verify", "POST")},
             "resend": {"name": channel, **link(f"{at}/resend", "POST")},
             "cancel": link(f"{call.base}{AT}/cancel", "POST")}  # fmt: skip
    return {"stateToken": token, "_links": links}


def _trusted(call: Call) -> bool:
    """Whether an administrator's token came along. Raises 401 for one that is not known."""
    header = call.exchange.headers.get("authorization", "")
    scheme, _, value = header.partition(" ")
    if scheme.upper() != "SSWS":
        return False
    caller = token_caller(call, value.strip())
    if caller is None:
        compared = (Compared("credential", "SSWS token", "request"),)
        raise Problem("E0000011", why=Why("The token is not one of this org's API tokens.", compared))
    if caller.extra.get("roles"):
        raise forbidden(Why("Recovery tokens are for super administrators' applications.",
                            (Compared("caller", caller.id, "API token"),)))  # fmt: skip
    return True


def _for_trusted(call: Call, user: Doc | None, username: str, kind: str, *, relay: str | None) -> Doc:
    """A recovery token for an application that will send it itself. Raises 403."""
    why = "no such user" if user is None else _unfit(call, user, kind, "")
    if user is None or why is not None:
        compared = (Compared("username", username[:100], "request body"), Compared("reason", why, "the user"))
        code = "E0000095" if user is None else "E0000034" if kind == "PASSWORD" else "E0000032"
        raise Problem(code, why=Why("The user's state does not allow it.", compared))
    purpose = recovery.RECOVERY if kind == "PASSWORD" else recovery.UNLOCK
    token = recovery.new_token(call, user, purpose)
    _log(call, user, kind)
    return {
        "recoveryToken": token, "status": "RECOVERY", **({"relayState": relay} if relay else {}),
        "recoveryType": kind, "_embedded": {"user": views.user(user)},
        "_links": {"next": {"name": "recovery", **link(f"{call.base}{_AT}/token", "POST")},
                   "cancel": link(f"{call.base}{AT}/cancel", "POST")},
    }  # fmt: skip


def _unfit(call: Call, user: Doc, kind: str, channel: str) -> str | None:
    """Why the user cannot recover this way; None when they can."""
    wanted = ("LOCKED_OUT",) if kind == "UNLOCK" else ("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY")
    if user["status"] not in wanted:
        return f"the user is {user['status']}"
    if user["credentials"]["provider"]["type"] not in ("OKTA", "IMPORT"):
        return "the password lives elsewhere"
    if not _self_service(call, user, kind):
        return "no rule of the password policy allows it"
    if not channel:
        return None
    ways = password_policy.recovery_factors(call, user)
    if ways.get(_CHANNELS[channel], {}).get("status") != "ACTIVE":
        return f"the password policy does not allow {channel}"
    if channel != "EMAIL" and not _phones(call, user, channel):
        return "no telephone is enrolled"
    return None


def _self_service(call: Call, user: Doc, kind: str) -> bool:
    """Whether the rule of the password policy that holds lets the person help themselves."""
    policy = password_policy.policy_for(call.store, user)
    agent = call.exchange.headers.get("user-agent", "")
    subject = subject_of(call.store, user, client_address(call), agent, "WEB")
    found = walk(call.store, [policy] if policy else [], subject)
    action = "selfServiceUnlock" if kind == "UNLOCK" else "selfServicePasswordReset"
    return found.rule is not None and found.rule["actions"][action]["access"] == "ALLOW"


def _phones(call: Call, user: Doc, channel: str) -> list[Doc]:
    found = factors.of_user(call.store, user["id"], status=factors.ACTIVE)
    return [item for item in found if item["factorType"] == _FACTOR_OF[channel]]


def _phone(call: Call, user: Doc, channel: str) -> Doc:
    return _phones(call, user, channel)[0]


def _log(call: Call, user: Doc, kind: str) -> None:
    if kind == "PASSWORD":
        emit(call, "user.account.reset_password", [user_target(user)], actor=user_target(user))


def _at_phone(call: Call) -> tuple[Journey, Doc]:
    trip = resumed(call)
    journey.need(trip, journey.RECOVERY_CHALLENGE)
    channel = call.path["channel"].upper()
    if trip.row["channel"] != channel:
        compared = (Compared("channel", channel[:20], "request path"),
                    Compared("asked", trip.row["channel"], "state token"))  # fmt: skip
        raise Problem("E0000079", why=Why("The transaction waits for another factor.", compared))
    return trip, _phone(call, trip.user, channel)


@operation(
    "POST", _AT + "/factors/{channel}/verify", source=DOCUMENTED,
    emits=("user.authentication.auth_via_mfa", *_EVENTS), **OPEN,
)  # fmt: skip
def verify_recovery_factor(call: Call) -> Any:
    """The code that came by text message or call."""
    trip, phone = _at_phone(call)
    code = text_of(body_object(call), "passCode")
    if not code:
        raise blank("passCode", code)
    verdict = checks.compare(call, phone, code)
    if verdict == "right":
        checks.log(call, trip.user, phone, "SUCCESS", None, None)
        return _shown(_after_phone(trip))
    trip.row["wrong"] = trip.row.get("wrong", 0) + 1
    trip.save() if trip.row["wrong"] < checks.MOST_FAILURES else trip.done()
    why = Why("The code is not the one that was sent.", (Compared("verdict", verdict, "the factor"),))
    checks.log(call, trip.user, phone, "FAILURE", "INVALID_CREDENTIALS", why)
    raise Problem("E0000068", causes=(checks.MISMATCH,), why=why, keep=True)


def _after_phone(trip: Journey) -> Journey:
    wanted = password_policy.recovery_factors(trip.call, trip.user)["recovery_question"]["status"] == "ACTIVE"
    if wanted and "recovery_question" in trip.user["credentials"]:
        trip.save(status=journey.RECOVERY)
        return trip
    return _recovered(trip)


@operation("POST", _AT + "/factors/{channel}/resend", source=DOCUMENTED, **OPEN)
def resend_recovery_code(call: Call) -> Doc:
    """Send the code again."""
    trip, phone = _at_phone(call)
    challenges.send_code(call, trip.user, phone)
    trip.save()
    return views.shown(trip)
