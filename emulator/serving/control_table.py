"""The table of control routes: how a handler is registered, what it is asked with, how it refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.kernel.doc import Doc

if TYPE_CHECKING:
    from emulator.serving.control import Control

Handler = Callable[["Control", "Asked"], Doc]
ROUTES: dict[tuple[str, str], tuple[Handler, str]] = {}
"""Method and path below `/_lab/` to the handler and its first line of documentation; filled by control_routes.py."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A control request: query parameters, values of the path's placeholders, JSON body."""

    params: dict[str, str]
    values: dict[str, str]
    body: Doc

    def number(self, name: str, default: int) -> int:
        """A whole number from the query. Raises `ControlError`."""
        text = self.params.get(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > 12:
            raise ControlError(400, f"{name} must be a whole number")
        return int(text)


class ControlError(Exception):
    """A refused control request: status and one sentence."""

    def __init__(self, status: int, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.hint = hint


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register a control route; `{name}` segments are passed on."""

    def mark(handler: Handler) -> Handler:
        ROUTES[method, path] = (handler, (handler.__doc__ or "").strip().partition("\n")[0])
        return handler

    return mark
