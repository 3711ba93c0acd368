"""A person's standard claims, by scope: for ID tokens and /userinfo. Source: OpenID Connect core 5.4."""

from collections.abc import Collection

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


def profile_claims(user: Doc, scopes: Collection[str], *, full: bool) -> Doc:
    """What the scopes tell of a user (without `sub`). Not `full`: only what stands in every ID token (name, email)."""
    profile, found = user["profile"], {}
    if "profile" in scopes:
        found["name"] = full_name(user) or profile["login"]
        if full:
            found |= _present(profile, _PROFILE)
            found.setdefault("locale", "en_US")
            found.setdefault("zoneinfo", "America/Los_Angeles")
            found["updated_at"] = parse_iso(user["lastUpdated"]) // 1000
    if "email" in scopes:
        found["email"] = profile["email"]
        if full:
            found["email_verified"] = True
    if full and "address" in scopes:
        address = _present(profile, _ADDRESS)
        if address:
            found["address"] = address
    if full and "phone" in scopes and profile.get("primaryPhone"):
        found["phone_number"] = profile["primaryPhone"]
    return found


def _present(profile: Doc, names: dict[str, str]) -> Doc:
    return {name: profile[source] for name, source in names.items() if profile.get(source)}
