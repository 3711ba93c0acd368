"""Optional claims: what an application's manifest, or the claims parameter, adds to tokens.

Source: graph-entra.md 1.14, 2.4; Microsoft's reference of optional claims. An access token follows the API's manifest,
an id_token the client's. A claim whose value the tenant does not have is left out, as the service leaves it out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.entra.login import claims_request
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.protocols.keys import b64url, b64url_decode

_HINT = "O."


@dataclass(frozen=True, slots=True)
class About:
    """Whom a token is about: the user, when they signed in (ms), their session's id ("" for none)."""

    call: Call
    user: Doc
    auth_ms: int
    session: str
    properties: tuple[str, ...] = ()


def login_hint(user: Doc) -> str:
    """The opaque value that a client hands back as `login_hint` to name the person again."""
    return _HINT + b64url(f"\n${user['id']}\x12".encode())


def named_by(hint: str) -> str:
    """The user id in such a value; "" where it is none."""
    if not hint.startswith(_HINT):
        return ""
    try:
        return b64url_decode(hint.removeprefix(_HINT)).decode()[2:-1]
    except ValueError:
        return ""


def _secondary(about: About) -> list[str] | None:
    addresses = [str(item) for item in about.user.get("proxyAddresses") or ()]
    return [item[5:] for item in addresses if item.startswith("smtp:")] or None


def _external_upn(about: About) -> str:
    upn = str(about.user["userPrincipalName"])
    if about.user.get("userType") == "Guest" and "include_externally_authenticated_upn_without_hash" in (
        about.properties
    ):
        return upn.replace("#EXT#", "_EXT_")
    return upn


_VALUES: dict[str, Callable[[About], Any]] = {
    "acct": lambda about: 1 if about.user.get("userType") == "Guest" else 0,
    "auth_time": lambda about: about.auth_ms // 1000,
    "ctry": lambda about: about.user.get("usageLocation") or about.user.get("country"),
    "email": lambda about: about.user.get("mail"),
    "family_name": lambda about: about.user.get("surname"),
    "given_name": lambda about: about.user.get("givenName"),
    "ipaddr": lambda about: about.call.exchange.client,
    "login_hint": lambda about: login_hint(about.user),
    "onprem_sid": lambda about: about.user.get("onPremisesSecurityIdentifier"),
    "preferred_username": lambda about: about.user["userPrincipalName"],
    "sid": lambda about: about.session or None,
    "tenant_ctry": lambda about: tenant(about.call).get("countryLetterCode"),
    "upn": _external_upn,
    "verified_primary_email": lambda about: [about.user["mail"]] if about.user.get("mail") else None,
    "verified_secondary_email": _secondary,
    "xms_pl": lambda about: about.user.get("preferredLanguage"),
    "xms_tpl": lambda about: tenant(about.call).get("preferredLanguage"),
}


def claims(about: About, app: Doc | None, *, place: str) -> Doc:
    """The optional claims of a person's token. place: `accessToken` or `idToken`."""
    configured = ((app or {}).get("optionalClaims") or {}).get(place) or ()
    found: Doc = {}
    for item in configured:
        name = str(item.get("name"))
        if item.get("source") == "user" and name.startswith("extension_"):
            found["extn." + name.split("_", 2)[-1]] = about.user.get(name)
        elif name in _VALUES:
            chosen = About(about.call, about.user, about.auth_ms, about.session,
                           tuple(item.get("additionalProperties") or ()))  # fmt: skip
            found[name] = _VALUES[name](chosen)
    token: claims_request.Place = "access_token" if place == "accessToken" else "id_token"
    for name in claims_request.asked(about.call, token):
        if name in _VALUES:
            found.setdefault(name, _VALUES[name](about))
    return {name: value for name, value in found.items() if value is not None}


def wants(app: Doc | None, place: str, name: str, *, properties: str = "") -> bool:
    """Whether a manifest asks for a claim (with an additional property)."""
    for item in ((app or {}).get("optionalClaims") or {}).get(place) or ():
        if item.get("name") == name:
            return not properties or properties in (item.get("additionalProperties") or ())
    return False
