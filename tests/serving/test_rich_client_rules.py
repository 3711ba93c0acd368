"""msal-go and MSAL.NET, as far as their parsing rules are written down, along the federated path: realm, MEX, WS-Trust, token.

Neither runs here; each rule stands as a small parser that fails where the client would (federation.md sections 2 to 4).
"""

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from lxml import etree

from emulator import World
from emulator.protocols import wstrust
from emulator.protocols.wstrust_client import build_rst
from emulator.wire.client import Http, doc_of

WSDL, SOAP12 = "http://schemas.xmlsoap.org/wsdl/", "http://schemas.xmlsoap.org/wsdl/soap12/"
WSP = "http://schemas.xmlsoap.org/ws/2004/09/policy"
WSA = "http://www.w3.org/2005/08/addressing"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SP_2005, SP_13 = (
    "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
    "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
)
TRUST_13 = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
ACTIONS = {"2005": wstrust.ACTION_2005, "1.3": wstrust.ACTION_13}
SAML = "urn:oasis:names:tc:SAML:1.0:assertion"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World("acme") as made:
        yield made


def service(world: World) -> Any:
    return next(each for each in world.spec.lab["users"] if each["role"] == "service")


def http(world: World) -> Http:
    return Http(world.transport)


def realm(world: World, path: str = "UserRealm") -> Any:
    name = service(world)["login"].replace("@", "%40")
    answer = http(world).request("GET", f"https://login.microsoftonline.com/common/{path}/{name}?api-version=1.0")
    assert answer.status == 200
    return doc_of(answer)


@pytest.mark.parametrize("path", ["userrealm", "UserRealm", "USERREALM"])
def test_msal_go_wants_every_field_of_a_federated_realm(world: World, path: str) -> None:
    found = realm(world, path)
    for name in (
        "account_type",
        "domain_name",
        "cloud_instance_name",
        "cloud_audience_urn",
        "federation_protocol",
        "federation_metadata_url",
    ):
        assert found[name], name
    assert found["account_type"] == "Federated" and found["federation_protocol"] in ("WSTrust", "SAML20")
    assert found["federation_active_auth_url"].startswith("https://")


def document(world: World) -> bytes:
    """The MEX document as msal-go asks for it: it drops the query."""
    parts = urlsplit(realm(world)["federation_metadata_url"])
    answer = http(world).request("GET", urlunsplit((*parts[:3], "", "")))
    assert answer.status == 200 and str(answer.header("content-type")).partition(";")[0] in (
        "text/xml",
        "application/xml",
    )
    assert b"<!DOCTYPE" not in answer.body and answer.body.decode("utf-8")
    return bytes(answer.body)


def go_endpoints(data: bytes) -> dict[str, str]:
    """msal-go: policies by id, bindings by policy, ports by binding; version -> address."""
    root = etree.fromstring(data)
    assert root.tag == f"{{{WSDL}}}definitions"
    policies = {}
    for policy in root.findall(f"{{{WSP}}}Policy"):
        binding = policy.find(f"{{{WSP}}}ExactlyOne/{{{WSP}}}All/{{*}}TransportBinding")
        if binding is None:
            continue
        text = etree.tostring(policy).decode()
        start = text.index("<sp:TransportBinding")
        assert "xmlns:sp=" in text[start : text.index(">", start)], "xmlns:sp must stand on the element itself"
        policies["#" + str(policy.get(f"{{{WSU}}}Id"))] = binding.nsmap["sp"]
    assert policies, "no policies"
    found = {}
    for binding in root.findall(f"{{{WSDL}}}binding"):
        reference = binding.find(f"{{{WSP}}}PolicyReference")
        assert reference is not None and reference.get("URI") in policies
        for operation in binding.iterfind(f"{{{WSDL}}}operation/{{{SOAP12}}}operation"):
            action = operation.get("soapAction")
            assert action in ACTIONS.values(), "found unknown spec version in mex document"
            version = "1.3" if action == ACTIONS["1.3"] else "2005"
            port = root.find(f"{{{WSDL}}}service/{{{WSDL}}}port[@binding='tns:{binding.get('name')}']")
            assert port is not None
            found[version] = str(port.findtext(f"{{{WSA}}}EndpointReference/{{{WSA}}}Address"))
    return found


def net_endpoints(data: bytes) -> dict[str, str]:
    """MSAL.NET: UsernameToken in the 2005/07 namespace only; prefixed port bindings; each policy id once."""
    root = etree.fromstring(data)
    policies: dict[str, Any] = {}
    for policy in root.findall(f"{{{WSP}}}Policy"):
        id = str(policy.get(f"{{{WSU}}}Id"))
        assert id not in policies, "duplicate wsu:Id"
        policies[id] = policy
    services = root.findall(f"{{{WSDL}}}service")
    assert services and all(len(each) for each in services), "an empty wsdl:service"
    found = {}
    for port in services[0]:
        prefix, colon, name = str(port.get("binding")).partition(":")
        assert prefix and colon
        binding = next(each for each in root.findall(f"{{{WSDL}}}binding") if each.get("name") == name)
        reference = str(binding.find(f"{{{WSP}}}PolicyReference").get("URI"))[1:]
        tokens = [
            each for each in policies[reference].iter("{*}UsernameToken") if etree.QName(each).namespace == SP_2005
        ]
        if tokens and tokens[0].find(f"{{{WSP}}}Policy/{{{SP_2005}}}WssUsernameToken10") is not None:
            found["2005"] = str(port.findtext(f"{{{WSA}}}EndpointReference/{{{WSA}}}Address"))
    return found


def test_each_finds_its_endpoint(world: World) -> None:
    data = document(world)
    both, own = go_endpoints(data), net_endpoints(data)
    assert set(both) == {"2005", "1.3"} and own["2005"] == both["2005"]
    for address in both.values():
        assert address == address.strip() and address.startswith("https://")
    assert SP_13.encode() in data and b"certificatemixed" not in data.lower()


def asked(world: World, version: str, *, password: str | None = None, message: str = "MessageID") -> Any:
    who, url = service(world), go_endpoints(document(world))[version]
    body = build_rst(
        version,  # type: ignore[arg-type]
        who["login"],
        password=password or who["password"],
        url=url,
        message_id="m-1",
        now_ms=world.clock.now(),
    ).replace(b"MessageID", message.encode())
    headers = {"content-type": wstrust.CONTENT_TYPE, "soapaction": ACTIONS[version]}
    return http(world).request("POST", url, body=body, headers=headers)


def go_token(data: bytes) -> tuple[str, bytes]:
    """msal-go: WS-Trust 1.3 only, a Collection, and the version read off an attribute called xmlns:saml."""
    root = etree.fromstring(data)
    collection = root.find(f"{{*}}Body/{{{TRUST_13}}}RequestSecurityTokenResponseCollection")
    assert collection is not None
    [response] = collection.findall(f"{{{TRUST_13}}}RequestSecurityTokenResponse")
    assert response.findtext(f"{{{TRUST_13}}}TokenType") == SAML
    start = data.index(b"RequestedSecurityToken>") + len(b"RequestedSecurityToken>")
    token = data[start : data.index(b"</", data.index(b"</saml:Assertion>") + 1)]
    head = token[: token.index(b">")]
    assert b'xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion"' in head, (
        "couldn't parse SAML assertion, version unknown"
    )
    return SAML, token


def net_token(data: bytes, version: str) -> tuple[str, bytes]:
    """MSAL.NET: the namespace of the version asked for, TokenType and the inner XML of RequestedSecurityToken."""
    trust = {"1.3": TRUST_13, "2005": "http://schemas.xmlsoap.org/ws/2005/02/trust"}[version]
    root = etree.fromstring(data)
    path = f"{{{trust}}}RequestSecurityTokenResponseCollection/" if version == "1.3" else ""
    found = root.findall(f"{{*}}Body/{path}{{{trust}}}RequestSecurityTokenResponse")
    assert found, "parsing_wstrust_response_failed"
    kind = found[0].findtext(f"{{{trust}}}TokenType")
    [token] = found[0].find(f"{{{trust}}}RequestedSecurityToken")
    return str(kind), etree.tostring(token, with_tail=False)


@pytest.mark.parametrize("message", ["MessageID", "messageID"])
def test_msal_go_gets_tokens(world: World, message: str) -> None:
    answer = asked(world, "1.3", message=message)
    assert answer.status == 200
    _, token = go_token(answer.body)
    assert "access_token" in redeem(world, base64.b64encode(b"\n " + token + b" \n").decode())


@pytest.mark.parametrize("version", ["2005", "1.3"])
def test_msal_net_gets_tokens(world: World, version: str) -> None:
    answer = asked(world, version)
    assert answer.status == 200
    kind, token = net_token(answer.body, version)
    assert kind == SAML and kind == kind.strip()
    found = redeem(world, base64.b64encode(token).decode())
    assert {"access_token", "id_token", "refresh_token", "client_info"} <= set(found)


def redeem(world: World, assertion: str) -> Any:
    lab = world.spec.lab["entra"]
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:saml1_1-bearer", "assertion": assertion, "client_id": lab["public_client_id"],
            "scope": "openid profile offline_access https://graph.microsoft.com/User.Read", "client_info": "1"}  # fmt: skip
    answer = http(world).request(
        "POST", f"https://login.microsoftonline.com/{lab['tenant_id']}/oauth2/v2.0/token", form=form
    )
    assert answer.status == 200, answer.text()
    return doc_of(answer)


@pytest.mark.parametrize("version", ["2005", "1.3"])
def test_a_refusal_has_what_every_client_dereferences(world: World, version: str) -> None:
    answer = asked(world, version, password="wrong")
    assert answer.status not in (200, 201) and answer.status >= 500  # msal-go: CallErr; MSAL.NET retries 5xx once
    fault = etree.fromstring(answer.body).find("{*}Body/{*}Fault")
    assert fault is not None
    assert fault.findtext("{*}Code/{*}Subcode/{*}Value") and fault.findtext("{*}Reason/{*}Text")
    again = asked(world, version, password="wrong")
    assert again.status == answer.status
