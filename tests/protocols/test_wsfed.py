"""wsfed: passive requests, the wresult, the form."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from emulator.protocols import saml11, saml20, wsfed
from emulator.protocols.saml import LOGIN_SRF, MICROSOFT_ONLINE
from emulator.protocols.wsfed import PassiveRejected, PassiveRequest, RstrRejected

from .relying_party import KEY, NOW, genuine, make, sign_in, wrap

ENDPOINT = "https://acme.okta.com/app/office365/exk1/sso/wsfed/passive"


def test_the_redirect_is_read_back() -> None:
    wctx = "estsredirect=2&estsrequest=rQ+A/é%3d"
    url = wsfed.passive_url(
        ENDPOINT, username="dana@acme.example", wctx=wctx, client_request_id="id", wfresh=0, wauth="urn:x"
    )
    query = urlsplit(url).query
    assert query.startswith("client-request-id=id&username=dana%40acme.example&wa=wsignin1.0&wtrealm=urn%3Afederation")
    request = PassiveRequest.parse(dict(parse_qsl(query)))
    assert request.wctx == wctx and request.fresh and request.wauth == "urn:x"
    assert request.username == "dana@acme.example" and request.wtrealm == MICROSOFT_ONLINE


@given(
    st.dictionaries(
        st.sampled_from(["wctx", "wfresh", "wauth", "login_hint", "wreply", "mkt", "x"]), st.text(max_size=20)
    )
)
def test_other_parameters_never_break_it(more: dict[str, str]) -> None:
    request = PassiveRequest.parse({"wa": "wsignin1.0", "wtrealm": "r", **more})
    assert request.wctx == more.get("wctx", "") and request.username == more.get("login_hint", "")
    assert request.wreply == more.get("wreply", "")


@pytest.mark.parametrize(
    ("value", "minutes"),
    [("0", 0), ("60", 60), ("", None), ("x", None), ("-1", None), ("²", None), ("9" * 5000, None)],
)
def test_freshness_is_a_number_of_minutes(value: str, minutes: int | None) -> None:
    assert PassiveRequest.parse({"wa": "wsignin1.0", "wtrealm": "r", "wfresh": value}).wfresh == minutes


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "wa"),
        ({"wa": "wsignin2.0"}, "wa"),
        ({"wa": "WSIGNIN1.0"}, "wa"),
        ({"wa": "wsignin1.0"}, "wtrealm"),
    ],
)
def test_refuses_senseless_requests(parameters: dict[str, str], field: str) -> None:
    with pytest.raises(PassiveRejected) as refused:
        PassiveRequest.parse(parameters)
    assert refused.value.field == field


def test_signing_out_needs_no_realm() -> None:
    for action in ("wsignout1.0", "wsignoutcleanup1.0"):
        assert PassiveRequest.parse({"wa": action}).wa == action


def test_the_form() -> None:
    form = wsfed.auto_post_fields(b"<x/>", "c<&>\"'")
    assert form.action == LOGIN_SRF
    assert form.fields == (("wa", "wsignin1.0"), ("wresult", "<x/>"), ("wctx", "c<&>\"'"))
    assert [name for name, _ in wsfed.auto_post_fields(b"", "").fields] == ["wa", "wresult"]


def test_the_response_has_its_parts_in_order() -> None:
    root = etree.fromstring(wrap(genuine()))
    assert [str(child.tag).rpartition("}")[2] for child in root] == [
        "Lifetime",
        "AppliesTo",
        "RequestedSecurityToken",
        "RequestedAttachedReference",
        "RequestedUnattachedReference",
        "TokenType",
        "RequestType",
        "KeyType",
    ]
    assert genuine() in wrap(genuine())


def test_reads_the_outside() -> None:
    outside = wsfed.read_rstr(wrap(genuine()))
    assert (outside.created_ms, outside.expires_ms) == (NOW, NOW + 3_600_000)
    assert outside.applies_to == MICROSOFT_ONLINE and outside.token_type == "urn:oasis:names:tc:SAML:1.0:assertion"


def test_accepts_the_namespace_of_13_and_a_collection() -> None:
    single = wsfed.rstr_13(genuine(), created_ms=NOW, expires_ms=NOW, realm=MICROSOFT_ONLINE, assertion_id="_dana")
    name = "RequestSecurityTokenResponseCollection"
    collection = f'<{name} xmlns="{wsfed.TRUST_13}">'.encode() + single + f"</{name}>".encode()
    assert sign_in(single) == sign_in(collection) == make()


def saml2() -> bytes:
    assertion = saml20.office365_assertion(
        assertion_id="_a", issuer="i", now_ms=NOW, upn="u", immutable_id="i", authn_instant_ms=NOW
    )
    return saml20.issue(assertion, KEY)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "message"),
        (b"not xml", "message"),
        (b"<x/>", "message"),
        (genuine(), "message"),
        (b"<!DOCTYPE x>" + wrap(genuine()), "message"),
        (wrap(b"x" * 300_000), "message"),
        (wrap(b""), "no_assertion"),
        (wrap(b"<x/>"), "no_assertion"),
        (wrap(saml2()), "token_type"),
        (wrap(genuine()).replace(b"1.0:assertion</t:TokenType", b"2.0:assertion</t:TokenType"), "token_type"),
    ],
)
def test_refuses_other_results(body: bytes, kind: str) -> None:
    with pytest.raises(RstrRejected) as refused:
        wsfed.read_rstr(body)
    assert refused.value.kind == kind


def test_the_lifetime_outside_is_not_trusted() -> None:
    stale = wrap(saml11.issue(make(), KEY)).replace(b"2026-11-22T11", b"garbage", 2)
    assert wsfed.read_rstr(stale).expires_ms is None
