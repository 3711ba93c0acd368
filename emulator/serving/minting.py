"""Tokens on demand: what the org or the tenant would issue for a person, with claims set or one thing broken.

Facts come from the running world over its own APIs; SAML is signed with the world's Office 365 signing key, JWTs are
real answers of the token endpoint, signed anew with the tenant's key where something was changed.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.kernel.clock import HOUR
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.protocols import jose, saml11, saml20, saml20_messages, wsfed, wstrust
from emulator.protocols.keys import SigningKey, b64url, b64url_decode, load_signing_key
from emulator.serving.files import read_fixture
from emulator.wire.client import Http, doc_of

if TYPE_CHECKING:
    from emulator.serving.world import World

KINDS = ("wresult", "saml2", "wstrust", "id", "access")
FOREIGN_KEY = "certificates/foreign"
SAML_CLAIMS = {"upn": "upn", "immutableid": "immutableId", "issuer": "issuer", "audience": "audience"}

BREAKS: dict[str, str] = {
    "signature": "one byte of the signature changed",
    "claim": "a claim changed after signing",
    "foreign-key": "signed with a key that is not registered",
    "expired": "valid until an hour ago",
    "not-yet-valid": "valid from an hour ahead",
    "audience": "for somebody else",
    "issuer": "from an issuer that nobody registered",
    "unsigned": "no signature at all",
}


def mint(world: "World", kind: str, user: str, claims: dict[str, str], broken: str | None) -> str:
    """A token for `user`. LabError for an unknown kind, break, user, or a claim that the kind does not carry."""
    if kind not in KINDS:
        raise LabError(f"There is no token kind {kind!r}.", hint=f"Kinds: {', '.join(KINDS)}.")
    if broken is not None and broken not in BREAKS:
        raise LabError(f"There is no break {broken!r}.", hint=f"Breaks: {', '.join(BREAKS)}.")
    if kind in ("id", "access"):
        return _jwt(world, kind, user, claims, broken)
    unknown = sorted(name for name in claims if name.lower() not in SAML_CLAIMS)
    if unknown:
        hint = f"Claims: {', '.join(SAML_CLAIMS.values())}."
        raise LabError(f"A {kind} carries no claim {unknown[0]!r} that can be set.", hint=hint)
    return _saml(world, kind, user, {SAML_CLAIMS[name.lower()]: value for name, value in claims.items()}, broken)


# -- SAML ---------------------------------------------------------------------------------------------------------


def _saml(world: "World", kind: str, user: str, claims: dict[str, str], broken: str | None) -> str:
    facts = {**_facts(world, user), **claims}
    if not facts["immutableId"]:
        raise LabError(f"{user} has no immutable id in Okta.", hint="Use --set immutableId=VALUE.")
    now = world.clock.now() + {"expired": -3 * HOUR, "not-yet-valid": 2 * HOUR}.get(broken or "", 0)
    key = _key(world, FOREIGN_KEY if broken == "foreign-key" else None)
    module: Any = saml20 if kind == "saml2" else saml11
    assertion = module.office365_assertion(
        assertion_id=_fresh_id(world), issuer="unknown.example:exk0" if broken == "issuer" else facts["issuer"],
        now_ms=now, upn=facts["upn"], immutable_id=facts["immutableId"], authn_instant_ms=now,
    )  # fmt: skip
    if broken == "audience" or "audience" in claims:
        assertion = replace(assertion, audience=claims.get("audience", "urn:someone:else"))
    signed = _broken_xml(module.issue(assertion, key).decode(), facts["upn"], broken).encode()
    if kind == "saml2":
        response = saml20_messages.issue_response(assertion, key, response_id=_fresh_id(world))
        start, end = response.index(b"<saml2:Assertion"), response.index(b"</saml2:Assertion>") + 18
        return (response[:start] + signed + response[end:]).decode()
    ends = assertion.not_on_or_after_ms
    if kind == "wstrust":
        return wstrust.rstr_envelope(
            "1.3", signed, relates_to=f"urn:uuid:{_fresh_id(world)[1:]}", created_ms=now, expires_ms=ends,
            assertion_id=assertion.assertion_id,
        ).decode()  # fmt: skip
    return wsfed.rstr(signed, created_ms=now, expires_ms=ends, assertion_id=assertion.assertion_id).decode()


def _broken_xml(text: str, upn: str, broken: str | None) -> str:
    """The signed assertion with one thing changed after signing."""
    if broken == "signature":
        at = text.index("SignatureValue>") + len("SignatureValue>") + 10
        return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    if broken == "claim":
        return text.replace(upn, "x" + upn[1:] if upn[0] != "x" else "y" + upn[1:], 1)
    if broken == "unsigned":
        start, end = text.index("<ds:Signature"), text.index("</ds:Signature>") + len("</ds:Signature>")
        return text[:start] + text[end:]
    return text


def _facts(world: "World", user: str) -> Doc:
    """What the Office 365 app knows of a person, and the issuer that the person's domain expects."""
    app = world.spec.lab["okta"]["o365_app_id"]
    found = world.okta.get(f"/api/v1/apps/{app}/users?limit=500&q={user.partition('@')[0]}")
    app_user = next((item for item in found if item["credentials"]["userName"].casefold() == user.casefold()), None)
    if app_user is None:
        raise LabError(f"{user} is not assigned to the Office 365 app.", hint="Assign the person first.")
    name = app_user["credentials"]["userName"]
    immutable = app_user["profile"].get("immutableId") or ""
    return {"upn": name, "immutableId": immutable, "issuer": issuer_of(world, name.rpartition("@")[2])}


def issuer_of(world: "World", domain: str) -> str:
    """The issuer that a domain's federation configuration names."""
    while domain.count("."):
        answer = world.entra.call("GET", f"/domains/{domain}/federationConfiguration")
        rows = doc_of(answer).get("value") or []
        if rows:
            return str(rows[0]["issuerUri"])
        domain = domain.partition(".")[2]
    raise LabError("The person's domain is not federated.", hint="Mint id or access tokens for managed people.")


# -- JWT ----------------------------------------------------------------------------------------------------------


def _jwt(world: "World", kind: str, user: str, claims: dict[str, str], broken: str | None) -> str:
    token = _issued(world, user)["id_token" if kind == "id" else "access_token"]
    if not claims and broken is None:
        return str(token)
    found = jose.read_unverified(token)
    payload: Doc = {**found.claims, **claims}
    shift = {"expired": -2 * 3600, "not-yet-valid": 2 * 3600}.get(broken or "", 0)
    for name in ("iat", "nbf", "exp"):
        payload[name] = int(payload[name]) + shift
    if broken == "audience":
        payload["aud"] = "https://someone.example"
    if broken == "issuer":
        payload["iss"] = "https://sts.windows.net/00000000-0000-4000-8000-000000000000/"
    key = _key(world, FOREIGN_KEY) if broken == "foreign-key" else _tenant_key(world)
    header = {name: value for name, value in found.header.items() if name != "alg"}
    if broken == "foreign-key":
        header.update(kid=key.kid_sha1, x5t=key.kid_sha1)
    made = jose.mint_jwt(payload, key, headers=header)
    edit = _JWT_EDITS.get(broken or "")
    return edit(made) if edit else made


def _flip_signature(text: str) -> str:
    head, dot, signature = text.rpartition(".")
    return head + dot + ("A" if signature[0] != "A" else "B") + signature[1:]


def _flip_claim(text: str) -> str:
    head, body, signature = text.split(".")
    plain = bytearray(b64url_decode(body))
    at = plain.index(b'"tid":"') + 7
    plain[at] = ord("0") if plain[at] != ord("0") else ord("1")
    return f"{head}.{b64url(bytes(plain))}.{signature}"


_JWT_EDITS: dict[str, Callable[[str], str]] = {
    "signature": _flip_signature,
    "claim": _flip_claim,
    "unsigned": lambda text: text.rpartition(".")[0] + ".",
}


def _issued(world: "World", user: str) -> Doc:
    """A real answer of the token endpoint: by password for managed people, by assertion for federated ones."""
    lab = world.spec.lab
    url = f"https://login.microsoftonline.com/{lab['entra']['tenant_id']}/oauth2/v2.0/token"
    form = {
        "client_id": lab["entra"]["public_client_id"], "client_info": "1",
        "scope": "https://graph.microsoft.com/.default openid profile offline_access",
    }  # fmt: skip
    known = next((item for item in lab.get("users", ()) if item["login"].casefold() == user.casefold()), None)
    if known is not None and not known["federated"]:
        form.update(grant_type="password", username=user, password=known["password"])
    else:
        envelope = _saml(world, "wresult", user, {}, None)
        start, end = envelope.index("<saml:Assertion"), envelope.index("</saml:Assertion>") + len("</saml:Assertion>")
        form.update(
            grant_type="urn:ietf:params:oauth:grant-type:saml1_1-bearer", assertion=b64url(envelope[start:end].encode())
        )
    answer = Http(world.transport).request("POST", url, form=form)
    if answer.status != 200:
        raise LabError(f"No token is issued for {user}: {doc_of(answer).get('error_description', answer.status)}")
    return doc_of(answer)


# -- keys and ids -------------------------------------------------------------------------------------------------


def _key(world: "World", stem: str | None) -> SigningKey:
    stem = stem or world.spec.lab.get("okta", {}).get("signing_key")
    if not stem:
        raise LabError("This world names no signing key.", hint="Give `lab.okta.signing_key` in the world file.")
    return load_signing_key(read_fixture(stem + ".key"), read_fixture(stem + ".crt"))


def _tenant_key(world: "World") -> SigningKey:
    from emulator.entra.tokens import SIGNING_KEYS

    row = world.hosts.service("login").store.find(SIGNING_KEYS, "use", "active")
    if row is None:
        raise LabError("This tenant has no active signing key.")
    return load_signing_key(row["_key"].encode(), row["_certificate"].encode())


def _fresh_id(world: "World") -> str:
    return "_" + world.hosts.service("okta").ids.guid("minted")
