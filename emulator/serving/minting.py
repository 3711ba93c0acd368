"""Tokens on demand: what the org or the tenant would issue for a person, with claims set or one thing broken.

Facts come from the running world over its own APIs; SAML is signed with the world's Office 365 signing key, JWTs are
real answers of the token endpoint, signed anew with the tenant's key where something was changed. The breaks are
`serving.forging`.
"""

from typing import TYPE_CHECKING, Any

from emulator.kernel.clock import parse_duration
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.protocols import jose, saml11, saml20, saml20_messages, wsfed, wstrust
from emulator.protocols.keys import SigningKey, b64url, load_signing_key
from emulator.serving.files import read_fixture
from emulator.serving.forging import breaks, jwt, signing
from emulator.serving.forging.breaks import Break, Forgery, JwtForgery
from emulator.serving.forging.stating import state11, state20, value_of
from emulator.wire.client import Http, doc_of

if TYPE_CHECKING:
    from emulator.serving.world import World

KINDS = ("wresult", "saml2", "wstrust", "assertion", "id", "access")
FOREIGN_KEY = "certificates/foreign"
_MOST_LIFETIME_MS = 10 * 365 * 86_400_000


def mint(
    world: "World", kind: str, user: str, claims: dict[str, str], broken: str | None, *,
    lifetime: str | None = None, algorithm: str | None = None, key: str | Doc | None = None, victim: str | None = None,
) -> str:  # fmt: skip
    """A token for `user`.

    claims: name -> value, signed as they stand. lifetime: an ISO duration from now. algorithm: rsa-sha256 and kin, or
    RS256 and kin. key: "signing", "foreign", a fixture's stem, or `{key, certificate}` as PEM. victim: whom a wrapped
    token would like to be. LabError for an unknown kind, break, user, key, algorithm, or a claim the kind cannot carry.
    """
    if kind not in KINDS:
        raise LabError(f"There is no token kind {kind!r}.", hint=f"Kinds: {', '.join(KINDS)}.")
    chosen = _break(kind, broken)
    span = _lifetime(lifetime)
    if kind in breaks.JWT:
        return _jwt(world, kind, user, claims, chosen, span=span, algorithm=algorithm, key=key)
    return _saml(world, kind, user, claims, chosen, span=span, algorithm=algorithm, key=key, victim=victim)


def _break(kind: str, name: str | None) -> Break | None:
    if name is None:
        return None
    found = breaks.find(kind, name)
    if found is None:
        hint = f"Breaks of {kind}: {', '.join(breaks.names(kind))}."
        raise LabError(f"There is no break {name!r} for a token of kind {kind}.", hint=hint)
    return found


def _lifetime(text: str | None) -> int | None:
    """Milliseconds."""
    if text is None:
        return None
    try:
        span = parse_duration(text)
    except ValueError as error:
        raise LabError(f"{text!r} is no duration.", hint="For example PT10M.") from error
    if not 0 <= span <= _MOST_LIFETIME_MS:
        raise LabError("A lifetime is between nothing and ten years.", hint="For example PT10M.")
    return span


# -- SAML ---------------------------------------------------------------------------------------------------------


def _saml(
    world: "World", kind: str, user: str, claims: dict[str, str], chosen: Break | None, *, span: int | None,
    algorithm: str | None, key: str | Doc | None, victim: str | None,
) -> str:  # fmt: skip
    facts = _facts(world, user, blank_id_allowed=any(name.lower() in ("immutableid", "nameid") for name in claims))
    other = _victim(world, user, victim, facts) if chosen else facts
    now = world.clock.now()
    module: Any = saml20 if kind == "saml2" else saml11
    made = [
        module.office365_assertion(
            assertion_id=_fresh_id(world), issuer=each["issuer"], now_ms=now, upn=each["upn"],
            immutable_id=each["immutableId"], authn_instant_ms=now,
        )
        for each in (facts, other)
    ]  # fmt: skip
    signed_by = _key(world, key)
    forgery = Forgery(kind, made[0], signed_by, _key(world, "foreign"), made[1], now)
    if chosen:
        chosen.apply(forgery)
    forgery.assertion = (state20 if kind == "saml2" else state11)(forgery, claims, span)
    if algorithm is not None:
        forgery.signing["algorithm"] = _saml_algorithm(algorithm)
    return _carry(world, forgery, _signed(forgery, module))


def _signed(forgery: Forgery, module: Any) -> bytes:
    assertion = forgery.assertion
    if not forgery.signing and forgery.prepare is None:
        signed: bytes = module.issue(assertion, forgery.key)
    else:
        unsigned = "".join(module.render(assertion)).encode()
        if forgery.prepare is not None:
            unsigned = forgery.prepare(unsigned)
        signed = signing.sign(unsigned, forgery.key, own_id=assertion.assertion_id, **forgery.signing)
    return forgery.finish(signed) if forgery.finish else signed


def _carry(world: "World", forgery: Forgery, signed: bytes) -> str:
    """The assertion in its carrier: an RSTR, a SOAP answer, or a SAML Response."""
    assertion, now = forgery.assertion, forgery.now_ms
    if forgery.kind == "saml2":
        made = saml20_messages.wrap_response(
            signed, response_id=_fresh_id(world), issuer=assertion.issuer, issued_ms=assertion.issued_ms,
            in_response_to=getattr(assertion, "in_response_to", ""), **forgery.response,
        )  # fmt: skip
    elif forgery.kind == "assertion":
        made = signed
    elif forgery.kind == "wstrust":
        made = wstrust.rstr_envelope(
            "1.3", signed, relates_to=f"urn:uuid:{_fresh_id(world)[1:]}", created_ms=now,
            expires_ms=assertion.not_on_or_after_ms, assertion_id=assertion.assertion_id,
        )  # fmt: skip
    else:
        made = wsfed.rstr(
            signed, created_ms=now, expires_ms=assertion.not_on_or_after_ms, assertion_id=assertion.assertion_id
        )
    return (forgery.carry(made) if forgery.carry else made).decode()


def _saml_algorithm(name: str) -> str:
    known = {"rs256": "rsa-sha256", "rs384": "rsa-sha384", "rs512": "rsa-sha512"}
    found = known.get(name.lower(), name.lower())
    if found not in signing.METHODS:
        raise LabError(f"SAML is not signed with {name!r} here.", hint=f"Algorithms: {', '.join(signing.METHODS)}.")
    return found


def _app_users(world: "World", query: str) -> list[Doc]:
    app = world.spec.lab["okta"]["o365_app_id"]
    found: list[Doc] = world.okta.get(f"/api/v1/apps/{app}/users?limit=200{query}")
    return found


def _facts(world: "World", user: str, *, blank_id_allowed: bool) -> Doc:
    """What the Office 365 app knows of a person, and the issuer that the person's domain expects."""
    found = _app_users(world, f"&q={user.partition('@')[0]}")
    app_user = next((item for item in found if item["credentials"]["userName"].casefold() == user.casefold()), None)
    if app_user is None:
        raise LabError(f"{user} is not assigned to the Office 365 app.", hint="Assign the person first.")
    name = app_user["credentials"]["userName"]
    immutable = app_user["profile"].get("immutableId") or ""
    if not immutable and not blank_id_allowed:
        raise LabError(f"{user} has no immutable id in Okta.", hint="Use --set immutableId=VALUE.")
    return {"upn": name, "immutableId": immutable, "issuer": issuer_of(world, name.rpartition("@")[2])}


def _victim(world: "World", user: str, victim: str | None, facts: Doc) -> Doc:
    """Another person of the app: the one asked for, or the first who has an immutable id."""
    if victim is not None:
        return _facts(world, victim, blank_id_allowed=False)
    for item in _app_users(world, ""):
        name, immutable = (item.get("credentials") or {}).get("userName") or "", item["profile"].get("immutableId")
        if immutable and name.casefold() != user.casefold():
            return {"upn": name, "immutableId": immutable, "issuer": facts["issuer"]}
    return {"upn": f"victim@{user.rpartition('@')[2]}", "immutableId": "dmljdGlt", "issuer": facts["issuer"]}


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


def _jwt(
    world: "World", kind: str, user: str, claims: dict[str, str], chosen: Break | None, *, span: int | None,
    algorithm: str | None, key: str | Doc | None,
) -> str:  # fmt: skip
    token = str(_issued(world, user)["id_token" if kind == "id" else "access_token"])
    if not (claims or chosen or span is not None or algorithm or key):
        return token
    found = jose.read_unverified(token)
    payload: Doc = {**found.claims, **{name: value_of(text) for name, text in claims.items()}}
    if span is not None:
        payload["exp"] = int(payload["iat"]) + span // 1000
    payload = {name: value for name, value in payload.items() if value is not None}
    own = _tenant_key(world, str(found.header["kid"])) if key in (None, "signing") else _key(world, key)
    forgery = JwtForgery(dict(found.header), payload, own, _key(world, "foreign"))
    if chosen:
        return str(chosen.apply(forgery))
    if algorithm is not None:
        return jwt.with_algorithm(forgery, _jwt_algorithm(algorithm))
    return jwt.mint(forgery)


def _jwt_algorithm(name: str) -> str:
    known = {"rsa-sha256": "RS256", "rsa-sha384": "RS384", "rsa-sha512": "RS512"}
    found = known.get(name.lower(), name)
    if found not in (*jwt.ALGORITHMS, "HS256", "none"):
        hint = f"Algorithms: {', '.join(jwt.ALGORITHMS)}, HS256 (keyed with the public certificate), none."
        raise LabError(f"JWTs are not signed with {name!r} here.", hint=hint)
    return found


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
        assertion = mint(world, "assertion", user, {}, None)
        form.update(grant_type="urn:ietf:params:oauth:grant-type:saml1_1-bearer", assertion=b64url(assertion.encode()))
    answer = Http(world.transport).request("POST", url, form=form)
    if answer.status != 200:
        raise LabError(f"No token is issued for {user}: {doc_of(answer).get('error_description', answer.status)}")
    return doc_of(answer)


# -- keys and ids -------------------------------------------------------------------------------------------------


def _key(world: "World", given: str | Doc | None) -> SigningKey:
    """A SAML signing key: the world's own ("signing", None), the unregistered one ("foreign"), or a given one."""
    if isinstance(given, dict):
        try:
            return load_signing_key(str(given.get("key", "")).encode(), str(given.get("certificate", "")).encode())
        except ValueError as error:
            hint = "Give an RSA key and its certificate, as PEM."
            raise LabError(f"The key is not usable: {error}.", hint=hint) from error
    stem = FOREIGN_KEY if given == "foreign" else given
    if stem in (None, "signing"):
        stem = world.spec.lab.get("okta", {}).get("signing_key")
    if not stem:
        raise LabError("This world names no signing key.", hint="Give `lab.okta.signing_key` in the world file.")
    return load_signing_key(read_fixture(stem + ".key"), read_fixture(stem + ".crt"))


def _tenant_key(world: "World", kid: str) -> SigningKey:
    """The key with which the tenant signed a token."""
    from emulator.entra.tokens import SIGNING_KEYS

    for row in world.hosts.service("login").store.all(SIGNING_KEYS):
        key = load_signing_key(row["_key"].encode(), row["_certificate"].encode())
        if key.kid_sha1 == kid:
            return key
    raise LabError("This tenant has no signing key of its own.")


def _fresh_id(world: "World") -> str:
    return "_" + world.hosts.service("okta").ids.guid("minted")
