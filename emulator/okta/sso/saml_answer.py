"""Writing a SAML 2.0 Response for an admitted person: statement, signatures, encryption. Source: federation.md 6."""

import hashlib
from dataclasses import dataclass

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.okta.resources import apps
from emulator.okta.sso import saml_claims, saml_hook, saml_target
from emulator.okta.sso.saml_target import Target
from emulator.okta.sso.visit import Visit
from emulator.protocols import saml20_idp, xmlenc
from emulator.protocols.keys import SigningKey
from emulator.protocols.saml20_idp import Statement
from emulator.protocols.x509 import parse_certificate
from emulator.protocols.xmldsig_messages import Algorithms, sign

_BEFORE = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answer repeats of a request: "" where the sign-in began here. acs: the address that it goes to."""

    acs: str
    request_id: str = ""
    relay_state: str = ""


def number(call: Call, kind: str) -> str:
    """An id as the vendor's: `id` and digits; it comes from the request's, so that nothing is written before."""
    made = hashlib.blake2b(f"{call.request_id}/{kind}".encode(), digest_size=16).digest()
    return f"id{int.from_bytes(made, 'big')}"


def key_of(call: Call, app: Doc) -> SigningKey:
    """The key that the app signs with."""
    found: SigningKey = call.store.settled(("signing key", app["id"]), lambda: apps.signing_key(call.store, app))
    return found


def respond(call: Call, app: Doc, target: Target, user: Doc, found: Visit, asked: Asked) -> bytes:
    """The Response. ValueError for values that XML cannot carry, or a recipient's certificate without an RSA key;
    HookError where an inline hook refuses.
    """
    own = asked.acs == target.acs
    recipient = target.recipient if own else asked.acs
    name = saml_claims.name_id(call, app, user, found.app_user, target.name_id)
    statements = app["settings"]["signOn"].get("attributeStatements") or []
    said = Statement(
        id=number(call, "assertion"), issuer=saml_target.issuer(app), issued_ms=call.now,
        before_ms=call.now - _BEFORE, until_ms=call.now + target.life_s * 1000,
        confirmed_until_ms=call.now + target.life_s * 1000, audience=target.audience, recipient=recipient,
        name_id=name or str(found.app_user["credentials"]["userName"]), name_id_format=target.name_id_format,
        authn_context=target.context, authn_instant_ms=found.authenticated_ms,
        session_index=number(call, "session"), in_response_to=asked.request_id,
        attributes=saml_claims.attributes(call, app, user, found.app_user, statements),
    )  # fmt: skip
    said = call.memo["statement"] = saml_hook.hooked(call, app, user, said)
    content = _assertion(call, app, target, said)
    before, after = saml20_idp.response(
        content, id=number(call, "response"), issuer=said.issuer, issued_ms=call.now,
        destination=target.destination if own else asked.acs, in_response_to=asked.request_id,
    )  # fmt: skip
    return _finished(call, app, target, before, after, prefixes="xs" if said.attributes else "").encode()


def _assertion(call: Call, app: Doc, target: Target, said: Statement) -> str:
    before, after = saml20_idp.assertion(said)
    if target.sign_assertion:
        chosen = Algorithms(target.signature, target.digest)
        prefixes = "xs" if said.attributes else ""
        text = sign(before, after, reference_id=said.id, key=key_of(call, app), algorithms=chosen, prefixes=prefixes)
    else:
        text = before + after
    encryption = app["settings"]["signOn"].get("assertionEncryption") or {}
    if not encryption.get("enabled"):
        return text
    chain = encryption.get("x5c") or [""]
    whom = xmlenc.Recipient(
        parse_certificate(chain[0]), encryption["encryptionAlgorithm"], encryption["keyTransportAlgorithm"]
    )
    data = xmlenc.encrypted_data(
        text.encode(), whom, draw=lambda kind, size: call.ids.derive(f"xmlenc {kind} {call.request_id}", size)
    )
    return saml20_idp.encrypted_assertion(data)


def _finished(call: Call, app: Doc, target: Target, before: str, after: str, *, prefixes: str) -> str:
    if not target.sign_response:
        return before + after
    chosen = Algorithms(target.signature, target.digest)
    id = number(call, "response")
    return sign(before, after, reference_id=id, key=key_of(call, app), algorithms=chosen, prefixes=prefixes)


def no_passive(call: Call, app: Doc, target: Target, asked: Asked) -> bytes:
    """The Response to a request that allows no page where a page is needed."""
    before, after = saml20_idp.response(
        "", id=number(call, "response"), issuer=saml_target.issuer(app), issued_ms=call.now, destination=asked.acs,
        in_response_to=asked.request_id, status=(saml20_idp.RESPONDER, saml20_idp.NO_PASSIVE),
    )  # fmt: skip
    return _finished(call, app, target, before, after, prefixes="").encode()
