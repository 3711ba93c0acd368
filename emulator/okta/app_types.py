"""What a catalogue entry is, and the entry that stands for every app that is not listed.

Source: okta-admin-api.md 5, 6, appendix C; inferred where a function says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.kernel.doc import Doc

BOOKMARK, BASIC, AUTO, PLUGIN, STORE = "BOOKMARK", "BASIC_AUTH", "AUTO_LOGIN", "BROWSER_PLUGIN", "SECURE_PASSWORD_STORE"
SAML11, SAML20, WSFED, OIDC = "SAML_1_1", "SAML_2_0", "WS_FEDERATION", "OPENID_CONNECT"
MODES = (BOOKMARK, BASIC, AUTO, PLUGIN, STORE, SAML11, SAML20, WSFED, OIDC)
_CATALOGUE_MODES = (SAML20, PLUGIN, AUTO, OIDC, SAML11, WSFED)
AS_PLUGIN: Mapping[str, str] = {AUTO: PLUGIN}
"""Observed of apps of the catalogue: asked to sign in by itself, an app reads back as one of the browser's plug-in."""
PASSWORDS = frozenset({BASIC, AUTO, PLUGIN, STORE})
"""Modes in which Okta keeps a password for each user."""
SIGNING = frozenset({SAML11, SAML20, WSFED})
"""Modes that sign with a key of the app's own."""
BUILT_IN_NAME: Doc = {"template": "${source.login}", "type": "BUILT_IN"}


OWN_CLIENT = "oidc_client"
"""The only OpenID Connect app whose client is the administrator's own; of others the catalogue says what it is like."""


@dataclass(frozen=True, slots=True)
class AppType:
    """A catalogue entry.

    modes: signOnModes as stored; coerced: others that are taken and read back as one of them. links: app links in
    order, with the number that stands in their URL and whether they are on from the start. settings: every key of
    `settings.app` with its first value; required: those that a request must give; open: other keys are taken, too.
    keeps: keys that a PUT leaves out keep their value. to_app, to_user: the mappings that come with an instance, as
    (expression, pushStatus). schema: base attributes beside `userName`. connections: authSchemes of the provisioning
    connection. provisioning: it is the Office 365 connector's.
    """

    name: str
    label: str
    modes: tuple[str, ...]
    coerced: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    open: bool = False
    keeps: bool = False
    listed: bool = True
    creatable: bool = False
    first_party: bool = False
    provisioning: bool = False
    connections: tuple[str, ...] = ()
    universal_logout: Doc | None = None
    schema: Mapping[str, Doc] = field(default_factory=dict)
    to_app: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    to_user: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def general(name: str) -> AppType:
    """The entry of any name that is not listed: every mode, whatever settings the request gives.

    Differs from the cloud, which knows 8,000 names and what each of them needs, and refuses all others.
    """
    # Differs: a well-formed app name outside our small catalogue is taken as one of the vendor's catalogue.
    return AppType(
        name=name, label=name, modes=_CATALOGUE_MODES, coerced=AS_PLUGIN, open=True, listed=False, creatable=True
    )  # fmt: skip


def text(title: str, **more: object) -> Doc:
    """A string property of an app-user schema."""
    return {
        "title": title, "type": "string", "required": False, "mutability": "READ_WRITE", "scope": "NONE",
        "master": {"type": "PROFILE_MASTER"}, **more,
    }  # fmt: skip


def texts(title: str, **more: object) -> Doc:
    """A property that is an array of strings; `union` says whether values combine across groups."""
    return {**text(title), "type": "array", "items": {"type": "string"}, "union": "DISABLE", **more}
