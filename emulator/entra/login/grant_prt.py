"""grant_type=jwt-bearer with `request`: a device asks for a primary refresh token, or for tokens with one.

Source: MS-OAPXBC 3.1.5.1.2 and 3.1.5.1.3; graph-entra.md 2.12; ROADtools' client. The request is a JWT: signed with the
device's key it carries the user's proof, signed with a session key it carries the primary refresh token.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import orjson

from emulator.entra.login import device_trust, hello, nonces, prt, requirements
from emulator.entra.login.access import check_assigned
from emulator.entra.login.claims import Identity, client_info, id_token
from emulator.entra.login.clients import Client
from emulator.entra.login.dialect import because
from emulator.entra.login.federated import Accepted, accept_saml11, accept_saml20, claim
from emulator.entra.login.grant import TokenRequest, user_answer, written
from emulator.entra.login.grant_assertion import decoded
from emulator.entra.login.idp_mfa import held_of, methods_of
from emulator.entra.login.passwords import check_password
from emulator.entra.login.session import digest
from emulator.entra.login.tickets import REFRESH_TOKENS, keep_refresh, person_of
from emulator.entra.resources.users import USERS
from emulator.entra.signins import FEDERATED, HELLO, NATIVE, PASSWORD, SATISFIED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem
from emulator.protocols.jose import Unverified

WHERE = "request"
_URN = "urn:ietf:params:oauth:grant-type:"
PRIMARY = "aza"
"""The scope that stands for a primary refresh token."""


@dataclass(slots=True)
class Proven:
    """Who the user of a device is, and how that was shown. row: the refresh token that was presented."""

    who: Identity
    methods: list[str] = field(default_factory=list)
    accepted: Accepted | None = None

    @property
    def mfa_ms(self) -> int:
        return self.who.auth_ms if "mfa" in self.who.amr else 0


def primary(call: Call, request: TokenRequest) -> Doc | Answer:
    """A primary refresh token, or tokens for an application by one."""
    found = prt.read(request.need("request"), WHERE)
    inner = TokenRequest(request.where, request.v2, {**_texts(found), **_outer(request)})
    if "ctx" in found.header:
        return _by_session_key(call, inner, found)
    return _by_device(call, inner, found)


def _texts(found: Unverified) -> dict[str, str]:
    return {name: value for name, value in found.claims.items() if isinstance(value, str)}


def _outer(request: TokenRequest) -> dict[str, str]:
    """What stands beside the signed request and still counts."""
    return {name: request.form[name] for name in ("client_info",) if name in request.form}


# -- signed by the device ------------------------------------------------------------------------------------------


def _by_device(call: Call, request: TokenRequest, found: Unverified) -> Doc:
    device = _device_of(call, found)
    call.memo["device_id"] = device["id"]
    nonces.check(call, found.claims.get("request_nonce"), WHERE)
    kind = request.need("grant_type")
    prove = _PROOFS.get(kind)
    if prove is None:
        why = because(
            "No such proof of a device's user here.",
            ("grant_type", kind, "signed request"),
            ("known", sorted(_PROOFS), "this tenant"),
            emulated=kind != "device_token",
        )
        raise Problem("70003", kind, why=why)
    client = request.client(call)
    _check_scope(request)
    attempt = Attempt("interactiveUser", client_app=NATIVE, app=client.app, user_name=request.form.get("username", ""))
    with attempt.watched(call):
        proven = prove(call, request, attempt)
        who = Identity(proven.who.user, _with_key(proven.who.amr), proven.who.auth_ms)
        with call.commit():
            if proven.accepted is not None:
                claim(call, proven.accepted)
            issuer = proven.accepted.federation["issuerUri"] if proven.accepted else ""
            token, row = prt.issue(
                call, who, device, client.id, methods=proven.methods, mfa_ms=proven.mfa_ms, issuer=issuer
            )
            attempt.succeed(call)
    return _answer(call, request, client, who, token) | {"session_key_jwe": prt.wrap(call, row, device)}


def _with_key(amr: tuple[str, ...]) -> tuple[str, ...]:
    """A device proves itself with an RSA key."""
    return amr if "rsa" in amr else (amr[0], "rsa", *amr[1:])


def _check_scope(request: TokenRequest) -> None:
    scopes = request.form.get("scope", "").split()
    if PRIMARY not in scopes:
        why = because(
            "A device asks for a primary refresh token.",
            ("scope", " ".join(scopes), "signed request"),
            ("expected in it", PRIMARY, "MS-OAPXBC"),
        )
        raise Problem("70011", request.form.get("scope", ""), why=why)


def _device_of(call: Call, found: Unverified) -> Doc:
    """The device whose certificate and key signed a request. Raises 9002313, 50155, 700003, 135011."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        certificate = device_trust.certificate_of(found.header.get("x5c"))
    except (ValueError, TypeError) as error:
        shown = ("x5c", str(error)[:80], "header of the request"), ("ctx", "absent", "header of the request")
        raise Problem(
            "9002313", why=because("It is signed by a device's certificate or a session key.", *shown)
        ) from error
    device = device_trust.by_certificate(call, certificate)
    algorithm = found.header.get("alg")
    try:
        if algorithm != "RS256" or certificate.public_key is None or "crit" in found.header:
            raise ValueError("the algorithm is not RS256")
        certificate.public_key.verify(found.signature, found.signed, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature) as error:
        why = because(
            "The device's key did not sign the request.",
            ("alg", algorithm, "header of the request"),
            ("thumbprint", certificate.thumbprint_sha1, f"device {device['displayName']}"),
        )
        raise Problem("50155", suberror="device_authentication_failed", why=why) from error
    return device


def _by_password(call: Call, request: TokenRequest, attempt: Attempt) -> Proven:
    attempt.protocol, attempt.method = "ropc", PASSWORD
    name = request.need("username").strip()
    who = check_password(call, name, request.need("password"), attempt)
    return Proven(who, methods_of(federated=False, mfa=False))


def _by_assertion(call: Call, request: TokenRequest, attempt: Attempt) -> Proven:
    """What the identity provider of a federated user gave over WS-Trust."""
    attempt.protocol, attempt.method = "ropc", FEDERATED
    text = decoded(request.need("assertion"))
    if request.form["grant_type"].endswith("saml1_1-bearer"):
        accepted = accept_saml11(call, text, attempt)
    else:
        accepted = accept_saml20(call, text, attempt, in_response_to=None, within=((),))
    return Proven(accepted.who, methods_of(federated=True, mfa=accepted.mfa), accepted)


def _by_refresh_token(call: Call, request: TokenRequest, attempt: Attempt) -> Proven:
    """A refresh token of the client that asks: how a person who signed in on a page gets to a primary one."""
    attempt.method, attempt.token_type = SATISFIED, "refreshToken"
    token = request.need("refresh_token")
    row = call.store.get(REFRESH_TOKENS, digest(token))
    if row is None or row["clientId"] != request.form.get("client_id", "").lower() or row["expires"] <= call.now:
        why = because(
            "The refresh token was not issued to this client, has expired, or was revoked.",
            ("refresh_token", f"{token[:8]}… ({len(token)} characters)", "signed request"),
            ("issued to", row["clientId"] if row else "nobody, or revoked", "refresh tokens"),
            ("client_id", request.form.get("client_id"), "signed request"),
            ("expires", iso(row["expires"]) if row else None, "refresh tokens"),
        )
        raise Problem("70000", suberror="bad_token", why=why)
    attempt.user = call.store.get(USERS, row["userId"])
    device = call.memo["device_id"]
    who = person_of(call, row)
    call.memo["device_id"] = device
    held = held_of(call, who)
    return Proven(who, sorted(held.methods))


def _by_hello(call: Call, request: TokenRequest, attempt: Attempt) -> Proven:
    """An assertion that the person's Windows Hello key signed; it holds a nonce of its own."""
    attempt.method = HELLO
    text = request.need("assertion")
    attempt.user_name = hello.issuer_of(text)
    nonces.check(call, hello.nonce_of(text), "assertion")
    who = hello.proven(call, attempt.user_name, text)
    attempt.user = who.user
    return Proven(who, ["windowsHelloForBusiness"])


_PROOFS: dict[str, Callable[[Call, TokenRequest, Attempt], Proven]] = {
    "password": _by_password,
    "refresh_token": _by_refresh_token,
    f"{_URN}jwt-bearer": _by_hello,
    f"{_URN}saml1_1-bearer": _by_assertion,
    f"{_URN}saml2-bearer": _by_assertion,
}


# -- signed with a session key -------------------------------------------------------------------------------------


def _by_session_key(call: Call, request: TokenRequest, found: Unverified) -> Answer:
    if request.need("grant_type") != "refresh_token":
        why = because(
            "With a session key a device presents its primary refresh token.",
            ("grant_type", request.form["grant_type"], "signed request"),
            ("expected", "refresh_token", "MS-OAPXBC"),
        )
        raise Problem("70003", request.form["grant_type"], why=why)
    client = request.client(call)
    attempt = Attempt(
        "nonInteractiveUser", client_app=NATIVE, method=SATISFIED, app=client.app, token_type="primaryRefreshToken"
    )
    with attempt.watched(call):
        held = prt.check(call, found, WHERE)
        attempt.user = held.who.user
        renew = PRIMARY in request.form.get("scope", "").split()
        answer = (_renewed if renew else _tokens)(call, request, client, held, attempt)
    content = orjson.dumps(written(request, answer))
    headers = [
        *call.headers,
        ("Content-Type", "application/jose; charset=utf-8"),
        ("Cache-Control", "no-store, no-cache"),
    ]
    return Answer(200, headers, prt.seal(call, held, content).encode())


def _renewed(call: Call, request: TokenRequest, client: Client, held: prt.Primary, attempt: Attempt) -> Doc:
    row, device = held.row, device_trust.by_id(call, held.row["device"])
    with call.commit():
        token, _ = prt.issue(
            call, held.who, device, client.id, methods=row["methods"], mfa_ms=row["mfaTime"], issuer=row["issuer"],
            session_key=held.session_key,
        )  # fmt: skip
        attempt.succeed(call)
    return _answer(call, request, client, held.who, token)


def _tokens(call: Call, request: TokenRequest, client: Client, held: prt.Primary, attempt: Attempt) -> Doc:
    """Tokens for an application; the broker always gets a refresh token with them."""
    check_assigned(call, client, held.who.user)
    asked = request.asked(call)
    asked = replace(asked, oidc=asked.oidc | {"offline_access"})
    attempt.resource = asked.resource
    requirements.enforce(call, client, asked, held.who, flow="refreshToken")
    answer, refresh = user_answer(call, request, client, asked, held.who, acr="0")
    with call.commit():
        if refresh is not None:
            keep_refresh(call, refresh)
        attempt.succeed(call)
    return answer


def _answer(call: Call, request: TokenRequest, client: Client, who: Identity, token: str) -> Doc:
    """A primary refresh token as its owner gets it."""
    lifetime = prt.LIFETIME_MS // 1000 - 1
    found: Doc = {
        "token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": 0, "expires_on": call.now // 1000 + lifetime,
        "refresh_token": token, "refresh_token_expires_in": lifetime,
        "id_token": id_token(call, client, who, v2=request.v2),
    }  # fmt: skip
    if request.form.get("client_info") == "1":
        found["client_info"] = client_info(call, who.user)
    return found
