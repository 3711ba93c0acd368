"""grant_type=refresh_token. Source: graph-entra.md 2.3, 2.14.

A use gives a new refresh token; the old one stays good, as the service documents, until it expires or the user's
sessions are revoked. 90 days, sliding; 24 hours, fixed, for single-page applications.
"""

from emulator.entra.login import requirements
from emulator.entra.login.access import check_assigned
from emulator.entra.login.clients import Client, authenticate
from emulator.entra.login.dialect import because
from emulator.entra.login.grant import TokenRequest, user_answer
from emulator.entra.login.session import digest
from emulator.entra.login.tickets import REFRESH_TOKENS, keep_refresh, person_of
from emulator.entra.resources.users import USERS
from emulator.entra.signins import NATIVE, SATISFIED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso, iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem


def refresh_token(call: Call, request: TokenRequest) -> Doc:
    """New tokens for a refresh token, for any resource that is consented to."""
    client = request.client(call)
    token = request.need("refresh_token")
    row = call.store.get(REFRESH_TOKENS, digest(token))
    attempt = Attempt(
        "nonInteractiveUser", client_app=NATIVE, method=SATISFIED, app=client.app, token_type="refreshToken"
    )
    with attempt.watched(call):
        confidential = row is not None and not row["public"]
        acr = authenticate(call, client, request.form, public=not confidential)
        if row is None or not _is_for(row, client):
            raise Problem(
                "70000",
                suberror="client_mismatch" if row and (row.get("foci") or client.family) else "bad_token",
                why=because(
                    "The refresh token was not issued to this client, or was revoked.",
                    ("refresh_token", f"{token[:8]}… ({len(token)} characters)", "request"),
                    ("issued to", row["clientId"] if row else "nobody, or revoked", "refresh tokens"),
                    ("client_id", client.id, "request"),
                    ("family of client ids", bool(row and row.get("foci")), "refresh tokens"),
                ),
            )
        attempt.user = call.store.get(USERS, row["userId"])
        _check_age(call, row)
        who = person_of(call, row)
        check_assigned(call, client, who.user)
        asked = request.asked(call, scope=row["scope"], resource=row["resource"])
        attempt.resource = asked.resource
        requirements.enforce(call, client, asked, who, flow="refreshToken")
        spa = bool(row["spa"])
        answer, new = user_answer(
            call, request, client, asked, who, acr=acr, session=row["session"], family=row["family"], spa=spa,
            until=row["expires"] if spa else None,
        )  # fmt: skip
        with call.commit():
            if new is not None:
                keep_refresh(call, {**new, "scope": new["scope"] or row["scope"]})
            attempt.succeed(call)
    return answer


def _is_for(row: Doc, client: Client) -> bool:
    """Issued to this client, or to another of its family."""
    return bool(row["clientId"] == client.id or (row.get("foci") and client.family))


def _check_age(call: Call, row: Doc) -> None:
    if row["expires"] > call.now:
        return
    issued = iso_seconds(row["issued"])
    code, life = (
        ("700084", "1.00:00:00") if row["spa"] else ("700082", f"{(row['expires'] - row['issued']) // DAY}.00:00:00")
    )
    raise Problem(
        code,
        issued,
        life,
        why=because(
            "The refresh token has expired.",
            ("expires", iso(row["expires"]), "refresh token"),
            ("now", iso(call.now), "world clock"),
        ),
    )
