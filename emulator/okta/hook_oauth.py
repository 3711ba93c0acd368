"""OAuth 2.0 between the org and the service behind an inline hook: the channel of type OAUTH, and its access token.

Source: the vendor's SDK 3 (InlineHookOAuthChannelConfig) and recorded hooks; how often Okta asks for a token is not
documented: one for each use here (inferred).
"""

from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.okta import key_material
from emulator.okta.app_values import choice
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.hook_shapes import secure_url
from emulator.okta.oauth import jws
from emulator.okta.params import text_of
from emulator.store import Column, Kind

HOOK_KEYS = Kind("hook_keys", (Column("name", unique=True), Column("keyId", unique=True)), settled=True)
BY_SECRET, BY_KEY = "client_secret_post", "private_key_jwt"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE_S, _MOST_ANSWER = 300, 64 * 1024


def config_of(call: Call, config: Doc, before: Doc | None) -> tuple[Doc, str | None]:
    """What a channel's config says of OAuth, as it reads back, and its secret, which a request without one leaves.

    Raises E0000001.
    """
    kind = choice(config, "authType", (BY_SECRET, BY_KEY), BY_SECRET)
    shown: Doc = {
        "clientId": needed_text(config, "clientId"), "tokenUrl": secure_url(config, "tokenUrl"),
        "authType": kind, "scope": text_of(config, "scope"),
    }  # fmt: skip
    if kind == BY_KEY:
        shown["hookKeyId"] = id = needed_text(config, "hookKeyId")
        if call.store.get(HOOK_KEYS, id) is None:
            cause = f"hookKeyId: '{id[:100]}' is not a hook key"
            raise bad("hookKeyId", cause, "hookKeyId", id[:100], "The key is one of the org's hook keys.")
        return shown, None
    kept = before.get("_secret") if before and before["channel"]["type"] == "OAUTH" else None
    secret = text_of(config, "clientSecret") or kept
    if not secret:
        cause = "clientSecret: The field cannot be left blank"
        raise bad("clientSecret", cause, "clientSecret", None, "A client that proves itself by a secret has one.")
    return shown, secret


def access_token(call: Call, hook: Doc) -> str | None:
    """An access token from the service's token endpoint; None where it gives none. Asked outside any transaction."""
    config = hook["channel"]["config"]
    form = {"grant_type": "client_credentials", "client_id": config["clientId"], **_proof(call, hook)}
    if config["scope"]:
        form["scope"] = config["scope"]
    parts = urlsplit(config["tokenUrl"])
    headers = {
        "host": parts.netloc, "accept": "application/json", "content-type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    body = urlencode(form).encode()
    sent = Exchange("POST", parts.scheme, parts.netloc, parts.path or "/", parts.query, headers, body)
    answer = call.outbound(sent) if call.outbound is not None else None
    if answer is None or answer.status != 200 or len(answer.body) > _MOST_ANSWER:
        return None
    try:
        found: Any = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    token = found.get("access_token") if isinstance(found, dict) else None
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else None


def _proof(call: Call, hook: Doc) -> dict[str, str]:
    """How the org proves itself to the token endpoint: the secret, or a JWT by the hook's key (RFC 7523)."""
    config = hook["channel"]["config"]
    if config["authType"] == BY_SECRET:
        return {"client_secret": hook["_secret"]}
    key = call.store.get(HOOK_KEYS, config["hookKeyId"])
    if key is None:
        return {}
    at = call.now // 1000
    claims = {
        "iss": config["clientId"], "sub": config["clientId"], "aud": config["tokenUrl"], "iat": at,
        "exp": at + _LIFE_S, "jti": call.ids.derive(f"hook token {call.request_id} {hook['id']}", 16).hex(),
    }  # fmt: skip
    headers = {"alg": "RS256", "kid": key["keyId"], "typ": "JWT"}
    assertion = jws.sign(claims, key_material.from_pem(key["_key"]), headers=headers)
    return {"client_assertion_type": _ASSERTION, "client_assertion": assertion}
