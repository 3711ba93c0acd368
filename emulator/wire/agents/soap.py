"""WS-Trust as these clients speak it: where to, the request, and what came back. Source: federation.md 4."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from lxml import etree

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.ids import as_guid, scramble
from emulator.protocols.mex import SOAP12, WSDL
from emulator.protocols.wstrust import ACTION_13, ACTION_2005, CONTENT_TYPE, Version, WsTrustFault
from emulator.protocols.wstrust_client import build_rst, parse_rstr_envelope
from emulator.protocols.xmlparse import XmlRejected, parse

_VERSIONS: dict[str, Version] = {ACTION_13: "1.3", ACTION_2005: "2005"}
_MOST = 256 * 1024


def windows_endpoint(metadata: bytes) -> str:
    """Where Windows transport of February 2005 is, as the metadata says; empty where it names none."""
    for name, binding, location in _ports(_read(metadata)):
        if "IWSTrustFeb2005" in binding and "UserName" not in name:
            return location
    return ""


def endpoints(metadata: bytes) -> dict[Version, str]:
    """Where each version takes a user name and password, as the metadata says; empty where it names none."""
    root, actions = _read(metadata), {}
    for binding in () if root is None else root.iter(f"{{{WSDL}}}binding"):
        operation = next(binding.iter(f"{{{SOAP12}}}operation"), None)
        actions[binding.get("name", "")] = operation.get("soapAction", "") if operation is not None else ""
    found: dict[Version, str] = {}
    for _, name, location in _ports(root):
        version = _VERSIONS.get(actions.get(name, ""))
        if version and "UserName" in name:
            found.setdefault(version, location)
    return found


def _read(metadata: bytes) -> etree._Element | None:
    try:
        return parse(metadata, limit=_MOST).root
    except XmlRejected:
        return None


def _ports(root: etree._Element | None) -> Iterator[tuple[str, str, str]]:
    """Each port with an address: its name, its binding's name, where it is."""
    for port in () if root is None else root.iter(f"{{{WSDL}}}port"):
        address = next(port.iter(f"{{{SOAP12}}}address"), None)
        if address is not None:
            yield port.get("name", ""), port.get("binding", "").rpartition(":")[2], address.get("location", "")


def moment(answer: Answer) -> int:
    """The servers' time in milliseconds, as an answer's Date says; 0 without one."""
    date = answer.header("date")
    return int(parsedate_to_datetime(date).timestamp() * 1000) if date else 0


def request(version: Version, url: str, *, login: str, password: str, now: int) -> tuple[bytes, dict[str, str]]:
    """A request for a token with a user name and a password: its body and headers."""
    message = message_id(login, url, now)
    body = build_rst(version, login, password=password, url=url, message_id=message, now_ms=now)
    action = next(action for action, known in _VERSIONS.items() if known == version)
    return body, {"content-type": CONTENT_TYPE, "soapaction": action}


def message_id(login: str, url: str, now: int) -> str:
    """A UUID for a request."""
    return as_guid(scramble(b"tenantlab agent", f"{login} {url}", now, 16))


def issued(answer: Answer) -> bytes | Doc:
    """The assertion as it stands in the answer, else the fault: {code, text}."""
    try:
        return parse_rstr_envelope(answer.body).token
    except WsTrustFault as fault:
        return {"code": fault.subcode or fault.code, "text": fault.reason}
    except (XmlRejected, ValueError):
        return {"code": str(answer.status), "text": answer.text()[:300]}
