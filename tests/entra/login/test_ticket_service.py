"""RST2.srf and extSTS.srf: tickets for passwords of managed domains and assertions of federated ones, faults for the rest."""

import re
from typing import Any

import pytest

from emulator import World
from emulator.wire.client import Http
from tests.entra.login.worlds import ADMIN, DANA, LIN, LIN_PASSWORD, LOGIN, assertion

PASSWORD_TOKEN = "<o:UsernameToken><o:Username>%s</o:Username><o:Password>%s</o:Password></o:UsernameToken>"
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"'
    ' xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><s:Header>'
    '<a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue</a:Action>'
    '<o:Security s:mustUnderstand="1">%s</o:Security></s:Header><s:Body><t:RequestSecurityToken'
    ' xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><wsp:AppliesTo'
    ' xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference><a:Address>sharepoint.com</a:Address>'
    "</a:EndpointReference></wsp:AppliesTo><t:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue</t:RequestType>"
    "</t:RequestSecurityToken></s:Body></s:Envelope>"
)


def send(world: World, security: str, *, path: str = "/rst2.srf", body: bytes | None = None) -> Any:
    sent = body if body is not None else (ENVELOPE % security).encode()
    headers = {"content-type": "application/soap+xml; charset=utf-8"}
    return Http(world.transport).request("POST", LOGIN + path, body=sent, headers=headers)


def inner(answer: Any) -> tuple[str, str, str]:
    """Status apart: outer and inner number, and the text."""
    found = re.search(r"<psf:value>(.*?)<.*<psf:code>(.*?)<.*<psf:text>(.*?)</psf:text>", answer.text(), re.S)
    assert found is not None and answer.status == 200 and answer.header("x-lab-why"), answer.text()
    return found[1], found[2], found[3]


def signins(world: World) -> list[Any]:
    return [row["doc"] for row in world.journal(stream="signIns")]


@pytest.mark.parametrize("path", ["/rst2.srf", "/RST2.srf", "/extSTS.srf"])
def test_a_managed_password_is_worth_a_ticket(world: World, path: str) -> None:
    answer = send(world, PASSWORD_TOKEN % (LIN, LIN_PASSWORD), path=path)
    assert answer.status == 200 and "t=EwC" in answer.text() and "sharepoint.com" in answer.text()
    assert answer.header("content-type") == "application/soap+xml; charset=utf-8"
    assert (signins(world)[-1]["clientAppUsed"], signins(world)[-1]["status"]["errorCode"]) == ("Other clients", 0)


def test_a_federated_assertion_is_worth_a_ticket_once(world: World) -> None:
    token = assertion(world).decode()
    assert "t=EwC" in send(world, token).text()
    assert "AADSTS50008" in inner(send(world, token))[2]
    changed = assertion(world, assertion_id="_b").decode().replace(DANA, "eve@acme.example")
    assert "AADSTS50008" in inner(send(world, changed))[2]


@pytest.mark.parametrize(("name", "secret", "found", "text"), [
    (DANA, "whatever", "0x80047860", "Direct login to WLID is not allowed for this federated namespace"),
    (LIN, "wrong", "0x80041012", "AADSTS50126"), ("nobody@acme-labs.example", "x", "0x80041034", "AADSTS50034"),
    ("x@nowhere.example", "x", "0x80041034", "AADSTS50059"),
])  # fmt: skip
def test_what_does_not_do_gets_a_fault(world: World, name: str, secret: str, found: str, text: str) -> None:
    value, code, said = inner(send(world, PASSWORD_TOKEN % (name, secret)))
    assert (value, code) == ("0x80048821", found) and text in said
    assert signins(world)[-1]["status"]["errorCode"] in (50126, 50034, 50059)


def test_guesses_are_counted_as_everywhere(world: World) -> None:
    for _ in range(10):
        send(world, PASSWORD_TOKEN % (LIN, "wrong"))
    assert "AADSTS50053" in inner(send(world, PASSWORD_TOKEN % (LIN, LIN_PASSWORD)))[2]


def test_a_policy_against_old_clients_stops_them(world: World) -> None:
    body = {
        "displayName": "Block legacy", "state": "enabled", "grantControls": {"operator": "OR", "builtInControls": ["block"]},
        "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                       "clientAppTypes": ["exchangeActiveSync", "other"]},
    }  # fmt: skip
    made = world.entra.call("POST", "/identity/conditionalAccess/policies", json=body)
    assert made.status == 201, made.text()
    assert "AADSTS53003" in inner(send(world, PASSWORD_TOKEN % (LIN, LIN_PASSWORD)))[2]
    assert "AADSTS53003" in inner(send(world, assertion(world).decode()))[2]


@pytest.mark.parametrize("body", [b"", b"<x/>", b"junk", b"<!DOCTYPE x>" + (ENVELOPE % "").encode(), (ENVELOPE % "").encode(),
                                  (ENVELOPE % (PASSWORD_TOKEN % (ADMIN, "x<!-- -->"))).replace("t:Request", "t:Other").encode()])  # fmt: skip
def test_what_is_no_request_is_refused(world: World, body: bytes) -> None:
    assert inner(send(world, "", body=body))[0] == "0x80048820"
