"""grant_type=device_code: a device asks whether its person has let it in. Source: graph-entra.md 2.3; RFC 8628 3.5."""

from emulator.entra.login import claims_request
from emulator.entra.login.access import check_assigned
from emulator.entra.login.clients import Client, authenticate
from emulator.entra.login.device_code import DEVICE_CODES, INTERVAL_S
from emulator.entra.login.dialect import because
from emulator.entra.login.grant import TokenRequest, user_answer
from emulator.entra.login.request import missing
from emulator.entra.login.session import digest
from emulator.entra.login.tickets import keep_refresh, person_of
from emulator.entra.resources.users import USERS
from emulator.entra.signins import NATIVE, SATISFIED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem


def device_code(call: Call, request: TokenRequest) -> Doc:
    """Tokens once the person has confirmed. The sign-in was logged then; here only refusals after it are."""
    client = request.client(call)
    code = request.form.get("device_code") or request.form.get("code", "")  # v1 clients call it `code`
    if not code:
        raise missing("device_code")
    acr = authenticate(call, client, request.form, public=client.public)
    row = call.store.get(DEVICE_CODES, digest(code))
    _check(call, client, row, code)
    assert row is not None
    attempt = Attempt("nonInteractiveUser", protocol="deviceCode", client_app=NATIVE, method=SATISFIED, app=client.app)
    attempt.user = call.store.get(USERS, row["userId"])
    with attempt.watched(call):
        who = person_of(call, row)
        check_assigned(call, client, who.user)
        claims_request.read(call, row["claims"])
        asked = request.asked(call, scope=row["scope"], resource=row["resource"])
        attempt.resource = asked.resource
        answer, refresh = user_answer(
            call, request, client, asked, who, acr=acr, session=row["session"], family=row["id"]
        )
        with call.commit():
            _use_up(call, row["id"])
            if refresh is not None:
                keep_refresh(call, {**refresh, "scope": refresh["scope"] or row["scope"]})
    return answer


def _use_up(call: Call, id: str) -> None:
    """Of several polls at once one gets the tokens. Raises 54005."""
    row = call.store.get(DEVICE_CODES, id)
    if row is None or row["status"] != "approved":
        raise _redeemed(row)
    call.store.put(DEVICE_CODES, {**row, "status": "redeemed"})


def _redeemed(row: Doc | None) -> Problem:
    why = because(
        "A device code gives tokens once.",
        ("state", row["status"] if row else "gone", "device codes"),
        ("wanted", "approved", "token request"),
    )
    return Problem("54005", why=why)


def _check(call: Call, client: Client, row: Doc | None, code: str) -> None:
    """Raises 70018 (no such code), 54005 (used), 70020 (expired), 65004 (declined), 70016 (pending, or too fast)."""
    if row is None or row["clientId"] != client.id:
        why = because(
            "The device code was not given to this client.",
            ("device_code", f"{code[:8]}… ({len(code)} characters)", "request"),
            ("given to", row["clientId"] if row else "nobody", "device codes"),
            ("client_id", client.id, "request"),
        )
        raise Problem("70018", why=why)
    if row["status"] == "redeemed":
        raise _redeemed(row)
    if row["expires"] <= call.now:
        why = because(
            "A device code lives fifteen minutes.",
            ("expires", iso(row["expires"]), "device code"),
            ("now", iso(call.now), "world clock"),
        )
        raise Problem("70020", why=why)
    if row["status"] == "declined":
        why = because("The person declined.", ("state", "declined", "device codes"), ("wanted", "approved", "request"))
        raise Problem("65004", error="authorization_declined", why=why)
    if row["status"] == "pending":
        _pending(call, row)


def _pending(call: Call, row: Doc) -> None:
    """Raises 70016: as `slow_down` for a device that asks more often than it was told (inferred: the same code)."""
    fast = call.now - row["polled"] < INTERVAL_S * 1000
    with call.commit():
        current = call.store.get(DEVICE_CODES, row["id"]) or row
        if current["status"] == "pending":
            call.store.put(DEVICE_CODES, {**current, "polled": call.now})
    why = because(
        "The person has not confirmed yet.",
        ("state", "pending", "device codes"),
        (
            "since the last request",
            f"{(call.now - row['polled']) // 1000} s" if row["polled"] else "the first",
            "clock",
        ),
        ("interval", f"{INTERVAL_S} s", "device code"),
    )
    raise Problem("70016", error="slow_down" if fast else "authorization_pending", why=why)
