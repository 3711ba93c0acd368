"""Write docs/reference from the code: `python tests/docs/generate.py`; with `--check` fail where a page has drifted.

Every page is made from the data that the program itself runs on: operations, control routes, commands, catalogues.
"""

import ast
import difflib
import importlib
import inspect
import io
import json
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import scenario_pages
import yaml

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
PICTURES = ROOT / "docs" / "pictures"
SOURCE = ROOT / "emulator"
NOTE = "<!-- Made by tests/docs/generate.py from the code; `make docs` makes it again. -->\n"
GRADES = {
    "documented": "the vendor's documentation says so",
    "observed": "recorded traffic of the real service shows it",
    "inferred": "no source says so; our reason stands beside it",
}
SERVICES = {
    ("okta", "okta"): "The Okta org",
    ("entra", "graph"): "Microsoft Graph",
    ("entra", "login"): "The Entra sign-in service",
    ("entra", "arm"): "Azure Resource Manager",
    ("directory", "directory"): "The on-premises directory (ours, not a vendor's)",
}
NOTES = {
    "graph": "Each takes the permissions of Microsoft's published list, `emulator/entra/data/graph-permissions.json`.",
    "login": "They authenticate in themselves: that is what they are for.",
    "arm": "Each takes a token of its own audience, `https://management.azure.com`; no role is asked for.",
}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """A Markdown table; empty when there are no rows."""
    lines = ["| " + " | ".join(_cell(item) for item in row) + " |" for row in rows]
    names = list(head)
    return [f"| {' | '.join(names)} |", "|" + "---|" * len(names), *lines] if lines else []


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def code(text: str) -> str:
    return f"`{text}`" if text else ""


# -- pages ------------------------------------------------------------------------------------------------------------


def support() -> list[str]:
    """The support matrix: every operation, how we know it, and what it asks of the caller."""
    from emulator.serving.support import matrix

    rows = matrix()
    lines = [
        "# What is emulated", "",
        "Every operation that answers. What is not listed does not exist here: it answers as the vendor answers an unknown",
        "endpoint. A running lab gives the same list at `GET /_lab/support`.", "",
        *table(("grade", "meaning", "operations"), _grades(rows)), "",
    ]  # fmt: skip
    for (party, service), title in SERVICES.items():
        found = [row for row in rows if (row["party"], row["service"]) == (party, service)]
        lines += [f"## {title}", "", f"{len(found)} operations. {NOTES.get(service, '')}".rstrip(), ""]
        if any(row["scope"] for row in found):
            lines += table(("operation", "what", "scope, any of", "grade", "witness"), map(_operation, found))
        else:
            lines += table(("operation", "what", "grade", "witness"),
                           [(a, b, d, e) for a, b, _, d, e in map(_operation, found)])  # fmt: skip
        lines.append("")
    lines += absent(rows)
    inferred = [row for row in rows if row["grade"] == "inferred"]
    lines += ["## Why the inferred ones are as they are", ""]
    return [*lines, *table(("operation", "reason"), [(_where(row), row["note"]) for row in inferred if row["note"]])]


def absent(rows: list[dict[str, Any]]) -> list[str]:
    """Operations of the vendor's description that the org does not have, by resource, as its own SDK lists them."""
    from tests.contract import vendor

    ours = {(row["method"], vendor.shape(row["path"])) for row in rows if row["service"] == "okta"}
    missing = sorted(path + " " + method for (method, key), path in vendor.paths().items() if (method, key) not in ours)
    found: dict[str, list[str]] = {}
    for text in missing:
        path, _, method = text.rpartition(" ")
        parts = path.strip("/").split("/")
        place = next((part for part in parts if part not in ("api", "v1", "oauth2", "v2") and part[0] != "{"), path)
        found.setdefault(place, []).append(code(f"{method} {path}"))
    total = len(vendor.operations())
    lines = ["## What the org does not have", "", f"Of the {total} operations that the vendor's Python SDK lists, "
             f"{total - len(missing)} answer here. The others:", ""]  # fmt: skip
    return [*lines, *table(("resource", "operations"), [(name, ", ".join(texts)) for name, texts in found.items()]), ""]


def _grades(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str, int]]:
    counts = Counter(row["grade"] for row in rows)
    for grade, meaning in GRADES.items():
        yield grade, meaning, counts[grade]


def _where(row: dict[str, Any]) -> str:
    return code(f"{row['method']} {row['path']}")


def _operation(row: dict[str, Any]) -> tuple[str, str, str, str, str]:
    test = _witnesses().get(f"{row['service']}/{row['name']}", "")
    shown = code(test.removeprefix("tests/")) if test else "none yet"
    return _where(row), row["summary"], ", ".join(map(code, row["scope"])), row["grade"], shown


@cache
def _witnesses() -> dict[str, str]:
    """The test that witnesses each operation, by `service/operation` (tests/witness.py)."""
    path = ROOT / "tests" / "witnesses.json"
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return found


def control() -> list[str]:
    """The control routes."""
    from emulator.serving.control import ROUTES

    lines = [
        "# Control routes", "",
        "Below `/_lab` on every service URL. On a loopback bind no credential is asked, but cross-site requests are refused and a",
        "body must be JSON. A bind beyond loopback wants `Authorization: Bearer <control_token>` (it stands in `lab.json`).", "",
    ]  # fmt: skip
    rows = [(code(f"{method} /_lab/{path}"), summary) for (method, path), (_, summary) in ROUTES.items()]
    return [
        *lines, *table(("route", "what"), rows), "",
        "Routes below `/_lab/agent/` belong to the org and want its agent token; those below `/_lab/directory/` are the directory's.",
        "Both stand in [the support matrix](support.md).",
    ]  # fmt: skip


def commands() -> list[str]:
    """Every command's own help."""
    import click

    from emulator.cli import cli

    lines = ["# The command line", "", "Data goes to stdout, talk to stderr.", ""]
    lines += table(("exit code", "meaning"), [
        (0, "done"), (1, "a check failed, or the vendor's answer was a refusal"), (2, "usage, or a bad input"),
        (3, "a fault of the emulator"), (130, "interrupted"),
    ])  # fmt: skip
    for path, command in _commands(cli, ("tenantlab",)):
        context = click.Context(
            command, info_name=" ".join(path), terminal_width=100, max_content_width=100, **cli.context_settings
        )
        lines += ["", f"## {' '.join(path)}", "", "```text", *command.get_help(context).splitlines(), "```"]
    return lines


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from _commands(command.get_command(None, name), (*path, name))


def limits() -> list[str]:
    """Rate-limit buckets."""
    from emulator.okta.limits import PER_MINUTE

    return [
        "# Rate limits", "",
        "The org's answers always carry `X-Rate-Limit-Limit`, `-Remaining` and `-Reset`. Requests are refused with 429 only where the world",
        "says so: `tenantlab up --limits documented`, or `PATCH /_lab/limits` with `off`, `documented` or numbers of your own by bucket",
        "(`{\"limits\": {\"okta.users\": 5}}`).", "",
        *table(("bucket", "requests a minute"), [(code("okta." + name), most) for name, most in PER_MINUTE.items()]),
    ]  # fmt: skip


def errors() -> list[str]:
    """The error catalogues."""
    from emulator.directory.dialect import CATALOGUE as directory
    from emulator.entra.login.aadsts import CATALOGUE as aadsts
    from emulator.entra.problems import CATALOGUE as graph
    from emulator.okta.problems import catalogue

    okta = catalogue()
    counts = [
        ("Okta", len(okta), "`E0000001`..."), ("Microsoft Graph", len(graph), "OData error codes"),
        ("Entra sign-in", len(aadsts), "`AADSTS...`"), ("directory", len(directory), "LDAP result names"),
    ]  # fmt: skip
    signin = [
        (code("AADSTS" + key if kind.status != 404 else key), kind.status, kind.extra.get("error", ""), kind.text)
        for key, kind in sorted(aadsts.items(), key=lambda item: int(item[0]))
    ]
    texts = [(code(kind.extra.get("code", "")), kind.status, kind.text) for kind in graph.values()]
    return [
        "# Errors", "",
        "Refusals carry the vendor's own code and text. `{0}` and the like are filled in. The reason behind each one is not here: it",
        "depends on the values compared, and is kept under the request's id ([how to read it](../howto/explain-a-refusal.md)).", "",
        *table(("catalogue", "errors", "codes"), counts), "",
        "## Entra sign-in", "", *table(("code", "HTTP", "OAuth error", "text"), signin), "",
        "## Microsoft Graph", "", *table(("code", "HTTP", "text"), texts), "",
        "## Okta", "",
        *table(("code", "HTTP", "text"), [(code(key), kind.status, kind.text) for key, kind in sorted(okta.items())]),
    ]  # fmt: skip


def events() -> list[str]:
    """What each side logs."""
    from emulator.entra.audit import ACTIVITIES
    from emulator.okta.events import EVENTS
    from emulator.serving.support import matrix

    by_event: dict[str, list[str]] = {}
    for row in matrix():
        for event in row["emits"]:
            by_event.setdefault(event, []).append(_where(row))
    system = [(code(kind), text, ", ".join(by_event.get(kind, ()))) for kind, text in sorted(EVENTS.items())]
    audits = [(name, category, kind) for name, (category, kind) in sorted(ACTIVITIES.items())]
    return [
        "# Events", "",
        "## Okta System Log", "",
        f"{len(EVENTS)} event types: the ones that this org writes, at `GET /api/v1/logs`. Those without an operation come from sign-in,",
        "from policies, or from the connector's reports.", "", *table(("event type", "text", "operations"), system), "",
        "## Entra directory audits", "",
        f"{len(ACTIVITIES)} activities, at `GET /v1.0/auditLogs/directoryAudits`. Sign-ins are at `GET /v1.0/auditLogs/signIns`.", "",
        *table(("activity", "category", "operation type"), audits),
    ]  # fmt: skip


def differences() -> list[str]:
    """The deliberate differences from the cloud, as tagged in the code."""
    rows = []
    for path in sorted(SOURCE.rglob("*.py")):
        place = code(path.relative_to(ROOT).as_posix())
        rows += [(text, place) for text in _tagged(path.read_text(encoding="utf-8"))]
    return [
        "# Where it differs from the cloud, on purpose", "",
        "Collected from `# Differs:` in the source.", "", *table(("what", "where"), rows),
    ]  # fmt: skip


def _tagged(source: str) -> Iterator[str]:
    """The text of each `# Differs:`, with the lines that go on from it: of its comment, or of its docstring's paragraph."""
    lines = source.splitlines()
    quoted = _inside_strings(source)
    for number, line in enumerate(lines):
        match = re.search(r"# Differs:\s*(.*)", line)
        if not match:
            continue
        parts, at = [match[1]], number + 1
        while at < len(lines) and not parts[-1].endswith('"""'):
            text = lines[at].strip()
            if at not in quoted and not text.startswith("#"):
                break
            text = text.removeprefix("#").strip()
            if not text or text.startswith(("Differs:", "Inferred:", '"""')):
                break
            parts.append(text)
            at += 1
        yield _sentence(" ".join(parts).removesuffix('"""').strip())


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _inside_strings(source: str) -> set[int]:
    """Indexes of the lines that a multi-line string goes on over."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = [(token.start[0], token.end[0]) for token in tokens if token.type == tokenize.STRING]
    return {line - 1 for start, end in spans for line in range(start + 1, end + 1)}


def _facts() -> str:
    """What an org is, beside what it holds."""
    from emulator.okta.party import describe

    return inspect.getdoc(describe) or ""


def worlds() -> list[str]:
    """World files: the top-level keys, and what each resource reads of its party's part."""
    from emulator.kernel.operations import modules
    from emulator.serving.worldfile import WorldSpec

    defaults = {"title": "none", "seed": "`tenantlab`", "clock": "`2026-01-15T09:00:00Z`", "lab": "nothing",
                "lag": "none"}  # fmt: skip
    told = {
        "world": "the world's name", "parties": "`kind:instance` (`okta:acme`) to what the party starts with",
        "title": "a line for people", "seed": "what ids and keys are made from", "clock": "the first instant of world time",
        "lab": "what `lab.json` hands out: tokens, clients, people with their passwords",
        "lag": "by party, how far behind its eventually consistent reads are (`{\"entra:acme\": \"PT5S\"}`)",
    }  # fmt: skip
    lines = [
        "# World files", "", "YAML. Only `true` and `false` are booleans; an unknown key at the top is an error. See",
        "[how to write one](../howto/write-a-world.md), and `fixtures/worlds/acme.yaml` for a complete one.", "",
        *table(("key", "what", "when left out"),
               [(code(name), told[name], defaults.get(name, "an error")) for name in WorldSpec.__struct_fields__]),
        "", "What each party reads of its part, resource by resource (`?`: may be left out):", "",
    ]  # fmt: skip
    titles = {"okta": "Okta", "entra": "Entra", "directory": "The directory"}
    packages = {
        "okta": ("emulator.okta.resources", "emulator.okta.sso"),
        "entra": ("emulator.entra.resources", "emulator.entra.login"),
        "directory": ("emulator.directory.resources",),
    }
    for party, names in packages.items():
        lines += [f"## {titles[party]}", ""]
        lines += ["`forest`: the forest's DNS name.", ""] if party == "directory" else []
        lines += ["```text", *_facts().splitlines(), "```", ""] if party == "okta" else []
        for module in (module for name in names for module in modules(name) if hasattr(module, "seed")):
            lines += ["```text", *_seed_keys(module), "```", ""]
    return lines


def _seed_keys(module: ModuleType) -> list[str]:
    """What a resource's `seed` reads, in its own words; one that points to another module is followed there."""
    text = inspect.getdoc(module.seed) or ""
    told = re.search(r"see `(\w+)/(\w+)\.py`", text)
    if told:
        text = inspect.getdoc(importlib.import_module(f"emulator.{told[1]}.{told[2]}")) or ""
    return text.splitlines()


def tables() -> list[str]:
    """How large the code is kept: one line a room."""
    rows = []
    for room in sorted(path for path in SOURCE.iterdir() if path.is_dir() and (path / "__init__.py").exists()):
        first = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
        rows.append((code(f"emulator/{room.name}"), first.split("\n")[0]))
    return [
        "# Rooms",
        "",
        "What may import what is held by import-linter (`pyproject.toml`).",
        "",
        *table(("room", "what"), rows),
    ]


def clients() -> list[str]:
    """Which client reaches the lab in which way, from the lines that tests/clients/test_ways.py runs."""
    ways = yaml.safe_load((ROOT / "tests" / "clients" / "ways.yaml").read_text())
    how = {"proxy": "by the proxy", "preload": "by a preload"}
    rows = [
        (way["client"], way["language"], "yes" if way.get("in_process") else "", how[way["exec"]],
         "yes" if way.get("netns") else "", way.get("note", ""), code("tests/clients/programs/" + way["program"]))
        for way in ways
    ]  # fmt: skip
    return [
        "# Clients", "",
        "Unmodified clients, and how each reaches the lab under the vendors' names. `tests/clients/test_ways.py` runs the program of every",
        "line in every way that it names; each must read the tenant's domains and must not reach a host that is not emulated.",
        "[How to use them](../howto/reach-it.md).", "",
        *table(("client", "runtime", "in process", "`tenantlab exec`", "`exec --netns`", "remark", "program"), rows),
    ]  # fmt: skip


def who_does_mfa() -> list[str]:
    """Both sides' decision on multi-factor, from the table that the tests play row by row."""
    sys.path.insert(0, str(ROOT))
    from tests.serving.test_truth_table import ELSEWHERE, FLAGS, Row, foretold

    ends = {"in": "in", "microsoft": "Microsoft's own factor", "loop": "a loop, stopped with AADSTS50196"}
    rows = []
    for engine, flags, org, rule in product(("classic", "oie"), FLAGS, (False, True), ("one factor", "two factors")):
        base = Row(engine, org, rule, ELSEWHERE, flags, True, "accept", "new")
        shown = {}
        for opened, freshness in (("at once", "new"), ("later", "later")):
            whole = base._replace(freshness=freshness)
            found = {name: foretold(whole._replace(behaviour=name)) for name in ("accept", "enforce", "reject")}
            asked = [name for name in found if found[name].prompted]
            okta = "yes" if len(asked) == len(found) else f"with {asked[0]}" if asked else "no"
            claim = "sent" if found["accept"].claim else "not sent"
            shown[opened] = (okta, claim, *(ends[item.end] for item in found.values()))
        different = shown if shown["at once"] != shown["later"] else {"whenever": shown["later"]}
        rows += [(engine, flags, "yes" if org else "no", rule, opened, *rest) for opened, rest in different.items()]
    return [
        "# Who does multi-factor", "",
        "What comes of a sign-in where Microsoft asks for multi-factor, by what both sides are set to. Made from the table of",
        "`tests/serving/test_truth_table.py`, whose rows (also with zones, sign-in frequency and `wfresh`) a scripted browser plays.",
        "A `federatedIdpMfaBehavior` that was never set is `accept`. Where Microsoft does not ask, everybody in the table gets in.",
        "What the words mean: [why sign-ins go round](../explanation/mfa-loops.md).", "",
        *table(("engine", "Okta MFA from Azure AD", "the org's rule asks", "the app's rule", "Office is opened", "Okta asks", "the claim at first",
                "accept", "enforce", "reject"), rows),
    ]  # fmt: skip


PAGES: dict[str, Callable[[], list[str]]] = {
    "support.md": support, "control.md": control, "cli.md": commands, "worlds.md": worlds, "limits.md": limits,
    "errors.md": errors, "events.md": events, "differences.md": differences, "rooms.md": tables,
    "clients.md": clients, "scenarios.md": lambda: scenario_pages.language(table),
    "coverage.md": lambda: scenario_pages.coverage(table),
    "who-does-mfa.md": who_does_mfa,
}  # fmt: skip


def render(name: str) -> str:
    """One page of the reference."""
    return NOTE + "\n".join(PAGES[name]()).rstrip() + "\n"


def _pictures() -> dict[str, str]:
    """Pictures of the flows, played and recorded now."""
    import pictures

    return pictures.pages()


def drift() -> list[str]:
    """A line for each page that is missing, stale, or no longer made."""
    found = []
    for name in PAGES:
        path = REFERENCE / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = render(name)
        if old != new:
            changed = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))
            found.append(f"docs/reference/{name} has drifted: {' / '.join(changed[3:6])[:300]}")
    found += [
        f"docs/pictures/{name} has drifted from what happens" for name, picture in _pictures().items()
        if not (PICTURES / name).exists() or (PICTURES / name).read_text(encoding="utf-8") != picture
    ]  # fmt: skip
    left = {path.name for path in REFERENCE.glob("*.md")} - set(PAGES)
    return [*found, *(f"docs/reference/{name} is made by nothing" for name in sorted(left))]


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check say what has drifted."""
    if arguments == ["--check"]:
        found = drift()
        for line in found:
            print(line, file=sys.stderr)
        if found:
            print("`make docs` brings docs/reference up to date.", file=sys.stderr)
        return 1 if found else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (REFERENCE / name).write_text(render(name), encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, picture in _pictures().items():
        (PICTURES / name).write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
