"""An event hook's document from a request, checked. Source: okta-admin-api.md 18, appendix B and C.

Which types a hook may subscribe to is the vendor's catalogue (appendix E); a well-formed type outside it is taken.
"""

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from emulator.kernel.doc import Doc
from emulator.okta import hook_filter
from emulator.okta.app_values import choice, objects, texts, url
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.params import part, text_of

__all__ = ["channel_of", "checked", "secure_url"]
_TYPE = re.compile(r"[a-z_][A-Za-z0-9_.-]{2,199}|EVENT_TYPE\d*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-][A-Za-z0-9!#$%&'*+.^_`|~ -]{0,199}")  # a space is taken (observed)


@cache
def _refused() -> frozenset[str]:
    rows = orjson.loads((Path(__file__).parent / "data" / "hook_events.json").read_bytes())
    return frozenset(rows["others"])


def checked(body: Doc, before: Doc | None) -> Doc:
    """`{name, description, events, channel, _secret}` of a request. Raises E0000001."""
    return {
        "name": needed_text(body, "name"),
        "description": text_of(body, "description"),
        "events": _events(body),
        **channel_of(body, before),
    }


def channel_of(body: Doc, before: Doc | None, *, types: tuple[str, ...] = ("HTTP",)) -> Doc:
    """`{channel, _secret}` of a hook's request; the secret is that of the header. Raises E0000001."""
    channel = _needed(body, "channel")
    config, kind = _needed(channel, "config"), choice(channel, "type", types, "HTTP")
    scheme, secret = _scheme(config, before) if kind == "HTTP" else (None, None)
    shown: Doc = {
        "uri": url(config, "uri", required=True),
        "headers": [_header(item) for item in objects(config, "headers")], "method": "POST", "authScheme": scheme,
    }  # fmt: skip
    return {
        "channel": {
            "type": kind,
            "version": text_of(channel, "version") or "1.0.0",
            "config": shown,
        },
        "_secret": secret,
    }


def secure_url(doc: Doc, name: str) -> str:
    """A required address that is https, or on loopback. Raises E0000001."""
    value = str(url(doc, name, required=True))
    local = (urlsplit(value).hostname or "") in ("localhost", "127.0.0.1", "::1")
    if not value.startswith("https://") and not local:
        raise bad(
            name, f"{name}: The URI must use https", name, value[:200], "Beyond loopback a hook is reached by https."
        )
    return value


def _needed(doc: Doc, name: str) -> Doc:
    found = part(doc, name)
    if found is None:
        raise bad(name, f"{name}: The field cannot be left blank", name, None, f"{name} is required.")
    return found


def _header(item: Doc) -> Doc:
    key, value = needed_text(item, "key"), text_of(item, "value") or ""
    _printable(key, value)
    return {"key": key, "value": value}


def _printable(key: str, value: str) -> None:
    if not _HEADER.fullmatch(key) or any(ord(mark) < 32 or ord(mark) > 126 for mark in value):
        raise bad("headers", f"headers: '{key[:60]}' is not a valid header", "key", key[:60], "A header is text.")


def _scheme(config: Doc, before: Doc | None) -> tuple[Doc | None, str | None]:
    """The scheme as it reads back, and its secret, which a request without one leaves as it is."""
    given = part(config, "authScheme")
    if given is None:
        return None, None
    key, value = text_of(given, "key") or "Authorization", text_of(given, "value")
    _printable(key, value or "")
    kept = before.get("_secret") if before and before["channel"]["type"] == "HTTP" else None
    kind = choice(given, "type", ("HEADER",), "HEADER")
    return {"type": kind, "key": key}, value if value is not None else kept


def _events(body: Doc) -> Doc:
    given = _needed(body, "events")
    items = texts(given, "items")
    if not items:
        raise bad("events", "events.items: The field cannot be left blank", "items", items, "A hook has events.")
    for item in items:
        if not _TYPE.fullmatch(item) or item in _refused():
            cause = f"events.items: '{item[:100]}' is not an event type that a hook can subscribe to"
            raise bad("events", cause, "items", item[:100], "The vendor's catalogue says which types hooks may have.")
    kind = choice(given, "type", ("EVENT_TYPE",), "EVENT_TYPE")
    return {"type": kind, "items": items, "filter": _filter(part(given, "filter"), items)}


def _filter(given: Doc | None, items: list[str]) -> Doc | None:
    if given is None:
        return None
    found = []
    for item in objects(given, "eventFilterMap"):
        event, condition = needed_text(item, "event"), _needed(item, "condition")
        text = needed_text(condition, "expression", most=4096)
        if not hook_filter.readable(text):
            raise bad("filter", "filter: The expression is not valid", "expression", text[:200],
                      "A filter joins conditions on event.{list}.?[{attribute} eq '{value}'].size()>0.")  # fmt: skip
        if event not in items:
            cause = f"filter: '{event[:100]}' is not one of the hook's events"
            raise bad("filter", cause, "event", event[:100], "A filter is for one of the hook's events.")
        version = condition.get("version")
        found.append({"event": event, "condition": {"version": version if isinstance(version, str) else None,
                                                    "expression": text}})  # fmt: skip
    return {"type": choice(given, "type", ("EXPRESSION_LANGUAGE",), "EXPRESSION_LANGUAGE"), "eventFilterMap": found}
