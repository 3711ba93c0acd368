"""grant_type=jwt-bearer with requested_token_use=on_behalf_of: an API calls the next one as the person who called it.

Source: graph-entra.md 2.3, 2.14. The assertion is an access token of this tenant for the API itself, v1 or v2.
"""

from emulator.entra.login import grant_prt, requirements
from emulator.entra.login.access import check_assigned
from emulator.entra.login.claims import Identity
from emulator.entra.login.clients import Client, authenticate
from emulator.entra.login.dialect import HOST, because
from emulator.entra.login.grant import TokenRequest, user_answer
from emulator.entra.login.session import revoked_since
from emulator.entra.login.tickets import check_enabled, keep_refresh
from emulator.entra.resources.users import USERS
from emulator.entra.signins import NATIVE, SATISFIED, Attempt
from emulator.entra.tokens import signing_keys, tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem, not_emulated
from emulator.protocols.jose import TokenRejected, verify_jwt

_SECONDS = 253_402_300_800
_SAML = ("urn:ietf:params:oauth:token-type:saml2", "urn:ietf:params:oauth:token-type:saml1")


def jwt_bearer(call: Call, request: TokenRequest) -> Doc | Answer:
    """On behalf of a person; the same grant type also carries what a registered device has signed."""
    if "request" in request.form:
        return grant_prt.primary(call, request)
    use = request.need("requested_token_use")
    if use != "on_behalf_of":
        raise Problem(
            "90023",
            "Unsupported 'requested_token_use' value.",
            why=because(
                "The grant is for on-behalf-of.",
                ("requested_token_use", use, "request"),
                ("expected", "on_behalf_of", "graph-entra.md 2.3"),
            ),
        )
    if request.form.get("requested_token_type") in _SAML:
        raise Problem("90010", why=not_emulated("On-behalf-of with a SAML token as its result"))
    return _on_behalf_of(call, request)


def _on_behalf_of(call: Call, request: TokenRequest) -> Doc:
    client = request.client(call)
    attempt = Attempt("nonInteractiveUser", client_app=NATIVE, method=SATISFIED, app=client.app)
    with attempt.watched(call):
        acr = authenticate(call, client, request.form, public=False)
        found = _verified(call, client, request.need("assertion"))
        who = _person(call, found, attempt)
        check_assigned(call, client, who.user)
        asked = request.asked(call)
        attempt.resource = asked.resource
        requirements.enforce(call, client, asked, who, flow="onBehalfOf")
        answer, refresh = user_answer(call, request, client, asked, who, acr=acr)
        with call.commit():
            if refresh is not None:
                keep_refresh(call, refresh)
            attempt.succeed(call)
    return answer


def _verified(call: Call, client: Client, assertion: str) -> Doc:
    """The claims of the API's own access token. Raises 50027, 50013, 500133, 500131, 240002."""
    keys = {key.kid_sha1: key for key in signing_keys(call)}
    own = tenant(call)["id"]
    issuers = {f"https://sts.windows.net/{own}/", f"{HOST}/{own}/v2.0"}
    try:
        claims = verify_jwt(assertion, keys, now_ms=call.now, audience=None, issuer=issuers)
    except TokenRejected as error:
        raise _rejected(call, error) from error
    names = {client.id, f"spn:{client.id}", *client.app.get("identifierUris", ())}
    accepted = {form for name in names for form in (name, name.rstrip("/"), name.rstrip("/") + "/")}
    if str(claims.get("aud")) not in accepted:
        raise Problem(
            "500131",
            why=because(
                "The assertion is an access token for the API that presents it.",
                ("aud", claims.get("aud"), "assertion"),
                ("accepted", sorted(names), f"application {client.name}"),
            ),
        )
    if "azp" not in claims and "appid" not in claims:
        raise Problem("240002", why=because("It is an id_token.", ("appid, azp", "absent", "assertion"),
                                            ("expected", "an access token", "on-behalf-of")))  # fmt: skip
    if "scp" not in claims:
        why = because(
            "There is no person to act for in a token of an application.",
            ("scp", "absent", "assertion"),
            ("idtyp", claims.get("idtyp", "app"), "assertion"),
        )
        raise Problem("50013", "The token is an application's.", why=why)
    return claims


def _rejected(call: Call, error: TokenRejected) -> Problem:
    why = because(
        f"The assertion was not accepted: {error.reason}.",
        *((name, value, "assertion") for name, value in error.details.items()),
    )
    if error.kind in ("expired", "not_yet_valid"):
        until = error.details.get("exp") or error.details.get("nbf") or ""
        shown = iso_seconds(int(until) * 1000) if until.isdigit() else until
        return Problem("500133", iso_seconds(call.now), shown, why=why)
    if error.kind in ("malformed", "too_large", "header", "claim", "algorithm"):
        return Problem("50027", why=why)
    reasons = {
        "unknown_key": "The key was not found.",
        "bad_signature": "Key was found, but use of the key to verify the signature failed.",
        "issuer": "The issuer is not this tenant.",
    }
    return Problem("50013", reasons.get(error.kind, error.reason), why=why)


def _person(call: Call, claims: Doc, attempt: Attempt) -> Identity:
    """The user of the assertion. Raises 50034, 50057, 50173."""
    user = call.store.get(USERS, str(claims.get("oid")))
    if user is None:
        why = because("The token's user is not in the tenant any more.", ("oid", claims.get("oid"), "assertion"))
        raise Problem("50034", str(claims.get("oid")), str(tenant(call)["displayName"]), why=why)
    attempt.user = user
    check_enabled(user)
    at = claims.get("iat")
    issued = at if isinstance(at, int) and 0 < at < _SECONDS else call.now // 1000
    valid = user["signInSessionsValidFromDateTime"]
    if revoked_since(user, {"issued": issued * 1000, "validFrom": valid}):
        why = because(
            "The user's sessions were revoked after the assertion was issued.",
            ("iat", iso_seconds(issued * 1000), "assertion"),
            ("signInSessionsValidFromDateTime", valid, user["userPrincipalName"]),
        )
        raise Problem("50173", iso_seconds(issued * 1000), valid, why=why)
    amr = claims.get("amr")
    methods = tuple(str(item) for item in amr) if isinstance(amr, list) else ("pwd",)
    return Identity(user, methods, issued * 1000)
