"""Email domains as they are stored and shown, and what their DNS has to say. Source: recordings of 2025."""

import hashlib

from emulator.kernel.doc import Doc
from emulator.store import Column, Kind

AT = "/api/v1/email-domains"
EMAIL_DOMAINS = Kind("email_domains", (Column("_name", unique=True),), settled=True)
_PROVIDER = "mailer.example"
"""Differs: the vendor's own mail provider is named by ours."""


def records(row: Doc) -> list[Doc]:
    """`{recordType, fqdn, verificationValue}`: the proof, and what lets a provider send and sign."""
    name, number = row["_name"], int.from_bytes(hashlib.sha256(row["id"].encode()).digest()[:3], "big")
    sender = f"u{number}.{_PROVIDER}"
    keys = [(f"{key}._domainkey.{name}", f"{key}.domainkey.{sender}") for key in ("p03", "p032")]
    aliases = [(f"{row['validationSubdomain'].lower()}.{name}", sender), *keys]
    return [
        {"recordType": "TXT", "fqdn": f"_oktaverification.{row['domain']}", "verificationValue": row["_txt"]},
        *({"recordType": "cname", "fqdn": fqdn, "verificationValue": value} for fqdn, value in aliases),
    ]


def record_of(item: Doc) -> Doc:
    """A record as dns.py takes it."""
    return {"recordType": item["recordType"], "fqdn": item["fqdn"], "value": item["verificationValue"]}


def render(row: Doc) -> Doc:
    """The email domain as the API shows it."""
    names = ("id", "validationStatus", "displayName", "userName", "domain", "validationSubdomain")
    return {**{name: row[name] for name in names}, "dnsValidationRecords": records(row)}
