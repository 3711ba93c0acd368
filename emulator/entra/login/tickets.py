"""Authorization codes and refresh tokens, kept by their digest. Source: graph-entra.md 2.3, RFC 9700, security.md J9.

A code is redeemed once: whoever drops its row has it. Its tokens form a family that a second redemption revokes.
"""

from emulator.entra.login import device_trust
from emulator.entra.login.claims import Identity
from emulator.entra.login.dialect import because
from emulator.entra.login.request import Request
from emulator.entra.login.session import digest, purge, revoked_since, stamp
from emulator.entra.resources.users import USERS
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, MINUTE, iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem
from emulator.store import Column, Kind

AUTH_CODES = Kind("auth_codes", (Column("userId"),))
USED_CODES = Kind("used_codes")
REFRESH_TOKENS = Kind("refresh_tokens", (Column("userId"), Column("family")))
CODE_MS = 10 * MINUTE
REFRESH_MS, SPA_MS = 90 * DAY, DAY


def code_row(call: Call, code: str, request: Request, who: Identity, session_id: str) -> Doc:
    """What a code stands for."""
    raw = request.raw
    return {
        "id": digest(code), "clientId": request.client.id, "redirectUri": request.reply.uri,
        "platform": request.platform,
        "challenge": raw.get("code_challenge", ""), "challengeMethod": raw.get("code_challenge_method", "plain"),
        "scope": raw.get("scope", ""), "resource": raw.get("resource", ""), "nonce": raw.get("nonce", ""),
        "claims": raw.get("claims", ""), "session": session_id, **person_fields(call, who),
        "expires": call.now + CODE_MS,
    }  # fmt: skip


def person_fields(call: Call, who: Identity) -> Doc:
    """Who is behind a code or token, and when it was given (see `person_of`)."""
    device = {"device": call.memo["device_id"]} if "device_id" in call.memo else {}
    return {"userId": who.user["id"], "amr": list(who.amr), "authTime": who.auth_ms, **stamp(call, who.user), **device}


def keep_code(call: Call, row: Doc) -> None:
    """Call inside a commit."""
    purge(call.store, AUTH_CODES, call.now)
    call.store.add(AUTH_CODES, row)


def redeem(call: Call, row: Doc) -> None:
    """Use a code up; call inside a commit. Raises 54005 for the one that came second."""
    if call.store.drop(AUTH_CODES, row["id"]) is None:
        call.store.drop_where(REFRESH_TOKENS, "family", row["id"])
        raise already_redeemed(row)
    purge(call.store, USED_CODES, call.now)
    used = {"id": row["id"], "clientId": row["clientId"], "at": iso_seconds(call.now), "expires": call.now + DAY}
    call.store.add(USED_CODES, used)


def already_redeemed(used: Doc) -> Problem:
    return Problem(
        "54005",
        why=because(
            "A code is redeemed once; its tokens were revoked.",
            ("code", f"digest {used['id'][:12]}…", "request"),
            ("redeemed at", used.get("at", "just now"), "used codes"),
        ),
        keep=True,
    )


def refuse_reuse(call: Call, code_id: str, client_id: str) -> None:
    """Raise 54005 for a code that was redeemed before, and revoke what it gave."""
    used = call.store.get(USED_CODES, code_id)
    if used is None or used["clientId"] != client_id:
        return
    with call.commit():
        call.store.drop_where(REFRESH_TOKENS, "family", code_id)
        raise already_redeemed(used)


def refresh_row(
    call: Call, who: Identity, client_id: str, *, family: str, asked: Doc, until: int | None = None
) -> tuple[str, Doc]:
    """A new refresh token and its row; `asked`: scope, resource, session; `until` (ms) where it does not slide."""
    token = "1." + call.ids.secret("refresh_token", 64)
    row = {
        "id": digest(token), "clientId": client_id, "family": family, **asked, **person_fields(call, who),
        "expires": until or call.now + REFRESH_MS,
    }  # fmt: skip
    return token, row


def keep_refresh(call: Call, row: Doc) -> None:
    """Call inside a commit."""
    purge(call.store, REFRESH_TOKENS, call.now)
    call.store.add(REFRESH_TOKENS, row)


def person_of(call: Call, row: Doc) -> Identity:
    """The user behind a code or refresh token, still good. Raises 50034 (gone), 50057 (disabled), 50173 (revoked), and
    for the device that it is bound to 700003 (gone), 135011 (disabled).
    """
    user = call.store.get(USERS, row["userId"])
    if user is None:
        why = because(
            "The user of the grant is not in the tenant any more.",
            ("user id", row["userId"], "grant"),
            ("user", None, "the tenant"),
        )
        raise Problem("50034", row["userId"], str(tenant(call)["displayName"]), why=why)
    check_enabled(user)
    if row.get("device"):
        call.memo["device_id"] = device_trust.by_id(call, row["device"])["id"]
    if revoked_since(user, row):
        issued, valid = iso_seconds(row["issued"]), user["signInSessionsValidFromDateTime"]
        raise Problem(
            "50173",
            issued,
            valid,
            why=because(
                "The user's sessions were revoked after the grant was issued.",
                ("issued", issued, "grant"),
                ("signInSessionsValidFromDateTime", valid, user["userPrincipalName"]),
            ),
        )
    return Identity(user, tuple(row["amr"]), row["authTime"])


def check_enabled(user: Doc) -> None:
    """Raises 50057 for a disabled user."""
    if not user["accountEnabled"]:
        raise Problem(
            "50057",
            why=because(
                "The user account is disabled.",
                ("accountEnabled", False, user["userPrincipalName"]),
                ("wanted", True, "sign-in"),
            ),
        )
