"""`tenantlab fault`: make requests go wrong on purpose, and heal them again."""

from typing import Any
from urllib.parse import quote

import click

from emulator.cli.common import data_option, json_option, put, remote, say
from emulator.kernel.doc import Doc
from emulator.kernel.fault_rules import CERTIFICATES

_SCOPE = ("party", "service", "operation", "method", "path")


@click.group("fault")
def command() -> None:
    """Faults: requests that are refused, held back or dropped on purpose."""


@command.command("add")
@click.option("--id", help="The rule's name [default: f1, f2...].")
@click.option("--party", help="Only this party: okta, entra, directory (or okta:acme).")
@click.option("--service", help="Only this service: okta, graph, login, directory.")
@click.option("--operation", metavar="GLOB", help="Only operations of this name; docs/reference/support.md has them.")
@click.option("--method", help="Only this HTTP method.")
@click.option("--path", metavar="GLOB", help="Only this path.")
@click.option("--nth", type=int, help="Only the n-th such request.")
@click.option("--first", type=int, help="Only the first n of them.")
@click.option("--every", type=int, help="Only every n-th of them.")
@click.option("--from", "since", metavar="INSTANT", help="Only from this world time.")
@click.option("--until", metavar="INSTANT", help="Only before this world time.")
@click.option("--probability", type=float, help="Only so many of them, by the world's seed (0.1: one in ten).")
@click.option("--status", type=int, help="Refuse with this status, in the vendor's own words.")
@click.option("--problem", metavar="CODE", help="Refuse with this error code of the vendor.")
@click.option("--value", "values", multiple=True, help="What fills the places of the problem's text.")
@click.option("--retry-after", metavar="PT30S", help="With a Retry-After: an ISO 8601 duration or seconds.")
@click.option("--latency", metavar="PT1S", help="Hold the answer back by an ISO 8601 duration.")
@click.option("--drop", type=click.Choice(["request", "answer"]), help="Drop the connection: before or after the work.")
@click.option("--truncate", metavar="N|body", help="Pages of N items at most, or an answer that breaks off.")
@click.option("--stale", metavar="PT30S", help="Read what was so long ago, as from a replica that is behind.")
@click.option("--skew", metavar="[-]PT10M", help="Answer by a clock that is so much ahead (or behind).")
@click.option("--certificate", type=click.Choice(CERTIFICATES), help="Show a wrong TLS certificate.")
@click.option("--rollover", type=click.Choice(["half"]), help="Publish key sets without the key that signs.")
@click.option("--duplicate", type=int, metavar="N", help="Deliver events and notifications N more times.")
@data_option
@json_option
def add(data: str | None, as_json: bool, **options: Any) -> None:
    """Add a rule. What it does not name it covers; it has one effect, of those from --status on."""
    since, until = options.pop("since"), options.pop("until")
    rule: Doc = {key: value for key, value in options.items() if value not in (None, ())}
    if since or until:
        rule["between"] = [since, until]
    if str(rule.get("retry_after", "")).isdigit():
        rule["retry_after"] = int(rule["retry_after"])
    if str(rule.get("truncate", "")).isdigit():
        rule["truncate"] = int(rule["truncate"])
    _show([remote(data).control("POST", "faults", rule)], as_json)


@command.command("list")
@data_option
@json_option
def list_(data: str | None, as_json: bool) -> None:
    """The rules, and how often each has struck."""
    found = remote(data).control("GET", "faults")
    put(found) if as_json else _show(found["faults"], as_json)


@command.command("clear")
@click.argument("id", required=False)
@data_option
@json_option
def clear(id: str | None, data: str | None, as_json: bool) -> None:
    """Remove the rule ID, or all rules."""
    found = remote(data).control("DELETE", f"faults/{quote(id, safe='')}" if id else "faults")
    put(found) if as_json else say(f"{len(found['faults'])} fault rules are left.")


def _show(rules: list[Doc], as_json: bool) -> None:
    if as_json:
        put(rules[0])
        return
    for rule in rules:
        scope = " ".join(str(rule[key]) for key in _SCOPE if key in rule) or "everything"
        rest = " ".join(f"{key}={rule[key]}" for key in rule if key not in (*_SCOPE, "id", "covered", "struck"))
        say(f"{rule['id']:<8} {scope}  {rest}  (struck {rule['struck']} of {rule['covered']})")
    if not rules:
        say("No fault rules.")
