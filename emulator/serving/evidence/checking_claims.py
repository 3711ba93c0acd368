"""The relying party's checks of what a signed SAML token says: times, audience, subject, user, domain, multi-factor."""

from collections.abc import Callable
from typing import Any

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.protocols import saml, saml11, saml20
from emulator.protocols.saml import AssertionRejected
from emulator.serving.evidence.immutable import describe
from emulator.serving.evidence.model import Check, Known

Assertion = saml11.Assertion11 | saml20.Assertion20
ASK_FEDERATION = "Get-MgDomainFederationConfiguration -DomainId <domain> (give its output together with the token)"
_ASK_USER = (
    "Get-MgUser -Filter \"onPremisesImmutableId eq '<value>'\""
    " -Property Id,UserPrincipalName,OnPremisesImmutableId,AccountEnabled"
)


def check(found: Assertion, known: Known, federation: Doc | None, *, now: int, clock: str) -> list[Check]:
    """The checks of a read assertion, in the verifier's order; federation: the configuration of its issuer's domain."""
    checks: list[Check] = []
    _time(checks, found, now, clock)
    _audience(checks, found)
    _confirmation(checks, found)
    _identity(checks, found)
    _user(checks, found, known, federation)
    _mfa(checks, found, federation)
    return checks


def _attempt(checks: list[Check], name: str, rule: str, shown: tuple[Any, Any], call: Callable[[], None]) -> None:
    try:
        call()
    except AssertionRejected as error:
        checks.append(Check(name, "failed", f"{error.reason[0].upper()}{error.reason[1:]}.", *shown))
        return
    checks.append(Check(name, "passed", rule, *shown))


def _time(checks: list[Check], found: Assertion, now: int, clock: str) -> None:
    window = f"{iso(found.not_before_ms)} to {iso(found.not_on_or_after_ms)}"
    rule = f"The validity window holds {clock}, with five minutes' skew."
    shown = (window, f"{iso(now)} ({clock})")
    _attempt(
        checks,
        "time",
        rule,
        shown,
        lambda: saml.check_window(found.not_before_ms, found.not_on_or_after_ms, now_ms=now),
    )


def _audience(checks: list[Check], found: Assertion) -> None:
    expected = saml.MICROSOFT_ONLINE
    _attempt(checks, "audience", "The audience is Microsoft's, compared exactly.", (found.audience, expected),
             lambda: saml.check_audience(found.audience, expected=expected))  # fmt: skip


def _confirmation(checks: list[Check], found: Assertion) -> None:
    wanted = saml11.BEARER if isinstance(found, saml11.Assertion11) else saml20.BEARER
    rule = "The subject is confirmed as bearer."
    if found.confirmation != wanted:
        checks.append(Check("confirmation", "failed", rule, found.confirmation, wanted))
        return
    if isinstance(found, saml20.Assertion20) and found.recipient != saml.LOGIN_SRF:
        checks.append(
            Check(
                "confirmation",
                "failed",
                "The confirmation is for Microsoft's address.",
                found.recipient,
                saml.LOGIN_SRF,
            )
        )
        return
    checks.append(Check("confirmation", "passed", rule, found.confirmation, wanted))
    if isinstance(found, saml20.Assertion20) and found.in_response_to:
        checks.append(
            Check(
                "in response to",
                "not checkable",
                "It answers the request that was made.",
                found.in_response_to,
                settle="the SAMLRequest of the same sign-in, for example in a HAR",
            )
        )


def _identity(checks: list[Check], found: Assertion) -> None:
    rule = "The token names an immutable id; Microsoft finds the user by it alone, not by the user name."
    status: Any = "passed" if found.immutable_id else "failed"
    checks.append(Check("identity", status, rule, describe(found.immutable_id)))


def _user(checks: list[Check], found: Assertion, known: Known, federation: Doc | None) -> None:
    rule = "A user of the tenant has that onPremisesImmutableId (compared exactly, upper and lower case too)."
    judged = [each for each in known.users if "onPremisesImmutableId" in each]
    user = next(
        (each for each in judged if each["onPremisesImmutableId"] == found.immutable_id and found.immutable_id), None
    )
    named = next((each for each in judged if str(each.get("userPrincipalName", "")).lower() == found.upn.lower()), None)
    if user is None:
        if named is not None or (known.complete and known.users):
            other = (
                describe(str((named or {}).get("onPremisesImmutableId") or ""))
                if named
                else "no user of that name either"
            )
            checks.append(Check("user", "failed", rule, describe(found.immutable_id), other))
        else:
            checks.append(Check("user", "not checkable", rule, describe(found.immutable_id), settle=_ASK_USER))
        checks.append(Check("account", "not checkable", "The account is enabled.", settle=_ASK_USER))
        checks.append(
            Check("domain", "not checkable", "The issuer's domain is the root domain of the user.", settle=_ASK_USER)
        )
        return
    checks.append(Check("user", "passed", rule, found.immutable_id, user.get("userPrincipalName")))
    enabled = user.get("accountEnabled")
    status: Any = "not checkable" if enabled is None else "passed" if enabled else "failed"
    checks.append(
        Check("account", status, "The account is enabled.", enabled, settle=_ASK_USER if enabled is None else "")
    )
    _domain(checks, found, user, federation)


def _domain(checks: list[Check], found: Assertion, user: Doc, federation: Doc | None) -> None:
    rule = "The issuer's domain is the root domain of the user whom the token names (federatedTokenValidationPolicy)."
    domain = str((federation or {}).get("domain") or "") or found.issuer.partition(":")[0]
    suffix = str(user.get("userPrincipalName", "")).rpartition("@")[2].lower()
    if "//" in found.issuer or "." not in domain:
        checks.append(Check("domain", "not checkable", rule, found.issuer, suffix, settle=ASK_FEDERATION))
        return
    same = suffix == domain.lower() or suffix.endswith("." + domain.lower())
    checks.append(Check("domain", "passed" if same else "failed", rule, domain, suffix))


def _mfa(checks: list[Check], found: Assertion, federation: Doc | None) -> None:
    behaviour = (federation or {}).get("federatedIdpMfaBehavior")
    rule = (
        "Where multi-factor is wanted, the token says that it was done and the domain accepts it from the identity "
        "provider."
    )
    settle = "the sign-in log row (authenticationRequirement, Conditional Access results) and federatedIdpMfaBehavior"
    if found.mfa and behaviour == "rejectMfaByFederatedIdp":
        checks.append(Check("multi-factor", "failed", rule, "claimed", behaviour))
    elif found.mfa:
        checks.append(Check("multi-factor", "passed", rule, "claimed", behaviour))
    else:
        checks.append(Check("multi-factor", "not checkable", rule, "not claimed", behaviour, settle=settle))
