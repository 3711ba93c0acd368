"""Primary refresh tokens: a refresh token of a device and its user, with a session key that proves who holds it.

Source: graph-entra.md 2.12; MS-OAPXBC 3.1.5.1.2, 3.1.5.2.1.3; ROADtools' client. A token lives 14 days and slides; it
ends with its device, and with the user's sessions (password reset, revocation).
"""

from dataclasses import dataclass

from emulator.entra.login import device_trust, nonces
from emulator.entra.login.claims import Identity, opaque
from emulator.entra.login.dialect import because
from emulator.entra.login.session import digest, purge
from emulator.entra.login.tickets import person_fields, person_of
from emulator.entra.resources.devices import DEVICES
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso, iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols import device_keys
from emulator.protocols.jose import TokenRejected, Unverified, read_unverified
from emulator.protocols.keys import b64url, b64url_decode
from emulator.store import Column, Kind

PRIMARY_TOKENS = Kind("primary_tokens", (Column("userId"), Column("device")))
LIFETIME_MS = 14 * DAY


@dataclass(frozen=True, slots=True)
class Primary:
    """A primary refresh token that its holder has proven to hold, and the person it is for."""

    row: Doc
    who: Identity

    @property
    def session_key(self) -> bytes:
        return b64url_decode(self.row["_sessionKey"])


def read(text: str, where: str) -> Unverified:
    """A JWT that a device signed, taken apart. Raises 9002313."""
    try:
        return read_unverified(text)
    except TokenRejected as error:
        shown = tuple(Compared(name, value, where) for name, value in error.details.items())
        raise Problem("9002313", why=Why(f"It is no signed JWT: {error.reason}.", shown)) from error


def text_of(found: Unverified, name: str, where: str) -> str:
    """A text of the payload that must be there. Raises 90014."""
    value = found.claims.get(name)
    if isinstance(value, str) and value:
        return value
    raise Problem("90014", name, why=because("What the device signed lacks a field.", (name, value, where)))


def issue(call: Call, who: Identity, device: Doc, client_id: str, *, methods: list[str], mfa_ms: int = 0,
          issuer: str = "", session_key: bytes = b"") -> tuple[str, Doc]:  # fmt: skip
    """A new token and its row. session_key: of the token that this one renews. Call inside a commit."""
    token = "1." + call.ids.secret("primary_refresh_token", 96)
    key = session_key or b64url_decode(call.ids.secret("session_key", device_keys.SESSION_KEY_BYTES))
    row = {
        "id": digest(token), "clientId": client_id, "_sessionKey": b64url(key), **person_fields(call, who),
        "device": device["id"], "expires": call.now + LIFETIME_MS, "methods": methods, "mfaTime": mfa_ms,
        "issuer": issuer,
    }  # fmt: skip
    purge(call.store, PRIMARY_TOKENS, call.now)
    call.store.add(PRIMARY_TOKENS, row)
    _seen(call, device)
    return token, row


def _seen(call: Call, device: Doc) -> None:
    """approximateLastSignInDateTime moves once it is 14 days old."""
    last = device.get("approximateLastSignInDateTime")
    if last is None or call.now - parse_iso(last) >= 14 * DAY:
        call.store.put(DEVICES, {**device, "approximateLastSignInDateTime": iso_seconds(call.now)})


def check(call: Call, found: Unverified, where: str) -> Primary:
    """The primary refresh token in a JWT that is signed with its session key.

    Raises 70000 (unknown token), 140001 (signature), 140000 (nonce), 700082 (expired), 700003 and 135011 (device), and
    what `person_of` raises.
    """
    token = text_of(found, "refresh_token", where)
    row = call.store.get(PRIMARY_TOKENS, digest(token))
    if row is None:
        why = because(
            "The tenant gave no such primary refresh token, or it was revoked.",
            ("refresh_token", f"{token[:8]}… ({len(token)} characters)", where),
            ("issued to", "nobody, or revoked", "primary refresh tokens"),
        )
        raise Problem("70000", suberror="bad_token", why=why)
    _check_signature(found, b64url_decode(row["_sessionKey"]), where)
    nonces.check(call, found.claims.get("request_nonce"), where)
    if row["expires"] <= call.now:
        why = because(
            "The primary refresh token has expired.",
            ("expires", iso(row["expires"]), "primary refresh token"),
            ("now", iso(call.now), "world clock"),
        )
        raise Problem("700082", iso_seconds(row["issued"]), f"{LIFETIME_MS // DAY}.00:00:00", why=why)
    device_trust.by_id(call, row["device"])
    return Primary(row, person_of(call, row))


def _check_signature(found: Unverified, session_key: bytes, where: str) -> None:
    version = found.header.get("kdf_ver", 1)
    shown = (
        Compared("alg", found.header.get("alg"), where), Compared("kdf_ver", version, where),
        Compared("known", "HS256; versions 1 and 2", "primary refresh tokens"),
    )  # fmt: skip
    try:
        if found.header.get("alg") != "HS256" or version not in (1, 2) or "crit" in found.header:
            raise ValueError("not an algorithm of session keys")
        payload = b64url_decode(found.signed.partition(b".")[2].decode())
        context = device_keys.context_of(found.header)
        key = device_keys.signing_key(session_key, context, payload, version=int(version == 2) + 1)
        if not device_keys.signed_with(key, found.signed, found.signature):
            raise ValueError("the signature is not the session key's")
    except (ValueError, TypeError) as error:
        raise Problem("140001", why=Why(f"The session key did not sign it: {error}.", shown)) from error


def wrap(call: Call, row: Doc, device: Doc) -> str:
    """session_key_jwe: the session key for the device's transport key."""
    import base64

    key = device_keys.load_public(base64.b64decode(device["_transport"]))
    return device_keys.wrapped(b64url_decode(row["_sessionKey"]), key, iv=_bytes(call, "wrap", 12))


def seal(call: Call, primary: Primary, content: bytes) -> str:
    """An answer for the holder of the session key."""
    context, iv = _bytes(call, "ctx", device_keys.CONTEXT_BYTES), _bytes(call, "iv", 12)
    return device_keys.sealed(content, primary.session_key, context=context, iv=iv)


def _bytes(call: Call, name: str, size: int) -> bytes:
    return b64url_decode(opaque(call, f"prt {name}", size))
