"""The tape as tests look at it."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import urlsplit

from emulator.kernel.doc import Doc
from emulator.wire.har import archive
from emulator.wire.tape import Hop

if TYPE_CHECKING:
    from emulator.serving.world import World


class TapeView(Sequence[Hop]):
    """A world's exchanges so far, always the present ones."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def __len__(self) -> int:
        return len(self._world.tape)

    def __iter__(self) -> Iterator[Hop]:
        return iter(self._world.tape)

    @overload
    def __getitem__(self, place: int) -> Hop: ...
    @overload
    def __getitem__(self, place: slice) -> list[Hop]: ...
    def __getitem__(self, place: int | slice) -> Hop | list[Hop]:
        return self._world.tape[place]

    def where(self, *, path: str = "*", **wanted: Any) -> list[Hop]:
        """Exchanges whose path fits a glob, and whose `method`, `status`, `service`, `party`, `operation` are these."""
        return [
            hop for hop in self
            if fnmatchcase(urlsplit(hop.url).path, path) and all(getattr(hop, key) == wanted[key] for key in wanted)
        ]  # fmt: skip

    def har(self) -> Doc:
        """All of it as an HTTP archive, secrets masked."""
        return archive(self)
