"""QR codes (ISO/IEC 18004) of bytes, as PNG pictures: versions 1 to 10, error correction L, mask 0.

Any mask can be read; the standard's choice of the prettiest is left out.
"""

import struct
import zlib

Grid = list[list[int | None]]
_BLOCKS = {1: (7, 19), 2: (10, 34), 3: (15, 55), 4: (20, 80), 5: (26, 108), 6: (18, 68, 68), 7: (20, 78, 78),
           8: (24, 97, 97), 9: (30, 116, 116), 10: (18, 68, 68, 69, 69)}  # fmt: skip
"""By version: correction bytes of a block, then the data bytes of each block."""
_CENTRES = {1: (), 2: (6, 18), 3: (6, 22), 4: (6, 26), 5: (6, 30), 6: (6, 34), 7: (6, 22, 38), 8: (6, 24, 42),
            9: (6, 26, 46), 10: (6, 28, 50)}  # fmt: skip
MOST = sum(_BLOCKS[10][1:]) - 3
"""How many bytes fit."""
_FORMAT = 0b01_000
_BORDER = 4


def png(data: bytes, *, scale: int = 4) -> bytes:
    """The picture of some bytes. Raises ValueError where they are too many."""
    rows = grid(data)
    wide = len(rows) + 2 * _BORDER
    blank = b"\xff" * (wide * scale)
    lines = [blank] * (_BORDER * scale)
    for row in rows:
        cells = [0] * _BORDER + row + [0] * _BORDER
        lines += [b"".join(b"\x00" * scale if cell else b"\xff" * scale for cell in cells)] * scale
    lines += [blank] * (_BORDER * scale)
    size = wide * scale
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(b"\x00" + line for line in lines), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def grid(data: bytes) -> list[list[int]]:
    """The rows of dark (1) and light (0) cells, without the border."""
    version = next((each for each in _BLOCKS if len(data) <= sum(_BLOCKS[each][1:]) - (3 if each > 9 else 2)), None)
    if version is None:
        raise ValueError(f"{len(data)} bytes do not fit a QR code of version 10")
    size = 17 + 4 * version
    cells: Grid = [[None] * size for _ in range(size)]
    _patterns(cells, version)
    bits = "".join(f"{byte:08b}" for byte in _codewords(data, version))
    free = [place for place in _walk(size) if cells[place[0]][place[1]] is None]
    for index, (y, x) in enumerate(free):
        bit = int(bits[index]) if index < len(bits) else 0
        cells[y][x] = bit ^ ((y + x) % 2 == 0)
    return [[cell or 0 for cell in row] for row in cells]


# -- bytes ----------------------------------------------------------------------------------------------------------


def _codewords(data: bytes, version: int) -> bytes:
    """Data and correction, the blocks' bytes in turn."""
    correction, *sizes = _BLOCKS[version]
    room, count = sum(sizes), 16 if version > 9 else 8
    bits = f"0100{len(data):0{count}b}" + "".join(f"{byte:08b}" for byte in data)
    bits += "0" * min(4, room * 8 - len(bits))
    bits += "0" * (-len(bits) % 8)
    found = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    found += (b"\xec\x11" * room)[: room - len(found)]
    blocks: list[bytes] = []
    for each in sizes:
        blocks.append(found[:each])
        found = found[each:]
    checks = [_correction(block, correction) for block in blocks]
    return _in_turn(blocks) + _in_turn(checks)


def _in_turn(blocks: list[bytes]) -> bytes:
    longest = max(len(block) for block in blocks)
    return bytes(block[at] for at in range(longest) for block in blocks if at < len(block))


def _times(left: int, right: int) -> int:
    """The product in GF(256) over x^8 + x^4 + x^3 + x^2 + 1."""
    found = 0
    for shift in range(7, -1, -1):
        found = (found << 1) ^ (0x11D if found & 0x80 else 0)
        found ^= left if right >> shift & 1 else 0
    return found


def _correction(block: bytes, count: int) -> bytes:
    """Reed-Solomon: the remainder by the product of (x - 2^i)."""
    divisor, root = [0] * (count - 1) + [1], 1
    for _ in range(count):
        divisor = [_times(each, root) ^ (divisor[at + 1] if at + 1 < count else 0) for at, each in enumerate(divisor)]
        root = _times(root, 2)
    rest = [0] * count
    for byte in block:
        factor = byte ^ rest[0]
        rest = [each ^ _times(part, factor) for each, part in zip([*rest[1:], 0], divisor, strict=True)]
    return bytes(rest)


# -- cells ----------------------------------------------------------------------------------------------------------


def _patterns(cells: Grid, version: int) -> None:
    """What every code of a version has: finders, timing, alignment, and what it says of itself."""
    size = len(cells)
    for y, x in ((0, 0), (0, size - 7), (size - 7, 0)):
        _square(cells, y + 3, x + 3, 4)
    for at in range(8, size - 8):
        cells[6][at] = cells[at][6] = 1 - at % 2
    centres = _CENTRES[version]
    for y in centres:
        for x in centres:
            if not (y < 9 and x < 9) and not (y < 9 and x > size - 10) and not (y > size - 10 and x < 9):
                _square(cells, y, x, 2)
    _write_format(cells)
    if version > 6:
        word = version << 12 | _remainder(version << 12, 0x1F25, 12)
        for at in range(18):
            y, x = at // 3, size - 11 + at % 3
            cells[y][x] = cells[x][y] = word >> at & 1


def _square(cells: Grid, y: int, x: int, reach: int) -> None:
    """A pattern of nested squares around a centre: a finder with its margin (4), or an alignment pattern (2)."""
    for below in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            away = max(abs(below), abs(right))
            if 0 <= y + below < len(cells) and 0 <= x + right < len(cells):
                cells[y + below][x + right] = int(away not in ((2, 4) if reach == 4 else (1,)))


def _write_format(cells: Grid) -> None:
    size = len(cells)
    word = (_FORMAT << 10 | _remainder(_FORMAT << 10, 0x537, 10)) ^ 0x5412
    first = [(at, 8) for at in (0, 1, 2, 3, 4, 5, 7, 8)] + [(8, at) for at in (7, 5, 4, 3, 2, 1, 0)]
    second = [(8, size - 1 - at) for at in range(8)] + [(size - 7 + at, 8) for at in range(7)]
    for places in (first, second):
        for at, (y, x) in enumerate(places):
            cells[y][x] = word >> at & 1
    cells[size - 8][8] = 1


def _remainder(value: int, divisor: int, bits: int) -> int:
    for shift in range(value.bit_length() - bits - 1, -1, -1):
        if value >> (shift + bits) & 1:
            value ^= divisor << shift
    return value


def _walk(size: int) -> list[tuple[int, int]]:
    """The order in which bits are laid: pairs of columns from the right, up and down by turns, without timing."""
    columns = [*range(size - 1, 6, -2), 5, 3, 1]
    return [
        (y, x)
        for turn, right in enumerate(columns)
        for y in (range(size) if turn % 2 else range(size - 1, -1, -1))
        for x in (right, right - 1)
    ]
