"""The demo, as `make demo` runs it: every step as it should be, and another seed another person."""

import json
import subprocess
import sys

import pytest


def demo(seed: str) -> dict:
    for name in ("okta", "msal", "requests"):
        pytest.importorskip(name)
    found = subprocess.run(
        [sys.executable, "-m", "emulator", "demo", "--seed", seed, "--json"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    return json.loads(found.stdout)


def test_every_step_is_as_it_should_be():
    sound(demo("1"))


@pytest.mark.slow
def test_two_seeds_give_two_pairs_of_immutable_ids():
    first, second = sound(demo("1")), sound(demo("2"))
    assert first["immutableId"] != second["immutableId"]
    assert first["externalId"] != second["externalId"]


def sound(found: dict) -> dict:
    """What the demo says, looked through."""
    assert found["ok"]
    assert found["deniedBy"]["rule"].startswith("The rule 'Catch-all Rule'")
    assert {item["value"] for item in found["brokenBy"]["compared"]} >= {found["immutableId"]}
    assert found["timeline"] > 40
    return found
