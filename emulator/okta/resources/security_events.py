"""Security events that providers report: POST /security/api/v1/security-events. Source: the vendor's SDK and guide;
RFC 8417 (the tokens), RFC 8935 (how they are pushed and refused), RFC 9493 (who they are about). Texts: inferred.

The token is believed for its signature alone, by a key that its issuer's provider publishes. A report of a user's risk,
or of their device's, becomes the risk that sign-on rules and the entity risk policy look at.

# Differs: the other events are logged, and change nothing by themselves: no engine stands behind the org.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import universal_logout
from emulator.okta.events import emit, user_target
from emulator.okta.oauth import jws, once
from emulator.okta.oauth.client_keys import signing
from emulator.okta.oauth.servers import canonical
from emulator.okta.published import Unreached, document_at, keys_at
from emulator.okta.resources import user_risk, users
from emulator.okta.resources.security_events_providers import ACTIVE, PROVIDERS, target_of
from emulator.okta.user_docs import USERS
from emulator.protocols.jose import TokenRejected, Unverified, read_unverified

_OKTA, _CAEP, _RISC = (
    "https://schemas.okta.com/secevent/okta/event-type/", "https://schemas.openid.net/secevent/caep/event-type/",
    "https://schemas.openid.net/secevent/risc/event-type/",
)  # fmt: skip
_RISKS = (_OKTA + "user-risk-change", _OKTA + "device-risk-change")
_LEVELS = ("low", "medium", "high")
NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_RISKS, ("current_level", "previous_level")),
    _OKTA + "ip-change": ("current_ip_address", "previous_ip_address"),
    _CAEP + "session-revoked": (),
    _CAEP + "device-compliance-change": ("current_status", "previous_status"),
    _RISC + "identifier-changed": (),
}
"""Types of events that the org takes, and what each must say beside whom it is about and when."""
_TYPE = "secevent+jwt"
_KEPT_MS = 24 * 3600 * 1000
_LATEST_S = 253_402_300_799


def _bad(err: str, description: str, *compared: Compared, rule: str = "") -> Problem:
    return Problem(err, why=Why(rule or description, compared), status=400, err=err, description=description)


def _refuse(call: Call, problem: Problem) -> Answer:
    if "err" not in problem.extra:
        from emulator.okta.dialect import standard_refusal

        return standard_refusal(call, problem)
    body = {"err": problem.extra["err"], "description": problem.extra["description"]}
    return Answer(400, [*call.headers, ("Content-Type", "application/json")], orjson.dumps(body))


@operation(
    "POST", "/security/api/v1/security-events", source=DOCUMENTED, auth="none", commit="manual", body="bytes",
    emits=("security.events.provider.receive_event", "user.risk.change", *universal_logout.EMITS),
    extra={"refuse": _refuse},
)  # fmt: skip
def publish_security_event(call: Call) -> Answer:
    """Take a signed security event token (SET); 202 and an empty body."""
    token = _token(call)
    issuer = token.claims["iss"]
    providers = _providers(call, issuer)
    if not providers:
        raise _bad("invalid_issuer", "The issuer is not an active security events provider.", _claim(token, "iss"))
    provider = _signer(call, token, providers)
    told = list(_told(token.claims["events"]))
    if not once.first(call, f"set/{provider['id']}/{token.claims['jti']}", call.now + _KEPT_MS):
        call.note("The token was received before, and counts once.")
        return Answer(202, list(call.headers), b"")
    with call.commit():
        for kind, said in told:
            _take(call, provider, kind, said)
    return Answer(202, list(call.headers), b"")


def _token(call: Call) -> Unverified:
    """The token of a body whose head and claims can be read. Raises 400."""
    try:
        token = read_unverified(call.exchange.body.decode("ascii").strip())
    except (UnicodeDecodeError, TokenRejected) as error:
        reason = error.reason if isinstance(error, TokenRejected) else "not ASCII"
        raise _bad("invalid_request", "The request body is not a signed security event token.", rule=reason) from error
    kind = token.header.get("typ")
    if kind != _TYPE:
        raise _bad("invalid_request", f"The typ header must be {_TYPE}.", Compared("typ", str(kind)[:100], "the token"))
    for name, wanted in (("iss", str), ("jti", str), ("iat", int), ("events", dict)):
        value = token.claims.get(name)
        if type(value) is not wanted or not value:
            raise _bad("invalid_request", f"The {name} claim is missing or invalid.", _claim(token, name))
    if token.claims["iat"] > call.now // 1000 + 300:  # type: ignore[operator]
        now = Compared("now", call.now // 1000, "world clock")
        raise _bad("invalid_request", "The iat claim is in the future.", _claim(token, "iat"), now)
    accepted = sorted({canonical(call), call.base})
    given = token.claims.get("aud")
    if not any(item in accepted for item in (given if isinstance(given, list) else [given])):
        told = Compared("accepted", accepted, "this org")
        raise _bad("invalid_audience", "The aud claim is not this org.", _claim(token, "aud"), told)
    return token


def _claim(token: Unverified, name: str) -> Compared:
    return Compared(name, str(token.claims.get(name))[:200], "the token")


def _providers(call: Call, issuer: object) -> list[tuple[Doc, str]]:
    """The active providers with that issuer, each with the address of its keys."""
    found = []
    for item in call.store.find_all(PROVIDERS, "status", ACTIVE):
        settings = item["settings"]
        if "well_known_url" in settings:
            try:
                said = document_at(call, settings["well_known_url"], "issuer", "jwks_uri")
            except Unreached as error:
                call.note(f"The description of provider {item['name']} could not be read: {error.rule}")
                continue
            settings = {"issuer": said["issuer"], "jwks_url": said["jwks_uri"]}
        if settings["issuer"] == issuer:
            found.append((item, settings["jwks_url"]))
    return found


def _signer(call: Call, token: Unverified, providers: list[tuple[Doc, str]]) -> Doc:
    """The provider whose key signed the token. Raises 400."""
    kid, known = token.header.get("kid"), False
    for provider, address in providers:
        try:
            keys = signing(keys_at(call, address, kid))
        except Unreached as error:
            told = Compared("jwks_url", address[:200], f"provider {provider['name']}")
            text = "The keys of the issuer could not be retrieved."
            raise _bad("invalid_key", text, told, *error.compared, rule=error.rule) from error
        wanted = [key for key in keys if kid is not None and key.get("kid") == kid]
        known = known or bool(wanted)
        if "crit" not in token.header and any(jws.verifies(token, key) for key in wanted):
            return provider
    said = Compared("kid", str(kid)[:100], "the token")
    if not known:
        raise _bad("invalid_key", "The issuer has no key with the kid of the token.", said)
    raise _bad("authentication_failed", "The signature of the token is invalid.", said)


def _told(events: Any) -> Iterator[tuple[str, Doc]]:
    """The events of a token. Raises 400 unless each is of a known type and says what it must."""
    for kind, said in events.items():
        if kind not in NEEDED:
            known = Compared("supported", sorted(NEEDED), "this org")
            raise _bad(
                "invalid_request", "The event type is not supported.", Compared("event", kind[:200], "it"), known
            )
        if not isinstance(said, dict) or not isinstance(said.get("subject"), dict):
            raise _bad("invalid_request", "Event subject cannot be null.", Compared("event", kind, "the token"))
        at = said.get("event_timestamp")
        if type(at) is not int or not 0 <= at <= _LATEST_S * 1000:
            text = "Event event_timestamp is missing or invalid."
            raise _bad("invalid_request", text, Compared("event_timestamp", str(at)[:100], "the event"))
        for name in NEEDED[kind]:
            value = said.get(name)
            if not isinstance(value, str) or not value or (name.endswith("level") and value not in _LEVELS):
                text = f"Event {_camel(name)} is missing or invalid."
                raise _bad("invalid_request", text, Compared(name, str(value)[:100], "the event"))
        yield kind, said


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _take(call: Call, provider: Doc, kind: str, said: Doc) -> None:
    user = _person(call, said["subject"].get("user") or said["subject"])
    debug = {"eventType": kind, **{name: said[name][:255] for name in NEEDED[kind]}}
    if user is None:
        call.note("Nobody here is the subject of the event.")
    emit(
        call, "security.events.provider.receive_event", [target_of(provider), *([user_target(user)] if user else [])],
        debug=debug,
    )  # fmt: skip
    if user is not None and kind in _RISKS:
        user_risk.report(call, user, said["current_level"].upper(), f"{provider['name']} reported it")


def _person(call: Call, subject: object) -> Doc | None:
    """Whom a subject identifier means: an address, an id of this org's, or an issuer and what it calls the person."""
    named = subject if isinstance(subject, dict) else {}
    form = named.get("format")
    text = named.get({"email": "email", "iss_sub": "sub", "opaque": "id"}.get(str(form), ""))
    if not isinstance(text, str) or not text:
        return None
    if form == "email":
        found = call.store.find_all(USERS, "profile.email", text)
        return users.by_login(call.store, text) or (found[0] if len(found) == 1 else None)
    if form == "iss_sub" and named.get("iss") not in (canonical(call), call.base):
        return None
    user: Doc | None = call.store.get(USERS, text)
    return user
