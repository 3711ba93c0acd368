"""`tenantlab call`: one API call as the world's administrator; prints the vendor's answer and its why."""

import sys

import click
import orjson

from emulator.cli.common import data_option, json_option, put, remote, say
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.clients import ApiClient, ApiError, directory_client, entra_client, okta_client
from emulator.serving.lab import Remote
from emulator.wire.client import json_of


@click.command("call")
@click.argument("side", type=click.Choice(["okta", "entra", "directory"]))
@click.argument("method")
@click.argument("path")
@click.argument("body", required=False, metavar="[JSON]")
@data_option
@json_option
def command(side: str, method: str, path: str, body: str | None, data: str | None, as_json: bool) -> None:
    """Call METHOD PATH on one SIDE. Exit code 1 when the vendor refuses."""
    lab = remote(data)
    try:
        sent = None if body is None else orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise LabError(f"The body is not JSON: {error}.", hint="Quote it for your shell.") from error
    client = _client(side, lab)
    answer = client.call(method.upper(), path, sent)
    why = _why(client, answer.header("x-lab-why"))
    if as_json:
        headers = [[key, value] for key, value in answer.headers]
        put({"status": answer.status, "headers": headers, "body": json_of(answer), "why": why})
    else:
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
    if answer.status >= 400:
        sys.exit(1)


def _client(side: str, lab: Remote) -> ApiClient:
    info, transport = lab.info, lab.transport
    try:
        if side == "okta":
            return okta_client(transport, info, info["hosts"]["okta"])
        if side == "entra":
            return entra_client(transport, info)
        host = next(name for name in lab.control("GET", "health")["hosts"] if name.startswith("dc."))
        return directory_client(transport, host)
    except ApiError as error:
        raise LabError(
            f"No token could be had: {error}.", hint="Is this world's `lab` section complete?", exit_code=3
        ) from error
    except StopIteration:
        raise LabError("This world has no directory.", hint="Use `--world acme`.") from None


def _why(client: ApiClient, url: str | None) -> Doc | None:
    if not url:
        return None
    found = json_of(client.call("GET", url))
    return found.get("why") if isinstance(found, dict) else None
