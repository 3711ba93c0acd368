"""Domains that the org's mails come from: /api/v1/email-domains.

Source: recordings of 2025 and the vendor's SDK 3 (EmailDomainApi); appendix D (E0000197, E0000198, E0000217, E0000218).

# Differs: the outbox's mails are sent from nowhere; an email domain only says who they would be from.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import branding, dns, shapes
from emulator.okta.branding import BRANDS
from emulator.okta.email_senders import AT, EMAIL_DOMAINS, record_of, records, render
from emulator.okta.params import body_object
from emulator.okta.resources import brands
from emulator.okta.resources.domains import name_of
from emulator.store import Duplicate

_ONE = AT + "/{emailDomainId}"
_READ: Any = {"scope": ("okta.emailDomains.read",)}
_MANAGE: Any = {"scope": ("okta.emailDomains.manage",)}
NOT_STARTED, VERIFIED, ERROR = "NOT_STARTED", "VERIFIED", "ERROR"
_SENDER: dict[str, shapes.Read] = {
    "displayName": shapes.bounded(255, least=1), "userName": shapes.bounded(64, least=1),
    "validationSubdomain": shapes.matching(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", "labels of a domain name"),
}  # fmt: skip
_CHANGE = shapes.record(_SENDER, needed=("displayName", "userName"))
_NEW = shapes.record(
    {**_SENDER, "domain": shapes.bounded(255, least=1), "brandId": shapes.bounded(100, least=1)},
    needed=("displayName", "userName", "domain", "brandId"),
)  # fmt: skip


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(EMAIL_DOMAINS, call.path["emailDomainId"])
    if found is None:
        compared = (Compared("emailDomainId", call.path["emailDomainId"][:100], "request path"),)
        raise Problem("E0000198", why=Why("The org has no such email domain.", compared))
    return dict(found)


def _shown(call: Call, row: Doc) -> Doc:
    shown = render(row)
    if not branding.expansions(call, "brands"):
        return shown
    mine = call.store.find_all(BRANDS, "emailDomainId", row["id"])
    return {**shown, "_embedded": {"brands": [brands.render(call, brand) for brand in mine]}}


@operation("GET", AT, source=DOCUMENTED, query=("expand",), **_READ)
def list_email_domains(call: Call) -> list[Doc]:
    """The org's email domains; `expand=brands` shows whose mails they send."""
    return [_shown(call, row) for row in call.store.all(EMAIL_DOMAINS)]


@operation("POST", AT, source=OBSERVED, status=201, query=("expand",), emits=("system.brand.update",), **_MANAGE)
def create_email_domain(call: Call) -> Doc:
    """Ask for a domain, `{brandId, domain, displayName, userName, validationSubdomain?}`; the brand uses it."""
    sent: Doc = _NEW(body_object(call), "")
    name_of(sent["domain"], "domain")
    brand = call.store.get(BRANDS, sent.pop("brandId"))
    if brand is None:
        raise shapes.bad("brandId", "unknown", allowed="a brand of this org")
    row = {
        "id": call.ids.okta("OeD"), "validationStatus": NOT_STARTED, "validationSubdomain": "mail", **sent,
        "_txt": call.ids.guid("emailDomainTxt").replace("-", ""), "_name": sent["domain"].lower(),
    }  # fmt: skip
    try:
        call.store.add(EMAIL_DOMAINS, row)
    except Duplicate as error:
        why = Why("The org has the email domain already.", (Compared("domain", sent["domain"], "request body"),))
        raise Problem("E0000197", why=why) from error
    brands.keep(call, {**brand, "emailDomainId": row["id"]})
    return _shown(call, row)


@operation("GET", _ONE, source=OBSERVED, query=("expand",), **_READ)
def get_email_domain(call: Call) -> Doc:
    """One email domain, with the records that its DNS has to have."""
    return _shown(call, _load(call))


@operation("PUT", _ONE, source=OBSERVED, query=("expand",), **_MANAGE)
def replace_email_domain(call: Call) -> Doc:
    """Change the sender: `{displayName, userName, validationSubdomain?}`."""
    row = {**_load(call), **_CHANGE(body_object(call), "")}
    call.store.put(EMAIL_DOMAINS, row)
    return _shown(call, row)


@operation("DELETE", _ONE, source=OBSERVED, query=("expand",), emits=("system.brand.update",), **_MANAGE)
def delete_email_domain(call: Call) -> None:
    """Forget an email domain; its brands' mails come from the vendor again."""
    row = _load(call)
    for brand in call.store.find_all(BRANDS, "emailDomainId", row["id"]):
        brands.keep(call, {**brand, "emailDomainId": None})
    call.store.drop(EMAIL_DOMAINS, row["id"])


@operation("POST", _ONE + "/verify", source=DOCUMENTED, body="none", **_MANAGE)
def verify_email_domain(call: Call) -> Doc:
    """Look whether the domain's DNS has the records. Raises E0000218 where it has not, E0000217 for a verified one."""
    row = _load(call)
    if row["validationStatus"] == VERIFIED:
        state = Compared("validationStatus", VERIFIED, f"email domain {row['domain']}")
        raise Problem("E0000217", why=Why("A verified domain is not verified again.", (state,)))
    lacking = dns.lacking(call.store, [record_of(item) for item in records(row)])
    if lacking:
        compared = tuple(Compared(f"{item['recordType']} {item['fqdn']}", item["value"], "wanted") for item in lacking)
        raise Problem("E0000218", why=Why("Nobody publishes these records.", compared))
    row["validationStatus"] = VERIFIED
    call.store.put(EMAIL_DOMAINS, row)
    return render(row)
