"""Records that are published for the org to see: /api/internal/v1/dns-records. Address and shape are ours."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import inferred, operation
from emulator.kernel.party import Seeding
from emulator.okta import dns, shapes
from emulator.okta.dns import DNS_RECORDS
from emulator.okta.params import body_object

_AT = "/api/internal/v1/dns-records"
_HOW = inferred("the vendor asks the internet; here somebody says what is published")
_row = shapes.record(
    {"fqdn": shapes.bounded(255, least=1), "recordType": shapes.one_of(*dns.TYPES),
     "value": shapes.bounded(4096, least=1)},
    needed=("fqdn", "recordType", "value"),
)  # fmt: skip
_BODY = shapes.record({"records": shapes.many(_row, 500)}, needed=("records",))


def _shown(row: Doc) -> Doc:
    return {name: value for name, value in row.items() if name != "id"}


@operation("GET", _AT, source=_HOW, scope=("okta.domains.read",))
def get_dns_records(call: Call) -> Doc:
    """`{records: [{fqdn, recordType, value}]}`."""
    return {"records": [_shown(row) for row in call.store.all(DNS_RECORDS)]}


@operation("PUT", _AT, source=_HOW, scope=("okta.domains.manage",))
def put_dns_records(call: Call) -> Doc:
    """Publish these records, and no others."""
    wanted = [
        dns.record(row["fqdn"], row["recordType"], row["value"]) for row in _BODY(body_object(call), "")["records"]
    ]
    for row in call.store.all(DNS_RECORDS):
        call.store.drop(DNS_RECORDS, row["id"])
    for row in wanted:
        call.store.save(DNS_RECORDS, row)
    return get_dns_records(call)


def seed(seeding: Seeding) -> None:
    """`dns: [{fqdn, recordType, value}]`: what is published under names that the org asks about."""
    for given in seeding.spec.get("dns", ()):
        seeding.store.save(DNS_RECORDS, dns.record(given["fqdn"], given["recordType"], given["value"]))
