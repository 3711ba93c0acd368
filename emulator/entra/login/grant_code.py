"""grant_type=authorization_code. Source: graph-entra.md 2.3; security.md J9; RFC 7636."""

from emulator.entra.login import claims_request
from emulator.entra.login.access import check_assigned
from emulator.entra.login.clients import Client, authenticate, platform_of
from emulator.entra.login.dialect import because
from emulator.entra.login.grant import TokenRequest, user_answer
from emulator.entra.login.session import digest
from emulator.entra.login.tickets import AUTH_CODES, keep_refresh, person_of, redeem, refuse_reuse
from emulator.entra.resources.users import USERS
from emulator.entra.signins import NATIVE, Attempt
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.jose import pkce_matches


def authorization_code(call: Call, request: TokenRequest) -> Doc:
    """Tokens for a code. The sign-in itself was logged when the code was given; here only refusals are."""
    client = request.client(call)
    code, uri = request.need("code"), request.need("redirect_uri")
    platform = platform_of(client, uri)
    _check_origin(call, request, platform)
    attempt = Attempt("nonInteractiveUser", client_app=NATIVE, app=client.app)
    with attempt.watched(call):
        acr = authenticate(call, client, request.form, public=platform != "web")
        refuse_reuse(call, digest(code), client.id)
        row = call.store.get(AUTH_CODES, digest(code))
        _check_code(call, client, row, code, uri)
        assert row is not None
        attempt.user = call.store.get(USERS, row["userId"])
        _check_verifier(row, request.form.get("code_verifier", ""))
        who = person_of(call, row)
        if not request.form.get("claims"):
            claims_request.read(call, row["claims"])
        check_assigned(call, client, who.user)
        asked = request.asked(call, scope=row["scope"], resource=row["resource"])
        attempt.resource = asked.resource
        answer, refresh = user_answer(
            call, request, client, asked, who, acr=acr, nonce=row["nonce"], session=row["session"], family=row["id"],
            spa=platform == "spa",
        )  # fmt: skip
        with call.commit():
            redeem(call, row)
            if refresh is not None:
                keep_refresh(call, {**refresh, "scope": refresh["scope"] or row["scope"]})
    return answer


def _check_origin(call: Call, request: TokenRequest, platform: str) -> None:
    """Codes of single-page applications are redeemed across origins with PKCE, all others are not."""
    origin = call.exchange.headers.get("origin")
    compared = (
        Compared("Origin", origin, "request header"),
        Compared("platform of the redirect URI", platform, "the application"),
    )
    if platform == "spa" and origin is None:
        raise Problem("9002327", why=Why("A code of a single-page application comes from a browser.", compared))
    if platform != "spa" and origin is not None:
        raise Problem(
            "9002326",
            origin,
            why=Why("Only codes of single-page applications may be redeemed across origins.", compared),
        )
    if platform == "spa" and not request.form.get("code_verifier"):
        raise Problem(
            "9002325",
            why=Why("Single-page applications use PKCE.", (*compared, Compared("code_verifier", "absent", "request"))),
        )


def _check_code(call: Call, client: Client, row: Doc | None, code: str, uri: str) -> None:
    if row is None or row["clientId"] != client.id:
        raise Problem(
            "70000",
            why=because(
                "The code was not issued to this client.",
                ("code", f"{code[:8]}… ({len(code)} characters)", "request"),
                ("issued to", row["clientId"] if row else "nobody", "codes"),
                ("client_id", client.id, "request"),
            ),
        )
    if row["redirectUri"] != uri:
        raise Problem(
            "500112",
            uri,
            row["redirectUri"],
            why=because(
                "Both requests name the same redirect URI.",
                ("redirect_uri", uri, "token request"),
                ("redirect_uri", row["redirectUri"], "authorization request"),
            ),
        )
    if row["expires"] <= call.now:
        raise Problem(
            "70008",
            why=because(
                "A code lives ten minutes.",
                ("expires", iso(row["expires"]), "code"),
                ("now", iso(call.now), "world clock"),
            ),
        )


def _check_verifier(row: Doc, verifier: str) -> None:
    """PKCE with the method of the authorization request; a verifier without a challenge is refused (RFC 9700)."""
    if not row["challenge"] and not verifier:
        return
    if row["challenge"] and pkce_matches(verifier, row["challenge"], method=row["challengeMethod"]):
        return
    raise Problem(
        "501481",
        why=because(
            "The verifier does not answer the challenge.",
            ("code_verifier", f"{len(verifier)} characters" if verifier else "absent", "token request"),
            ("code_challenge", row["challenge"] or "absent", "authorization request"),
            ("code_challenge_method", row["challengeMethod"], "authorization request"),
        ),
    )
