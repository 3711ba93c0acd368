"""DNS of the tenant's domains: the records that Microsoft asks for, and the zones as they are published.

Publishing is state, not an API of Microsoft's: a zone is seeded. Verification then compares the two. Source:
graph-entra.md 1.11.
"""

import hashlib

from emulator.entra.graph import Collection
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.ids import as_guid
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind, Store

SEED_RANK = 25
DNS_RECORDS = Kind("dns_records", (Column("name"), Column("type")))
TTL = 3600


def code(tenant_id: str, domain: str) -> str:
    """`ms12345678`: the tenant's own token for a domain, always the same."""
    digest = hashlib.blake2b(f"{tenant_id}/{domain}".encode(), digest_size=8).digest()
    return f"ms{10_000_000 + int.from_bytes(digest, 'big') % 90_000_000}"


def publishes(call: Call, domain: str) -> None:
    """Refuse unless the domain's published zone holds the TXT or MX record that the tenant asked for."""
    wanted = f"MS={code(tenant(call)['id'], domain)}"
    mail = f"{wanted[3:]}.msv1.invalid"
    found = call.store.find_all(DNS_RECORDS, "name", domain)
    values = [record["value"] for record in found if record["type"] in ("TXT", "MX")]
    if wanted in values or mail in values or _follows(call.store, domain):
        return
    compared = (
        Compared("TXT wanted", wanted, "verificationDnsRecords"),
        Compared("TXT, MX found", ", ".join(values) or "none", f"DNS of {domain}"),
    )
    hint = "Publish the record: seed `dns` of the tenant with it, or with a zone that follows."
    raise Problem("dns_missing", why=Why("The zone does not hold the verification record.", compared, hint))


def _follows(store: Store, domain: str) -> bool:
    """Whether a hoster that publishes whatever Microsoft asks for has the domain's zone."""
    name = domain
    while name:
        if any(record["type"] == "ZONE" for record in store.find_all(DNS_RECORDS, "name", name)):
            return True
        name = name.partition(".")[2]
    return False


def _record(domain: str, kind: str, service: str, **more: object) -> Doc:
    number = hashlib.blake2b(f"{domain}/{kind}/{more}".encode(), digest_size=16).digest()
    return {
        "@odata.type": f"#microsoft.graph.domainDns{kind}Record", "id": as_guid(number), "isOptional": False,
        "label": domain, "recordType": kind, "supportedService": service, "ttl": TTL, **more,
    }  # fmt: skip


@operation("GET", "/v1.0/domains/{id}/verificationDnsRecords", source=DOCUMENTED)
def verification_records(call: Call) -> Collection:
    """The TXT record that proves ownership, and the MX record that does as well."""
    from emulator.entra.resources import domains

    name = domains.load(call)["id"]
    token = code(tenant(call)["id"], name)
    items = [
        _record(name, "Txt", "Email", text=f"MS={token}"),
        _record(name, "Mx", "Email", mailExchange=f"{token}.msv1.invalid", preference=32767),
    ]
    return Collection(f"domains('{name}')/verificationDnsRecords", items)


@operation("GET", "/v1.0/domains/{id}/serviceConfigurationRecords", source=DOCUMENTED)
def service_records(call: Call) -> Collection:
    """The records that the services of a domain want."""
    from emulator.entra.resources import domains

    name = domains.load(call)["id"]
    exchange = f"{name.replace('.', '-')}.mail.protection.outlook.com"
    items = [
        _record(name, "Mx", "Email", mailExchange=exchange, preference=0),
        _record(name, "Txt", "Email", text="v=spf1 include:spf.protection.outlook.com -all"),
        _record(f"autodiscover.{name}", "Cname", "Email", canonicalName="autodiscover.outlook.com"),
        _record(
            f"enterpriseregistration.{name}", "Cname", "Intune", canonicalName="enterpriseregistration.windows.net"
        ),
        _record(
            f"enterpriseenrollment.{name}", "Cname", "Intune", canonicalName="enterpriseenrollment.manage.microsoft.com"
        ),
    ]
    return Collection(f"domains('{name}')/serviceConfigurationRecords", items)


def seed(seeding: Seeding) -> None:
    """`dns: [{name, type: TXT|MX, value} | {zone: name}]`; `domains: [{..., dns: true}]` is a zone of that name.

    A zone stands for a hoster that publishes whatever Microsoft asks for, for the name and all names below it: with
    `dns: [{zone: example}]` any domain below `example` can be added and verified.
    """
    rows = [
        {"name": given["zone"], "type": "ZONE", "value": ""} if "zone" in given else given
        for given in seeding.spec.get("dns", ())
    ]
    rows += [
        {"name": given["id"], "type": "ZONE", "value": ""}
        for given in seeding.spec.get("domains", ())
        if given.get("dns")
    ]
    for number, row in enumerate(rows):
        seeding.store.add(
            DNS_RECORDS, {"id": f"dns{number}", "name": row["name"].lower(), "type": row["type"], "value": row["value"]}
        )
