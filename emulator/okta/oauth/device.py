"""Device authorization: a device asks for a code, a person types it at `/activate`, the device gets its tokens.

Source: RFC 8628 and Okta's device grant as documented. Device and user codes are kept as digests; a person's wrong
guesses are counted, and a device that asks faster than `interval` is told to slow down.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import SECOND, iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.events import app_target, app_user_target, emit, user_target
from emulator.okta.oauth import decide, forms, once, scoping
from emulator.okta.oauth.clients import Client, authenticated, find, refused_grant
from emulator.okta.oauth.errors import as_endpoint, stop
from emulator.okta.oauth.kinds import DEVICE_CODES, GUESSES, SERVERS
from emulator.okta.oauth.servers import Server, by_path, custom_server, org_server
from emulator.okta.sso import challenge, flow, fresh, gate, pages
from emulator.okta.tokens import digest
from emulator.protocols.html import redirect

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ACTIVATE = "/activate"
LIFE_S, INTERVAL_S = 600, 5
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_MOST_GUESSES = 5
_WRONG = "Invalid code. Try again."
_AT: Any = as_endpoint(bucket="token", body="bytes")
_PAGE: Any = pages.as_page(source=DOCUMENTED, bucket="login")


@operation("POST", "/oauth2/v1/device/authorize", source=DOCUMENTED, **_AT)
def org_device(call: Call) -> Doc:
    """A device code of the org authorization server."""
    return _authorize(call)


@operation("POST", "/oauth2/{authServerId}/v1/device/authorize", source=DOCUMENTED, **_AT)
def custom_device(call: Call) -> Doc:
    """A device code of a custom authorization server."""
    return _authorize(call)


def _authorize(call: Call) -> Doc:
    server, form = by_path(call), forms.parameters(call)
    client = authenticated(call, server, form, endpoint="device/authorize")
    if GRANT not in client.grant_types:
        raise refused_grant(client, GRANT)
    scopes = scoping.for_person(call, server, client, scoping.asked(form))
    with call.commit():
        _sweep(call)
        code = call.ids.secret("deviceCode", 32)
        typed = "".join(_LETTERS[each % len(_LETTERS)] for each in call.ids.secret("userCode", 32)[:8].encode())
        call.store.add(DEVICE_CODES, {
            "id": digest(code), "_user": digest(typed), "_until": call.now + LIFE_S * SECOND, "client": client.id,
            "server": server.id, "scopes": scopes, "status": "PENDING", "asked": 0, "said": {},
        })  # fmt: skip
    page = f"{call.base}{ACTIVATE}"
    return {
        "device_code": code, "user_code": typed, "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={typed}", "expires_in": LIFE_S, "interval": INTERVAL_S,
    }  # fmt: skip


def _sweep(call: Call) -> None:
    once.sweep(call, DEVICE_CODES, GUESSES)


def take(call: Call, server: Server, client: Client, code: str) -> Doc:
    """What a person granted, once. Raises authorization_pending, slow_down, access_denied, expired_token."""
    with call.commit():
        row = call.store.get(DEVICE_CODES, digest(code))
        if row is None or (row["client"], row["server"]) != (client.id, server.id) or row["_until"] <= call.now:
            expires = Compared("expires", iso(row["_until"]) if row else None, "device code")
            raise stop("expired_token", "The device code is invalid or has expired.", expires,
                       Compared("client_id", client.id, "request"))  # fmt: skip
        if row["status"] == "PENDING":
            fast = call.now - row["asked"] < INTERVAL_S * SECOND
            call.store.put(DEVICE_CODES, {**row, "asked": call.now})
            raise _waiting(call, row, fast=fast)
        call.store.drop(DEVICE_CODES, row["id"])
    if row["status"] == "DENIED":
        raise stop("access_denied", "The end user denied the request.", Compared("answer", "denied", "/activate"))
    found: Doc = row
    return found


def _waiting(call: Call, row: Doc, *, fast: bool) -> Problem:
    seconds = Compared("seconds since the last request", (call.now - row["asked"]) // SECOND, "device code")
    if fast and row["asked"]:
        text = "The client is polling too quickly and should back off at a reasonable rate."
        return stop("slow_down", text, seconds, Compared("interval", INTERVAL_S, "device code"), keep=True)
    text = "The device authorization is pending. Please try again later."
    return stop("authorization_pending", text, Compared("status", "PENDING", "device code"), keep=True)


# -- the person's side ------------------------------------------------------------------------------------------------


@operation("GET", ACTIVATE, query=("user_code", "okta_key", "sessionToken"), **_PAGE)
def activate_page(call: Call) -> Answer:
    """Where a person types the device's code; they sign in first."""
    found = gate.person(call)
    code = call.params.get("user_code", "")[:20]
    where = f"{ACTIVATE}?{fresh.own_query(call)}" if call.exchange.query else ACTIVATE
    if found is None:
        return redirect(flow.sign_in_url(where), headers=call.headers)
    return pages.show(call, _form(call, found[1], code))


def _form(call: Call, user: Doc, code: str, problem: str = "") -> pages.Page:
    return pages.Page("activate.html", {
        "title": "Activate your device", "login": user["profile"]["login"], "code": code, "problem": problem,
        "state": flow.seal(call, "activate", {"user": user["id"]}),
    })  # fmt: skip


@operation(
    "POST", ACTIVATE, body="form", emits=(
        "user.authentication.sso", "policy.evaluate_sign_on", "app.generic.unauth_app_access_attempt",
    ), **_PAGE,
)  # fmt: skip
def activate(call: Call) -> Answer:
    """The device's code, by the person who is signed in; the app's policy and assignment decide."""
    from emulator.okta.sso import signin

    signin.same_site(call)
    held, found = flow.unseal(call, "activate", call.body.get("stateToken", "")), gate.person(call)
    if held is None or found is None or held["user"] != found[1]["id"]:
        raise challenge.stale(call, Why("The form was made for another session, or more than an hour ago."))
    session, user = found
    typed = "".join(char for char in call.body.get("user_code", "").upper() if char.isalnum())
    row = _pending(call, session, user, typed)
    client = find(call, row["client"])
    if client is None:
        raise challenge.stale(call, Why("The client is gone.", (Compared("client_id", row["client"], "device code"),)))
    factors, auth_ms = gate.factors(session), gate.authenticated_at(session)
    server = org_server(call) if not row["server"] else _custom(call, row["server"])
    try:
        if server is not None:
            decide.lifetimes(call, server, client, user, GRANT, row["scopes"])
        short = decide.admit(call, client, user, factors=factors, auth_ms=auth_ms, session=session)
    except Problem as problem:
        what = pages.notice("Access denied", str(problem.extra.get("description") or "The sign-in is not allowed."))
        raise pages.stop(call, "E0000006", what, status=403, why=problem.why or Why("Denied.")) from problem
    if short is not None:
        to = f"{ACTIVATE}?user_code={typed}"
        page = challenge.for_app(call, session, user, short, to=to)
        if page is None:
            raise pages.stop(call, "E0000006", challenge.NO_FACTOR, status=403, why=short.why)
        return page
    _grant(call, client, user, row, {"auth_ms": auth_ms, "amr": sorted(factors)})
    return pages.show(call, pages.notice("Device activated", "Follow the instructions on your device for next steps."))


def _custom(call: Call, id: str) -> Server | None:
    doc = call.store.get(SERVERS, id)
    return custom_server(call, doc) if doc is not None else None


def _pending(call: Call, session: Doc, user: Doc, typed: str) -> Doc:
    """The device that waits for that code. Raises the page that asks again; too many guesses end for the session."""
    guesses = call.store.get(GUESSES, session["id"])
    count = guesses["count"] if guesses else 0
    rows = call.store.find_all(DEVICE_CODES, "_user", digest(typed)) if count < _MOST_GUESSES else []
    row = next((each for each in rows if each["status"] == "PENDING" and each["_until"] > call.now), None)
    if row is not None:
        found: Doc = row
        return found
    with call.commit():
        doc = {"id": session["id"], "count": count + 1, "_until": call.now + LIFE_S * SECOND}
        call.store.save(GUESSES, doc)
    compared = (Compared("user_code", f"{len(typed)} characters", "form"), Compared("guesses", count + 1, "session"))
    why = Why("No device waits for that code, or too many codes were tried in this session.", compared)
    raise pages.stop(call, "E0000011", _form(call, user, "", _WRONG), status=400, why=why)


def _grant(call: Call, client: Client, user: Doc, row: Doc, proofs: Doc) -> None:
    from emulator.okta.resources import app_users

    with call.commit():
        fresh_row = call.store.get(DEVICE_CODES, row["id"])
        if fresh_row is None or fresh_row["status"] != "PENDING":
            raise challenge.stale(
                call, Why("Somebody has answered for the device.", (Compared("status", "answered", "device code"),))
            )
        call.store.put(DEVICE_CODES, {**fresh_row, "status": "GRANTED", "said": {"user": user["id"], **proofs}})
        app_user = app_users.find(call.store, client.app["id"], user["id"])
        targets = [app_target(client.app), app_user_target(app_user, user) if app_user else user_target(user)]
        emit(call, "user.authentication.sso", targets)
