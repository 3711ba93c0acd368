"""Playing and verifying: both ways, wrong fixes, variation, mutations, the command line, pytest collection."""

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from emulator.cli import cli
from emulator.scenario import reports
from emulator.scenario.cast_words import CAST
from emulator.scenario.dice import Dice
from emulator.scenario.files import read
from emulator.scenario.runner import mutations, verify, verify_all
from emulator.scenario.scenario_file import json_schema
from emulator.scenario.template import FILES
from emulator.scenario.variation import varied
from emulator.scenario.vocabulary import VERBS

GOOD = FILES["scenario.yaml"]


def written(folder: Path, text: str = GOOD) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**FILES, "scenario.yaml": text}.items():
        (folder / name).write_text(content)
    return str(folder / "scenario.yaml")


def test_template_holds_for_two_seeds_and_repeats(tmp_path: Path) -> None:
    path = written(tmp_path)
    results = [verify(path, seed) for seed in ("1", "2")]
    assert [result.problems for result in results] == [[], []]
    again = verify(path, "2")
    assert {**again.to_doc(), "seconds": 0} == {**results[1].to_doc(), "seconds": 0}
    assert mutations(path) == []


def test_symptom_that_does_not_show(tmp_path: Path) -> None:
    text = GOOD.replace("  - unassign: $person\nplay", "  - sync: true\nplay")
    result = verify(written(tmp_path, text))
    assert any(problem.startswith("the symptom does not show: line 15") for problem in result.problems)
    assert "the checks pass before anything is fixed" in result.problems


def test_solution_that_does_not_pass(tmp_path: Path) -> None:
    result = verify(written(tmp_path, GOOD.replace("  - assign: $person\n  - sync", "  - sync")))
    assert [problem.partition(":")[0] for problem in result.problems] == ["the solution does not pass"]


def test_wrong_fix_that_works_is_a_problem(tmp_path: Path) -> None:
    wrong = 'wrong:\n  - say: "sync harder"\n    do: [{sync: true}]\n  - say: "assign"\n    do: [{assign: $person}, {sync: true}]\n'
    result = verify(written(tmp_path, GOOD + wrong))
    assert result.problems == ["the wrong fix 'assign' passes the checks"]


def test_needless_cause_is_found(tmp_path: Path) -> None:
    text = GOOD.replace("  - unassign: $person\n", "  - unassign: $person\n  - advance: PT1H\n", 1)
    found = mutations(written(tmp_path, text))
    assert len(found) == 1 and "the symptom shows without this cause" in found[0]


def test_broken_line_says_where(tmp_path: Path) -> None:
    text = GOOD.replace("  - unassign: $person\n", "  - okta: GET /api/v1/users/nobody\n", 1)
    result = verify(written(tmp_path, text))
    assert result.error
    assert "scenario.yaml:11: GET /api/v1/users/nobody: answered 404" in result.problems[0]


def test_seed_renames_the_world(tmp_path: Path) -> None:
    scenario = read(Path(written(tmp_path)))
    assert varied(scenario, "1") == "acme"
    one, other = (orjson.dumps(varied(scenario, seed)) for seed in ("2", "3"))
    assert one != other
    assert b"acme.okta.com" not in one and b"dana@" not in one
    assert b"certificates/okta-acme-saml" in one


def test_an_administrator_named_after_a_vendor_renames_nothing_else(tmp_path: Path) -> None:
    world = varied(read(Path(written(tmp_path, GOOD.replace("world: acme", "world: empty")))), "2")
    assert isinstance(world, dict)
    assert sorted(name.partition(":")[0] for name in world["parties"]) == ["entra", "okta"]


def test_dice_depend_on_seed_and_alias_only() -> None:
    assert Dice("1").number("a", 0, 10**6) == Dice("1").number("a", 0, 10**6)
    assert len({Dice(seed).number(alias, 0, 10**6) for seed in "123" for alias in "abc"}) == 9


def test_reports(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    paths = [written(good), written(bad, GOOD.replace("outcome: signed_in", "outcome: never"))]
    results = list(verify_all(paths, ["1"]))
    xml = reports.junit(results).decode()
    assert 'tests="2" failures="1" errors="0"' in xml
    assert "1 of 2" in reports.summary(results)
    folder = reports.write_artifacts(results[1], tmp_path / "out")
    assert {path.name for path in folder.iterdir()} == {
        "why.md",
        "result.json",
        "tape.jsonl",
        "journal.jsonl",
        "timeline.txt",
    }
    assert "tenantlab run" in (folder / "why.md").read_text()


def test_command_line(tmp_path: Path) -> None:
    path = written(tmp_path / "one")
    ran = CliRunner().invoke(cli, ["run", path, "--verify", "--json", "--junitxml", str(tmp_path / "j.xml")])
    assert ran.exit_code == 0, ran.output
    assert orjson.loads(ran.stdout)["ok"] is True
    assert (tmp_path / "j.xml").read_bytes().startswith(b"<?xml")
    written(tmp_path / "one", GOOD.replace("outcome: signed_in", "outcome: never"))
    assert CliRunner().invoke(cli, ["run", path, "--verify"]).exit_code == 1
    written(tmp_path / "one", "id: x\n")
    assert CliRunner().invoke(cli, ["run", path]).exit_code == 2


def test_new_writes_a_scenario_that_plays(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert CliRunner().invoke(cli, ["scenario", "new", str(folder), "--id", "Z-09"]).exit_code == 0
    result = verify(str(folder / "scenario.yaml"))
    assert (result.id, result.problems) == ("Z-09", [])


def test_schema_knows_every_word() -> None:
    schema = json_schema()
    assert {verb.__name__ for verb in VERBS.values()} <= set(schema["$defs"])
    assert {member.__name__ for member in CAST.values()} <= set(schema["$defs"])
    assert schema["properties"]["cause"]["items"]["oneOf"]


def test_pytest_collects_scenario_folders(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    import subprocess
    import sys

    written(tmp_path / "area" / "one")
    written(tmp_path / "area" / "two", GOOD.replace("outcome: signed_in", "outcome: never"))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-q",
        str(tmp_path),
        "--rootdir",
        str(tmp_path),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "1 failed, 1 passed" in ran.stdout, ran.stdout
    assert "the solution does not pass" in ran.stdout
