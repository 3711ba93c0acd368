"""The attributes that every Okta user has, as the user schema lists them. Source: okta-admin-api.md appendix C.

The recorded orgs require login, firstName and email; the published OpenAPI also requires lastName. Recordings win.
"""

from emulator.kernel.doc import Doc

# name: title, SELF permission, and what else the property says.
_BASE: tuple[tuple[str, str, str, Doc], ...] = (
    ("login", "Username", "READ_WRITE", {"required": True, "minLength": 5, "maxLength": 100}),
    ("firstName", "First name", "READ_WRITE", {"required": True, "minLength": 1, "maxLength": 50}),
    ("lastName", "Last name", "READ_WRITE", {"minLength": 1, "maxLength": 50}),
    ("middleName", "Middle name", "READ_ONLY", {}),
    ("honorificPrefix", "Honorific prefix", "READ_ONLY", {}),
    ("honorificSuffix", "Honorific suffix", "READ_ONLY", {}),
    ("email", "Primary email", "READ_WRITE", {"required": True, "format": "email"}),
    ("title", "Title", "READ_ONLY", {}),
    ("displayName", "Display name", "READ_ONLY", {}),
    ("nickName", "Nickname", "READ_ONLY", {}),
    ("profileUrl", "Profile Url", "READ_ONLY", {"format": "uri"}),
    ("secondEmail", "Secondary email", "READ_WRITE", {"format": "email"}),
    ("mobilePhone", "Mobile phone", "READ_WRITE", {"maxLength": 100}),
    ("primaryPhone", "Primary phone", "HIDE", {"maxLength": 100}),
    ("streetAddress", "Street address", "HIDE", {}),
    ("city", "City", "HIDE", {}),
    ("state", "State", "HIDE", {}),
    ("zipCode", "Zip code", "HIDE", {}),
    ("countryCode", "Country code", "HIDE", {"format": "country-code"}),
    ("postalAddress", "Postal Address", "HIDE", {}),
    ("preferredLanguage", "Preferred language", "READ_ONLY", {"format": "language-code"}),
    ("locale", "Locale", "READ_ONLY", {"format": "locale"}),
    ("timezone", "Time zone", "READ_ONLY", {"format": "timezone"}),
    ("userType", "User type", "READ_ONLY", {}),
    ("employeeNumber", "Employee number", "READ_ONLY", {}),
    ("costCenter", "Cost center", "READ_ONLY", {}),
    ("organization", "Organization", "READ_ONLY", {}),
    ("division", "Division", "READ_ONLY", {}),
    ("department", "Department", "READ_ONLY", {}),
    ("managerId", "ManagerId", "READ_ONLY", {}),
    ("manager", "Manager", "READ_ONLY", {}),
)

ALWAYS = ("firstName", "lastName", "mobilePhone", "secondEmail", "login", "email")
"""Profile attributes that an answer always holds, null when unset; all others appear only when set."""


def base_properties() -> Doc:
    """The base definitions of a new org's user schema, by name, in the recorded order."""
    return {
        name: {
            "title": title, "type": "string", **more, "mutability": "READ_WRITE", "scope": "NONE",
            "permissions": [{"principal": "SELF", "action": action}], "master": {"type": "PROFILE_MASTER"},
        }
        for name, title, action, more in _BASE
    }  # fmt: skip
