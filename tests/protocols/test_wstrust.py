"""wstrust: real client bytes in, answers that real clients read, faults as in the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from msal.mex import Mex
from msal.wstrust_request import _build_rst
from msal.wstrust_response import parse_error, parse_response

from emulator.protocols import wstrust
from emulator.protocols.saml import MICROSOFT_ONLINE
from emulator.protocols.wstrust import ACTION_13, ACTION_2005, WsTrustFault, parse_rst
from emulator.protocols.wstrust_client import build_rst, parse_rstr_envelope
from emulator.protocols.xmlparse import XmlRejected

from .relying_party import KEY, NOW, genuine, make, sign_in, wrap
from .test_xmldsig import XML_TEXT, verify

URL = "https://acme.okta.com/app/office365/exk1/sso/wsfed/active"
TYPE = "application/soap+xml; charset=utf-8"
ACTIONS = {"2005": ACTION_2005, "1.3": ACTION_13}


def parse(body: bytes, **changes: Any) -> wstrust.RstRequest:
    options: dict[str, Any] = {"soap_action": None, "content_type": TYPE, "now_ms": NOW}
    return parse_rst(body, **(options | changes))


def ours(version: Any = "1.3", **changes: Any) -> bytes:
    options: dict[str, Any] = {"password": "p w&<>é ", "url": URL, "message_id": "m-1", "now_ms": NOW}
    return build_rst(version, "dana@acme.example", **(options | changes))


@pytest.mark.parametrize("version", ["2005", "1.3"])
def test_reads_what_msal_sends(version: str) -> None:
    action = ACTIONS[version]
    assert action in (Mex.ACTION_13, Mex.ACTION_2005)
    body = _build_rst("dana@acme.example", "p'\"w&<>é ", MICROSOFT_ONLINE, URL, action).encode()
    now_ms = int(dt.datetime.now(dt.UTC).timestamp() * 1000)  # noqa: TID251  (MSAL reads the real clock)
    request = parse(body, soap_action=action, now_ms=now_ms)
    assert request.version == version and request.username == "dana@acme.example"
    assert request.password == "p'\"w&<>é " and request.message_id.startswith("urn:uuid:")
    assert request.applies_to == MICROSOFT_ONLINE and "p'" not in repr(request)


@given(username=XML_TEXT, password=XML_TEXT)
def test_credentials_are_exact(username: str, password: str) -> None:
    body = build_rst("1.3", username, password=password, url=URL, message_id="m", now_ms=NOW)
    request = parse(body)
    assert (request.username, request.password) == (username, password)


def test_reads_other_prefixes_the_lower_case_id_and_quotes() -> None:
    body = ours().replace(b"wsa:MessageID", b"wsa:messageID").replace(b"wst:", b"q:").replace(b"xmlns:wst", b"xmlns:q")
    body = body.replace(b"<s:", b"<soap:").replace(b"</s:", b"</soap:").replace(b"xmlns:s=", b"xmlns:soap=")
    body = body.replace(b" s:must", b" soap:must")
    request = parse(body, soap_action=f'"{ACTION_13}"')
    assert request.message_id == "urn:uuid:m-1"
    assert parse(ours(), content_type=f'Application/SOAP+xml;charset=utf-8; action="{ACTION_13}"').version == "1.3"


def replace(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        assert old in body
        return body.replace(old, new)

    return change


FAULTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "not XML": (lambda body: b"x", "wst:InvalidRequest"),
    "a DOCTYPE": (lambda body: b'<!DOCTYPE s [<!ENTITY e "x">]>' + body, "wst:InvalidRequest"),
    "too large": (lambda body: body + b" " * 70_000, "wst:InvalidRequest"),
    "SOAP 1.1": (replace(b"2003/05/soap-envelope", b"2001/12/soap"), "wst:InvalidRequest"),
    "no header": (replace(b"s:Header", b"s:Head"), "wst:InvalidRequest"),
    "another body": (replace(b"wst:RequestSecurityToken", b"wst:Other"), "wst:InvalidRequest"),
    "cancel": (replace(b"/Issue</wst:RequestType", b"/Cancel</wst:RequestType"), "wst:InvalidRequest"),
    "a key type": (replace(b"/Bearer", b"/SymmetricKey"), "wst:InvalidRequest"),
    "two passwords": (
        replace(b"<wsse:Password>", b"<wsse:Password>x</wsse:Password><wsse:Password>"),
        "wst:InvalidRequest",
    ),
    "markup in the name": (replace(b"dana@", b"<b/>dana@"), "wst:InvalidRequest"),
    "no action": (replace(b"wsa:Action", b"wsa:FaultTo"), "wst:InvalidRequest"),
    "another action": (replace(b"RST/Issue", b"RST/Renew"), "wsa:ActionNotSupported"),
    "another audience": (replace(b"MicrosoftOnline", b"Other"), "wst:InvalidScope"),
    "no security": (replace(b"wsse:Security", b"wsa:From"), "wsse:InvalidSecurity"),
    "no timestamp": (replace(b"wsu:Timestamp", b"wsu:Other"), "wsse:InvalidSecurity"),
    "garbage timestamp": (replace(b"<wsu:Created>2", b"<wsu:Created>x"), "wsse:InvalidSecurity"),
    "a digest": (
        replace(b"<wsse:Password>", b'<wsse:Password Type="urn:d#PasswordDigest">'),
        "wsse:UnsupportedSecurityToken",
    ),
    "must understand": (
        replace(b"</s:Header>", b'<x xmlns="urn:x" s:mustUnderstand="1"/></s:Header>'),
        "s:MustUnderstand",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name: str) -> None:
    change, subcode = FAULTS[name]
    with pytest.raises(WsTrustFault) as fault:
        parse(change(ours()))
    assert fault.value.subcode == subcode
    assert fault.value.status == (400 if subcode == "wst:InvalidRequest" else 500)
    error = parse_error(wstrust.fault_envelope(fault.value).decode())
    assert error == {"reason": fault.value.reason, "code": subcode}
    assert "p w" not in str(fault.value.details)


@pytest.mark.parametrize(("minutes", "fails"), [(-16, True), (-14, False), (0, False), (4, False), (6, True)])
def test_the_timestamp_has_five_minutes_of_skew(minutes: int, fails: bool) -> None:
    body = ours(now_ms=NOW + minutes * 60_000)
    if not fails:
        assert parse(body).version == "1.3"
        return
    with pytest.raises(WsTrustFault) as fault:
        parse(body)
    assert fault.value.subcode == "wsu:MessageExpired" and fault.value.message_id == "urn:uuid:m-1"
    assert set(fault.value.details) == {"created", "expires", "now"}


def test_header_and_body_must_agree() -> None:
    for options in ({"soap_action": ACTION_2005}, {"content_type": f'{TYPE}; action="{ACTION_2005}"'}):
        with pytest.raises(WsTrustFault) as fault:
            parse(ours("1.3"), **options)
        assert fault.value.subcode == "wsa:ActionNotSupported" and fault.value.version == "1.3"
    with pytest.raises(WsTrustFault):
        parse(ours("1.3").replace(ACTION_13.encode(), ACTION_2005.encode()))


@pytest.mark.parametrize("content_type", [None, "", "text/xml", "application/x-www-form-urlencoded"])
def test_other_content_types_are_unsupported(content_type: str | None) -> None:
    with pytest.raises(WsTrustFault) as fault:
        parse(ours(), content_type=content_type)
    assert fault.value.status == 415


def answer(version: Any) -> bytes:
    return wstrust.rstr_envelope(
        version,
        genuine(),
        relates_to="urn:uuid:m-1",
        created_ms=NOW,
        expires_ms=NOW + 1,
        assertion_id="_dana",
    )


@pytest.mark.parametrize("version", ["2005", "1.3"])
def test_clients_read_the_answer(version: str) -> None:
    parsed = parse_response(answer(version).decode())
    assert parsed == {"token": genuine(), "type": "urn:oasis:names:tc:SAML:1.0:assertion"}
    reply = parse_rstr_envelope(answer(version))
    assert reply.token == genuine() and reply.token_type == parsed["type"]
    assert reply.relates_to == "urn:uuid:m-1"
    assert verify(reply.token).assertion_id == "_dana"
    assert (b"ResponseCollection" in answer(version)) == (version == "1.3")


def test_the_body_of_the_answer_is_a_wresult() -> None:
    body = answer("2005")
    inner = body[body.index(b"<t:Request") : body.index(b"</s:Body>")]
    assert inner == wrap(genuine()).replace(b"11:00:00.123Z", b"10:00:00.124Z", 1)
    assert sign_in(inner) == make()


@pytest.mark.parametrize("version", ["2005", "1.3"])
def test_clients_read_the_fault(version: Any) -> None:
    fault = wstrust.failed_authentication()
    body = wstrust.fault_envelope(fault, relates_to="urn:uuid:m-1", version=version)
    with pytest.raises(RuntimeError, match="wsse:FailedAuthentication"):
        parse_response(body.decode())
    with pytest.raises(WsTrustFault) as read:
        parse_rstr_envelope(body)
    assert (read.value.code, read.value.subcode) == ("Sender", "wsse:FailedAuthentication")
    assert read.value.reason == fault.reason and fault.status == 500


@pytest.mark.parametrize("body", [b"", b"<html/>", answer("1.3").replace(b"RequestedSecurityToken", b"Other")])
def test_the_client_refuses_other_answers(body: bytes) -> None:
    with pytest.raises(XmlRejected):
        parse_rstr_envelope(body)


def test_a_key_is_only_used_once_per_answer() -> None:
    assert answer("2005").count(KEY.certificate_b64.encode()) == 1
