"""Where a SAML 2.0 app's assertions go and what they say of themselves: a custom app's settings, or the catalogue's.

Source: okta-admin-api.md 5 and appendix C. A catalogue app's addresses are the vendor's knowledge: those of the apps
whose settings its API documents are written down here (inferred from the services' public set-up pages); of others only
the overrides are known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator.kernel.doc import Doc
from emulator.okta import app_saml

_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
_LIFE_S = 300

_CATALOGUE: Mapping[str, Callable[[Doc], tuple[str, str]]] = {
    "google": lambda own: (f"https://www.google.com/a/{own.get('domain')}/acs", f"google.com/a/{own.get('domain')}"),
    "slack": lambda own: (f"https://{own.get('domain')}.slack.com/sso/saml", "https://slack.com"),
    "zoomus": lambda own: (f"https://{own.get('subDomain')}.zoom.us/saml/SSO", f"{own.get('subDomain')}.zoom.us"),
    "salesforce": lambda own: (str(own.get("loginUrl") or "https://login.salesforce.com"),
                               "https://saml.salesforce.com"),
    "okta_org2org": lambda own: (str(own.get("acsUrl") or ""), str(own.get("audRestriction") or "")),
}  # fmt: skip
"""App name -> its settings -> (address, audience)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where answers go by default, the further registered addresses by index, and what the assertion carries."""

    acs: str
    audience: str
    recipient: str
    destination: str
    relay_state: str = ""
    more: Mapping[int, str] | None = None
    name_id: str = "${user.userName}"
    name_id_format: str = _UNSPECIFIED
    context: str = _PASSWORD
    sign_response: bool = True
    sign_assertion: bool = True
    signature: str = "sha256"
    digest: str = "sha256"
    life_s: int = _LIFE_S
    force: bool = True

    def addresses(self) -> list[str]:
        """Every address that a request may name."""
        return [self.acs, *(self.more or {}).values()]


def of(app: Doc) -> Target | None:
    """The app's target; None where nothing says where its answers go."""
    said: Doc = app["settings"]["signOn"]
    life = said.get("samlAssertionLifetimeSeconds") or _LIFE_S
    relay = said.get("defaultRelayState") or ""
    if "ssoAcsUrl" not in said:
        return _listed(app, said, life, relay)
    return Target(
        acs=said["ssoAcsUrl"], audience=said["audience"], recipient=said["recipient"], destination=said["destination"],
        relay_state=relay, more={item["index"]: item["url"] for item in said["acsEndpoints"]},
        name_id=said["subjectNameIdTemplate"], name_id_format=said["subjectNameIdFormat"],
        context=said["authnContextClassRef"], sign_response=said["responseSigned"],
        sign_assertion=said["assertionSigned"], signature=_hash(said["signatureAlgorithm"]),
        digest=_hash(said["digestAlgorithm"]), life_s=life, force=said["honorForceAuthn"],
    )  # fmt: skip


def _hash(name: str) -> str:
    return "sha1" if name.endswith("SHA1") else "sha256"


def _listed(app: Doc, said: Doc, life: int, relay: str) -> Target | None:
    known = _CATALOGUE.get(app["name"])
    acs, audience = known(app["settings"]["app"]) if known else ("", "")
    acs = said.get("ssoAcsUrlOverride") or acs
    if not acs:
        return None
    return Target(
        acs=acs, audience=said.get("audienceOverride") or audience or acs,
        recipient=said.get("recipientOverride") or acs, destination=said.get("destinationOverride") or acs,
        relay_state=relay, life_s=life, name_id_format=_EMAIL if app["name"] in ("google", "slack") else _UNSPECIFIED,
    )  # fmt: skip


def issuers(app: Doc, target: Target) -> list[str]:
    """What a service provider may call itself in its requests."""
    slo = app["settings"]["signOn"].get("slo") or {}
    named = (app["settings"]["signOn"].get("spIssuer"), slo.get("issuer"), target.audience)
    return [str(each) for each in named if each]


def own_url(host: str, app: Doc, service: str = "sso") -> str:
    """The org's own address for an app's messages: `sso` or `slo`."""
    return f"https://{host}/app/{app['name']}/{app['_key']}/{service}/saml"


issuer = app_saml.issuer
