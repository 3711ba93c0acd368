"""`tenantlab agent`: scripted clients against a running lab; and the pytest fixture of the same clients."""

import json

import pytest
from click.testing import CliRunner

from emulator.cli.agent_command import command
from emulator.kernel.problems import LabError
from emulator.serving.lab import Lab
from emulator.wire.agents import agents

DANA, RELAY = "dana@acme.example", "svc-relay@acme.example"


@pytest.fixture(scope="module")
def lab():
    with Lab("acme") as running:
        yield running


@pytest.fixture
def run(lab):
    def call(*args: str):
        found = CliRunner().invoke(command, [*args, "--data", str(lab.data)])
        if isinstance(found.exception, LabError):
            raise found.exception
        return found

    return call


def test_the_clients_are_listed():
    runner = CliRunner()
    shown = runner.invoke(command, ["--list"])
    assert all(name in shown.stdout for name in agents())
    rows = json.loads(runner.invoke(command, ["--list", "--json"]).stdout)
    assert {row["name"] for row in rows} == set(agents())


def test_hops_outcome_and_why(run):
    good = run("office", "--as", DANA)
    assert (good.exit_code, good.stdout.splitlines()[-1]) == (0, "signed_in"), good.output
    assert "/sso/wsfed/passive" in good.stdout
    bad = run("imap", "--as", DANA, "--from", "203.0.113.9")
    assert bad.exit_code == 1
    assert "refused at okta (wsse:FailedAuthentication)" in bad.stdout
    assert "why: The rule 'Catch-all Rule' denies access." in bad.stderr
    data = json.loads(run("imap", "--as", RELAY, "--json").stdout)
    assert (data["outcome"], data["tokens"][0]) == ("signed_in", "access_token")
    assert run("service", "--as", RELAY, "--password", "wrong").exit_code == 1


def test_a_profile_keeps_what_the_client_has(run, tmp_path):
    profile = tmp_path / "profile.json"
    assert run("silent", "--as", DANA, "--profile", str(profile)).exit_code == 4
    assert run("office", "--as", DANA, "--profile", str(profile)).exit_code == 0
    silent = run("silent", "--as", DANA, "--profile", str(profile))
    assert (silent.exit_code, len(silent.stdout.splitlines())) == (0, 2), silent.output
    profile.write_text("[]")
    with pytest.raises(LabError, match="is no profile"):
        run("silent", "--as", DANA, "--profile", str(profile))


def test_a_device_that_okta_knows_is_kept_in_the_profile(run, tmp_path):
    profile = tmp_path / "profile.json"
    made = run("browser", "--as", DANA, "--enrolled", "managed", "--profile", str(profile))
    assert made.exit_code == 0, made.output
    device = json.loads(profile.read_text())["device"]
    assert run("browser", "--as", DANA, "--profile", str(profile)).exit_code == 0
    assert json.loads(profile.read_text())["device"] == device


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("telnet", "--as", DANA), "no client telnet"),
        (("office",), "Nobody signs in"),
        (("office", "--as", "nobody@acme.example"), "no password"),
        (("office", "--as", DANA, "--factor", "push"), "says nothing"),
    ],
)
def test_mistakes(run, args, message):
    with pytest.raises(LabError, match=message):
        run(*args)


def test_the_fixture(agent):
    assert agent("windows", RELAY).outcome == "signed_in"
    assert agent("browser", DANA, password="wrong").outcome == "asked"
