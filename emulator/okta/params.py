"""Values of query parameters and bodies that many operations read the same way. Source: okta-admin-api.md 1."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.problems import invalid


def stamp(now: int) -> str:
    """An instant as documents carry it: whole seconds, `.000Z`."""
    return iso(now // 1000 * 1000)


def flag(call: Call, name: str, default: bool) -> bool:  # noqa: FBT001  # reads as flag(call, "activate", True)
    """A boolean query parameter. Raises 400 for anything but true and false (inferred)."""
    text = call.params.get(name, "").lower()
    if text == "":
        return default
    if text not in ("true", "false"):
        why = Why(f"{name} is true or false.", (Compared(name, call.params[name], "query"),))
        raise invalid(name, f"{name}: '{call.params[name][:100]}' is not a valid boolean", why=why)
    return text == "true"


def body_object(call: Call) -> Doc:
    """The body as an object. Raises 400 for a list."""
    if not isinstance(call.body, dict):
        why = Why("The body must be a JSON object.", (Compared("body", type(call.body).__name__, "request body"),))
        raise Problem("E0000003", why=why)
    return call.body


def part(doc: Doc, name: str) -> Doc | None:
    """An optional object inside a body; None when absent or null. Raises 400 for any other type."""
    value: Any = doc.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        why = Why(f"{name} is an object.", (Compared(name, type(value).__name__, "request body"),))
        raise Problem("E0000003", why=why)
    return value


def text_of(doc: Doc, name: str, where: str = "") -> str | None:
    """An optional text inside a body. Raises 400 for any other type."""
    value: Any = doc.get(name)
    if value is not None and not isinstance(value, str):
        why = Why(f"{where or name} is a text.", (Compared(where or name, type(value).__name__, "request body"),))
        raise Problem("E0000003", why=why)
    return value


def done(call: Call) -> Doc | None:
    """What a lifecycle call answers: `{}`, or 204 where the client prefers not to wait."""
    return None if "respond-async" in call.exchange.headers.get("prefer", "") else {}
