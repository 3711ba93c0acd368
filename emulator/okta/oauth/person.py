"""A person's standard claims, by scope: for ID tokens and /userinfo. Source: OpenID Connect core 5.4."""

from collections.abc import Collection, Mapping

from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.okta.events import full_name

_PROFILE = {
    "locale": "locale", "given_name": "firstName", "middle_name": "middleName", "family_name": "lastName",
    "nickname": "nickName", "profile": "profileUrl", "zoneinfo": "timezone",
}  # fmt: skip
_ADDRESS = {
    "street_address": "streetAddress", "locality": "city", "region": "state", "postal_code": "zipCode",
    "country": "countryCode",
}  # fmt: skip


SYSTEM_CLAIMS: Mapping[str, tuple[str, bool]] = {
    "middle_name": ("profile", False), "zoneinfo": ("profile", False), "website": ("profile", False),
    "updated_at": ("profile", False), "profile": ("profile", False), "preferred_username": ("profile", True),
    "picture": ("profile", False), "phone_number": ("phone", False), "nickname": ("profile", False),
    "name": ("profile", True), "locale": ("profile", False), "given_name": ("profile", False),
    "gender": ("profile", False), "family_name": ("profile", False), "email_verified": ("email", False),
    "email": ("email", True), "birthdate": ("profile", False), "address": ("address", False),
}  # fmt: skip
"""The claims that a server tells of itself: name to (scope, whether every ID token has it), as they are listed."""
Told = Mapping[str, tuple[Collection[str], bool]]
"""Name of a claim to (scopes that ask for it, whether every ID token has it)."""
STANDARD: Told = {name: ((scope,), always) for name, (scope, always) in SYSTEM_CLAIMS.items()}


def profile_claims(user: Doc, scopes: Collection[str], told: Told, *, full: bool) -> Doc:
    """What the scopes tell of a user (without `sub`). Not `full`: only what stands in every ID token."""
    return {
        name: value for name, value in _values(user).items()
        if name in told and (full or told[name][1]) and any(scope in scopes for scope in told[name][0])
    }  # fmt: skip


def _values(user: Doc) -> Doc:
    """Everything that is known of a user, by claim."""
    profile = user["profile"]
    found: Doc = {
        "name": full_name(user) or profile["login"], "preferred_username": profile["login"], "locale": "en_US",
        "zoneinfo": "America/Los_Angeles", **_present(profile, _PROFILE),
        "updated_at": parse_iso(user["lastUpdated"]) // 1000, "email": profile["email"], "email_verified": True,
    }  # fmt: skip
    address = _present(profile, _ADDRESS)
    if address:
        found["address"] = address
    if profile.get("primaryPhone"):
        found["phone_number"] = profile["primaryPhone"]
    return found


def _present(profile: Doc, names: dict[str, str]) -> Doc:
    return {name: profile[source] for name, source in names.items() if profile.get(source)}
