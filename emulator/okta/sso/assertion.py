"""The assertion of the Office 365 app for one assigned user, signed with the app's key. Source: federation.md 3."""

import hashlib
from dataclasses import dataclass, field

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.ids import as_guid
from emulator.okta import office365
from emulator.okta.resources import apps
from emulator.protocols import saml11
from emulator.protocols.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed assertion and what the envelope round it repeats; instants in milliseconds."""

    xml: bytes = field(repr=False)
    id: str
    issued_ms: int
    expires_ms: int


def issue(call: Call, app: Doc, app_user: Doc, *, authenticated_ms: int, mfa: bool = False) -> Issued:
    """Sign an assertion; call it outside any write transaction, for the RSA operation is the slow part.

    Its id comes from the request's, so that no row is written before it is signed. The UPN claim is the app user's
    name, the ImmutableID claim its immutableId; Okta's own user plays no part.
    """
    user_name = app_user["credentials"]["userName"]
    issuer: str = call.store.settled(("issuer", app["id"], user_name), lambda: office365.issuer_for(app, user_name))
    number = as_guid(hashlib.blake2b(f"{call.request_id}/assertion".encode(), digest_size=16).digest())
    made = saml11.office365_assertion(
        assertion_id=f"_{number}", issuer=issuer, now_ms=call.now, upn=user_name,
        immutable_id=app_user["profile"]["immutableId"], authn_instant_ms=authenticated_ms, mfa=mfa,
    )  # fmt: skip
    key: SigningKey = call.store.settled(("signing key", app["id"]), lambda: apps.signing_key(call.store, app))
    xml = saml11.issue(made, key)
    return Issued(xml, made.assertion_id, made.issued_ms, made.not_on_or_after_ms)
