"""What a failed test tells of its worlds, and what is kept of them.

The report shows the last exchanges with both sides' log rows and reasons. With --tenantlab-artifacts the whole of it is
kept, one folder for each test (so that xdist's processes do not meet), with the world as it was when the test failed.
"""

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.scenario.show import render
from emulator.scenario.timeline import logs, timeline, why_line
from emulator.wire.har import archive
from emulator.wire.tape import masked

if TYPE_CHECKING:
    from emulator.serving.world import World

_HOPS, _ROWS, _REASONS = 12, 20, 5
_WIDTH = 140


def sections(item: pytest.Item, worlds: "list[World]") -> list[tuple[str, str]]:
    """Titled texts for a failed test's report. Never raises: a report must not hide the failure that it is about."""
    found = []
    for number, world in enumerate(worlds, 1):
        name = f"tenantlab world {number}" if len(worlds) > 1 else "tenantlab"
        try:
            found += [(f"{name}: {title}", text) for title, text in _told(item, world, number) if text]
        except Exception as error:
            found.append((name, f"nothing can be told of the world: {error!r}"))
    return found


def _told(item: pytest.Item, world: "World", number: int) -> list[tuple[str, str]]:
    rows = _rows(world)
    hops = [masked(hop.to_doc()) for hop in world.tape[-_HOPS:]]
    refused = [row for row in rows if row["why"] is not None][-_REASONS:]
    return [
        ("the last exchanges", render(timeline(hops, rows), colour=False, width=_WIDTH)),
        ("both sides' logs", render(logs(rows[-_ROWS:]), colour=False, width=_WIDTH)),
        ("why", render([why_line(row) for row in refused], colour=False, width=_WIDTH)),
        ("crashes of the emulator, which are defects of it", "\n".join(world.engine.crashes)),
        ("again", _again(item, world, number)),
    ]


def _rows(world: "World") -> list[Doc]:
    rows = world.journal(newest_first=True, limit=2000)
    return [{**row, "at": iso(row["at"])} for row in reversed(rows)]


def _again(item: pytest.Item, world: "World", number: int) -> str:
    """The commands that open the world as it was; the artefacts are written here."""
    base: Path | None = item.config.getoption("--tenantlab-artifacts")
    if base is None:
        return f"pytest '{item.nodeid}' --tenantlab-artifacts DIR   keeps the exchanges, the logs and the world"
    folder = (item.config.invocation_params.dir / base / folder_of(item.nodeid) / str(number)).resolve()
    try:
        _keep(world, folder)
    except (OSError, LabError) as error:
        return f"the artefacts could not be kept in {folder}: {error}"
    lines = (
        f"tenantlab up --world {folder / 'world'} --data {folder / 'data'}",
        f"tenantlab explain {folder / 'trace.har'}",
        f"pytest '{item.nodeid}'",
    )
    return "\n".join(lines)


def folder_of(nodeid: str) -> str:
    """A folder's name for a test: readable, short, and no other test's."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", nodeid.rpartition("/")[2]).strip("-.")
    return f"{plain[:80]}-{hashlib.sha256(nodeid.encode()).hexdigest()[:8]}"


def _keep(world: "World", folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    hops = world.tape
    (folder / "trace.har").write_bytes(orjson.dumps(archive(hops), option=orjson.OPT_INDENT_2))
    rows = _rows(world)
    (folder / "journal.json").write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    lines = timeline([masked(hop.to_doc()) for hop in hops], rows)
    (folder / "timeline.txt").write_text(render(lines, colour=False, width=200) + "\n", encoding="utf-8")
    world.export(folder / "world")
