"""DER, as far as Kerberos and certificates' extensions need it: values in, bytes out, and back. Source: X.690.

Tags are one byte. Reading is strict about lengths and never goes past what it was given.
"""

from datetime import UTC, datetime

INTEGER, BITS, OCTETS, OID, UTF8, SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x0C, 0x30
TIME, GENERAL = 0x18, 0x1B
_MOST_LENGTH_BYTES = 4
_LONG = 0x80


class DerRejected(ValueError):
    """Bytes that are not what was expected."""


def tlv(tag: int, content: bytes) -> bytes:
    """One value."""
    size = len(content)
    if size < _LONG:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG | len(length))) + length + content


def explicit(number: int, content: bytes) -> bytes:
    """`[number]`, context specific."""
    return tlv(0xA0 | number, content)


def application(number: int, content: bytes) -> bytes:
    """`[APPLICATION number]`."""
    return tlv(0x60 | number, content)


def sequence(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, b"".join(parts))


def fields(*parts: tuple[int, bytes]) -> bytes:
    """A sequence of `[number]` members."""
    return sequence(*(explicit(number, content) for number, content in parts))


def integer(value: int) -> bytes:
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    return tlv(OCTETS, value)


def text(value: str) -> bytes:
    """A GeneralString, in UTF-8 as Windows writes it."""
    return tlv(GENERAL, value.encode())


def bits(value: int, width: int = 32) -> bytes:
    return tlv(BITS, b"\0" + value.to_bytes(width // 8, "big"))


def time(ms: int) -> bytes:
    """A GeneralizedTime in whole seconds."""
    return tlv(TIME, f"{datetime.fromtimestamp(ms // 1000, UTC):%Y%m%d%H%M%S}Z".encode())


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    found = bytearray()
    for value in (first * 40 + second, *rest):
        septets = [value & 0x7F]
        while value := value >> 7:
            septets.append(0x80 | value & 0x7F)
        found += bytes(reversed(septets))
    return tlv(OID, bytes(found))


def split(data: bytes) -> list[tuple[int, bytes]]:
    """The values that stand after each other: (tag, content). Raises DerRejected."""
    found, at = [], 0
    while at < len(data):
        tag, content, at = _next(data, at)
        found.append((tag, content))
    return found


def _next(data: bytes, at: int) -> tuple[int, bytes, int]:
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        raise DerRejected("a value has no length, or a long tag")
    tag, size, at = data[at], data[at + 1], at + 2
    if size >= _LONG:
        count = size & 0x7F
        if not 1 <= count <= _MOST_LENGTH_BYTES or at + count > len(data):
            raise DerRejected("a length is not one")
        size, at = int.from_bytes(data[at : at + count], "big"), at + count
    if at + size > len(data):
        raise DerRejected("a value is longer than what holds it")
    return tag, data[at : at + size], at + size


def inside(data: bytes, tag: int) -> bytes:
    """The content of the one value that data is. Raises DerRejected."""
    found = split(data)
    if len(found) != 1 or found[0][0] != tag:
        raise DerRejected(f"no value of tag {tag:#x}")
    return found[0][1]


def members(data: bytes, tag: int = SEQUENCE) -> dict[int, bytes]:
    """A sequence's `[number]` members by number. Raises DerRejected."""
    found: dict[int, bytes] = {}
    for number, content in split(inside(data, tag)):
        if number & 0xE0 != 0xA0 or number & 0x1F in found:
            raise DerRejected("a member is not numbered, or comes twice")
        found[number & 0x1F] = content
    return found


def whole(data: bytes) -> int:
    """An INTEGER of at most eight bytes. Raises DerRejected."""
    content = inside(data, INTEGER)
    if not 1 <= len(content) <= 8:
        raise DerRejected("a number is too long")
    return int.from_bytes(content, "big", signed=True)


def string(data: bytes) -> str:
    """A GeneralString. Raises DerRejected."""
    try:
        return inside(data, GENERAL).decode()
    except UnicodeDecodeError as error:
        raise DerRejected("a text is not UTF-8") from error


def moment(data: bytes) -> int:
    """A GeneralizedTime in milliseconds. Raises DerRejected."""
    try:
        read = datetime.strptime(inside(data, TIME).decode("ascii"), "%Y%m%d%H%M%SZ")
    except ValueError as error:
        raise DerRejected("a time is not one") from error
    return int(read.replace(tzinfo=UTC).timestamp() * 1000)


def dotted(content: bytes) -> str:
    """An object identifier's content as text. Raises DerRejected."""
    values, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            values.append(value)
            value = 0
    if not values or content[-1] & 0x80 or len(content) > 64:
        raise DerRejected("an object identifier is not one")
    first = min(values[0] // 40, 2)
    return ".".join(str(number) for number in (first, values[0] - 40 * first, *values[1:]))
