"""Tickets for a service, and how a client brings one over HTTP (`Negotiate`). Source: RFC 4120, 4178, 4559.

Values in, bytes out and back; times in milliseconds. Whether they are of this time is for who reads them.

# Differs: a ticket names the person by user principal name (an enterprise name, RFC 6806) and holds no PAC. Okta takes
# the name from the PAC that a domain controller adds.
"""

import base64
import binascii
from dataclasses import dataclass

from emulator.protocols import der
from emulator.protocols import kerberos_crypto as crypto
from emulator.protocols.kerberos_crypto import AES128, AES256, RC4

__all__ = ["AES128", "AES256", "RC4", "Request", "Ticket", "TicketRejected", "keys_of"]
AES_BITS = {AES128: 0x08, AES256: 0x10}
"""The bits of msDS-SupportedEncryptionTypes; an account without either has RC4 only."""
KRB5, MS_KRB5, SPNEGO = "1.2.840.113554.1.2.2", "1.2.840.48018.1.2.2", "1.3.6.1.5.5.2"
_ENTERPRISE, _SERVICE = 10, 2
_TICKET, _AUTHENTICATOR, _REPLY = 2, 11, 12  # key usages
_MUTUAL = 1 << 29
_PREAUTHENTICATED = 1 << 21
_MOST = 16384
_NTLM = b"NTLMSSP\0"
_ERROR = {"type": "KRB_AP_ERR_MSG_TYPE", "modified": "KRB_AP_ERR_MODIFIED", "etype": "KDC_ERR_ETYPE_NOSUPP"}


class TicketRejected(Exception):
    """Something that cannot be read; `problem`: Kerberos' name for it."""

    def __init__(self, problem: str, reason: str) -> None:
        super().__init__(reason)
        self.problem, self.reason = problem, reason


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the domain controller sealed: who, from when until when, and the key that it gave the client."""

    client: str
    realm: str
    begins: int
    ends: int
    key: bytes
    kind: int


@dataclass(frozen=True, slots=True)
class Request:
    """What a client brings. service: `HTTP/host`, realm: both openly; kind: what the ticket is sealed with."""

    service: str
    realm: str
    kind: int
    mutual: bool
    ticket: bytes
    authenticator: bytes


def keys_of(password: str, *, realm: str, name: str) -> dict[str, str]:
    """The long-term keys of an account by encryption type, in hex; realm and name count with their case."""
    return {
        str(kind): crypto.key_of(password, salt=realm + name, kind=kind).hex() for kind in (AES128, AES256)
    }  # fmt: skip


# -- the domain controller ----------------------------------------------------------------------------------------


def ticket(key: bytes, content: Ticket, *, service: str, kind: int, confounder: bytes) -> bytes:
    """A Ticket for `service`, sealed under its account's key."""
    inside = der.application(3, der.fields(
        (0, der.bits(_PREAUTHENTICATED)), (1, der.fields((0, der.integer(content.kind)), (1, der.octets(content.key)))),
        (2, der.text(content.realm)), (3, _principal(_ENTERPRISE, content.client)),
        (4, der.fields((0, der.integer(0)), (1, der.octets(b"")))),
        (5, der.time(content.begins)), (6, der.time(content.begins)), (7, der.time(content.ends)),
    ))  # fmt: skip
    sealed = crypto.sealed(key, _TICKET, inside, confounder=confounder)
    return der.application(1, der.fields(
        (0, der.integer(5)), (1, der.text(content.realm)), (2, _principal(_SERVICE, *service.split("/"))),
        (3, _encrypted(kind, sealed)),
    ))  # fmt: skip


# -- the client ---------------------------------------------------------------------------------------------------


def negotiated(ticket: bytes, *, session: bytes, client: str, realm: str, at: int, seed: bytes) -> str:
    """What stands behind `Negotiate`: the ticket with an authenticator of this moment. seed: 16 bytes of its own."""
    fresh = der.application(2, der.fields(
        (0, der.integer(5)), (1, der.text(realm)), (2, _principal(_ENTERPRISE, client)),
        (4, der.integer(int.from_bytes(seed[:3], "big") % 1000 + at % 1000 * 1000)), (5, der.time(at)),
    ))  # fmt: skip
    kind = _kind_of(session)
    sealed = crypto.sealed(session, _AUTHENTICATOR, fresh, confounder=seed)
    request = der.application(14, der.fields(
        (0, der.integer(5)), (1, der.integer(14)), (2, der.bits(_MUTUAL)), (3, ticket), (4, _encrypted(kind, sealed)),
    ))  # fmt: skip
    mechanism = der.application(0, der.oid(KRB5) + b"\x01\x00" + request)
    offered = der.sequence(der.oid(MS_KRB5), der.oid(KRB5))
    first = der.fields((0, offered), (2, der.octets(mechanism)))
    return base64.b64encode(der.application(0, der.oid(SPNEGO) + der.explicit(0, first))).decode()


def proved(answer: str, *, session: bytes, at: int) -> bool:
    """Whether a server's `Negotiate` answer shows that it opened the ticket that was sent at that time."""
    try:
        token = der.members(der.inside(_decoded(answer), 0xA1))
        mechanism = der.split(der.inside(der.inside(token[2], der.OCTETS), 0x60))[1:]
        reply = der.members(der.inside(b"".join(der.tlv(*part) for part in mechanism[1:]), 0x6F))
        _, sealed = _sealed(reply[2])
        part = der.members(der.inside(crypto.opened(session, _REPLY, sealed), 0x7B))
        return der.moment(part[0]) == at // 1000 * 1000
    except (ValueError, KeyError, IndexError, TicketRejected):
        return False


# -- the service --------------------------------------------------------------------------------------------------


def read(token: str) -> Request:
    """What a client brings, before anything is opened. Raises TicketRejected."""
    data = _decoded(token)
    if data.startswith(_NTLM):
        raise TicketRejected(_ERROR["type"], "it is NTLM: the computer got no Kerberos ticket for this name")
    try:
        request = der.members(der.inside(_mechanism(data), 0x6E))
        if der.whole(request[0]) != 5 or der.whole(request[1]) != 14:
            raise der.DerRejected("not a request")
        options, ticket = der.inside(request[2], der.BITS), der.members(der.inside(request[3], 0x61))
        names = [der.string(der.tlv(*part)) for part in der.split(der.inside(der.members(ticket[2])[1], der.SEQUENCE))]
        kind, _ = _sealed(ticket[3])
        return Request("/".join(names), der.string(ticket[1]), kind, bool(options[1] & 0x20), request[3], request[4])
    except (ValueError, KeyError, IndexError) as error:
        raise TicketRejected(_ERROR["type"], "it is no ticket") from error


def opened(key: bytes, request: Request) -> Ticket:
    """What the domain controller sealed. Raises TicketRejected when this key does not open it."""
    try:
        _, sealed = _sealed(der.members(der.inside(request.ticket, 0x61))[3])
        part = der.members(der.inside(crypto.opened(key, _TICKET, sealed), 0x63))
        session, begins = der.members(part[1]), part.get(6, part[5])
        return Ticket(_name(part[3]), der.string(part[2]), der.moment(begins), der.moment(part[7]),
                      der.inside(session[1], der.OCTETS), der.whole(session[0]))  # fmt: skip
    except crypto.BadSeal as error:
        raise TicketRejected(_ERROR["modified"], "the account's key does not open it") from error
    except (ValueError, KeyError) as error:
        raise TicketRejected(_ERROR["modified"], "it holds no ticket") from error


def authenticated(content: Ticket, request: Request) -> tuple[int, int]:
    """When the client made its authenticator: ms, and microseconds beyond the second. Raises TicketRejected."""
    try:
        kind, sealed = _sealed(request.authenticator)
        if kind not in crypto.SIZES or len(content.key) != crypto.SIZES[kind]:
            raise TicketRejected(_ERROR["etype"], "the session key is not AES")
        part = der.members(der.inside(crypto.opened(content.key, _AUTHENTICATOR, sealed), 0x62))
        name, realm, at, more = _name(part[2]), der.string(part[1]), der.moment(part[5]), der.whole(part[4])
    except crypto.BadSeal as error:
        raise TicketRejected("KRB_AP_ERR_BAD_INTEGRITY", "the session key did not seal its authenticator") from error
    except (ValueError, KeyError) as error:
        raise TicketRejected(_ERROR["type"], "its authenticator is none") from error
    if (name, realm) != (content.client, content.realm):
        raise TicketRejected("KRB_AP_ERR_BADMATCH", "ticket and authenticator are of different people")
    return at, more


def replied(content: Ticket, *, at: int, more: int, confounder: bytes) -> str:
    """What stands behind the service's own `Negotiate`: that it has opened the ticket."""
    part = der.application(27, der.fields((0, der.time(at)), (1, der.integer(more))))
    sealed = crypto.sealed(content.key, _REPLY, part, confounder=confounder)
    reply = der.application(15, der.fields(
        (0, der.integer(5)), (1, der.integer(15)), (2, _encrypted(content.kind, sealed)),
    ))  # fmt: skip
    mechanism = der.application(0, der.oid(KRB5) + b"\x02\x00" + reply)
    accepted = der.fields((0, der.tlv(0x0A, b"\0")), (1, der.oid(KRB5)), (2, der.octets(mechanism)))
    return base64.b64encode(der.explicit(1, accepted)).decode()


# -- parts --------------------------------------------------------------------------------------------------------


def _decoded(token: str) -> bytes:
    if len(token) > _MOST:
        raise TicketRejected(_ERROR["type"], "it is too long")
    try:
        return base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TicketRejected(_ERROR["type"], "it is not base64") from error


def _mechanism(data: bytes) -> bytes:
    """The AP-REQ in a GSS-API token, which may be wrapped in SPNEGO."""
    (tag, name), *rest = der.split(der.inside(data, 0x60))
    found = der.dotted(name) if tag == der.OID else ""
    if found == SPNEGO and len(rest) == 1:
        first = der.members(der.inside(der.tlv(*rest[0]), 0xA0))
        return _mechanism(der.inside(first[2], der.OCTETS))
    content = der.inside(data, 0x60)[len(der.tlv(tag, name)) :]
    if found not in (KRB5, MS_KRB5) or content[:2] != b"\x01\x00":
        raise der.DerRejected("another mechanism")
    return content[2:]


def _principal(kind: int, *names: str) -> bytes:
    return der.fields((0, der.integer(kind)), (1, der.sequence(*(der.text(name) for name in names))))


def _name(data: bytes) -> str:
    """A principal's names, as they are written."""
    parts = der.split(der.inside(der.members(data)[1], der.SEQUENCE))
    return "/".join(der.string(der.tlv(*part)) for part in parts)


def _encrypted(kind: int, cipher: bytes) -> bytes:
    return der.fields((0, der.integer(kind)), (2, der.octets(cipher)))


def _sealed(data: bytes) -> tuple[int, bytes]:
    part = der.members(data)
    return der.whole(part[0]), der.inside(part[2], der.OCTETS)


def _kind_of(key: bytes) -> int:
    return next(kind for kind, size in crypto.SIZES.items() if size == len(key))
