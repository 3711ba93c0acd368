"""QR codes, against what the package qrcode made of the same bytes (level L, mask 0)."""

import hashlib
import struct
import zlib

import pytest

from emulator.protocols import qr

HELLO = [
    "111111100101101111111", "100000100111001000001", "101110101101101011101", "101110100101001011101",
    "101110100010101011101", "100000100000101000001", "111111101010101111111", "000000001101100000000",
    "111011111111011000100", "000100001000001000010", "101000100010100011111", "110010001010001000010",
    "101001100110101010100", "000000001101010100110", "111111101001011100111", "100000101111110110000",
    "101110101001011100111", "101110100010001100110", "101110101110100010101", "100000101100001010010",
    "111111101100101100111",
]  # fmt: skip


def test_a_short_text_cell_by_cell() -> None:
    assert ["".join(map(str, row)) for row in qr.grid(b"HELLO")] == HELLO


@pytest.mark.parametrize(("count", "size", "digest"), [
    (1, 21, "9cdd4476a3b6f099"), (53, 29, "4f22b27579e89f9e"), (140, 45, "d790f182d4f15713"),
    (271, 57, "9c8d3af4b49921ca"),
])  # fmt: skip
def test_larger_versions(count: int, size: int, digest: str) -> None:
    cells = qr.grid(bytes(each % 256 for each in range(count)))
    assert len(cells) == size
    assert hashlib.sha256(bytes(cell for row in cells for cell in row)).hexdigest()[:16] == digest


def test_what_does_not_fit() -> None:
    assert qr.MOST == 271
    with pytest.raises(ValueError, match="272 bytes"):
        qr.grid(bytes(272))


def test_the_picture_shows_the_cells_within_a_border() -> None:
    found = qr.png(b"HELLO", scale=2)
    wide, high = struct.unpack(">II", found[16:24])
    assert (wide, high) == (58, 58)
    size = struct.unpack(">I", found[33:37])[0]
    lines = zlib.decompress(found[41 : 41 + size])
    pixels = [lines[at * 59 + 1 : (at + 1) * 59] for at in range(58)]
    shown = ["".join("0" if pixels[8 + 2 * y][8 + 2 * x] else "1" for x in range(21)) for y in range(21)]
    assert shown == HELLO
    assert set(pixels[0]) == {255} and {row[0] for row in pixels} == {255}
