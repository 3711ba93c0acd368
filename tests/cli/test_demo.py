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


def test_two_seeds_give_two_pairs_of_immutable_ids():
    first, second = demo("1"), demo("2")
    for found in (first, second):
        assert found["ok"]
        assert found["deniedBy"]["rule"].startswith("The rule 'Catch-all Rule'")
        assert {item["value"] for item in found["brokenBy"]["compared"]} >= {found["immutableId"]}
        assert found["timeline"] > 40
    assert first["immutableId"] != second["immutableId"]
    assert first["externalId"] != second["externalId"]
