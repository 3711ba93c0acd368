"""What a phone's camera reads when an app is enrolled. Source: the vendor's reference of the factors API (`qrcode`).

The address holds its own secret, as pictures in pages are asked for without credentials. The form of what stands in the
code is that of authenticator apps (`otpauth:`) and of Okta Verify (`oktaverify:`; its parameters are inferred).
"""

from urllib.parse import quote, urlencode, urlsplit

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta.mfa.catalogue import FactorType
from emulator.okta.mfa.factors import PENDING, home
from emulator.protocols import qr

_KEPT = "_qr"


def has_one(kind: FactorType) -> bool:
    return kind.name in ("push", "token:software:totp")


def begin(call: Call, factor: Doc) -> None:
    """Give a new factor the secret of its picture's address."""
    factor[_KEPT] = "00" + call.ids.secret_text("factor-qr", 40)


def link(call: Call, factor: Doc) -> Doc:
    """`qrcode`, for `_links` of an activation; empty for a factor that was not enrolled by a request."""
    if _KEPT not in factor:
        return {}
    return {"qrcode": {"href": f"{home(call, factor)}/qr/{factor[_KEPT]}", "type": "image/png"}}


def picture(call: Call, factor: Doc, login: str, token: str) -> bytes | None:
    """The PNG of a factor that waits for its activation; None for another token and once it is active (inferred)."""
    if factor["status"] != PENDING or not token or factor.get(_KEPT) != token:
        return None
    return qr.png(_content(call, factor, login).encode())


def address(call: Call, factor: Doc, login: str) -> str | None:
    """What the picture says, for somebody whose phone is the screen; None where there is no picture."""
    return _content(call, factor, login) if factor["status"] == PENDING and _KEPT in factor else None


def _content(call: Call, factor: Doc, login: str) -> str:
    """What the code says; a login that is too long for it is left out."""
    host = urlsplit(call.base).netloc
    for name in (login, factor["id"]):
        if factor["factorType"] == "push":
            sent = {"t": factor[_KEPT], "f": factor["id"], "s": call.base}
            found = f"oktaverify://{quote(name)}/?{urlencode(sent)}"
        else:
            known = urlencode({"secret": factor["_secret"], "issuer": host})
            found = f"otpauth://totp/{quote(f'{host}:{name}')}?{known}"
        if len(found) <= qr.MOST:
            break
    return found
