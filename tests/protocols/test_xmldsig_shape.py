"""The attack table: every row S1 to S24 of reference/security.md is refused, cheaply and for the right
reason.
"""

from __future__ import annotations

import socket
import time

import pytest

from emulator.protocols.saml import AssertionRejected
from emulator.protocols.wsfed import RstrRejected
from emulator.protocols.xmldsig import SignatureRejected

from . import attacks_content, attacks_wrapping
from .relying_party import sign_in

REFUSALS = (RstrRejected, SignatureRejected, AssertionRejected)
ATTACKS = attacks_wrapping.ATTACKS | attacks_content.ATTACKS


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a verifier must not open connections")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", ATTACKS)
def test_refuses(name: str) -> None:
    start = time.process_time()
    with pytest.raises(REFUSALS) as refused:
        sign_in(ATTACKS[name])
    assert time.process_time() - start < 0.5
    assert refused.value.reason
    assert all(isinstance(each, str) and len(each) < 3000 for each in refused.value.details.values())


def test_each_attack_is_refused_for_what_it_is() -> None:
    kinds: dict[str, set[str]] = {}
    for name, wresult in ATTACKS.items():
        with pytest.raises(REFUSALS) as refused:
            sign_in(wresult)
        kinds.setdefault(name.split()[0], set()).add(refused.value.kind)
    for row in ("S1", "S2", "S4", "S5", "S6", "S7", "S8", "S13"):
        assert kinds[row] <= {"structure", "message"}, row
    assert kinds["S10"] <= {"bad_signature", "unknown_key", "structure"}
    assert kinds["S17"] == kinds["S18"] == {"algorithm"}
    assert kinds["S19"] <= {"unknown_key", "bad_signature"}
    assert kinds["S23"] <= {"time", "malformed"}
