"""The metadata exchange document: where a rich client learns the WS-Trust endpoints of the identity provider.

Each line answers to somebody's parser (reference/federation.md section 4): msal-go wants `xmlns:sp` spelled
out on every `sp:TransportBinding` and fails on unknown SOAP actions; MSAL Python needs policies and bindings
directly under the root, with both soap12 elements in every binding; MSAL.NET finds only 2005 endpoints and
needs a prefix in a port's binding. So both versions are published, with the names that ADFS gives them.
"""

from __future__ import annotations

from typing import NamedTuple

from emulator.protocols.wsfed import ADDRESSING, POLICY, UTILITY
from emulator.protocols.wstrust import ACTION_13, ACTION_2005
from emulator.protocols.xmltext import attribute, text

WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
HTTP_POLICY = "http://schemas.microsoft.com/ws/06/2004/policy/http"
SP_2005 = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"
SP_13 = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
_TNS = "http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice"


class _Endpoint(NamedTuple):
    name: str
    url: str
    action: str
    sp: str
    supporting_tokens: str
    """Name of the sp element that asks for the user name token; empty for Integrated Windows Authentication.
    """


def mex(active_2005_url: str, active_13_url: str, *, windows_url: str | None = None) -> bytes:
    """The WSDL, UTF-8. URLs must be https, or MSAL ignores them; `windows_url` adds the endpoint for desktop
    single sign-on.
    """
    endpoints = [
        _Endpoint(
            "UserNameWSTrustBinding_IWSTrustFeb2005Async",
            active_2005_url,
            ACTION_2005,
            SP_2005,
            "SignedSupportingTokens",
        ),
        _Endpoint(
            "UserNameWSTrustBinding_IWSTrust13Async",
            active_13_url,
            ACTION_13,
            SP_13,
            "SignedEncryptedSupportingTokens",
        ),
    ]
    if windows_url is not None:
        endpoints.append(_Endpoint("CustomBinding_IWSTrustFeb2005Async", windows_url, ACTION_2005, SP_2005, ""))
    parts = [
        f'<?xml version="1.0" encoding="utf-8"?><wsdl:definitions xmlns:wsdl="{WSDL}" xmlns:wsp="{POLICY}"'
        f' xmlns:wsu="{UTILITY}" xmlns:soap12="{SOAP12}" xmlns:wsa10="{ADDRESSING}" xmlns:tns="{_TNS}"'
        f' name="SecurityTokenService" targetNamespace="{_TNS}">'
    ]
    parts += map(_policy, endpoints)
    parts += map(_port_type, endpoints)
    parts += map(_binding, endpoints)
    parts.append(f'<wsdl:service name="SecurityTokenService">{"".join(map(_port, endpoints))}</wsdl:service>')
    parts.append("</wsdl:definitions>")
    return "".join(parts).encode()


def _policy(endpoint: _Endpoint) -> str:
    transport = (
        f'<sp:TransportBinding xmlns:sp="{endpoint.sp}"><wsp:Policy>'
        "<sp:TransportToken><wsp:Policy><sp:HttpsToken{https}/></wsp:Policy></sp:TransportToken>"
        "<sp:AlgorithmSuite><wsp:Policy><sp:Basic256/></wsp:Policy></sp:AlgorithmSuite>"
        "<sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout><sp:IncludeTimestamp/>"
        "</wsp:Policy></sp:TransportBinding>"
    ).replace("{https}", ' RequireClientCertificate="false"' if endpoint.sp == SP_2005 else "")
    if endpoint.supporting_tokens:
        asked = _username_token(endpoint)
    else:
        asked = f'<http:NegotiateAuthentication xmlns:http="{HTTP_POLICY}"/>'
    return (
        f'<wsp:Policy wsu:Id="{endpoint.name}_policy"><wsp:ExactlyOne><wsp:All>{asked}{transport}'
        f'<wsaw:UsingAddressing xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl"/>'
        "</wsp:All></wsp:ExactlyOne></wsp:Policy>"
    )


def _username_token(endpoint: _Endpoint) -> str:
    include = f"{endpoint.sp}/IncludeToken/AlwaysToRecipient"
    return (
        f'<sp:{endpoint.supporting_tokens} xmlns:sp="{endpoint.sp}"><wsp:Policy>'
        f'<sp:UsernameToken sp:IncludeToken="{include}"><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy>'
        f"</sp:UsernameToken></wsp:Policy></sp:{endpoint.supporting_tokens}>"
    )


def _operation(endpoint: _Endpoint) -> str:
    return "TrustFeb2005IssueAsync" if endpoint.action == ACTION_2005 else "Trust13IssueAsync"


def _port_type(endpoint: _Endpoint) -> str:
    name = endpoint.name
    return (
        f'<wsdl:message name="{name}_In"/><wsdl:message name="{name}_Out"/>'
        f'<wsdl:portType name="{name}_PortType"><wsdl:operation name="{_operation(endpoint)}">'
        f'<wsdl:input message="tns:{name}_In"/><wsdl:output message="tns:{name}_Out"/>'
        "</wsdl:operation></wsdl:portType>"
    )


def _binding(endpoint: _Endpoint) -> str:
    body = '<soap12:body use="literal"/>'
    return (
        f'<wsdl:binding name="{endpoint.name}" type="tns:{endpoint.name}_PortType">'
        f'<wsp:PolicyReference URI="#{endpoint.name}_policy"/>'
        '<soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
        f'<wsdl:operation name="{_operation(endpoint)}">'
        f'<soap12:operation soapAction="{endpoint.action}" style="document"/>'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation></wsdl:binding>"
    )


def _port(endpoint: _Endpoint) -> str:
    return (
        f'<wsdl:port name="{endpoint.name}" binding="tns:{endpoint.name}">'
        f'<soap12:address location="{attribute(endpoint.url)}"/><wsa10:EndpointReference>'
        f"<wsa10:Address>{text(endpoint.url)}</wsa10:Address></wsa10:EndpointReference></wsdl:port>"
    )
