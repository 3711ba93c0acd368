"""`tenantlab agent`: a scripted client signs a person in, hop by hop, against a running lab."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlsplit

import click
import orjson

from emulator.cli.common import data_option, json_option, put, remote, say
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.lab import Remote
from emulator.wire.agents import Outcome, Visit, agents, okta_verify, sign_in
from emulator.wire.browser import Browser
from emulator.wire.client import Http, doc_of

EXIT = {"signed_in": 0, "refused": 1, "asked": 4, "loop": 5, "unreachable": 3}
"""What the command's exit code says of the outcome; 2 is a mistake in the command line."""


@click.command("agent")
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="List the clients.")
@click.option("--as", "person", metavar="LOGIN", help="Who signs in: a person of the world.")
@click.option("--password", help="What they type [default: their test password].")
@click.option("--from", "address", default="127.0.0.1", show_default=True, metavar="IP", help="The client's address.")
@click.option("--device", metavar="ID", help="The device as Microsoft has it registered.")
@click.option("--enrolled", type=click.Choice(["managed", "registered"]),
              help="They enrol a device with Okta Verify first and come from it; a profile keeps it.")  # fmt: skip
@click.option("--old", is_flag=True, help="The device is set not to speak modern authentication.")
@click.option("--factor", "factors", multiple=True, metavar="TYPE=ANSWER",
              help="How they prove themselves: push=approve, sms=outbox, totp=SECRET.")  # fmt: skip
@click.option("--answer", "answers", multiple=True, metavar="PAGE=ANSWER",
              help="What they say on Microsoft's pages: kmsi=yes, terms=accept, new_password=...")  # fmt: skip
@click.option("--profile", type=click.Path(path_type=Path, dir_okay=False),
              help="A file that keeps the client's cookies and tokens from one run to the next.")  # fmt: skip
@click.option("--user-agent", default="", help="Another user agent than the client's own.")
@data_option
@json_option
def command(
    name: str | None, listing: bool, person: str | None, password: str | None, address: str, device: str | None,
    enrolled: str | None, old: bool, factors: tuple[str, ...], answers: tuple[str, ...], profile: Path | None,
    user_agent: str, data: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Let the client NAME sign a person in: a line for each hop, how it ended, and why.

    Exit codes: 0 signed in, 1 refused, 3 unreachable, 4 a page asks for something, 5 a loop that was stopped.
    """
    if listing or not name:
        _list(as_json=as_json)
        return
    if name not in agents():
        raise LabError(f"There is no client {name}.", hint=f"Known: {', '.join(agents())}.")
    if not person:
        raise LabError("Nobody signs in.", hint="Say who: --as LOGIN.")
    lab = remote(data)
    browser = _opened(lab, profile, user_agent or agents()[name].user_agent, address)
    own: Doc = {"modernAuthentication": not old, **({"id": device} if device else {})}
    kept = _enrolled(lab, person, enrolled, profile)
    visit = Visit(
        lab.transport, lab.info, person, password=_password(lab.info, person, password), address=address,
        user_agent=user_agent, device={**own, **({"okta": kept} if kept else {})},
        factors=_pairs(factors), answers=_pairs(answers), browser=browser,
    )  # fmt: skip
    outcome = sign_in(name, visit)
    whys = [_why(lab, str(step["why"])) for step in outcome.steps if step.get("why")]
    if profile is not None:
        profile.write_bytes(orjson.dumps({"cookies": browser.jar, "tokens": browser.tokens, "device": kept}))
    if as_json:
        put({**outcome.to_doc(), "whys": whys})
    else:
        _show(outcome, whys)
    sys.exit(EXIT[outcome.outcome])


def _list(*, as_json: bool) -> None:
    if as_json:
        put([client.to_doc() for client in agents().values()])
        return
    for client in agents().values():
        click.echo(f"{client.name:20} {client.about}")


def _password(info: Doc, login: str, given: str | None) -> str:
    if given is not None:
        return given
    found = next((person for person in info["users"] if person["login"].casefold() == login.casefold()), None)
    if found is None:
        raise LabError(f"The world names no password for {login}.", hint="Give it with --password.")
    return str(found["password"])


def _pairs(texts: Iterable[str]) -> Doc:
    pairs = [text.partition("=") for text in texts]
    for name, equals, value in pairs:
        if not equals or not value:
            raise LabError(f"{name!r} says nothing.", hint="Write NAME=ANSWER.")
    return {name: value for name, _, value in pairs}


def _opened(lab: Remote, profile: Path | None, user_agent: str, address: str) -> Browser:
    """A browser profile, with what it kept from the last time."""
    browser = Browser(lab.transport, user_agent=user_agent, client=address)
    if profile is None or not profile.exists():
        return browser
    try:
        kept = orjson.loads(profile.read_bytes())
        browser.jar, browser.tokens = dict(kept["cookies"]), dict(kept["tokens"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise LabError(f"{profile} is no profile of a client.", hint="Give a file that this command wrote.") from error
    return browser


def _enrolled(lab: Remote, login: str, how: str | None, profile: Path | None) -> Doc | None:
    """The device that Okta knows: `{id, key}`; a new one where that is asked for, else the profile's."""
    if how is None:
        found = orjson.loads(profile.read_bytes()).get("device") if profile is not None and profile.exists() else None
        return dict(found) if isinstance(found, dict) else None
    key = okta_verify.key_of(os.urandom(32))
    http = Http(lab.transport, headers={"authorization": f"SSWS {lab.info['okta']['token']}"})
    org = f"https://{lab.info['hosts']['okta']}"
    user = doc_of(http.request("GET", f"{org}/api/v1/users/{quote(login)}"))
    if "id" not in user:
        raise LabError(f"The org has no user {login}.", hint="Give a login: tenantlab call okta GET /api/v1/users")
    body = {"userId": user["id"], "managed": how == "managed", "key": okta_verify.public_of(key),
            "profile": {"displayName": f"{login}'s computer", "platform": "WINDOWS"}}  # fmt: skip
    made = doc_of(http.request("POST", f"{org}/api/internal/v1/devices", json=body))
    if "id" not in made:
        raise LabError(f"The device was not enrolled: {made.get('errorSummary', 'no answer')}.")
    return {"id": made["id"], "key": key}


def _why(lab: Remote, url: str) -> Doc:
    """Why a hop was refused; empty where the lab does not say."""
    try:
        found: Doc = lab.control("GET", f"why/{url.rpartition('/')[2]}")["why"]
    except (LabError, LookupError):
        return {}
    return found


def _show(outcome: Outcome, whys: list[Doc]) -> None:
    for number, step in enumerate(outcome.steps, start=1):
        parts = urlsplit(step["url"])
        click.echo(f"{number:3}  {step['status'] or '...':>3}  {parts.netloc}{parts.path}")
    where = f" at {outcome.at}" if outcome.at and outcome.outcome != "signed_in" else ""
    click.echo(f"{outcome.outcome}{where}{f' ({outcome.code})' if outcome.code else ''}")
    if outcome.outcome != "signed_in" and outcome.text:
        say(outcome.text[:400])
    for why in filter(None, whys):
        say(f"why: {why['rule']}")
        for item in why.get("compared", ()):
            say(f"     {item['name']} = {item['value']!r}   ({item['where']})")
        if why.get("hint"):
            say(f"     {why['hint']}")
