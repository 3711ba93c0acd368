"""Setting lines for a terminal: plain text always, colour where `rich` is installed and the output is a terminal."""

import shutil
import sys
from collections.abc import Iterable

from emulator.scenario.timeline import Line

_COLOURS = {"Okta": "36", "Microsoft": "35", "Directory": "33"}
_BAD = {"FAILURE", "DENY", "failure", "interrupted"}


def is_bad(line: Line) -> bool:
    return line.outcome in _BAD or (line.kind == "hop" and line.outcome[:1] in "45")


def render(lines: Iterable[Line], *, colour: bool | None = None, width: int | None = None) -> str:
    """One line each: time, side, text, outcome; log rows and reasons are indented below their exchange."""
    paint = sys.stdout.isatty() if colour is None else colour
    room = width or max(80, shutil.get_terminal_size((120, 24)).columns)
    return "\n".join(_line(line, paint=paint, room=room) for line in lines)


def _line(line: Line, *, paint: bool, room: int) -> str:
    time = line.at[11:19]
    indent, mark = {"hop": ("", "→"), "log": ("  ", "·"), "why": ("    ", "why:")}[line.kind]
    head = f"{time}  {line.side:<9} {indent}{mark} "
    tail = "" if line.kind == "why" else f"  {line.outcome}"
    text = line.text
    if line.kind == "why":
        return _wrapped(head, text, room, paint=paint)
    space = room - len(head) - len(tail)
    if len(text) > space > 10:
        text = text[: space - 1] + "…"
    shown = f"{head}{text}{tail}"
    if not paint:
        return shown
    code = "31" if is_bad(line) else _COLOURS.get(line.side, "0") if line.kind == "hop" else "2"
    return f"\x1b[{code}m{shown}\x1b[0m"


def _wrapped(head: str, text: str, room: int, *, paint: bool) -> str:
    """A reason is never cut: it wraps under itself."""
    import textwrap

    rows = textwrap.wrap(text, max(30, room - len(head)), break_long_words=True) or [""]
    pad = " " * len(head)
    shown = "\n".join((head if number == 0 else pad) + row for number, row in enumerate(rows))
    return f"\x1b[31m{shown}\x1b[0m" if paint else shown
