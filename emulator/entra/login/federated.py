"""Whether an assertion of a federated identity provider is accepted, and whose it is: one verifier for every way in.

The order of checks and their codes are federation.md section 7 and security.md section 0. Nothing is read from the
document but what `protocols.xmldsig.verify` gives back: the element that was signed.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from emulator.entra.login.claims import Identity
from emulator.entra.login.dialect import because
from emulator.entra.login.idp_mfa import accepts, methods_of
from emulator.entra.login.tokenpolicy import check_policy
from emulator.entra.resources import bin, users
from emulator.entra.resources import federation as federations
from emulator.entra.signins import Attempt
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols import saml11, saml20, xmldsig
from emulator.protocols.saml import SKEW_MS, AssertionRejected
from emulator.protocols.x509 import Certificate, parse_certificate
from emulator.protocols.xmldsig import SignatureRejected, Verified
from emulator.protocols.xmlparse import Document
from emulator.store import Duplicate, Kind

USED_ASSERTIONS = Kind("used_assertions")
BARE = ((),)
"""Where the assertion of a bearer grant stands: it is the whole document."""
_PASSWORD_METHODS = frozenset({saml11.PASSWORD, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"})
_WINDOWS_METHODS = frozenset(
    {"urn:federation:authentication:windows", "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos"}
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An assertion that passed every check but replay, and the user it names."""

    who: Identity
    federation: Doc
    assertion_id: str
    expires_ms: int
    mfa: bool
    inside: bool = False
    persistent: bool = False

    def kept(self) -> Doc:
        """What the session remembers of the assertion."""
        times = {"mfaTime": self.who.auth_ms} if self.mfa else {}
        flags = {"inside": True} if self.inside else {}
        lasting = {"persistent": True} if self.persistent else {}
        return {"methods": methods_of(federated=True, mfa=self.mfa), **times, **flags, **lasting}


def accept_saml11(
    call: Call, source: bytes | Document, attempt: Attempt, *, within: Collection[tuple[str, ...]] = BARE
) -> Accepted:
    """A SAML 1.1 assertion: alone, or inside an RSTR (`within`)."""
    attempt.token_type = "saml11"
    found = _verified(call, source, "saml11", within, attempt)
    try:
        assertion = saml11.read(found.element)
        saml11.check(assertion, now_ms=call.now)
    except AssertionRejected as error:
        raise _rejected_11(call, error, bearer=tuple(within) == BARE) from error
    if not assertion.immutable_id:
        raise _no_immutable_id(assertion.upn)
    return _accept(call, found, assertion, attempt, method=assertion.authn_method)


def accept_saml20(
    call: Call, source: bytes | Document, attempt: Attempt, *, in_response_to: str | None,
    within: Collection[tuple[str, ...]] = saml20.RESPONSE_PATHS,
) -> Accepted:  # fmt: skip
    """The assertion of a SAML 2.0 Response, or one alone; `in_response_to` "" for a sign-in that nobody asked for."""
    attempt.token_type = "saml20"
    found = _verified(call, source, "saml20", within, attempt)
    try:
        assertion = saml20.read(found.element)
        saml20.check(assertion, now_ms=call.now, in_response_to=in_response_to)
    except AssertionRejected as error:
        why = Why(f"The assertion was not accepted: {error.reason}.", _details(error.details, "assertion"))
        raise Problem("500089", error.reason, why=why) from error
    return _accept(call, found, assertion, attempt, method=assertion.authn_context)


def claim(call: Call, accepted: Accepted) -> None:
    """Use up an assertion; call inside a commit. Of several posts of one assertion exactly one gets through."""
    # Differs: what the service does about replays is not published; here they are refused (tenant setting
    # `replayProtection`, on by default).
    if not setting(call, "replayProtection", default=True):
        return
    for old in call.store.page(USED_ASSERTIONS, limit=4).docs:
        if old["expires"] <= call.now:
            call.store.drop(USED_ASSERTIONS, old["id"])
    row = {
        "id": f"{accepted.federation['id']}/{accepted.assertion_id}",
        "expires": accepted.expires_ms + SKEW_MS,
        "used": iso(call.now),
    }
    try:
        call.store.add(USED_ASSERTIONS, row)
    except Duplicate as error:
        first = call.store.get(USED_ASSERTIONS, row["id"]) or row
        why = because(
            "The assertion was used before: each one signs in once.",
            ("assertion id", accepted.assertion_id, "assertion"),
            ("first used", first["used"], "replay cache"),
            hint="Let the identity provider issue a new one.",
        )
        raise Problem("50008", why=why) from error


def setting(call: Call, name: str, *, default: Any) -> Any:
    """A setting of the tenant (`tenant.settings` in the world file)."""
    return (tenant(call).get("_settings") or {}).get(name, default)


def _verified(
    call: Call, source: bytes | Document, kind: Any, within: Collection[tuple[str, ...]], attempt: Attempt
) -> Verified:
    try:
        found = xmldsig.verify(source, kind, within=within, certificates=_certificates(call, attempt))
    except SignatureRejected as error:
        code = "5000811" if error.kind == "unknown_key" else "50008"
        where = "token signature" if error.kind in ("unknown_key", "bad_signature") else "token"
        hint = _KEY_HINT if error.kind == "unknown_key" else ""
        raise Problem(
            code, why=Why(f"The token was not accepted: {error.reason}.", _details(error.details, where), hint)
        ) from error
    attempt.issuer = found.issuer
    if found.certificate.key_bits < LEAST_KEY_BITS:
        raise Problem(
            "50032",
            why=because(
                "The token is signed with a key that is too short.",
                ("key size", found.certificate.key_bits, f"certificate {found.certificate.thumbprint_sha1}"),
                ("least size", LEAST_KEY_BITS, "RSA keys of identity providers"),
            ),
        )
    return found


LEAST_KEY_BITS = 2048
"""Inferred: the code for a weak RSA key is published (AADSTS50032), its limit is not."""
_KEY_HINT = "Compare the app's active signing key with the domain's signingCertificate and nextSigningCertificate."


def _certificates(call: Call, attempt: Attempt) -> Callable[[str], list[Certificate]]:
    """The certificates registered for an issuer. Raises 50107 for an issuer of no domain, 50003 for one without any."""

    def of_issuer(issuer: str) -> list[Certificate]:
        federation = federations.by_issuer(call.store, issuer)
        if federation is None:
            known = [f"{item['issuerUri']} ({item['domain']})" for item in call.store.all(federations.FEDERATIONS)]
            raise Problem(
                "50107",
                issuer,
                why=because(
                    "No federated domain has that issuer (compared exactly).",
                    ("Issuer", issuer, "assertion"),
                    ("issuerUri", known, "federated domains of the tenant"),
                ),
            )
        attempt.issuer = issuer
        texts = [federation.get(name) for name in ("signingCertificate", "nextSigningCertificate")]
        found = [parse_certificate(text) for text in texts if text]
        if not found:
            raise Problem(
                "50003",
                why=because(
                    "The federation has no signing certificate.",
                    ("signingCertificate", None, f"federation of {federation['domain']}"),
                ),
            )
        return found

    return of_issuer


def _rejected_11(call: Call, error: AssertionRejected, *, bearer: bool) -> Problem:
    why = Why(f"The assertion was not accepted: {error.reason}.", _details(error.details, "assertion"))
    if error.kind == "subject" and error.details.get("found") == "0":
        return Problem("90020", why=why)
    if bearer and error.kind == "time" and "not_on_or_after" in error.details:
        return Problem("500133", iso(call.now), error.details["not_on_or_after"], why=why)
    return Problem("50008", why=why)


def _no_immutable_id(upn: str) -> Problem:
    return Problem(
        "90020",
        why=because(
            "The assertion names no immutable id.",
            ("ImmutableID", "", "assertion"),
            ("UPN", upn, "assertion"),
            hint="Map a value to the immutableId attribute in Okta.",
        ),
    )


def _accept(
    call: Call, found: Verified, assertion: saml11.Assertion11 | saml20.Assertion20, attempt: Attempt, *, method: str
) -> Accepted:
    federation = federations.by_issuer(call.store, found.issuer)
    assert federation is not None
    attempt.user_name = assertion.upn
    user = users.by_immutable_id(call.store, assertion.immutable_id)
    if user is None:
        raise _no_user(call, assertion.immutable_id, assertion.upn)
    attempt.user = user
    if not user["accountEnabled"]:
        raise Problem(
            "50057",
            why=because(
                "The user that the assertion names is disabled.",
                ("ImmutableID", assertion.immutable_id, "assertion"),
                ("accountEnabled", False, user["userPrincipalName"]),
            ),
        )
    check_policy(call, federation, user)
    attempt.mfa = assertion.mfa and accepts(federation)
    attempt.federated_token = found.assertion_id
    who = Identity(user, amr_of(method, mfa=attempt.mfa), assertion.authn_instant_ms)
    inside, lasting = (_says(assertion, name) for name in (saml11.INSIDE_CORPORATE_NETWORK, saml11.PERSISTENT_SSO))
    return Accepted(
        who, federation, found.assertion_id, assertion.not_on_or_after_ms, attempt.mfa, inside, lasting
    )  # fmt: skip


def _says(assertion: saml11.Assertion11 | saml20.Assertion20, claim: tuple[str, str]) -> bool:
    """Whether a claim of SAML 1.1 is `true`."""
    return isinstance(assertion, saml11.Assertion11) and "true" in (item.lower() for item in assertion.values(claim))


def _no_user(call: Call, immutable_id: str, upn: str) -> Problem:
    """51004, with the id that the user of the token's UPN really has, or who is deleted and has the token's."""
    gone = call.store.find(bin.DELETED_USERS, "onPremisesImmutableId", immutable_id)
    hint = "Make the two equal: the user's onPremisesImmutableId, and what Okta maps to immutableId."
    named = users.by_upn(call.store, upn) if upn else None
    if named is None:
        other = Compared("user of that UPN", "none", f"the tenant ({upn or 'the token names no UPN'})")
    else:
        other = Compared("onPremisesImmutableId", named.get("onPremisesImmutableId"), named["userPrincipalName"])
    compared = [Compared("ImmutableID", immutable_id, "assertion"), other]
    if gone is not None:
        compared.append(Compared("deletedDateTime", gone["deletedDateTime"], f"deleted user {gone['id']} has that id"))
        hint = "Restore the deleted user, or delete it for good."
    why = Why(
        "No user of the tenant has the token's immutable id (compared exactly, upper and lower case too).",
        tuple(compared),
        hint,
    )
    return Problem("51004", immutable_id, str(tenant(call)["displayName"]), why=why)


def amr_of(method: str, *, mfa: bool) -> tuple[str, ...]:
    """`amr` of a federated sign-in. Inferred: a password is `pwd`, Windows `wia`, all else `fed`."""
    first = "pwd" if method in _PASSWORD_METHODS else "wia" if method in _WINDOWS_METHODS else "fed"
    return (first, "mfa") if mfa else (first,)


def _details(details: dict[str, str], where: str) -> tuple[Compared, ...]:
    registered = "signing certificates of the domain"
    return tuple(
        Compared(name, value, registered if name.startswith("registered") else where) for name, value in details.items()
    )
