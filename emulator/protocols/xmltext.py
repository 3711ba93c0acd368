"""Writing XML that already is in exclusive canonical form: escaping, instants, names.

Tokens are put together as text, so that signing needs one hash and one RSA call and no tree
(reference/federation.md section 9). The rules are those of Canonical XML 1.0: text escapes & < > CR,
attribute values escape & < " TAB LF CR, an empty element is a pair of tags.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

_EPOCH = dt.datetime(1970, 1, 1)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"})
_NCNAME = re.compile(r"[A-Za-z_\u00c0-\u02ff\u0370-\u1fff][A-Za-z0-9._\-\u00b7\u00c0-\u02ff\u0300-\u1fff]{0,255}")
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def text(value: str) -> str:
    """Escape `value` as element content; ValueError for a character that XML 1.0 cannot carry."""
    return _checked(value).translate(_TEXT)


def attribute(value: str) -> str:
    """Escape `value` as a double-quoted attribute value; ValueError as for `text`."""
    return _checked(value).translate(_ATTRIBUTE)


def _checked(value: str) -> str:
    bad = _NOT_XML.search(value)
    if bad is not None:
        raise ValueError(f"character U+{ord(bad[0]):04X} cannot be written in XML")
    return value


def is_ncname(value: str) -> bool:
    """True for what we accept as an XML ID: at most 256 characters, letters first, no colon, no blanks, no
    quotes.
    """
    return _NCNAME.fullmatch(value) is not None


def instant(epoch_ms: int) -> str:
    """Write epoch milliseconds as `YYYY-MM-DDThh:mm:ss.mmmZ`, the form both vendors use in tokens."""
    return f"{_second(epoch_ms // 1000)}.{epoch_ms % 1000:03d}Z"


@lru_cache(maxsize=256)  # a token names the same few seconds several times
def _second(seconds: int) -> str:
    return (_EPOCH + dt.timedelta(seconds=seconds)).isoformat(timespec="seconds")


def parse_instant(value: str) -> int:
    """Read an xs:dateTime *with* a zone as epoch milliseconds (finer digits are cut off); ValueError
    otherwise.
    """
    match = _INSTANT.fullmatch(value)
    if match is None:
        raise ValueError(f"not an instant with a time zone: {value[:40]!r}")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    moment = dt.datetime(int(year), int(month), int(day), int(hour), int(minute), int(second))
    ms = (moment - _EPOCH) // dt.timedelta(milliseconds=1) + int((fraction or "0")[:3].ljust(3, "0"))
    if zone == "Z":
        return ms
    offset_minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return ms - offset_minutes * 60_000 if zone[0] == "+" else ms + offset_minutes * 60_000
