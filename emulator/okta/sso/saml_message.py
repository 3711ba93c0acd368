"""A message of a service provider, as it came: decoded, checked for whom and when, its signature verified.

Source: federation.md section 6, security.md S29. The two bindings carry the same messages: in the query, deflated, with
a signature over the query, or in a form with a signature inside. What does not fit gets a page, never an answer to an
address that the message names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.sso import pages, saml_target
from emulator.protocols.saml20_bindings import inflate, query_signed_by, raw_parameters
from emulator.protocols.saml20_idp import LogoutRequest, SignOnRequest
from emulator.protocols.saml20_messages import decode_message
from emulator.protocols.x509 import Certificate, parse_certificate
from emulator.protocols.xmldsig_messages import verify_message
from emulator.protocols.xmldsig_shape import DS, SignatureRejected
from emulator.protocols.xmlparse import XmlRejected

Message = TypeVar("Message", SignOnRequest, LogoutRequest)
_SKEW = 5 * MINUTE
MOST_RELAY = 4096
"""Inferred: SAML says 80 bytes, and applications send more."""


@dataclass(frozen=True, slots=True)
class Received(Generic[Message]):
    """A message and the RelayState that came with it."""

    message: Message
    relay_state: str


def receive(call: Call, read: Callable[[bytes], Message], *, field: str = "SAMLRequest") -> Received[Message]:
    """Decode the request's message in either binding. Raises the 400 page."""
    posted = call.exchange.method == "POST"
    given = call.body if posted else call.params
    value, relay = given.get(field, ""), given.get("RelayState", "")
    where = "form" if posted else "query"
    if len(relay.encode()) > MOST_RELAY:
        raise bad(call, "RelayState is too long.", Compared("RelayState", f"{len(relay)} characters", where))
    try:
        if not posted:
            raw_parameters(call.exchange.query)
        message = read(decode_message(value) if posted else inflate(value))
    except XmlRejected as error:
        compared = tuple(Compared(name, found[:300], field) for name, found in error.details.items())
        raise bad(call, f"The {field} cannot be read: {error.reason}.", *compared) from error
    return Received(message, relay)


def check_addressed(call: Call, app: Doc, message: SignOnRequest | LogoutRequest, *, service: str) -> None:
    """Meant for us, from the app's own service provider, of now. Raises the 400 page."""
    here = saml_target.own_url(call.info["host"], app, service)
    also = f"{call.base}{call.exchange.path}"
    if message.destination not in ("", here, also):
        known = Compared("endpoint", here, "this org")
        raise bad(call, "Destination is another address.",
                  Compared("Destination", message.destination[:300], "message"), known)  # fmt: skip
    target = saml_target.of(app)
    known_issuers = saml_target.issuers(app, target) if target is not None else []
    if message.issuer not in known_issuers:
        known = Compared("audience or spIssuer", " ".join(known_issuers), f"app {app['label']}")
        raise bad(call, "The issuer is not the app's service provider.",
                  Compared("Issuer", message.issuer[:300], "message"), known)  # fmt: skip
    if abs(call.now - message.issued_ms) > _SKEW:
        raise bad(call, "IssueInstant is more than five minutes away.",
                  Compared("IssueInstant", iso(message.issued_ms), "message"),
                  Compared("now", iso(call.now), "world clock"))  # fmt: skip


def check_signature(
    call: Call, app: Doc, received: Received[SignOnRequest] | Received[LogoutRequest], *, required: bool
) -> None:
    """The signature against the app's `spCertificate`. Raises the 400 page.

    required: the message must be signed; else a signature is not looked at.
    """
    if not required:
        return
    certificates = _certificates(app)
    posted = call.exchange.method == "POST"
    signed = (
        received.message.document.root.find(f"{{{DS}}}Signature") is not None
        if posted else "Signature" in call.params
    )  # fmt: skip
    if not signed:
        known = Compared("spCertificate", " ".join(each.thumbprint_sha1 for each in certificates), app["label"])
        raise bad(call, "The message must be signed and is not.", Compared("Signature", None, "message"), known)
    if not posted:
        if not query_signed_by(raw_parameters(call.exchange.query), certificates):
            method = Compared("SigAlg", call.params.get("SigAlg", "")[:200], "query")
            known = Compared("spCertificate", " ".join(each.thumbprint_sha1 for each in certificates), app["label"])
            raise bad(call, "The query's signature is not the service provider's.", method, known)
        return
    try:
        verify_message(received.message.document, certificates)
    except SignatureRejected as error:
        compared = tuple(Compared(name, found, "message") for name, found in error.details.items())
        raise bad(call, f"The message's signature was not accepted: {error.reason}.", *compared) from error


def _certificates(app: Doc) -> list[Certificate]:
    chain = (app["settings"]["signOn"].get("spCertificate") or {}).get("x5c") or []
    return [parse_certificate(text) for text in chain]


def bad(call: Call, rule: str, *compared: Compared) -> Exception:
    """The page for a message that nobody answers."""
    what = pages.notice("400 Bad Request", "The application's sign-in request is not valid.")
    return pages.stop(call, "E0000003", what, status=400, why=Why(rule, compared))
