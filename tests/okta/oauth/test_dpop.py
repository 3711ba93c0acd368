"""DPoP: tokens bound to a key. Behaviour: okta-admin-api.md 2.3, RFC 9449, security.md J13."""

import base64
import hashlib
import itertools
from typing import Any

import jwt
import pytest

from emulator import World

from .clients import ORG, TOKEN_URL, body, error, get, jwk, key, now, service, service_token

NUMBERS = itertools.count()
USERS = f"{ORG}/api/v1/users"


def proof(
    world: World,
    *,
    method: str = "POST",
    url: str = TOKEN_URL,
    name: str = "p",
    typ: str = "dpop+jwt",
    signer: Any = None,
    header: Any = None,
    **claims: Any,
) -> str:
    public = {k: v for k, v in jwk(name).items() if k in ("kty", "n", "e")}
    claims = {"htm": method, "htu": url, "iat": now(world), "jti": f"j{next(NUMBERS)}", **claims}
    claims = {k: v for k, v in claims.items() if v is not None}
    return jwt.encode(
        claims, signer or key(name), algorithm="RS256", headers={"typ": typ, "jwk": public, **(header or {})}
    )


@pytest.fixture
def robot(org: World):
    return service(org, "okta.users.read", dpop_bound_access_tokens=True)


def nonce(org: World, robot: Any) -> str:
    answer = service_token(org, robot, "okta.users.read", sent={"dpop": proof(org)})
    assert error(answer) == (400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
    return str(answer.header("dpop-nonce"))


def token(org: World, robot: Any) -> str:
    answer = service_token(org, robot, "okta.users.read", sent={"dpop": proof(org, nonce=nonce(org, robot))})
    assert answer.status == 200 and body(answer)["token_type"] == "DPoP", answer.body
    return str(body(answer)["access_token"])


def ath(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def use(org: World, text: str, **more: Any):
    claims = {"ath": ath(text), **more}
    sent = proof(org, method="GET", url=USERS, **claims)
    return get(org, "/api/v1/users", query="limit=1", headers={"authorization": f"DPoP {text}", "dpop": sent})


def test_a_bound_token_needs_its_key(org: World, robot) -> None:
    text = token(org, robot)
    claims = jwt.decode(text, options={"verify_signature": False})
    thumb = jwk("p")
    wanted = hashlib.sha256(f'{{"e":"{thumb["e"]}","kty":"RSA","n":"{thumb["n"]}"}}'.encode()).digest()
    assert claims["cnf"] == {"jkt": base64.urlsafe_b64encode(wanted).rstrip(b"=").decode()}
    assert use(org, text).status == 200
    assert use(org, text, htu=USERS + "?x=1").status == 200
    bearer = get(org, "/api/v1/users", headers={"authorization": f"Bearer {text}"})
    assert bearer.status == 401 and str(bearer.header("www-authenticate")).startswith("DPoP ")
    assert get(org, "/api/v1/users", headers={"authorization": f"DPoP {text}"}).status == 401


@pytest.mark.parametrize(
    "more",
    [{"name": "q"}, {"ath": "x"}, {"ath": None}, {"htm": "POST"}, {"htu": ORG + "/api/v1/groups"}, {"iat": 1},
     {"jti": None}, {"typ": "JWT"}, {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}],
)  # fmt: skip
def test_wrong_proofs_at_the_api(org: World, robot, more) -> None:
    answer = use(org, token(org, robot), **more)
    assert answer.status == 401 and body(answer)["errorCode"] == "E0000011"
    assert 'error="invalid_dpop_proof"' in str(answer.header("www-authenticate"))


def test_a_proof_works_once(org: World, robot) -> None:
    text = token(org, robot)
    assert use(org, text, jti="same").status == 200
    assert use(org, text, jti="same").status == 401


def test_the_token_endpoint(org: World, robot) -> None:
    missing = service_token(org, robot, "okta.users.read")
    assert error(missing) == (400, "invalid_dpop_proof", "The DPoP proof JWT header is missing.")
    fresh = nonce(org, robot)
    for more in ({"nonce": fresh[:-2] + "AA"}, {"nonce": 5}):
        assert (
            error(service_token(org, robot, "okta.users.read", sent={"dpop": proof(org, **more)}))[1]
            == "use_dpop_nonce"
        )
    for text in ("x", "a.b.c", proof(org, nonce=fresh, signer=key("q"))):
        assert error(service_token(org, robot, "okta.users.read", sent={"dpop": text}))[1] == "invalid_dpop_proof"
    good = proof(org, nonce=fresh)
    assert service_token(org, robot, "okta.users.read", sent={"dpop": good}).status == 200
    assert error(service_token(org, robot, "okta.users.read", sent={"dpop": good}))[1] == "invalid_dpop_proof"
    org.clock.advance(hours=25)
    assert (
        error(service_token(org, robot, "okta.users.read", sent={"dpop": proof(org, nonce=fresh)}))[1]
        == "use_dpop_nonce"
    )
