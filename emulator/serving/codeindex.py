"""What a start needs to know of the parties without loading them: their stored types, kept in the user's cache.

Loading every party is most of what a start would cost, and neither opening a world nor answering for its health needs
it. What is kept is named by a fingerprint of the code (names, sizes, times of the files), and made anew with any other.
"""

import contextlib
import hashlib
import os
import pickle
from functools import cache
from pathlib import Path

from emulator.cache import folder
from emulator.serving.files import data_folder
from emulator.serving.images import replace_with
from emulator.serving.parties import PACKAGES, party_type
from emulator.store import Kind

_KEPT = 4


@cache
def fingerprint() -> str:
    """Identifies the code and the fixtures by their files' names, sizes and times."""
    digest = hashlib.sha256()
    for root in (str(Path(__file__).parent.parent), str(data_folder("fixtures"))):
        for line in sorted(_files(root)):
            digest.update(line.encode())
    return digest.hexdigest()[:32]


def _files(at: str) -> list[str]:
    found: list[str] = []
    with os.scandir(at) as entries:
        for entry in entries:
            if entry.is_dir():
                found += _files(entry.path) if entry.name != "__pycache__" else ()
            elif not entry.name.endswith(".pyc"):
                stat = entry.stat()
                found.append(f"{entry.path}\0{stat.st_size}\0{stat.st_mtime_ns}\n")
    return found


def stored_types(party: str) -> list[Kind]:
    """The stored types of a kind of party (`okta`)."""
    return _all()[party]


@cache
def _all() -> dict[str, list[Kind]]:
    path = folder() / f"kinds-{fingerprint()}.pickle"
    try:
        found: dict[str, list[Kind]] = pickle.loads(path.read_bytes())  # noqa: S301  (as much ours as compiled code)
        return found
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, TypeError):
        found = {party: party_type(party).kinds for party in PACKAGES}
        with contextlib.suppress(OSError):
            replace_with(path, pickle.dumps(found))
            _prune(path)
        return found


def _prune(newest: Path) -> None:
    found = sorted(newest.parent.glob("kinds-*.pickle"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in [path for path in found if path != newest][_KEPT - 1 :]:
        old.unlink(missing_ok=True)
