"""Passwords that run out or are forgotten, page by page: change, warning, recovery by mail, activation, unlocking.

Source: okta-admin-api.md 15: the same transactions as POST /authn and /authn/recovery, with forms in place of links. A
person without an account hears the same as one with an account; the mail itself goes to the outbox.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import delegated_authentication, recovery
from emulator.okta.mfa import journey
from emulator.okta.mfa.journey import Journey
from emulator.okta.resources import authn, authn_recovery
from emulator.okta.sso import challenge, flow, pages

FORGOT, UNLOCK = "/signin/forgot-password", "/signin/unlock"
_KINDS = {FORGOT: "PASSWORD", UNLOCK: "UNLOCK"}
_TITLES = {FORGOT: "Reset your password", UNLOCK: "Unlock your account"}
_SENT = "If there is an account with that user name, a mail with instructions is on its way to it."
_SOURCE = inferred("the vendor's page is a script; these forms have the same effect as its API calls")
_AT: Any = pages.as_page(source=_SOURCE, bucket="login")
_SIGNS_IN = ("user.account.update_password", "system.agent.ad.reset_user_password", "policy.evaluate_sign_on",
             "user.session.start")  # fmt: skip


@operation("POST", "/signin/password", body="form", emits=_SIGNS_IN, **_AT)
def change(call: Call) -> Answer:
    """A new password in place of one that has run out, soon will, or was forgotten; then on to where it began."""
    from emulator.okta.sso import signin

    signin.same_site(call)
    trip = challenge.resumed(call)
    try:
        journey.need(trip, journey.EXPIRED, journey.WARN, journey.RESET)
        _check(trip)
        delegated_authentication.write_back(call, trip.user, call.body["newPassword"])
        with call.commit():
            again = challenge.resumed(call)
            journey.need(again, trip.status)
            authn.set_password(again, call.body["newPassword"])
            return challenge.onward(again) or challenge.ask(again)
    except Problem as problem:
        raise challenge.refusal(call, trip, problem) from problem


def _check(trip: Journey) -> None:
    """The old password, where one is asked for, and the new one typed twice. Raises E0000014."""
    call, body = trip.call, trip.call.body
    login = trip.user["profile"]["login"]
    new, again = body.get("newPassword", ""), body.get("confirmPassword", "")
    if trip.status != journey.RESET:
        right = authn.compared_password(call, trip.user, login, body.get("oldPassword", ""))[1]
        if not right:
            why = Why("oldPassword is not the user's password.", (Compared("user", login, "state token"),))
            raise Problem("E0000014", causes=("Old Password is not correct",), why=why)
    if not new or new != again:
        why = Why("The new password was typed in two ways.", (Compared("newPassword", f"{len(new)} characters", "form"),
                  Compared("confirmPassword", f"{len(again)} characters", "form")))  # fmt: skip
        raise Problem("E0000014", causes=("New passwords must match",), why=why)


# -- recovery ---------------------------------------------------------------------------------------------------------


@operation("GET", FORGOT, **_AT)
def forgot(call: Call) -> Answer:
    """Ask for the user name whose password was forgotten."""
    return pages.show(call, _name(call, FORGOT))


@operation("GET", UNLOCK, **_AT)
def locked(call: Call) -> Answer:
    """Ask for the user name of the account that is locked."""
    return pages.show(call, _name(call, UNLOCK))


@operation("POST", FORGOT, body="form", emits=("user.account.reset_password",), **_AT)
def send_reset(call: Call) -> Answer:
    """Send the mail that resets a password."""
    return _send(call, FORGOT)


@operation("POST", UNLOCK, body="form", **_AT)
def send_unlock(call: Call) -> Answer:
    """Send the mail that unlocks an account."""
    return _send(call, UNLOCK)


def _name(call: Call, at: str, problem: str = "") -> pages.Page:
    values = {"title": _TITLES[at], "action": at, "state": flow.seal(call, "recovery", {"at": at}), "question": "",
              "username": "", "problem": problem}  # fmt: skip
    return pages.Page("recovery.html", values)


def _send(call: Call, at: str) -> Answer:
    from emulator.okta.sso import signin

    signin.same_site(call)
    held = flow.unseal(call, "recovery", call.body.get("stateToken", ""))
    if held is None or held["at"] != at:
        raise challenge.stale(call, Why("The form's state was not signed by this org within the last hour."))
    username = call.body.get("username", "").strip()
    if not username:
        why = Why("A user name is needed.", (Compared("username", "", "form"),))
        raise pages.stop(call, "E0000001", _name(call, at, "Type your user name."), status=400, why=why)
    with call.commit():
        authn_recovery.begin_by_mail(call, username, _KINDS[at])
    return pages.show(call, pages.notice("Look into your mail", _SENT))


@operation("GET", "/signin/reset-password/{token}", **_AT)
@operation("GET", "/reset_password/{token}", **_AT)
@operation("GET", "/welcome/{token}", **_AT)
@operation("GET", "/unlock/{token}", emits=("user.account.unlock",), **_AT)
def follow_mail(call: Call) -> Answer:
    """The link of a mail: a new password, the recovery question first, or an unlocked account."""
    try:
        said = authn_recovery.by_link(call, call.path["token"], relay=None)
    except Problem as problem:
        what = pages.notice("This link is no longer valid", "Links work once, and for a limited time.")
        raise pages.stop(call, problem.code, what, status=400, why=problem.why or Why("Spent.")) from problem
    if "stateToken" not in said:
        return _unlocked(call)
    with call.commit():
        trip = journey.resume(call, said["stateToken"])
        trip.save(to=flow.HOME)
    return challenge.ask(trip)


@operation("GET", "/tokens/{token}/verify", **_AT)
def verify_address(call: Call) -> Answer:
    """The link of somebody who was activated with a password: their address is theirs."""
    with call.commit():
        found = recovery.spend(call, call.path["token"])
    if found is None or found["purpose"] != recovery.VERIFICATION:
        what = pages.notice("This link is no longer valid", "Links work once, and for a limited time.")
        why = Why("The link's token is unknown, used or expired, or for something else.")
        raise pages.stop(call, "E0000011", what, status=400, why=why)
    return pages.show(call, pages.notice("Your address is confirmed", "You can sign in now."))


def _unlocked(call: Call) -> Answer:
    return pages.show(call, pages.notice("Your account is unlocked", "You can sign in again."))


@operation("POST", "/signin/recovery", body="form", emits=("user.account.unlock",), **_AT)
def answer(call: Call) -> Answer:
    """The answer to the recovery question."""
    from emulator.okta.sso import signin

    signin.same_site(call)
    trip = challenge.resumed(call)
    try:
        with call.commit():
            trip = challenge.resumed(call)
            journey.need(trip, journey.RECOVERY)
            after = authn_recovery.answered(trip, call.body.get("answer", ""))
            return challenge.ask(after) if after.status == journey.RESET else _unlocked(call)
    except Problem as problem:
        raise challenge.refusal(call, trip, problem) from problem
