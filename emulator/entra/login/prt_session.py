"""Single sign-on of a browser with the device's primary refresh token: x-ms-RefreshTokenCredential.

Source: MS-OAPXBC 3.1.5.2.1.3, 3.2.5.2.1.1.1; graph-entra.md 2.5, 2.12. The browser's helper sends it as a header, tools
and older browsers as a cookie. What cannot be used is left aside, and the person is asked as if it had not come.
"""

from urllib.parse import parse_qsl, urlencode

from emulator.entra.login import nonces, prt, session
from emulator.entra.login.claims import Identity
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem

NAME = "x-ms-RefreshTokenCredential"
_HEADER = NAME.lower()
_STOPS = ("135011", "700003")
"""The device is disabled or gone: that the person is told."""

Held = tuple[Doc, Identity]


def presented(call: Call) -> str:
    """The credential of the request; "" for none."""
    headers = call.exchange.headers
    given = headers.get(_HEADER, "")
    if not given and _HEADER in headers.get("cookie", "").lower():
        given = next((value for name, value in call.exchange.cookies().items() if name.lower() == _HEADER), "")
    return given


def sign_on(call: Call, text: str, held: Held | None) -> Held | Answer | None:
    """The session that the credential gives; an answer that sends the browser for a nonce; None where it is no good.

    Raises 135011 and 700003.
    """
    try:
        primary = prt.check(call, prt.read(text, f"header or cookie {NAME}"), f"header or cookie {NAME}")
    except Problem as problem:
        if problem.code in _STOPS:
            raise
        if problem.code == "140000" and "sso_nonce" not in call.params and call.exchange.method == "GET":
            return _for_a_nonce(call)
        call.note(f"{NAME} left aside: AADSTS{problem.code} {problem.why.sentence() if problem.why else ''}")
        return None
    row, who = primary.row, primary.who
    if held is not None and held[1].user["id"] == who.user["id"] and held[0].get("device") == row["device"]:
        return held
    with call.commit():
        made = session.start(
            call,
            who,
            issuer=row["issuer"],
            methods=row["methods"],
            mfaTime=row["mfaTime"],
            device=row["device"],
            kmsi=True,
        )
    return made, who


def _for_a_nonce(call: Call) -> Answer:
    """The same request once more, with a nonce for the helper to sign."""
    pairs = [*parse_qsl(call.exchange.query, keep_blank_values=True), ("sso_nonce", nonces.fresh(call))]
    target = f"https://login.microsoftonline.com{call.exchange.path}?{urlencode(pairs)}"
    return Answer(302, [("Location", target), ("Cache-Control", "no-store")], b"")
