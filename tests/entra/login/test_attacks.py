"""Hostile tokens at login.srf and at the bearer grant: nobody is signed in, and nothing falls over. security.md 1 and 2."""

import base64
import re
from collections.abc import Callable, Iterator

import pytest

from emulator import World
from emulator.kernel.clock import iso
from tests.entra.login.worlds import GRAPH_SCOPE, PUBLIC, post_srf, refusal, signins, spec, token
from tests.protocols import attacks_content, attacks_wrapping, relying_party

CORPUS: list[Callable[[], Iterator[tuple[str, bytes]]]] = [
    attacks_wrapping.wrapping, attacks_wrapping.several, attacks_wrapping.doctored, attacks_content.tampered,
    attacks_content.parser_tricks, attacks_content.algorithms, attacks_content.foreign_keys, attacks_content.signed_but_wrong,
]  # fmt: skip
CODES = {"50008", "5000811", "50107", "20012", "500082", "7500514", "90020", "51004"}


@pytest.fixture
def world() -> Iterator[World]:
    with World(spec(replayProtection=False), clock=iso(relying_party.NOW)) as made:
        yield made
        assert made.engine.crashes == []


def test_the_genuine_token_is_accepted(world: World) -> None:
    assert post_srf(world, relying_party.wrap(relying_party.genuine()).decode()).status == 200


@pytest.mark.parametrize("samples", CORPUS, ids=lambda each: each.__name__)
def test_no_hostile_wresult_signs_anybody_in(world: World, samples: Callable[[], Iterator[tuple[str, bytes]]]) -> None:
    for name, sample in samples():
        view = post_srf(world, sample.decode("utf-8", "replace"))
        assert view.status == 400, name
        assert not view.answer.all_headers("set-cookie"), name
        assert refusal(world, view)[0] in CODES, name
    assert all(record["status"]["errorCode"] for record in signins(world))


@pytest.mark.parametrize("samples", [CORPUS[0], CORPUS[3]], ids=lambda each: each.__name__)
def test_no_hostile_assertion_gets_tokens(world: World, samples: Callable[[], Iterator[tuple[str, bytes]]]) -> None:
    for name, sample in samples():
        inside = re.search(rb"RequestedSecurityToken>(.*)</t:RequestedSecurityToken", sample, re.S)
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:saml1_1-bearer", "client_id": PUBLIC, "scope": GRAPH_SCOPE,
            "assertion": base64.urlsafe_b64encode(inside[1] if inside else sample).decode(),
        }  # fmt: skip
        status, body = token(world, form)
        assert status == 400, name
        assert str(body["error_codes"][0]) in CODES, name
