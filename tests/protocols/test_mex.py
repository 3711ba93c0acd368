"""mex: MSAL Python's own parser as the judge, and the rules of the other clients."""

from __future__ import annotations

import pytest
from lxml import etree
from msal.mex import Mex

from emulator.protocols.mex import SP_13, SP_2005, mex

BASE = "https://acme.okta.com/app/office365/exk1/sso/wsfed"
URLS = (f"{BASE}/active", f"{BASE}/username13")
WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP12 = "{http://schemas.xmlsoap.org/wsdl/soap12/}"


@pytest.mark.parametrize("windows", [None, "https://acme.okta.com/iwa?a=1&b=2"])
def test_msal_finds_the_13_endpoint(windows: str | None) -> None:
    parsed = Mex(mex(*URLS, windows_url=windows).decode())
    endpoint = parsed.get_wstrust_username_password_endpoint()
    assert endpoint == {"address": URLS[1], "action": Mex.ACTION_13}
    found = parsed._get_endpoints(parsed._get_bindings(), parsed._get_username_password_policy_ids())
    assert [each["address"] for each in found] == list(URLS)
    integrated = parsed._get_endpoints(parsed._get_bindings(), parsed._get_iwa_policy_ids())
    assert [each["address"] for each in integrated] == ([windows] if windows else [])


def test_what_msal_go_wants() -> None:
    """`xmlns:sp` spelled out on each TransportBinding, and only actions that it knows."""
    document = mex(*URLS, windows_url="https://x")
    assert document.count(b"<sp:TransportBinding xmlns:sp=") == 3 == document.count(b"<sp:TransportBinding")
    actions = {each.get("soapAction") for each in etree.fromstring(document).iter(f"{SOAP12}operation")}
    assert actions == {Mex.ACTION_13, Mex.ACTION_2005}


def test_what_msal_net_wants() -> None:
    """A UsernameToken in the 2005/07 namespace, prefixed port bindings, unique policy ids, a full service."""
    root = etree.fromstring(mex(*URLS, windows_url="https://x"))
    tokens = [str(each.tag) for each in root.iter("{*}UsernameToken")]
    assert tokens == [f"{{{SP_2005}}}UsernameToken", f"{{{SP_13}}}UsernameToken"]
    ids = [each.get(WSU) for each in root.iter("{*}Policy") if each.get(WSU)]
    assert len(ids) == len(set(ids)) == 3
    services = root.findall(f"{WSDL}service")
    assert len(services) == 1 and len(services[0]) == 3
    assert all((port.get("binding") or "").startswith("tns:") for port in services[0])


def test_the_wsdl_holds_together() -> None:
    root = etree.fromstring(mex(*URLS))
    names = {
        kind: {each.get("name") for each in root.findall(WSDL + kind)} for kind in ("binding", "portType", "message")
    }
    for port in root.iter(f"{WSDL}port"):
        assert (port.get("binding") or "").removeprefix("tns:") in names["binding"]
    for binding in root.findall(f"{WSDL}binding"):
        assert (binding.get("type") or "").removeprefix("tns:") in names["portType"]
    for part in [*root.iter(f"{WSDL}input"), *root.iter(f"{WSDL}output")]:
        if part.get("message"):
            assert (part.get("message") or "").removeprefix("tns:") in names["message"]
    assert root.tag == f"{WSDL}definitions"
