"""`tenantlab fault` against a running lab."""

import json

import pytest
from click.testing import CliRunner

from emulator.cli.fault_command import command
from emulator.kernel.problems import LabError
from emulator.serving.lab import Lab
from tests.serving.spec import SMALL


@pytest.fixture(scope="module")
def lab():
    with Lab(SMALL) as running:
        yield running


@pytest.fixture
def run(lab):
    def call(*args: str):
        found = CliRunner().invoke(command, [*args, "--data", str(lab.data)])
        if isinstance(found.exception, LabError):
            raise found.exception
        assert found.exit_code == 0, found.output
        return found

    yield call
    lab.world.faults.clear()


def test_rules_are_added_listed_and_cleared(run):
    made = json.loads(
        run(
            "add", "--service", "directory", "--operation", "users.*", "--status", "429", "--retry-after", "30",
            "--first", "2", "--from", "2026-01-15T09:00:00Z", "--json",
        ).stdout
    )  # fmt: skip
    assert made == {
        "id": "f1", "service": "directory", "operation": "users.*", "status": 429, "retry_after": 30, "first": 2,
        "between": ["2026-01-15T09:00:00Z", None], "covered": 0, "struck": 0,
    }  # fmt: skip
    run("add", "--id", "lost", "--problem", "noSuchObject", "--value", "x", "--method", "get", "--probability", "0.5")
    shown = run("list").stderr
    assert "users.*  status=429" in shown.replace("directory ", "")
    assert "(struck 0 of 0)" in shown
    assert [item["id"] for item in json.loads(run("list", "--json").stdout)["faults"]] == ["f1", "lost"]
    assert "1 fault rules are left." in run("clear", "f1").stderr
    assert json.loads(run("clear", "--json").stdout) == {"faults": []}
    assert "No fault rules." in run("list").stderr


@pytest.mark.parametrize(
    ("args", "effect"),
    [
        (("--truncate", "3"), {"truncate": 3}), (("--truncate", "body"), {"truncate": "body"}),
        (("--stale", "PT30S"), {"stale": "PT30S"}), (("--skew", "-PT10M"), {"skew": "-PT10M"}),
        (("--certificate", "expired"), {"certificate": "expired"}), (("--rollover", "half"), {"rollover": "half"}),
        (("--duplicate", "2"), {"duplicate": 2}),
    ],
)  # fmt: skip
def test_every_effect_can_be_asked_for(run, args, effect):
    made = json.loads(run("add", "--service", "directory", *args, "--json").stdout)
    assert made == {"id": "f1", "service": "directory", **effect, "covered": 0, "struck": 0}


def test_a_mistake_is_one_sentence_and_a_hint(run):
    with pytest.raises(LabError, match="one effect") as caught:
        run("add", "--service", "directory")
    assert caught.value.hint
    with pytest.raises(LabError, match="no fault rule 'x'"):
        run("clear", "x")
