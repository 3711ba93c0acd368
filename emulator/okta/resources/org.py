"""The org itself, its administrators' tokens, and organization discovery. Source: okta-admin-api.md 2.1, 2.4, 16."""

from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.okta import subscription
from emulator.okta.tokens import API_TOKENS, ORG, SESSIONS, digest, org

__all__ = ["API_TOKENS", "ORG", "SESSIONS"]  # kinds that are stored beside this resource

SEED_RANK = 10
TOKEN_LIFE = 30 * DAY


@operation("GET", "/.well-known/okta-organization", source=OBSERVED, auth="none")
def discovery(call: Call) -> Doc:
    """What clients ask first: which engine the org runs."""
    found = org(call)
    engine = call.info["engine"] == "oie"
    return {
        "id": found["id"], "cell": "ok1",
        "_links": {"organization": {"href": call.base}},
        "pipeline": "idx" if engine else "v1",
        "settings": {
            "analyticsCollectionEnabled": False, "bugReportingEnabled": False, "omEnabled": False,
            "pssoEnabled": False, "desktopMFAEnabled": False,
            "itpEnabled": engine and "threat" not in subscription.lacking(call),
        },
    }  # fmt: skip


@operation("GET", "/api/v1/org", source=OBSERVED, scope=("okta.orgs.read",))
def get_org(call: Call) -> Doc:
    """The org's profile."""
    return render(call, org(call))


def render(call: Call, found: Doc) -> Doc:
    at = f"{call.base}/api/v1/org"
    shown = {key: value for key, value in found.items() if not key.startswith("_")}
    links = {
        "preferences": {"href": f"{at}/preferences"},
        "uploadLogo": {"href": f"{at}/logo", "hints": {"allow": ["POST"]}},
        "oktaCommunication": {"href": f"{at}/privacy/oktaCommunication"},
        "logo": {"href": f"{call.base}/img/logos/default.png"},
        "oktaSupport": {"href": f"{at}/privacy/oktaSupport"}, "contacts": {"href": f"{at}/contacts"},
    }  # fmt: skip
    return {**shown, "_links": links}


def seed(seeding: Seeding) -> None:
    """`org: {id, subdomain, host, companyName}`, `tokens: [{name, user, token}]`, `agent_token`."""
    spec, at = seeding.spec, iso(seeding.now // 1000 * 1000)
    given = spec["org"]
    agent = spec.get("agent_token") or seeding.ids.secret_text("agent", 42)
    seeding.store.add(ORG, {
        "id": given.get("id") or seeding.ids.okta("00o"), "subdomain": given["subdomain"],
        "companyName": given["companyName"], "status": "ACTIVE", "expiresAt": None, "created": at, "lastUpdated": at,
        "website": "", "phoneNumber": "", "endUserSupportHelpURL": "", "supportPhoneNumber": "",
        "address1": None, "address2": None, "city": None, "state": None, "country": None, "postalCode": None,
        "_agentToken": digest(agent),
    })  # fmt: skip
    for token in spec.get("tokens", ()):
        seeding.store.add(API_TOKENS, {
            "id": seeding.ids.okta("00T"), "name": token["name"], "userId": token["user"], "clientName": "Okta API",
            "tokenWindow": "P30D", "network": {"connection": "ANYWHERE"}, "created": at, "lastUpdated": at,
            "expiresAt": iso(seeding.now + TOKEN_LIFE * 120), "_hash": digest(token["token"]),
        })  # fmt: skip
