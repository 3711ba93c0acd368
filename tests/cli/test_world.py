"""`tenantlab world` against a running lab, and its files."""

import json

import pytest
from click.testing import CliRunner

from emulator.cli.world_command import command
from emulator.kernel.problems import LabError
from emulator.serving import edge
from emulator.serving.lab import Lab
from tests.serving.spec import SMALL

PERSON = {"sAMAccountName": "sam", "userPrincipalName": "sam@small.example"}


@pytest.fixture
def lab():
    with Lab(SMALL) as running:
        yield running


@pytest.fixture
def run(lab):
    def call(*args: str, data: bool = True):
        found = CliRunner().invoke(command, [*args, *(["--data", str(lab.data)] if data else [])])
        if isinstance(found.exception, LabError):
            raise found.exception
        assert found.exit_code == 0, (found.output, found.exception)
        return found

    return call


def names(lab):
    return [user["sAMAccountName"] for user in lab.world.directory.get("/users")["value"]]


def test_export_change_compare_and_load(lab, run, tmp_path):
    folder = str(tmp_path / "kept")
    assert json.loads(run("export", folder, "--json").stdout)["documents"] > 0
    assert "Nothing differs" in run("diff", folder).stderr
    lab.world.directory.post("/users", PERSON)
    assert "+ directory:corp users  sam@small.example" in run("diff", folder).stdout
    assert "+ directory:corp users  sam@small.example" in run("diff").stdout
    assert [item["change"] for item in json.loads(run("diff", "--json").stdout) if item["kind"] == "users"] == ["added"]
    run("export", str(tmp_path / "later"))
    assert "sam@small.example" in run("diff", folder, str(tmp_path / "later")).stdout
    assert "Loaded" in run("load", folder).stderr
    assert names(lab) == ["dana"]
    assert "documents written" in run("export", folder).stderr  # over the older one


def test_a_world_too_large_for_a_running_one_says_what_to_do(run, tmp_path, monkeypatch):
    run("export", str(tmp_path / "kept"))
    monkeypatch.setattr(edge, "MOST_BODY", 100)
    with pytest.raises(LabError, match="too large") as caught:
        run("load", str(tmp_path / "kept"))
    assert "up --world" in caught.value.hint


def test_a_fork_goes_on_by_itself(lab, run, tmp_path):
    lab.world.directory.post("/users", PERSON)
    assert json.loads(run("fork", str(tmp_path / "fork"), "--json").stdout)["data"] == str(tmp_path / "fork")
    with Lab(SMALL, data=tmp_path / "fork") as fork:
        assert sorted(names(fork)) == ["dana", "sam"]


def test_a_world_file_is_seeded(run, tmp_path):
    (tmp_path / "people.csv").write_text("login,firstName\nana@contoso.example,Ana\n")
    (tmp_path / "more.tfstate").write_text(
        '{"version":4,"resources":[{"type":"okta_brand","instances":[{"attributes":{}}]}]}'
    )
    told = run(
        "seed",
        str(tmp_path / "people.csv"),
        str(tmp_path / "more.tfstate"),
        "--out",
        str(tmp_path / "w.yaml"),
        data=False,
    )
    assert "people at Okta" in told.stderr and "okta_brand: not taken" in told.stderr
    assert "ana@contoso.example" in (tmp_path / "w.yaml").read_text()
    again = run("seed", str(tmp_path / "people.csv"), "--out", str(tmp_path / "w.yaml"), "--json", data=False)
    assert json.loads(again.stdout)["left"] == {}
