"""The domain's certificate authority: /_lab/directory/certificates, what people's smart cards hold.

Ours, not a vendor's: a real authority is asked by RPC. A card's key never leaves it; here it comes with the
certificate, because somebody has to play the card.
"""

import base64
from typing import Any

from emulator.directory import objects
from emulator.directory.resources import forests
from emulator.directory.resources.users import OURS, find
from emulator.kernel.call import Call
from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.certificate_authority import DAY, Authority, Wanted, card_key
from emulator.store import Column, Kind

ISSUED = Kind("certificates", (Column("userPrincipalName", fold=True),))
AUTHORITY = Kind("certification_authority", settled=True)
SEED_RANK = 2
_AT = "/_lab/directory/certificates"
_LIFE_DAYS, _MOST_DAYS = 365, 3650
_ERA = "2026-01-01T00:00:00.000Z"


@operation("GET", "/_lab/directory/certification-authority", source=OURS, auth="none")
def get_authority(call: Call) -> Doc:
    """`{name, certificate, revocationList}`, both as base64 DER; the list as it is now, good for seven days."""
    authority = _authority(call)
    rows = [(int(row["id"], 16), parse_iso(row["revokedAt"])) for row in call.store.all(ISSUED) if row["revokedAt"]]
    revocations = authority.revocations(rows, now=call.now)
    return {"name": authority.name, "certificate": _der(authority.certificate()), "revocationList": _der(revocations)}


@operation("GET", "/CertEnroll/{name}", source=OURS, auth="none", raw=True)
def published(call: Call) -> Answer:
    """The authority's list where a domain publishes it: http://dc.{forest}/CertEnroll/{anything}.crl."""
    data = base64.b64decode(get_authority(call)["revocationList"])
    return Answer(200, [*call.headers, ("Content-Type", "application/pkix-crl")], data)


@operation("GET", _AT, source=OURS, auth="none")
def list_certificates(call: Call) -> list[Doc]:
    """What was issued, without keys."""
    return [_shown(row) for row in call.store.all(ISSUED)]


@operation("POST", _AT, source=OURS, auth="none", status=201, commit="manual")
def issue(call: Call) -> Doc:
    """A card for a user: `{userName, days?, upn?, email?, policies?, uses?}` -> the certificate and `privateKey` (PEM).

    upn and email: other names than the user's; empty: none. policies, uses: object identifiers.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    user = find(call.store, objects.required(call.body, "userName"))
    if user is None:
        raise objects.missing(str(call.body["userName"])[:200], "user")
    wanted, days = _wanted(call.body, user), _days(call.body.get("days", _LIFE_DAYS))
    key = card_key(call.ids.derive(f"card {call.request_id}"))
    until = call.now + days * DAY
    try:
        made = _authority(call).issue(wanted, key, since=call.now, until=until)
    except (ValueError, TypeError) as error:
        raise _refused("email", call.body.get("email"), str(error)[:200]) from error
    row = {
        "id": f"{made.serial_number:X}", "subject": made.subject.rfc4514_string(),
        "userPrincipalName": user["userPrincipalName"], "notBefore": iso(call.now // 1000 * 1000),
        "notAfter": iso(until // 1000 * 1000), "certificate": _der(made), "revokedAt": None,
    }  # fmt: skip
    with call.commit():
        call.store.add(ISSUED, row)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {**_shown(row), "privateKey": private}


@operation("POST", _AT + "/{serialNumber}/revoke", source=OURS, auth="none", body="none")
def revoke(call: Call) -> Doc:
    """Revoke a certificate; the next revocation list says so."""
    row = call.store.get(ISSUED, call.path["serialNumber"].upper())
    if row is None:
        raise objects.missing(call.path["serialNumber"][:100], "certificate")
    if not row["revokedAt"]:
        row["revokedAt"] = iso(call.now // 1000 * 1000)
        call.store.put(ISSUED, row)
    return _shown(row)


def _wanted(body: Doc, user: Doc) -> Wanted:
    known: Doc = {"upn": user["userPrincipalName"], "email": user.get("mail", ""), "policies": [],
                  "uses": list(Wanted("").uses)}  # fmt: skip
    given: Doc = {**known, **{name: body[name] for name in known if body.get(name) is not None}}
    for name in ("upn", "email"):
        if not isinstance(given[name], str) or len(given[name]) > 1024:
            raise _refused(name, given[name], "a text")
    for name in ("policies", "uses"):
        if not isinstance(given[name], list) or not all(map(_is_oid, given[name])) or len(given[name]) > 100:
            raise _refused(name, given[name], "a list of object identifiers")
    common_name = str(user.get("cn") or user["sAMAccountName"])[:64]
    return Wanted(common_name, given["upn"], given["email"], tuple(given["policies"]), tuple(given["uses"]))


def _is_oid(value: Any) -> bool:
    from cryptography import x509

    try:
        return isinstance(value, str) and len(value) <= 100 and bool(x509.ObjectIdentifier(value))
    except ValueError:
        return False


def _days(value: Any) -> int:
    if type(value) is int and 1 <= value <= _MOST_DAYS:
        return value
    raise _refused("days", value, f"1 to {_MOST_DAYS}")


def _refused(name: str, value: Any, wanted: str) -> Problem:
    compared = (Compared(name, value, "request body"), Compared("wanted", wanted, "the authority"))
    why = Why("A certificate cannot be made of that.", compared)
    return Problem("constraintViolation", f"{name} is not valid.", why=why)


def _authority(call: Call) -> Authority:
    """The forest's authority; its key is made of the forest's own secret."""
    rows = call.store.all(AUTHORITY)
    since = parse_iso(rows[0]["notBefore"] if rows else _ERA)  # worlds kept from before had none
    name = f"{forests.the(call.store)['forest']} issuing CA"
    return Authority(name, call.ids.derive("certification authority"), since)


def _der(made: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def _shown(row: Doc) -> Doc:
    shown = public(row)
    return {"serialNumber": shown.pop("id"), **shown}


def seed(seeding: Seeding) -> None:
    """A forest has its authority from the first day."""
    seeding.store.add(AUTHORITY, {"id": "authority", "notBefore": iso(seeding.now // 1000 * 1000)})
