"""The user's cache folder, and compiled code in it.

Python keeps compiled modules beside their sources, unless it is told not to (PYTHONDONTWRITEBYTECODE, as in many
containers) or may not write there; every start then compiles all of us anew, for longer than it runs. There, and for
this package alone, the command line keeps them in the cache folder.
"""

import marshal
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any


def folder() -> Path:
    """Where what can be made again is kept. TENANTLAB_CACHE names it; removing it is always safe."""
    given = os.environ.get("TENANTLAB_CACHE")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "tenantlab" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tenantlab"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenantlab"


def keep_bytecode() -> None:
    """From now on, keep this package's compiled modules where Python itself does not."""
    package = os.path.dirname(__file__)  # noqa: PTH120  (pathlib's own methods are not needed this early)
    needed = sys.dont_write_bytecode or not os.access(package, os.W_OK)
    if needed and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder(str(folder() / "bytecode" / package.strip(os.sep).replace(os.sep, "_"))))


class _Finder:
    """A finder of sys.meta_path; `importlib.abc`, which describes those, costs as much as all of this saves."""

    def __init__(self, kept: str) -> None:
        self._kept = kept

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:  # fmt: skip
        if not name.startswith("emulator."):
            return None
        found = PathFinder.find_spec(name, path, target)
        if found is not None and type(found.loader) is SourceFileLoader:
            found.loader = _Loader(name, found.loader.path, self._kept)
        return found


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, kept: str) -> None:
        super().__init__(name, path)
        self._kept = kept

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code: as kept for this very source, else as Python finds it, which is then kept."""
        stat = os.stat(self.path)  # noqa: PTH116
        head = MAGIC_NUMBER + stat.st_mtime_ns.to_bytes(8, "little", signed=True) + stat.st_size.to_bytes(8, "little")
        file = f"{self._kept}/{fullname}.{sys.implementation.cache_tag}.pyc"
        data = self._read(file)
        if data.startswith(head):
            try:
                code: Any = marshal.loads(data[len(head) :])  # noqa: S302  (as Python reads its own)
                if isinstance(code, CodeType):
                    return code
            except (ValueError, EOFError, TypeError):
                pass
        made = super().get_code(fullname)
        if made is not None:
            self._write(file, head + marshal.dumps(made))
        return made

    @staticmethod
    def _read(file: str) -> bytes:
        try:
            with open(file, "rb") as opened:  # noqa: PTH123
                return opened.read()
        except OSError:
            return b""

    def _write(self, file: str, data: bytes) -> None:
        try:
            os.makedirs(self._kept, mode=0o700, exist_ok=True)  # noqa: PTH103
            making = f"{file}.{os.getpid()}"
            with open(making, "wb") as opened:  # noqa: PTH123
                opened.write(data)
            os.replace(making, file)  # noqa: PTH105
        except OSError:
            pass
