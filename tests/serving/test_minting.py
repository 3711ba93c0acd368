"""Tokens on demand: claims, lifetimes, algorithms, keys, and the table of breaks."""

import pytest

from emulator import World
from emulator.kernel.problems import LabError
from emulator.protocols import jose
from emulator.protocols.keys import load_signing_key
from emulator.serving.explain import decode
from emulator.serving.files import read_fixture
from emulator.serving.forging import breaks
from emulator.serving.minting import KINDS, mint

DANA = "dana@acme.example"
SAML = ("wresult", "saml2", "wstrust", "assertion")


@pytest.fixture(scope="module")
def world():
    with World("acme") as made:
        yield made


def shown(world, kind, claims=None, **more):
    return decode(mint(world, kind, DANA, claims or {}, None, **more).encode())


@pytest.mark.parametrize("kind", SAML)
def test_any_claim_of_saml_is_set_before_signing(world, kind):
    name = "department" if kind == "saml2" else "http://schemas.example/claims/department"
    claims = {
        "upn": "x@acme.example", "immutableId": "eA==", "issuer": "urn:x", "audience": "urn:y", "assertionId": "_z", "mfa": "true",
        "authnInstant": "2026-01-01T00:00:00Z", name: "Sales",
    }  # fmt: skip
    found = shown(world, kind, claims)
    assert (found["upn"], found["immutableId"], found["issuer"], found["audience"]) == (
        "x@acme.example",
        "eA==",
        "urn:x",
        "urn:y",
    )
    assert (found["assertionId"], found["multiFactor"], found["authenticated"]) == (
        "_z",
        True,
        "2026-01-01T00:00:00.000Z",
    )
    assert {"name": name, "values": ["Sales"]} in found["attributes"]


def test_a_claim_without_namespace_says_what_there_is(world):
    with pytest.raises(LabError, match="no claim 'department'") as caught:
        mint(world, "wresult", DANA, {"department": "x"}, None)
    assert "NAMESPACE/NAME" in caught.value.hint


def test_parts_of_a_saml_20_response_are_set(world):
    token = mint(world, "saml2", DANA, {"recipient": "urn:r", "destination": "urn:d", "inResponseTo": "_q"}, None)
    assert 'Destination="urn:d"' in token and 'Recipient="urn:r"' in token and token.count('InResponseTo="_q"') == 2


@pytest.mark.parametrize("kind", ["id", "access"])
def test_any_claim_of_a_jwt_is_set_and_null_drops_it(world, kind):
    token = mint(
        world, kind, DANA, {"roles": '["a","b"]', "exp": "123", "name": "Dana", "tid": "null", "x": '"7"'}, None
    )
    claims = jose.read_unverified(token).claims
    assert (claims["roles"], claims["exp"], claims["name"], claims["x"]) == (["a", "b"], 123, "Dana", "7")
    assert "tid" not in claims


def test_a_lifetime_counts_from_now(world):
    for kind in SAML:
        assert shown(world, kind, lifetime="PT10M")["notOnOrAfter"] == "2026-01-15T09:10:00.000Z"
    claims = jose.read_unverified(mint(world, "access", DANA, {}, None, lifetime="PT2H")).claims
    assert claims["exp"] - claims["iat"] == 7200
    for text in ("10 minutes", "", "-PT1H", "P99999D"):
        with pytest.raises(LabError):
            mint(world, "wresult", DANA, {}, None, lifetime=text)


def test_the_algorithm_asked_for_is_used(world):
    for algorithm, written in (("rsa-sha1", "rsa-sha1"), ("rsa-sha384", "rsa-sha384"), ("RS512", "rsa-sha512")):
        assert f'{written}"></ds:SignatureMethod>' in mint(world, "wresult", DANA, {}, None, algorithm=algorithm)
    for algorithm in ("RS384", "RS512", "HS256", "none"):
        assert jose.read_unverified(mint(world, "id", DANA, {}, None, algorithm=algorithm)).header["alg"] == algorithm


def test_what_there_is_not_says_so(world):
    for more in (
        {"algorithm": "md5"},
        {"key": "../x"},
        {"key": {"key": "x", "certificate": "y"}},
        {"victim": "nobody@acme.example"},
    ):
        with pytest.raises(LabError):
            mint(world, "wresult", DANA, {}, "xsw1", **more)
    for kind, user, broken in (
        ("x", DANA, None),
        ("wresult", DANA, "x"),
        ("wresult", "no@acme.example", None),
        ("id", DANA, "xsw1"),
    ):
        with pytest.raises(LabError):
            mint(world, kind, user, {}, broken)


def test_another_key_signs(world):
    foreign = load_signing_key(read_fixture("certificates/foreign.key"), read_fixture("certificates/foreign.crt"))
    assert foreign.certificate_b64 in mint(world, "wresult", DANA, {}, None, key="foreign")
    texts = {
        name: read_fixture(f"certificates/okta-acme-next.{end}")
        for name, end in (("key", "key"), ("certificate", "crt"))
    }
    wanted = load_signing_key(texts["key"], texts["certificate"]).certificate_b64
    assert wanted in mint(world, "saml2", DANA, {}, None, key={name: text.decode() for name, text in texts.items()})


def test_every_break_changes_its_token_and_has_a_sentence(world):
    for row in breaks.table():
        assert row["says"] and row["verdict"] in ("refused", "owner") and set(row["kinds"]) <= set(KINDS)
    for kind in KINDS:
        good = mint(world, kind, DANA, {}, None)
        changed = [mint(world, kind, DANA, {}, name) != good for name in breaks.names(kind)]
        assert all(changed), kind


def test_the_victim_is_named_or_the_first_who_will_do(world):
    assert "kwame@acme.example" in mint(world, "wresult", DANA, {}, "xsw2", victim="kwame@acme.example")
    assert mint(world, "wresult", DANA, {}, "xsw2").count("<saml:Assertion") == 2
