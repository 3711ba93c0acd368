"""`tenantlab token`: mint, decode and verify tokens; the table of breaks."""

import sys
from pathlib import Path
from typing import Any

import click

from emulator.cli.common import data_option, json_option, put, read_input, remote, say
from emulator.kernel.problems import LabError
from emulator.serving.clients import entra_client
from emulator.serving.explain import decode as decode_token
from emulator.serving.minting import KINDS
from emulator.serving.verifying import verify as verify_token

_MARKS = {"passed": "+", "failed": "x", "not checkable": "?"}


@click.group("token")
def command() -> None:
    """Tokens of both sides."""


@command.command("mint")
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--user", required=True, metavar="LOGIN")
@click.option("--set", "sets", multiple=True, metavar="CLAIM=VALUE", help="Set a claim before signing.")
@click.option("--break", "broken", metavar="NAME", help="Break one thing; `tenantlab token breaks` lists them.")
@click.option("--lifetime", metavar="DURATION", help="Valid for so long from now, for example PT10M.")
@click.option(
    "--algorithm", metavar="NAME", help="rsa-sha256, rsa-sha384, rsa-sha512, rsa-sha1; RS256 and kin, HS256, none."
)
@click.option("--key", metavar="NAME|FILE", help="signing, foreign, or a PEM file with key and certificate.")
@click.option("--victim", metavar="LOGIN", help="Whom a wrapped token would like to be.")
@data_option
def mint(
    kind: str, user: str, sets: tuple[str, ...], broken: str | None, lifetime: str | None, algorithm: str | None,
    key: str | None, victim: str | None, data: str | None,
) -> None:  # fmt: skip
    """Print a fresh token and a newline, nothing else."""
    claims = {}
    for pair in sets:
        name, mark, value = pair.partition("=")
        if not mark or not name:
            raise LabError(f"{pair!r} is not CLAIM=VALUE.", hint="For example --set immutableId=abc.")
        claims[name] = value
    body = {
        "kind": kind, "user": user, "set": claims, "break": broken, "lifetime": lifetime, "algorithm": algorithm,
        "key": _key(key), "victim": victim,
    }  # fmt: skip
    click.echo(remote(data).control("POST", "tokens", body)["token"])


def _key(given: str | None) -> str | dict[str, str] | None:
    """A key's name, or the PEM texts of a file (key and certificate in one, or beside each other as .key and .crt)."""
    if given is None or not (Path(given).is_file() or Path(given + ".key").is_file()):
        return given
    path = Path(given)
    if path.is_file() and path.suffix != ".key":
        text = path.read_text(encoding="ascii", errors="replace")
        return {"key": text, "certificate": text[text.find("-----BEGIN CERTIFICATE") :]}
    stem = path.with_suffix("") if path.suffix == ".key" else path
    texts = [read_input(f"{stem}{suffix}").decode("ascii", "replace") for suffix in (".key", ".crt")]
    return {"key": texts[0], "certificate": texts[1]}


@command.command("breaks")
@json_option
def breaks(as_json: bool) -> None:
    """List the breaks of `mint --break`."""
    from emulator.serving.forging.breaks import table

    if as_json:
        put(table())
        return
    for row in table():
        click.echo(f"{row['name']:36} {row['says']}  [{', '.join(row['kinds'])}]")


@command.command("decode")
@click.argument("file")
@json_option
def decode(file: str, as_json: bool) -> None:
    """Show what a token says, without a running lab and without verifying it."""
    found = decode_token(read_input(file))
    if not as_json:
        say(f"A {found['kind']} token, not verified:")
    put(found)


@command.command("verify")
@click.argument("file")
@data_option
@json_option
def verify(file: str, data: str | None, as_json: bool) -> None:
    """Check a token, then present it to the running lab's own relying party; exit code 1 when it is refused."""
    lab = remote(data)
    found = verify_token(
        lab.transport,
        read_input(file),
        tenant=lab.info["entra"]["tenant_id"],
        entra=entra_client(lab.transport, {"entra": lab.info["entra"]}),
        now_ms=_now(lab.control("GET", "clock")),
    )
    if as_json:
        put(found)
    else:
        _tell(found)
    if not found["accepted"]:
        sys.exit(1)


def _now(clock: dict[str, Any]) -> int:
    from emulator.kernel.clock import parse_iso

    return parse_iso(str(clock["now"]))


def _tell(found: dict[str, Any]) -> None:
    say("accepted" if found["accepted"] else f"refused: {found['problem']}")
    if found.get("why"):
        say(f"why: {found['why']['rule']}")
        for item in found["why"].get("compared", ()):
            say(f"     {item['name']} = {item['value']!r}   ({item['where']})")
    for each in found["checks"]:
        shown = f"  {each['found']}" if "found" in each else ""
        shown += f"  |  {each['expected']}" if "expected" in each else ""
        settle = f"  -> {each['settle']}" if each.get("settle") else ""
        say(f"  [{_MARKS[each['status']]}] {each['check']}: {each['status']}. {each['rule']}{shown}{settle}")
