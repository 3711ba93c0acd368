"""Signing in to the org with Okta FastPass: the sign-in page's button, no password.

Source: okta-admin-api.md 12 (`primaryFactor`), 14 (`showSignInWithOV`); the vendor's page is a script, this form has
the same effect. What the app on the device has shown before is in `device_proof`.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import session_policy
from emulator.okta.events import emit, target
from emulator.okta.mfa import fastpass, journey
from emulator.okta.resources import users
from emulator.okta.resources.devices import DEVICE_USERS
from emulator.okta.sso import challenge, device_proof, flow, gate, pages

AT = "/signin/okta-verify"
WITHOUT_PASSWORD = "PASSWORD_IDP_ANY_FACTOR"
_FAILED = "We could not sign you in with Okta FastPass. Use another way, or ask your administrator for help."


@operation(
    "POST", AT, source=inferred("the vendor's page is a script; this form has the same effect"), bucket="login",
    body="form", emits=("user.session.start", "user.authentication.auth_via_mfa", "policy.evaluate_sign_on"),
    **pages.as_page(),
)  # fmt: skip
def sign_in_with_fastpass(call: Call) -> Answer:
    """In by what the app on the device has shown, or the page that asks for more."""
    from emulator.okta.sso import signin

    state = flow.unseal(call, "signin", call.body.get("stateToken", ""))
    if state is None:
        raise challenge.stale(call, Why("The form's state is not this org's, or too old."))
    signin.same_site(call)
    shown, missing = device_proof.proof(call)
    user = _owner(call, shown, missing)
    gate.identify(call, user)
    factor = fastpass.of_device(call, user["id"], shown["id"] if shown else "")
    if factor is None or user["status"] != "ACTIVE":
        compared = (Compared("device", shown["id"] if shown else missing, "Okta Verify"),
                    Compared("status", user["status"], f"user {user['profile']['login']}"),
                    Compared("FastPass on it", factor is not None, "the user's factors"))  # fmt: skip
        raise _failed(call, Why("The person has no Okta FastPass on this device, or may not sign in.", compared), user)
    return _entered(call, user, factor, shown, to=state["to"])


def _entered(call: Call, user: Doc, factor: Doc, shown: Doc | None, *, to: str) -> Answer:
    rule = session_policy.here(call, user).rule
    first = rule.get("actions", {}).get("signon", {}).get("primaryFactor", WITHOUT_PASSWORD)
    if first != WITHOUT_PASSWORD:
        compared = (Compared("primaryFactor", first, f"session rule {rule['name']}"),
                    Compared("wanted", WITHOUT_PASSWORD, "signing in without a password"))  # fmt: skip
        raise _failed(call, Why("The session rule asks for a password first.", compared), user)
    try:
        with call.commit():
            proofs = fastpass.check(call, user, factor, shown)
            trip = journey.draft(call, user, proofs=proofs, to=to, device=challenge.device_of(call))
            return challenge.enter(trip) if journey.advance(trip) == journey.SUCCESS else challenge.ask(trip)
    except Problem as problem:
        if problem.code != "E0000006":
            raise
        why = problem.why or Why(problem.code)
        what = challenge.NO_FACTOR if why.rule == journey.NO_FACTOR else pages.notice("Sign-in refused", _FAILED)
        raise pages.stop(call, "E0000006", what, status=403, why=why) from problem


def _owner(call: Call, shown: Doc | None, missing: str) -> Doc:
    """Who signs in: the name that was typed, or the device's only person. Raises the page that says there is nobody."""
    typed = call.body.get("username", "").strip()
    rows = call.store.find_all(DEVICE_USERS, "deviceId", shown["id"]) if shown else []
    if typed:
        user = users.by_login(call.store, typed)
    else:
        user = call.store.get(users.USERS, rows[0]["userId"]) if len(rows) == 1 else None
    if user is None:
        compared = (Compared("username", typed or "none", "sign-in form"),
                    Compared("people of the device", len(rows) if shown else missing, "Okta Verify"))  # fmt: skip
        raise _failed(call, Why("It is not known who signs in.", compared, "Type the user name first."), None)
    return user


def _failed(call: Call, why: Why, user: Doc | None) -> Problem:
    """The same page whatever was wrong; the reason is in the journal."""
    actor = None if user else target("User", "unknown", name="unknown", alternate=call.body.get("username", "")[:200])
    emit(call, "user.session.start", outcome="FAILURE", reason="VERIFICATION_ERROR", actor=actor, why=why)
    what = pages.Page("notice.html", {"title": "Sign-in failed", "lines": (_FAILED,)}, explain=False)
    return pages.stop(call, "E0000004", what, status=401, why=why)
