"""Fields of JSON that somebody gave us: whatever is there, as the type that a reader wants."""

from typing import Any

from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc


def text(value: Any) -> str:
    """A text, or an empty one."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> Doc:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Doc]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def instant(value: Any) -> int | None:
    """A time in milliseconds; None for what is none."""
    try:
        return parse_iso(value) if isinstance(value, str) and value else None
    except ValueError:
        return None
