"""Correctly signed and still not acceptable (or changed after signing): times, audience, issuer, subject, claims."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from emulator.kernel.clock import HOUR
from emulator.protocols import saml11
from emulator.protocols.saml11 import Assertion11
from emulator.protocols.saml20 import Assertion20
from emulator.serving.forging.breaks import SAML11, SAML20, Forgery, Verdict, breaks

MINUTE = 60_000


def _stated(
    name: str, says: str, fields: Callable[[Forgery], dict[str, Any]], *, kinds: tuple[str, ...] | None = None,
    verdict: Verdict = "refused",
) -> None:  # fmt: skip
    """A break that states other facts; they are signed as they stand."""

    def apply(forgery: Forgery) -> None:
        forgery.assertion = replace(forgery.assertion, **fields(forgery))

    breaks(name, says, kinds=kinds or (*SAML11, *SAML20), verdict=verdict)(apply)


def _window(start: int, end: int) -> Callable[[Forgery], dict[str, Any]]:
    """Valid from and until so many milliseconds from now."""

    def fields(forgery: Forgery) -> dict[str, Any]:
        made = {"not_before_ms": forgery.now_ms + start, "not_on_or_after_ms": forgery.now_ms + end}
        return made if forgery.saml11 else {**made, "confirmation_until_ms": forgery.now_ms + end}

    return fields


_stated("expired", "valid until an hour ago", _window(-2 * HOUR, -HOUR))
_stated("expired-6-minutes", "valid until six minutes ago: beyond the skew", _window(-HOUR, -6 * MINUTE))
_stated(
    "expired-4-minutes", "valid until four minutes ago: inside the skew", _window(-HOUR, -4 * MINUTE), verdict="owner"
)
_stated("not-yet-valid", "valid from an hour ahead", _window(HOUR, 2 * HOUR))
_stated("not-yet-10-minutes", "valid from ten minutes ahead", _window(10 * MINUTE, HOUR))
_stated(
    "not-yet-4-minutes", "valid from four minutes ahead: inside the skew", _window(4 * MINUTE, HOUR), verdict="owner"
)
_stated("zero-window", "valid from now until now", _window(0, 0))
_stated("inverted-window", "valid until before it begins", _window(MINUTE, -MINUTE))
_stated("audience", "for somebody else", lambda f: {"audience": "urn:someone:else"})
_stated(
    "audience-longer",
    "for an audience that begins with the right one",
    lambda f: {"audience": f.assertion.audience + "2"},
)
_stated(
    "audience-shorter", "for the beginning of the right audience", lambda f: {"audience": f.assertion.audience[:-1]}
)
_stated("audience-blank", "for the right audience behind a blank", lambda f: {"audience": " " + f.assertion.audience})
_stated("audience-empty", "for nobody", lambda f: {"audience": ""})
_stated("issuer", "from an issuer that nobody registered", lambda f: {"issuer": "unknown.example:exk0"})
_stated("issuer-slash", "from the right issuer with a slash behind", lambda f: {"issuer": f.assertion.issuer + "/"})
_stated("issuer-case", "from the right issuer in capitals", lambda f: {"issuer": f.assertion.issuer.upper()})
_stated("issuer-blank", "from the right issuer behind a blank", lambda f: {"issuer": " " + f.assertion.issuer})
_stated("issuer-empty", "from no issuer", lambda f: {"issuer": ""})
_stated(
    "holder-of-key", "not a bearer token", lambda f: {"confirmation": "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"}
)
_stated("no-confirmation", "the subject is not confirmed", lambda f: {"confirmation": ""})
_stated(
    "other-recipient", "for another recipient", lambda f: {"recipient": "https://evil.example/login.srf"}, kinds=SAML20
)
_stated("no-recipient", "for no recipient", lambda f: {"recipient": ""}, kinds=SAML20)
_stated("in-response-to", "answers a request that nobody made", lambda f: {"in_response_to": "_never"}, kinds=SAML20)
_stated(
    "confirmation-expired", "the subject confirmation is over",
    lambda f: {"confirmation_until_ms": f.now_ms - HOUR}, kinds=SAML20,
)  # fmt: skip


def _named(forgery: Forgery, assertion: Assertion11, claim: tuple[str, str], *values: str) -> dict[str, Any]:
    others = tuple(each for each in assertion.attributes if each[:2] != claim)
    return {"attributes": (*others, saml11.Attribute(*claim, values))}


@breaks("victim-upn", "the person's own immutable id with somebody else's user name", verdict="owner")
def _victim_upn(forgery: Forgery) -> None:
    if isinstance(forgery.assertion, Assertion11):
        changed = _named(forgery, forgery.assertion, saml11.UPN, forgery.victim.upn)
        forgery.assertion = replace(forgery.assertion, **changed)
    elif isinstance(forgery.victim, Assertion20):
        forgery.assertion = replace(forgery.assertion, attributes=forgery.victim.attributes)


@breaks("two-immutable-ids", "two immutable ids, the victim's second", kinds=SAML11)
def _two_immutable_ids(forgery: Forgery) -> None:
    assert isinstance(forgery.assertion, Assertion11)
    extra = saml11.Attribute(*saml11.IMMUTABLE_ID, (forgery.victim.immutable_id,))
    forgery.assertion = replace(forgery.assertion, attributes=(*forgery.assertion.attributes, extra))


@breaks("two-values", "one immutable id with two values", kinds=SAML11)
def _two_values(forgery: Forgery) -> None:
    assert isinstance(forgery.assertion, Assertion11)
    values = (forgery.assertion.immutable_id, forgery.victim.immutable_id)
    forgery.assertion = replace(forgery.assertion, **_named(forgery, forgery.assertion, saml11.IMMUTABLE_ID, *values))


@breaks("no-immutable-id", "no immutable id anywhere")
def _no_immutable_id(forgery: Forgery) -> None:
    if isinstance(forgery.assertion, Assertion11):
        others = tuple(each for each in forgery.assertion.attributes if each[:2] != saml11.IMMUTABLE_ID)
        forgery.assertion = replace(forgery.assertion, attributes=others, name_identifier="")
    else:
        forgery.assertion = replace(forgery.assertion, name_id="")


# -- changed after signing ----------------------------------------


def _changed(name: str, says: str, change: Callable[[Forgery, str], str], kinds: tuple[str, ...] | None = None) -> None:
    """A break that edits the signed assertion's claims."""

    def apply(forgery: Forgery) -> None:
        def finish(signed: bytes) -> bytes:
            changed = change(forgery, signed.decode()).encode()
            assert changed != signed, name
            return changed

        forgery.finish = finish

    breaks(name, says, kinds=kinds or (*SAML11, *SAML20))(apply)


def _own(forgery: Forgery) -> tuple[str, str]:
    """How the immutable ids of the person and of the victim are written in the token."""
    if isinstance(forgery.assertion, Assertion20) and isinstance(forgery.victim, Assertion20):
        return forgery.assertion.name_id, forgery.victim.name_id
    return forgery.assertion.immutable_id, forgery.victim.immutable_id


def _swap_ids(forgery: Forgery, text: str) -> str:
    return text.replace(*_own(forgery))


def _other_person(forgery: Forgery, text: str) -> str:
    """The user name changed by one letter."""
    upn = forgery.assertion.upn
    return text.replace(upn, ("x" if upn[0] != "x" else "y") + upn[1:], 1)


def _part(text: str, name: str) -> str:
    start = text.index(f"<saml:{name}" if f"<saml:{name}" in text else f"<saml2:{name}")
    end = text.index(f":{name}>", start + 1 + len(name)) + len(name) + 2
    return text[start:end]


_changed("claim", "the user name changed after signing", _other_person)
_changed(
    "tampered-upn", "the victim's user name put in after signing", lambda f, t: t.replace(f.assertion.upn, f.victim.upn)
)
_changed("tampered-immutable-id", "the victim's immutable id put in after signing", _swap_ids)
_changed("tampered-first-name", "the first name identifier only", lambda f, t: t.replace(*_own(f), 1))
_changed("tampered-last-name", "the last name identifier only", lambda f, t: _own(f)[1].join(t.rsplit(_own(f)[0], 1)))
_changed(
    "tampered-issuer", "another issuer after signing", lambda f, t: t.replace(f.assertion.issuer, "other.example:exk1")
)
_changed("tampered-audience", "another audience after signing", lambda f, t: t.replace(":MicrosoftOnline<", ":Other<"))
_changed(
    "tampered-expiry", "ten more years after signing", lambda f, t: t.replace('NotOnOrAfter="20', 'NotOnOrAfter="21')
)
_changed(
    "dropped-conditions", "the conditions taken out after signing", lambda f, t: t.replace(_part(t, "Conditions"), "")
)
_changed(
    "tampered-method",
    "another way of authentication after signing",
    lambda f, t: t.replace("PasswordProtectedTransport", "X509").replace("am:password", "am:X509-PKI"),
)
_changed(
    "tampered-id", "another id after signing", lambda f, t: t.replace(f'ID="{f.assertion.assertion_id}"', 'ID="_other"')
)
_changed("changed-case", "the immutable id in other case", lambda f, t: t.replace(_own(f)[0], _own(f)[0].swapcase()))
_changed("trailing-blank", "a blank behind the immutable id", lambda f, t: t.replace(_own(f)[0], _own(f)[0] + " "))
_changed(
    "added-mfa", "a multi-factor claim added after signing", kinds=SAML11,
    change=lambda f, t: t.replace(
        "</saml:AttributeStatement>",
        '<saml:Attribute AttributeName="authnmethodsreferences" AttributeNamespace="http://schemas.microsoft.com/claims">'
        "<saml:AttributeValue>http://schemas.microsoft.com/claims/multipleauthn</saml:AttributeValue></saml:Attribute>"
        "</saml:AttributeStatement>", 1),
)  # fmt: skip
