"""Every grade of the support matrix has something behind it: what is called documented or observed says where.

For the management API that is the vendor's OpenAPI description, which its Python SDK is generated from; for the rest the
pages of the vendor's documentation that describe it, by the shape of the address.
"""

import re

import pytest

from emulator.serving.parties import party_type
from tests.contract import vendor

OPERATIONS = [item for service in party_type("okta").services for item in service.operations]
PAGES = {
    r"/api/v1/authn(/.*)?": "Authentication API",
    r"/api/v1/org/factors(/.*)?": "Factors Administration API, of the Classic engine",
    r"/api/internal/org/settings/security-notification-settings": "the admin console's, as the Terraform provider asks it",
    r"/api/v1/directories/\{\}/groups/\{\}/query(/\{\})?": "Directories Integration API, as in the vendor's Go SDK",
    r"/api/v1/sessions": "Sessions API: a session for a session token",
    r"/api/v1/users/\{\}/factors/\{\}/(lifecycle/activate/(poll|email|sms)|transactions/\{\}|qr/\{\})": "Factors API",
    r"/api/v1/users/\{\}/factors/\{\}": "recorded: Terraform replaces a security question there",
    r"/api/v1/authorizationServers/\{\}/policies/\{\}/rules/\{\}/lifecycle/deactivate": "API Access Management",
    r"/api/v1/authorizationServers/\{\}/resourceservercredentials/keys/\{\}/lifecycle/(de)?activate": "the same",
    r"/oauth2/v1/clients(/.*)?": "Dynamic Client Registration API",
    r"/oauth2/(\{\}/)?v1/(authorize|device/authorize|introspect|revoke|logout|token|userinfo|keys)": "OpenID Connect API",
    r"(/oauth2/\{\})?/\.well-known/(openid-configuration|oauth-authorization-server)": "OpenID Connect API",
    r"/activate": "Device Authorization Grant",
    r"/login/(sessionCookieRedirect|signout)": "Sessions: sign in and out with a browser",
    r"/app/(\{\}/)?\{\}/(sso|slo)/(saml|wsfed)(/.*)?": "SAML and WS-Federation apps; Office 365",
    r"/FederationMetadata/2007-06/\{\}/FederationMetadata\.xml": "WS-Federation apps",
    r"/home/\{\}/\{\}/\{\}": "app links",
    r"/governance/api/v[12]/.*": "Identity Governance API",
    r"/api/v1/internal/rateLimits/clientRateLimitMode": "recorded: Terraform sets it there",
    r"/api/internal/orgSettings/rateLimitNotificationSetting": "recorded: Terraform sets it there",
    r"/api/v1/internal/apps/\{\}/settings/oauth/idToken": "recorded: Terraform asks it after every app",
}


@pytest.mark.parametrize("item", [pytest.param(item, id=f"{item.method} {item.path}") for item in OPERATIONS])
def test_a_grade_has_its_source(item):
    shape = vendor.shape(item.path)
    known = (item.method, shape) in vendor.operations()
    described = any(re.fullmatch(pattern, shape) for pattern in PAGES)
    if item.source.grade == "inferred":
        assert item.source.note
        assert not item.path.startswith("/api/internal/") or not known
    else:
        assert known or described, "documented or observed where?"
        assert not item.path.startswith(("/api/internal/v1/", "/_lab/")), "ours, so nobody else describes it"


def test_no_page_is_named_for_nothing():
    shapes = {vendor.shape(item.path) for item in OPERATIONS if item.source.grade != "inferred"}
    assert [pattern for pattern in PAGES if not any(re.fullmatch(pattern, shape) for shape in shapes)] == []
