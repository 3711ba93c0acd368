"""What the seed decides: numbers, picks and texts."""

import unicodedata
from typing import Any

from emulator.kernel.ids import base62, scramble
from emulator.serving.estate_names import LETTERS


class Dice:
    """Choices that a seed decides: the same for the same seed and alias, whatever else a scenario holds."""

    def __init__(self, seed: str) -> None:
        self._key = seed.encode()

    def number(self, alias: str, least: int, most: int) -> int:
        return least + int.from_bytes(scramble(self._key, f"scenario {alias}", 0, 4), "big") % (most - least + 1)

    def choose(self, alias: str, items: list[Any]) -> Any:
        return items[self.number(alias, 0, len(items) - 1)]

    def text(self, alias: str, length: int) -> str:
        return base62(scramble(self._key, f"text {alias}", 0, length), length)


def ascii_of(name: str) -> str:
    """A name as it stands in an address: lower-case letters only."""
    text = unicodedata.normalize("NFKD", name.lower().translate(LETTERS)).encode("ascii", "ignore").decode()
    return "".join(letter for letter in text if letter.isalpha()) or "x"
