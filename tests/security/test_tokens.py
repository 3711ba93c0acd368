"""Every break of the minting table, fired where its kind belongs: nobody gets in who should not. S1-S27, X1-X6, J1-J7."""

import resource
import sys

import pytest

from emulator import World
from emulator.kernel.clock import iso
from emulator.protocols.keys import load_signing_key, make_signing_key
from emulator.serving.forging import breaks
from emulator.serving.minting import mint
from tests.entra.login.worlds import spec
from tests.protocols import attacks_content, attacks_wrapping, relying_party
from tests.security.firing import CODES, check_any, check_refused, fire
from tests.security.lines import covers

DANA, KWAME = "dana@acme.example", "kwame@acme.example"
ACCEPTED = {"owner"}


def shots(world: World, kind: str) -> int:
    """Fire all breaks of a kind; how many they were."""
    names = breaks.names(kind)
    for name in names:
        token = mint(world, kind, DANA, {}, name, victim=None if kind in breaks.JWT else KWAME)
        shot = fire(world, kind, token)
        found = breaks.find(kind, name)
        assert found is not None
        if found.verdict == "refused":
            check_refused(f"{kind}/{name}", shot)
        else:
            check_any(f"{kind}/{name}", shot)
            assert shot.who in (None, DANA), name
        if kind not in breaks.JWT and shot.who is None and shot.answer.status == 400 and name != "empty":
            assert shot.code in CODES, (kind, name, shot.code)
    return len(names)


@covers("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S14", "S15", "S16", "S17", "S18", "S19",
        "S20", "S21", "S22", "S23", "S24", "S26", "S27", "X1", "X2", "X3", "X4", "X5", "X6")  # fmt: skip
@pytest.mark.parametrize("kind", ["wresult", "saml2", "assertion"])
def test_no_broken_saml_token_signs_anybody_in(world: World, canary: list[object], kind: str) -> None:
    assert shots(world, kind) > 100
    people = {
        row["doc"]["userPrincipalName"]
        for row in world.journal(stream="signIns")
        if row["doc"]["status"]["errorCode"] == 0 and row["doc"]["signInEventTypes"] != ["servicePrincipal"]
    }
    assert people <= {DANA}
    assert canary == []


@covers("J1", "J2", "J3", "J4", "J5", "J6")
def test_no_broken_access_token_is_let_in(world: World, canary: list[object]) -> None:
    assert shots(world, "access") > 40
    assert canary == []


@covers("J7")
@pytest.mark.parametrize("kind", ["id"])
def test_an_id_token_is_no_access_token(world: World, kind: str) -> None:
    check_refused(kind, fire(world, kind, mint(world, kind, DANA, {}, None)))


@pytest.mark.parametrize("kind", ["wresult", "saml2", "assertion", "access"])
def test_good_tokens_are_accepted(world: World, kind: str) -> None:
    assert fire(world, kind, mint(world, kind, DANA, {}, None)).who == DANA


@covers("S18")
@pytest.mark.parametrize("algorithm", ["rsa-sha256", "rsa-sha384", "rsa-sha512"])
@pytest.mark.parametrize("kind", ["wresult", "saml2", "assertion"])
def test_other_sound_algorithms_are_accepted(world: World, kind: str, algorithm: str) -> None:
    assert fire(world, kind, mint(world, kind, DANA, {}, None, algorithm=algorithm)).who == DANA


@covers("S25")
def test_a_domain_speaks_for_its_own_people_only(world: World) -> None:
    """The issuer is acme.example's; the token names people elsewhere."""
    lab = world.spec.lab
    managed = next(each["login"] for each in lab["users"] if not each["federated"] and each["side"] == "entra")
    user = world.entra.get(f"/users/{managed}?$select=id,onPremisesImmutableId,userPrincipalName")
    if not user["onPremisesImmutableId"]:
        body = {"onPremisesImmutableId": "bWFuYWdlZA=="}
        assert world.entra.call("PATCH", f"/users/{user['id']}", json=body).status == 204
    for kind in ("wresult", "saml2", "assertion"):
        token = mint(world, kind, DANA, {"immutableId": user["onPremisesImmutableId"] or "bWFuYWdlZA=="}, None)
        shot = fire(world, kind, token)
        check_refused(kind, shot)
        assert shot.code == "5000820"


@covers("S26")
def test_the_immutable_id_decides_who_it_is(world: World) -> None:
    for kind in ("wresult", "saml2", "assertion"):
        assert fire(world, kind, mint(world, kind, DANA, {"upn": KWAME}, None)).who == DANA


@covers("S28")
def test_an_assertion_signs_in_once(world: World) -> None:
    for kind in ("wresult", "saml2", "assertion"):
        token = mint(world, kind, DANA, {}, None)
        assert fire(world, kind, token).who == DANA
        again = fire(world, kind, token)
        check_refused(kind, again)
        assert "used before" in (again.why or {})["rule"]


@covers("S28")
def test_one_way_in_uses_it_up_for_the_other(world: World) -> None:
    wresult = mint(world, "wresult", DANA, {}, None)
    assertion = wresult[wresult.index("<saml:Assertion") : wresult.index("</saml:Assertion>") + 17]
    assert fire(world, "wresult", wresult).who == DANA
    check_refused("assertion", fire(world, "assertion", assertion))


HAND_MADE = [
    attacks_wrapping.wrapping, attacks_wrapping.several, attacks_wrapping.doctored, attacks_content.tampered,
    attacks_content.parser_tricks, attacks_content.algorithms, attacks_content.foreign_keys, attacks_content.signed_but_wrong,
]  # fmt: skip


def test_the_hand_made_corpus(canary: list[object]) -> None:
    """The independent corpus of tests/protocols against a small tenant."""
    with World(spec(replayProtection=False), clock=iso(relying_party.NOW)) as small:
        count = 0
        for samples in HAND_MADE:
            for name, sample in samples():
                check_refused(name, fire(small, "wresult", sample))
                count += 1
        assert count > 150
        assert small.engine.crashes == []
    assert canary == []


@covers("X6")
def test_memory_does_not_grow_with_hostile_documents(world: World) -> None:
    if sys.platform == "win32":
        pytest.skip("no getrusage")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("deep", "many-attributes", "many-namespaces", "huge", "many-assertions", "over-limit-signature"):
        for _ in range(2):
            fire(world, "wresult", mint(world, "wresult", DANA, {}, name))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200 * 1024  # KiB


@covers("X7", "X8")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp037", "utf-7"])
def test_other_encodings_mean_the_same_or_nothing(world: World, encoding: str) -> None:
    for kind in ("saml2", "assertion"):
        token = mint(world, kind, DANA, {}, None)
        shot = fire(world, kind, token.encode(encoding))
        check_any(encoding, shot)
        assert shot.who in (None, DANA)
        declared = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + mint(world, kind, DANA, {}, None).encode()
        shot = fire(world, kind, declared)
        check_any(encoding, shot)
        assert shot.who in (None, DANA)


@covers("X7")
@pytest.mark.parametrize("junk", [b"\xff\xfe", b"\xc3\x28", b"\x00", b"\xed\xa0\x80"])
def test_invalid_utf8_is_refused(world: World, junk: bytes) -> None:
    token = mint(world, "assertion", DANA, {}, None).encode()
    check_refused(repr(junk), fire(world, "assertion", token[:900] + junk + token[900:]))


@covers("X9")
def test_ids_that_would_break_a_query_are_only_ids(world: World) -> None:
    for value in ("x' or '1'='1", '_a"]', "_a)|//*", "../x"):
        for kind in ("wresult", "saml2"):
            check_refused(
                value, fire(world, kind, mint(world, kind, DANA, {"assertionId": "_ok"}, None).replace("_ok", value))
            )


@covers("S18")
@pytest.mark.parametrize(("size", "code"), [(1024, "50032"), (2048, None)])
def test_a_short_key_is_too_weak_and_an_expired_certificate_is_not(world: World, size: int, code: str | None) -> None:
    key, certificate = make_signing_key("idp", not_before_ms=1_600_000_000_000, days=10, key_size=size)
    path = "/domains/acme.example/federationConfiguration"
    row = world.entra.get(path)["value"][0]
    body = {"signingCertificate": load_signing_key(key, certificate).certificate_b64}
    assert world.entra.call("PATCH", f"{path}/{row['id']}", json=body).status == 200
    given = {"key": key.decode(), "certificate": certificate.decode()}
    shot = fire(world, "wresult", mint(world, "wresult", DANA, {}, None, key=given))
    assert shot.code == code and (shot.who == DANA) == (code is None)
