"""OAuth clients for the tests of this room: apps made through the API, keys that never change, requests as clients send them."""

import base64
import hashlib
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from emulator import World
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from tests.okta.worlds import HOST

ORG = f"https://{HOST}"
TOKEN_URL = f"{ORG}/oauth2/v1/token"
DEFAULT = f"{ORG}/oauth2/default"
BACK = "https://app.acme.example/back"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def key(name: str = "one", kind: str = "RSA") -> Any:
    """A private key, the same for the whole run."""
    return _key(name, kind)


@cache
def _key(name: str, kind: str) -> Any:
    if kind == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key({"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}[kind]())


def jwk(name: str = "one", kind: str = "RSA") -> Doc:
    public = key(name, kind).public_key()
    text = (RSAAlgorithm if kind == "RSA" else ECAlgorithm).to_jwk(public)
    doc: Doc = orjson.loads(text)
    return {k: v for k, v in doc.items() if k != "key_ops"} | {"kid": name, "use": "sig"}


def app(world: World, **settings: Any) -> Doc:
    """An OpenID Connect app; `method`, `label` and settings of the client."""
    method = settings.pop("method", "client_secret_basic")
    label = settings.pop("label", "Portal")
    client = {"application_type": "web", "grant_types": ["authorization_code", "refresh_token"],
              "response_types": ["code"], "redirect_uris": [BACK], **settings}  # fmt: skip
    made: Doc = world.okta.post("/api/v1/apps", {
        "name": "oidc_client", "label": label, "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": method, "pkce_required": method == "none"}},
        "settings": {"oauthClient": client},
    })  # fmt: skip
    return made


def secret(made: Doc) -> str:
    return str(made["credentials"]["oauthClient"]["client_secret"])


def assign(world: World, made: Doc, user_id: str) -> None:
    world.okta.post(
        f"/api/v1/apps/{made['id']}/users", {"id": user_id, "scope": "USER", "credentials": {"userName": "x"}}
    )


def password_is_enough(world: World, made: Doc) -> None:
    """A sign-on policy of the app's own that lets everybody in with a password; the org's default one wants two factors."""
    policy = world.okta.post("/api/v1/policies", {"type": "ACCESS_POLICY", "name": f"Password for {made['label']}"})
    method = {"type": "ASSURANCE", "factorMode": "1FA", "reauthenticateIn": "PT43800H"}
    world.okta.post(f"/api/v1/policies/{policy['id']}/rules", {
        "type": "ACCESS_POLICY", "name": "Password", "priority": 1,
        "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": method}},
    })  # fmt: skip
    world.okta.call("PUT", f"/api/v1/apps/{made['id']}/policies/{policy['id']}")


def service(world: World, *scopes: str, role: str | None = "SUPER_ADMIN", **settings: Any) -> Doc:
    """A service app with keys, its scopes granted, and an admin role."""
    keys = settings.pop("keys", [jwk()])
    made = app(
        world, method="private_key_jwt", application_type="service", grant_types=["client_credentials"],
        response_types=["token"], redirect_uris=[], jwks={"keys": keys}, label=settings.pop("label", "Robot"), **settings,
    )  # fmt: skip
    for scope in scopes:
        world.okta.post(f"/api/v1/apps/{made['id']}/grants", {"scopeId": scope, "issuer": ORG})
    if role:
        world.okta.post(f"/oauth2/v1/clients/{made['id']}/roles", {"type": role})
    return made


def now(world: World) -> int:
    return int(world.clock.now() // 1000)


def assertion(
    world: World,
    client_id: str,
    *,
    aud: str = TOKEN_URL,
    name: str = "one",
    alg: str = "RS256",
    headers: Any = None,
    signer: Any = None,
    **claims: Any,
) -> str:
    body = {"iss": client_id, "sub": client_id, "aud": aud, "iat": now(world), "exp": now(world) + 300, **claims}
    body = {k: v for k, v in body.items() if v is not None}
    signer = signer or key(
        name, {"E": {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}.get(alg, "")}.get(alg[0], "RSA")
    )
    return jwt.encode(body, signer, algorithm=alg, headers=headers if headers is not None else {"kid": name})


def post(world: World, path: str, form: Any = None, *, headers: Any = None, query: str = "") -> Answer:
    """A form post without credentials of the world's own."""
    body = form if isinstance(form, bytes) else urlencode(form or {}).encode()
    sent = {"host": HOST, "content-type": "application/x-www-form-urlencoded", **(headers or {})}
    return world.entry(Exchange("POST", "https", HOST, path, query, sent, body))


def get(world: World, path: str, *, query: str = "", headers: Any = None) -> Answer:
    return world.entry(Exchange("GET", "https", HOST, path, query, {"host": HOST, **(headers or {})}))


def body(answer: Answer) -> Doc:
    doc: Doc = orjson.loads(answer.body)
    return doc


def error(answer: Answer) -> tuple[int, str, str]:
    """Status, error and description of an OAuth refusal; it must say why."""
    doc = body(answer)
    assert set(doc) == {"error", "error_description"}, doc
    assert answer.header("x-lab-why"), doc
    return answer.status, doc["error"], doc["error_description"]


def service_token(world: World, made: Doc, *scopes: str, sent: Any = None, **more: Any) -> Answer:
    form = {
        "grant_type": "client_credentials", "scope": " ".join(scopes),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(world, made["id"], **more),
    }  # fmt: skip
    return post(world, "/oauth2/v1/token", form, headers=sent)


def basic(made: Doc) -> Doc:
    text = base64.b64encode(f"{made['id']}:{secret(made)}".encode()).decode()
    return {"authorization": f"Basic {text}"}


def parts(location: str) -> Doc:
    found = urlsplit(location)
    return dict(parse_qsl(found.query or found.fragment))
