"""The user's own programs in a scenario: where they run, and which they may be.

A scenario file may come from somebody else, so what it starts is a program of this machine by its bare name, or a file
of the scenario's own folder; never a path that leads out of it. What it is told, it is told by arguments and variables.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.kernel.doc import Doc

if TYPE_CHECKING:
    from emulator.scenario.vocabulary import Run

_MOST_OUTPUT = 64 * 1024
_MOST_TIMEOUT = 3600
_PYTHON = ("python", "python3")


def run(folder: Path | None, line: "Run", environment: dict[str, str]) -> Doc:
    """Run it: `{code, out, err}`. LookupError where it cannot be started, or does not end in time."""
    if not line.run:
        raise LookupError("`run` names a program")
    if not 0 < line.timeout <= _MOST_TIMEOUT:
        raise LookupError(f"timeout is 1 to {_MOST_TIMEOUT} seconds")
    own = {name: str(value) for name, value in line.env.items()}
    try:
        done = subprocess.run(
            command(folder, line.run), cwd=folder, env={**os.environ, **environment, **own}, capture_output=True,
            timeout=line.timeout, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (FileNotFoundError, PermissionError) as error:
        raise LookupError(f"there is no program {line.run[0]!r}") from error
    except subprocess.TimeoutExpired as error:
        raise LookupError(f"{line.run[0]} did not end within {line.timeout} s") from error
    out, err = (text[-_MOST_OUTPUT:].decode(errors="replace") for text in (done.stdout, done.stderr))
    return {"code": done.returncode, "out": out, "err": err}


def command(folder: Path | None, words: list[str]) -> list[str]:
    """The words of a command, with this interpreter for `python` and whole paths for files of the folder."""
    program, *rest = words
    if program in _PYTHON:
        if rest and not rest[0].startswith("-"):
            rest[0] = str(_inside(folder, rest[0]))
        return [sys.executable, *rest]
    if "/" in program or "\\" in program:
        return [str(_inside(folder, program)), *rest]
    return [program, *rest]


def _inside(folder: Path | None, name: str) -> Path:
    """A file of the folder. LookupError for one that is outside, or not there."""
    root = (folder or Path()).resolve()
    found = (root / name).resolve()
    if not found.is_relative_to(root):
        raise LookupError(f"{name!r} leads out of the scenario's folder")
    if not found.is_file():
        raise LookupError(f"the scenario's folder has no file {name!r}")
    return found
