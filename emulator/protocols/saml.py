"""What SAML 1.1 and 2.0 assertions have in common for a relying party: refusals, and the checks of time and
audience.

Rows 6 to 8 of reference/federation.md section 7. Comparisons are exact: no trimming, no case folding, no
prefixes.
"""

from __future__ import annotations

from typing import Literal, NoReturn

from emulator.protocols.xmltext import instant, parse_instant

MICROSOFT_ONLINE = "urn:federation:MicrosoftOnline"
"""Realm, audience and AppliesTo of Entra as relying party."""
LOGIN_SRF = "https://login.microsoftonline.com/login.srf"
MULTIPLE_AUTHN = "http://schemas.microsoft.com/claims/multipleauthn"
WIA_OR_MULTI_AUTHN = "http://schemas.microsoft.com/claims/wiaormultiauthn"
MFA_METHODS = frozenset({MULTIPLE_AUTHN, WIA_OR_MULTI_AUTHN})
"""The two values by which Entra recognises multi-factor authentication at the identity provider."""
PASSWORD_PROTECTED_TRANSPORT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

BEFORE_MS = 5 * 60_000
LIFETIME_MS = 60 * 60_000
"""Differs: ADFS starts the window at the issue time; ours opens 5 minutes earlier and closes an hour after
the issue time.
"""
SKEW_MS = 5 * 60_000

AssertionProblem = Literal["malformed", "subject", "attribute", "time", "audience", "confirmation"]


class AssertionRejected(Exception):
    """A correctly signed assertion that is not acceptable. `details` names the two values compared.

    kind: "malformed" (a part is missing, doubled or unreadable), "subject" (no or contradicting name
    identifiers), "attribute", "time", "audience", "confirmation" (not bearer, or bound to another recipient
    or request).
    """

    def __init__(self, reason: str, *, kind: AssertionProblem, details: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind: AssertionProblem = kind
        self.details = details or {}


def reject(reason: str, kind: AssertionProblem, **details: str) -> NoReturn:
    """Raise AssertionRejected with `details`, each cut to a length that fits a journal row."""
    raise AssertionRejected(reason, kind=kind, details={name: value[:300] for name, value in details.items()})


def read_instant(value: str | None, what: str) -> int:
    """Epoch milliseconds of the attribute `what`; AssertionRejected("time") when missing or unreadable."""
    if not value:
        reject(f"{what} is missing", "time", attribute=what)
    try:
        return parse_instant(value)
    except ValueError as error:
        reject(f"{what} is not an instant", "time", attribute=what, found=str(error))


def check_window(not_before_ms: int, not_on_or_after_ms: int, *, now_ms: int, skew_ms: int = SKEW_MS) -> None:
    """AssertionRejected("time") unless now lies in [not_before, not_on_or_after), widened by the skew on both
    sides.
    """
    shown = {
        "now": instant(now_ms),
        "not_before": instant(not_before_ms),
        "not_on_or_after": instant(not_on_or_after_ms),
        "skew_seconds": str(skew_ms // 1000),
    }
    if not_before_ms >= not_on_or_after_ms:
        reject("the validity window is empty", "time", **shown)
    if now_ms < not_before_ms - skew_ms:
        reject("the assertion is not valid yet", "time", **shown)
    if now_ms >= not_on_or_after_ms + skew_ms:
        reject("the assertion has expired", "time", **shown)


def check_audience(found: str, *, expected: str) -> None:
    """AssertionRejected("audience") unless the two strings are equal."""
    if found != expected:
        reject("the assertion is for another audience", "audience", found=found, expected=expected)
