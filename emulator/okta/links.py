"""Links as the org prints them in `_links`."""

from emulator.kernel.doc import Doc


def link(href: str, *methods: str) -> Doc:
    """An address and the methods that may be called there."""
    return {"href": href, "hints": {"allow": list(methods)}}
