"""LDIF, read and written. Source: RFC 2849, the content form; change records are refused."""

import base64
from collections.abc import Iterator

from emulator.kernel.doc import Doc

_MOST = 5_000_000


class BadLdif(ValueError):
    """Not LDIF: the line and what is wrong with it."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


def read(text: str) -> Iterator[Doc]:
    """Entries as `{attribute: [values]}`, `dn` among them. Raises `BadLdif`."""
    if len(text) > _MOST:
        raise BadLdif(1, f"more than {_MOST} characters")
    entry: Doc = {}
    for number, line in _unfolded(text):
        if not line:
            if entry:
                yield entry
            entry = {}
            continue
        name, value = _pair(number, line)
        if name.lower() == "version" and not entry:
            continue
        if name.lower() == "changetype":
            raise BadLdif(number, "change records are not read; give entries")
        if name.lower() == "dn":
            if entry:
                raise BadLdif(number, "a blank line must come before a new entry")
            name = "dn"
        elif not entry:
            raise BadLdif(number, "an entry begins with dn")
        entry.setdefault(name, []).append(value)
    if entry:
        yield entry


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first one; comments are left out."""
    held: list[str] = []
    began = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(" ") and held:
            held.append(line[1:])
            continue
        if held and not held[0].startswith("#"):
            yield began, "".join(held)
        if not line:
            yield number, ""
            held = []
            continue
        held, began = [line], number
    if held and not held[0].startswith("#"):
        yield began, "".join(held)


def _pair(number: int, line: str) -> tuple[str, str]:
    name, colon, rest = line.partition(":")
    if not colon or not name or not name.replace("-", "").replace(";", "").replace(".", "").isalnum():
        raise BadLdif(number, f"{line[:60]!r} is no `attribute: value`")
    if rest.startswith("<"):
        raise BadLdif(number, "values by URL are never fetched")
    if not rest.startswith(":"):
        return name.partition(";")[0], rest.removeprefix(" ")
    try:
        data = base64.b64decode(rest[1:].strip(), validate=True)
    except ValueError as error:
        raise BadLdif(number, "the value is not base64") from error
    try:
        return name.partition(";")[0], data.decode()
    except UnicodeDecodeError:
        return name.partition(";")[0], "base64:" + base64.b64encode(data).decode()


def write(entries: Iterator[Doc]) -> str:
    """Entries (`dn` first, values texts or lists of texts) as LDIF."""
    blocks = []
    for entry in entries:
        rows = [_line("dn", entry["dn"])]
        for name, value in entry.items():
            if name != "dn":
                rows += [_line(name, each) for each in (value if isinstance(value, list) else [value])]
        blocks.append("\n".join(rows))
    return "version: 1\n\n" + "\n\n".join(blocks) + "\n"


def _line(name: str, value: object) -> str:
    text = "TRUE" if value is True else "FALSE" if value is False else str(value)
    plain = text.isascii() and text.isprintable() and not text.startswith((" ", ":", "<")) and not text.endswith(" ")
    if plain:
        return f"{name}: {text}"
    return f"{name}:: {base64.b64encode(text.encode()).decode()}"
