"""The device authorization grant: the code, and the page on which a person lets a device in.

Source: graph-entra.md 2.1, 2.3; RFC 8628; security.md J12. The polling is grant_device.py.
The page's flow is an authorization request whose answer is a page: it is signed in, checked and consented to like any.
"""

from dataclasses import dataclass
from typing import Any

from emulator.entra.login import device_pages, flow, session
from emulator.entra.login.claims import Identity
from emulator.entra.login.clients import client_of
from emulator.entra.login.device_pages import CODE_PATH
from emulator.entra.login.dialect import FORM, HOST, PAGE, because, fields
from emulator.entra.login.grant import TokenRequest
from emulator.entra.login.replies import ReplyTo
from emulator.entra.login.request import Request
from emulator.entra.login.scopes import read_v1, read_v2
from emulator.entra.login.session import digest, purge
from emulator.entra.login.signin import begin, reopen, state_of
from emulator.entra.login.tenancy import resolve
from emulator.entra.login.tickets import person_fields
from emulator.entra.signins import SATISFIED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Problem
from emulator.protocols.html import redirect
from emulator.store import Column, Kind

DEVICE_CODES = Kind("device_codes", (Column("_userCode", unique=True),))
GUESSES = Kind("device_code_guesses")
LIFETIME_MS = 15 * MINUTE
INTERVAL_S = 5
PAGE_URI = "https://microsoft.com/devicelogin"
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH = 9
MOST_GUESSES = 10
"""Wrong codes from one address within the life of a code; more are not looked at."""
_DEVICE: dict[str, Any] = {"auth": "none", "commit": "manual", "emits": (), "extra": {"telemetry": True}}


# -- the device -----------------------------------------------------------------------------------------------------


@operation("POST", "/{tenant}/oauth2/devicecode", source=DOCUMENTED, body="form", **_DEVICE)
@operation("GET", "/{tenant}/oauth2/devicecode", source=DOCUMENTED, **_DEVICE)
@operation("POST", "/{tenant}/oauth2/v2.0/devicecode", source=DOCUMENTED, body="form", **_DEVICE)
@operation("GET", "/{tenant}/oauth2/v2.0/devicecode", source=DOCUMENTED, **_DEVICE)
def device_code(call: Call) -> Doc:
    """A code for a device, and one for the person to type in."""
    request = TokenRequest(resolve(call), "/v2.0/" in call.operation.path, fields(call))
    client = request.client(call)
    asked = request.asked(call)
    device = call.ids.secret("device_code", 96)
    typed = "".join(_ALPHABET[ord(char) % len(_ALPHABET)] for char in call.ids.secret_text("user_code", _LENGTH))
    row = {
        "id": digest(device), "_userCode": typed, "clientId": client.id, "scope": request.form.get("scope", ""),
        "resource": "" if request.v2 else asked.name, "claims": request.form.get("claims", ""), "v2": request.v2,
        "tenant": request.where.segment, "status": "pending", "expires": call.now + LIFETIME_MS, "polled": 0,
    }  # fmt: skip
    with call.commit():
        purge(call.store, DEVICE_CODES, call.now)
        call.store.add(DEVICE_CODES, row)
    answer: Doc = {
        "user_code": typed, "device_code": device, "verification_uri": PAGE_URI, "expires_in": LIFETIME_MS // 1000,
        "interval": INTERVAL_S,
        "message": f"To sign in, use a web browser to open the page {PAGE_URI} and enter the code {typed} "
        "to authenticate.",
    }  # fmt: skip
    if request.v2:
        return answer
    del answer["verification_uri"]
    answer["verification_url"] = PAGE_URI
    return {key: str(value) for key, value in answer.items()}


# -- the person -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnDevice(ReplyTo):
    """Where the flow ends: on a page, as the application is on another device."""

    client: str = ""

    def send(self, call: Call, fields: dict[str, str]) -> Answer:
        return device_pages.done(call, self.client)

    def refuse(self, call: Call, problem: Problem, doc: Doc) -> Answer:
        return device_pages.done(call, self.client, problem=problem)


@operation("GET", "/devicelogin", source=OBSERVED, **{**PAGE, "emits": ()})
def device_login(call: Call) -> Answer:
    """microsoft.com/devicelogin, the address that people are told, leads to the page."""
    return redirect(HOST + CODE_PATH)


@operation("GET", "/deviceauth", source=OBSERVED, **{**PAGE, "emits": ()}, query=("otc", "user_code"))
@operation("GET", "/{tenant}/oauth2/deviceauth", source=DOCUMENTED, **{**PAGE, "emits": ()}, query=("otc", "user_code"))
def device_page(call: Call) -> Answer:
    """The page that asks for the code."""
    resolve(call)
    return device_pages.enter_code(call, code=call.params.get("otc") or call.params.get("user_code", ""))


@operation("POST", "/deviceauth", source=OBSERVED, **FORM)
@operation("POST", "/{tenant}/oauth2/deviceauth", source=OBSERVED, **FORM)
def enter_code(call: Call) -> Answer:
    """The code was typed in: sign in for the application behind it."""
    resolve(call)
    form: dict[str, str] = call.body
    typed = "".join(form.get("otc", "").split()).upper()
    found = None if _guessed_out(call) else call.store.find(DEVICE_CODES, "_userCode", typed)
    if found is None or found["status"] != "pending":
        _count_guess(call)
        raise _wrong(call, typed, found)
    if found["expires"] <= call.now:
        why = because(
            "A code lives fifteen minutes.",
            ("expires", iso(found["expires"]), "device code"),
            ("now", iso(call.now), "world clock"),
        )
        raise Problem("70019", why=why, render=_again(typed))
    call.path["tenant"] = found["tenant"]
    return begin(call, _request(call, found))


def _wrong(call: Call, typed: str, found: Doc | None) -> Problem:
    guesses = (call.store.get(GUESSES, call.exchange.client) or {"count": 0})["count"]
    why = because(
        "No device waits with that code.",
        ("code", typed[:16], "page"),
        ("state", found["status"] if found else "unknown, or not looked at", "device codes"),
        ("wrong codes from this address", f"{guesses} of {MOST_GUESSES}", "device codes"),
    )
    return Problem("70018", why=why, render=_again(typed))


def _again(typed: str) -> Any:
    return lambda call, problem, doc: device_pages.enter_code(call, code=typed[:16], problem=problem)


def _guessed_out(call: Call) -> bool:
    row = call.store.get(GUESSES, call.exchange.client)
    return row is not None and row["expires"] > call.now and row["count"] >= MOST_GUESSES


def _count_guess(call: Call) -> None:
    with call.commit():
        purge(call.store, GUESSES, call.now)
        row = call.store.get(GUESSES, call.exchange.client)
        if row is None or row["expires"] <= call.now:
            call.store.drop(GUESSES, call.exchange.client)
            call.store.add(GUESSES, {"id": call.exchange.client, "count": 1, "expires": call.now + LIFETIME_MS})
        elif row["count"] < MOST_GUESSES:
            call.store.put(GUESSES, {**row, "count": row["count"] + 1})


def reread(call: Call, state: Doc) -> Request:
    """The request of a flow whose state names the device's code. Raises 70018 where it is gone."""
    found = call.store.get(DEVICE_CODES, state["device"])
    if found is None:
        raise _wrong(call, "", None)
    return _request(call, found)


def _request(call: Call, row: Doc) -> Request:
    """What the device asked for, as an authorization request."""
    where = resolve(call)
    client = client_of(call, row["clientId"], where)
    asked = read_v2(call, row["scope"]) if row["v2"] else read_v1(call, row["resource"], row["scope"])
    raw = {"client_id": client.id, "scope": row["scope"], "redirect_uri": HOST + CODE_PATH}
    reply = OnDevice(HOST + CODE_PATH, client=client.name)
    return Request(where, row["v2"], client, "publicClient", reply, frozenset(), asked, raw, device=row["id"])


def ask_confirmation(call: Call, request: Request, who: Identity) -> Answer:
    """Signed in and consented to: one last question, against codes that somebody else sent."""
    context = flow.seal(call, "device", {**state_of(call, request, fresh=False), "user": who.user["id"]})
    action = f"/{call.path.get('tenant', 'common')}/appverify"
    upn = str(who.user["userPrincipalName"])
    return device_pages.confirm(call, context, client=request.client.name, user=upn, action=action)


@operation("POST", "/{tenant}/appverify", source=OBSERVED, **FORM)
def confirm(call: Call) -> Answer:
    """The answer to that question: the device is let in, or not."""
    form: dict[str, str] = call.body
    state = flow.unseal(call, "device", form.get("ctx", ""))
    held = session.live(call)
    if held is None or held[1].user["id"] != state["user"]:
        why = because(
            "Only the person who signed in may answer.",
            ("user", state["user"], "confirmation page"),
            ("user", held[1].user["id"] if held else None, "session"),
        )
        raise Problem("50058", why=why)
    request = reopen(call, state)
    assert request is not None
    attempt = Attempt("interactiveUser", protocol="deviceCode", method=SATISFIED, user=held[1].user,
                      app=request.client.app, resource=request.asked.resource)  # fmt: skip
    accepted = form.get("ContinueAuth") == "true"
    with attempt.watched(call), call.commit():
        _decide(call, request, held[1], held[0], accepted=accepted)
        if accepted:
            attempt.succeed(call)
    if accepted:
        return request.reply.send(call, {})
    with attempt.watched(call):
        shown = ("ContinueAuth", form.get("ContinueAuth"), "confirmation page")
        why = because("The person did not mean to sign in there.", shown)
        raise Problem("65004", why=why, render=request.reply.refuse)


def _decide(call: Call, request: Request, who: Identity, held: Doc, *, accepted: bool) -> None:
    """Let the device in, or not; call inside a commit. Raises 70018 where it was decided before."""
    row = call.store.get(DEVICE_CODES, request.device)
    if row is None or row["status"] != "pending" or row["expires"] <= call.now:
        raise _wrong(call, "", row)
    if accepted:
        row = {**row, **person_fields(call, who), "session": held["id"]}
        session.visited(call, held, request.client.id)
    call.store.put(DEVICE_CODES, {**row, "status": "approved" if accepted else "declined"})
