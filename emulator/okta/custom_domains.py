"""Custom domains: under which names people reach the org, what the names' DNS has to say, and how they are shown.

Source: recordings of 2025 and the vendor's SDK 3 (CustomDomainApi). The org's own name is a domain, too: `default`.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import branding
from emulator.okta.links import link
from emulator.store import Column, Kind

AT = "/api/v1/domains"
DOMAINS = Kind("domains", (Column("domain", unique=True), Column("brandId")), settled=True)
DEFAULT = "default"
MANUAL, MANAGED = "MANUAL", "OKTA_MANAGED"
NOT_STARTED, FAILED, VERIFIED, COMPLETED = "NOT_STARTED", "FAILED_TO_VERIFY", "VERIFIED", "COMPLETED"
OURS = (VERIFIED, COMPLETED)
"""States of a domain whose DNS was seen to be right."""


def default(call: Call) -> Doc:
    """The org's own name, which cannot change."""
    return {
        "id": DEFAULT, "domain": call.info["host"], "certificateSourceType": MANAGED, "validationStatus": COMPLETED,
        "brandId": branding.default_brand(call.store)["id"],
    }  # fmt: skip


def of_brand(store: Any, brand: Doc) -> list[Doc]:
    """The custom domains that carry a brand."""
    found: list[Doc] = store.find_all(DOMAINS, "brandId", brand["id"])
    return found


def brand_of(call: Call) -> Doc:
    """The brand that a request's host belongs to: a custom domain's, else the default one."""
    host = call.exchange.host.partition(":")[0].lower()
    domain = call.store.find(DOMAINS, "domain", host)
    found: Doc | None = call.store.get(branding.BRANDS, domain["brandId"]) if domain is not None else None
    return found or branding.default_brand(call.store)


def target_of(call: Call) -> str:
    """Where a custom domain's CNAME leads: `acme.customdomains.okta.com`."""
    name, dot, domain = str(call.info["host"]).partition(".")
    return f"{name}.customdomains{dot}{domain}"


def wanted(call: Call, row: Doc) -> list[Doc]:
    """The records that prove a domain: `{recordType, fqdn, value}`."""
    name = row["domain"]
    return [{"recordType": "TXT", "fqdn": f"_oktaverification.{name}", "value": row["_txt"]},
            {"recordType": "CNAME", "fqdn": name, "value": target_of(call)}]  # fmt: skip


def render(call: Call, row: Doc, *allow: str, whole: bool = False, verify: bool = False) -> Doc:
    """The domain as the API shows it. allow: methods of its own link, which differ from answer to answer (observed).

    whole: with its records. verify: with the link to its verification, until it is verified.
    """
    at = f"{call.base}{AT}/{row['id']}"
    shown = {name: row[name] for name in ("id", "domain", "certificateSourceType", "validationStatus", "brandId")}
    if whole and row["id"] != DEFAULT:
        shown["dnsRecords"] = [
            {"recordType": item["recordType"], "fqdn": item["fqdn"], "values": [item["value"]]}
            for item in wanted(call, row)
        ]
    if row.get("publicCertificate"):
        shown["publicCertificate"] = row["publicCertificate"]
    links: Doc = {"self": link(at, *allow)}
    if verify and row["validationStatus"] not in OURS:
        links["verify"] = link(f"{at}/verify", "POST")
    if row["certificateSourceType"] == MANUAL and row["validationStatus"] in OURS:
        links["certificate"] = link(f"{at}/certificate", "PUT")
    links["brand"] = link(f"{call.base}{branding.AT}/{row['brandId']}", "GET", "PUT", "DELETE")
    return {**shown, "_links": links}
