"""`tenantlab call`: one API call, or a cmdlet, as the administrator or as somebody; the vendor's answer and its why."""

import sys

import click
import orjson

from emulator.cli.callers import client_for
from emulator.cli.cmdlet_table import CMDLETS, Cmdlet
from emulator.cli.common import data_option, json_option, put, remote, say
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.serving.clients import ApiClient, ApiError
from emulator.wire.client import json_of

_USAGE = "tenantlab call okta GET /api/v1/users, or tenantlab call --cmdlet 'Get-MgUser -UserId dana@acme.example'"


@click.command("call")
@click.argument("side", type=click.Choice(["okta", "entra", "directory"]), required=False)
@click.argument("method", required=False)
@click.argument("path", required=False)
@click.argument("body", required=False, metavar="[JSON]")
@click.option("--cmdlet", metavar="LINE", help="Show and make the Graph calls behind a cmdlet.")
@click.option("--cmdlets", "known", is_flag=True, help="List the cmdlets that are known.")
@click.option("--as", "who", metavar="WHO", help="A person's login, an application as ID:SECRET, or 'Bearer TOKEN'.")
@data_option
@json_option
def command(
    side: str | None, method: str | None, path: str | None, body: str | None, cmdlet: str | None, known: bool,
    who: str | None, data: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Call METHOD PATH on one SIDE, or run a cmdlet. Exit code 1 when the vendor refuses."""
    if known:
        _list(as_json)
        return
    if (cmdlet is None) == (path is None) or (cmdlet is not None and side is not None):
        raise LabError("Give SIDE METHOD PATH, or --cmdlet.", hint=_USAGE)
    lab = remote(data)
    try:
        if cmdlet is not None:
            from emulator.cli import cmdlets

            client = client_for("entra", lab, who)
            answer = cmdlets.run(cmdlet, client, say)
        else:
            client = client_for(str(side), lab, who)
            answer = client.call(str(method).upper(), str(path), _sent(body))
    except ApiError as error:
        raise LabError(f"No token could be had: {error}.", hint="Is the credential right?", exit_code=1) from error
    _show(answer, client, as_json=as_json)
    if answer.status >= 400:
        sys.exit(1)


def _sent(body: str | None) -> Doc | None:
    try:
        return None if body is None else orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise LabError(f"The body is not JSON: {error}.", hint="Quote it for your shell.") from error


def _list(as_json: bool) -> None:
    if as_json:
        put([_described(item) for item in CMDLETS.values()])
        return
    for item in CMDLETS.values():
        calls = ", ".join(f"{step.method} {step.path}" for step in item.steps)
        click.echo(f"{item.name:<42} {calls}" + (f"   (now {item.now})" if item.now else ""))


def _described(item: Cmdlet) -> Doc:
    calls = [f"{step.method} {step.path}" for step in item.steps]
    return {"name": item.name, "now": item.now or item.name, "parameters": item.parameters(), "calls": calls}


def _show(answer: Answer, client: ApiClient, *, as_json: bool) -> None:
    why = _why(client, answer.header("x-lab-why"))
    if as_json:
        headers = [[key, value] for key, value in answer.headers]
        put({"status": answer.status, "headers": headers, "body": json_of(answer), "why": why})
        return
    say(f"{answer.status}  {answer.header('x-okta-request-id') or answer.header('request-id') or ''}")
    if answer.body:
        found = json_of(answer)
        put(found) if found is not None else click.echo(answer.text())
    if why:
        say(f"\nwhy: {why['rule']}")
        for item in why.get("compared", ()):
            say(f"     {item['name']} = {item['value']!r}   ({item['where']})")
        if why.get("hint"):
            say(f"     {why['hint']}")


def _why(client: ApiClient, url: str | None) -> Doc | None:
    if not url:
        return None
    found = json_of(client.call("GET", url))
    return found.get("why") if isinstance(found, dict) else None
