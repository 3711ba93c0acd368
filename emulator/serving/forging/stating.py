"""Setting claims of a token before it is signed: names that people use, to fields, attributes and times."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from emulator.kernel.clock import parse_iso
from emulator.kernel.problems import LabError
from emulator.protocols import saml, saml11, saml20
from emulator.protocols.saml11 import Assertion11
from emulator.protocols.saml20 import Assertion20
from emulator.serving.forging.breaks import Forgery

_COMMON: dict[str, str] = {
    "issuer": "issuer", "audience": "audience", "assertionid": "assertion_id", "id": "assertion_id",
    "confirmation": "confirmation",
}  # fmt: skip
_TIMES = {
    "notbefore": "not_before_ms", "notonorafter": "not_on_or_after_ms", "issueinstant": "issued_ms",
    "authninstant": "authn_instant_ms", "authenticationinstant": "authn_instant_ms",
}  # fmt: skip
_FIELDS11 = {**_COMMON, "nameid": "name_identifier", "authnmethod": "authn_method"}
_FIELDS20 = {
    **_COMMON, "nameid": "name_id", "recipient": "recipient", "inresponseto": "in_response_to",
    "sessionindex": "session_index", "authncontext": "authn_context", "nameidformat": "name_id_format",
}  # fmt: skip
_2012 = "http://schemas.microsoft.com/ws/2012/01"
CLAIMS11: dict[str, tuple[str, str]] = {
    "upn": saml11.UPN, "immutableid": saml11.IMMUTABLE_ID, "authnmethodsreferences": saml11.AUTHN_METHODS_REFERENCES,
    "authenticationmethod": saml11.AUTHENTICATION_METHOD, "primarysid": saml11.PRIMARY_SID,
    "insidecorporatenetwork": saml11.INSIDE_CORPORATE_NETWORK, "accounttype": saml11.ACCOUNT_TYPE,
    "onpremobjectguid": saml11.ON_PREM_OBJECT_GUID, "psso": saml11.PERSISTENT_SSO,
    "passwordexpirationtime": (_2012, "passwordexpirationtime"),
    "passwordexpirationdays": (_2012, "passwordexpirationdays"), "passwordchangeurl": (_2012, "passwordchangeurl"),
}  # fmt: skip
"""Short names of the claims that Entra reads; any other is given as NAMESPACE/NAME."""


def value_of(text: str) -> Any:
    """A JWT claim's value: JSON where it is a number, true, false, null (drops it), a list, an object, "text"."""
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def state11(forgery: Forgery, claims: dict[str, str], span: int | None) -> Assertion11:
    """The SAML 1.1 assertion with claims set."""
    assertion = forgery.assertion
    assert isinstance(assertion, Assertion11)
    fields = _fields(claims, _FIELDS11)
    attributes = list(assertion.attributes)
    for name, value in claims.items():
        short = name.lower()
        if short in _FIELDS11 or short in _TIMES:
            continue
        claim = saml11.AUTHN_METHODS_REFERENCES if short == "mfa" else _claim11(name)
        attributes = [each for each in attributes if each[:2] != claim]
        if short != "mfa":
            attributes.append(saml11.Attribute(*claim, (value,)))
        elif value == "true":
            attributes.append(saml11.Attribute(*claim, (saml.MULTIPLE_AUTHN,)))
        if short == "immutableid":
            fields.setdefault("name_identifier", value)
    return replace(assertion, attributes=tuple(attributes), **fields, **_span(forgery, span))


def _claim11(name: str) -> tuple[str, str]:
    if name.lower() in CLAIMS11:
        return CLAIMS11[name.lower()]
    namespace, mark, short = name.rpartition("/")
    if not mark or ":" not in namespace:
        known = ", ".join(["upn", "immutableId", "mfa", *list(_FIELDS11), *list(_TIMES), *list(CLAIMS11)[2:]])
        hint = f"Names: {known}; any other claim as NAMESPACE/NAME, for example http://schemas.example/claims/x."
        raise LabError(f"A SAML 1.1 token carries no claim {name!r} that can be set.", hint=hint)
    return namespace, short


def state20(forgery: Forgery, claims: dict[str, str], span: int | None) -> Assertion20:
    """The SAML 2.0 assertion with claims set; an unknown name is an attribute."""
    assertion = forgery.assertion
    assert isinstance(assertion, Assertion20)
    fields = _fields(claims, _FIELDS20)
    attributes = list(assertion.attributes)
    for name, value in claims.items():
        short = name.lower()
        if short == "destination":
            forgery.response["destination"] = value
        elif short == "immutableid":
            fields.setdefault("name_id", saml20.encode_name_id(value))
        elif short == "mfa":
            fields["authn_context"] = saml.MULTIPLE_AUTHN if value == "true" else saml.PASSWORD_PROTECTED_TRANSPORT
        elif short not in _FIELDS20 and short not in _TIMES:
            own = saml20.IDP_EMAIL if short in ("upn", "idpemail") else name
            attributes = [*(each for each in attributes if each.name != own), saml20.Attribute(own, (value,))]
    made = replace(assertion, attributes=tuple(attributes), **fields, **_span(forgery, span))
    return made if span is None else replace(made, confirmation_until_ms=forgery.now_ms + span)


def _fields(claims: dict[str, str], known: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {known[name.lower()]: value for name, value in claims.items() if name.lower() in known}
    readers: dict[str, Callable[[str], int]] = dict.fromkeys(_TIMES.values(), parse_iso)
    for name, value in claims.items():
        field = _TIMES.get(name.lower())
        if field is None:
            continue
        try:
            found[field] = readers[field](value)
        except ValueError as error:
            raise LabError(f"{value!r} is no time.", hint="For example 2026-01-15T09:00:00Z.") from error
    return found


def _span(forgery: Forgery, span: int | None) -> dict[str, Any]:
    return {} if span is None else {"not_on_or_after_ms": forgery.now_ms + span}
