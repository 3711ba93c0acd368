"""Whom Okta writes to: /api/v1/org/contacts. Source: okta-admin-api.md 16, appendix B and C."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.okta.bad_values import needed_text
from emulator.okta.params import body_object
from emulator.okta.problems import not_found
from emulator.okta.resources import users
from emulator.okta.tokens import ORG, org

TYPES = ("BILLING", "TECHNICAL")
_AT = "/api/v1/org/contacts"


def _kind(call: Call) -> str:
    kind = call.path["contactType"].upper()
    if kind not in TYPES:
        raise not_found(call.path["contactType"], "OrgContactType")
    return kind


def _render(call: Call, kind: str, user_id: str) -> Doc:
    at = f"{call.base}{_AT}/{kind.lower()}"
    return {
        "userId": user_id,
        "_links": {
            kind.lower(): {"href": at, "hints": {"allow": ["PUT"]}},
            "user": {"href": f"{call.base}/api/v1/users/{user_id}"},
        },
    }


@operation("GET", _AT, source=OBSERVED, scope=("okta.orgs.read",))
def list_contacts(call: Call) -> list[Doc]:
    """The types of contact, each with its link."""
    return [
        {"contactType": kind, "_links": {kind.lower(): {"href": f"{call.base}{_AT}/{kind.lower()}"}}} for kind in TYPES
    ]


@operation("GET", _AT + "/{contactType}", source=DOCUMENTED, scope=("okta.orgs.read",))
def get_contact(call: Call) -> Doc:
    """Who the contact of a type is; the org's first administrator until somebody else is named (inferred)."""
    kind = _kind(call)
    chosen = org(call).get("_contacts", {}).get(kind) or _first(call)
    return _render(call, kind, chosen)


@operation("PUT", _AT + "/{contactType}", source=DOCUMENTED, scope=("okta.orgs.manage",))
def set_contact(call: Call) -> Doc:
    """Name a user as the contact: `{userId}`."""
    kind = _kind(call)
    user = users.by_id(call, needed_text(body_object(call), "userId"))
    found = org(call)
    found["_contacts"] = {**found.get("_contacts", {}), kind: user["id"]}
    call.store.put(ORG, found)
    return _render(call, kind, user["id"])


def _first(call: Call) -> str:
    """The first user that the org ever had."""
    page = call.store.page(users.USERS, limit=1)
    return str(page.docs[0]["id"]) if page.docs else ""
