"""`tenantlab token`: mint, decode and verify tokens."""

import sys

import click

from emulator.cli.common import data_option, json_option, put, read_input, remote, say
from emulator.kernel.problems import LabError
from emulator.serving.explain import decode as decode_token
from emulator.serving.minting import BREAKS, KINDS
from emulator.serving.verifying import verify as verify_token


@click.group("token")
def command() -> None:
    """Tokens of both sides."""


@command.command("mint")
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--user", required=True, metavar="LOGIN")
@click.option("--set", "sets", multiple=True, metavar="CLAIM=VALUE", help="Set a claim before signing.")
@click.option("--break", "broken", type=click.Choice(list(BREAKS)), help="Break one thing.")
@data_option
def mint(kind: str, user: str, sets: tuple[str, ...], broken: str | None, data: str | None) -> None:
    """Print a fresh token and a newline, nothing else."""
    claims = {}
    for pair in sets:
        name, mark, value = pair.partition("=")
        if not mark or not name:
            raise LabError(f"{pair!r} is not CLAIM=VALUE.", hint="For example --set immutableId=abc.")
        claims[name] = value
    body = {"kind": kind, "user": user, "set": claims, "break": broken}
    click.echo(remote(data).control("POST", "tokens", body)["token"])


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
    """Present a token to the running lab's own relying party; exit code 1 when it is refused."""
    lab = remote(data)
    found = verify_token(lab.transport, read_input(file), tenant=lab.info["entra"]["tenant_id"])
    if as_json:
        put(found)
    else:
        say("accepted" if found["accepted"] else f"refused: {found['problem']}")
        if found.get("why"):
            say(f"why: {found['why']['rule']}")
            for item in found["why"].get("compared", ()):
                say(f"     {item['name']} = {item['value']!r}   ({item['where']})")
    if not found["accepted"]:
        sys.exit(1)
