"""The lab's own doors: bind address, debugger, secrets of the control plane, CORS. W5, W6, W7, W8, F2."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.serving.lab import Lab
from tests.security.lines import covers
from tests.serving.spec import SMALL

PACKAGE = Path(__file__).parents[2] / "emulator"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(SMALL) as running:
        yield running


def listening() -> set[tuple[str, int]]:
    """(address in the kernel's hex, port) of every listening TCP socket of this machine."""
    found = set()
    for name in ("tcp", "tcp6"):
        path = Path("/proc/net") / name
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[3] == "0A":
                address, _, port = fields[1].rpartition(":")
                found.add((address, int(port, 16)))
    return found


@covers("W6")
def test_only_loopback_listens(lab: Lab) -> None:
    ports = {
        int(url.rsplit(":", 1)[1])
        for urls in (lab.info["urls"], lab.info["https_urls"])
        for url in urls.values()
        if url
    }
    own = {(address, port) for address, port in listening() if port in ports}
    assert {port for _, port in own} == ports
    assert {address for address, _ in own} <= {"0100007F", "00000000000000000000000001000000"}


@covers("W6", "W8")
def test_a_bind_beyond_loopback_wants_the_word_for_it() -> None:
    from emulator.cli.up_command import command

    shown = CliRunner().invoke(command, ["--bind", "0.0.0.0", "--world", "acme"])
    assert shown.exit_code != 0
    assert "i-know-these-are-test-passwords" in str(shown.exception) + shown.output + str(
        getattr(shown.exception, "hint", "")
    )


@covers("W7")
@pytest.mark.parametrize("path", ["/console", "/?__debugger__=yes&cmd=1", "/_debug", "/debug/pprof"])
def test_there_is_no_debugger(world: World, path: str) -> None:
    for service in ("okta", "login", "graph"):
        host = world.hosts.service(service).host
        route, _, query = path.partition("?")
        answer = world.entry(Exchange("GET", "https", host, route, query, {"host": host}))
        assert answer.status in (302, 400, 401, 404) and "Traceback" not in answer.text()


@covers("W7", "P4")
def test_no_code_comes_from_input() -> None:
    """No debug mode, no pickle, no eval, no unsafe loader, no markup that skips escaping."""
    banned = re.compile(
        r"\b(?:pickle|marshal|shelve)\.loads?|\beval\(|(?<![\w.])(?<!def )exec\(|yaml\.load\(|debug\s*=\s*True|use_reloader|\|\s*safe\b"
        r"|render_template_string|shell\s*=\s*True|os\.system"
    )
    allowed = (
        "noqa: S506",  # a loader derived from the safe one
        "noqa: S302", "noqa: S301",  # the program's own compiled code, in the user's private cache
    )  # fmt: skip
    found = []
    for path in PACKAGE.rglob("*"):
        if path.suffix in (".py", ".html") and path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if (
                    banned.search(line)
                    and not any(each in line for each in allowed)
                    and not line.lstrip().startswith("#")
                ):
                    found.append(f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}")
    assert found == []


@covers("W8")
def test_secrets_are_random_per_directory_and_private(lab: Lab) -> None:
    with Lab(SMALL) as other:
        assert lab.info["control_token"] != other.info["control_token"]
        assert len(lab.info["control_token"]) >= 32
    for name in ("lab.json", "tls.key"):
        assert stat.S_IMODE((lab.data / name).stat().st_mode) == 0o600


@covers("W8")
def test_secrets_are_compared_in_constant_time() -> None:
    control = (PACKAGE / "serving" / "control.py").read_text(encoding="utf-8")
    assert "compare_digest" in control


@covers("F2")
def test_the_authority_signs_for_the_emulated_names_only(lab: Lab) -> None:
    from cryptography import x509

    authority = x509.load_pem_x509_certificate(Path(lab.info["ca_file"]).read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical and constraints.value.permitted_subtrees
    names = {str(each.value) for each in constraints.value.permitted_subtrees}
    assert not names & {"", ".", "com", ".com", "example"}


@covers("W5")
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_no_origin_is_reflected_with_credentials(world: World, origin: str) -> None:
    for service, path in (("okta", "/api/v1/users/me"), ("login", "/common/oauth2/v2.0/token"), ("graph", "/v1.0/me")):
        host = world.hosts.service(service).host
        sent = {"host": host, "origin": origin, "access-control-request-method": "GET"}
        for method in ("OPTIONS", "GET"):
            answer = world.entry(Exchange(method, "https", host, path, "", sent))
            allowed = answer.header("access-control-allow-origin")
            assert not (allowed == origin and answer.header("access-control-allow-credentials") == "true"), (
                service,
                method,
            )
