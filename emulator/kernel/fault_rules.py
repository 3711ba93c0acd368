"""Reading fault rules from documents: what an author wrote, checked, or one sentence that says what is wrong."""

from emulator.kernel.clock import DAY, MINUTE, iso, parse_duration, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.faults import REQUEST, Rule

KEYS = (
    "id", "party", "service", "operation", "method", "path", "nth", "first", "every", "between", "probability",
    "status", "problem", "values", "retry_after", "latency", "drop", "truncate", "stale", "skew", "certificate",
    "rollover", "duplicate",
)  # fmt: skip
EFFECTS = "status (or problem), latency, drop, truncate, stale, skew, certificate, rollover, or duplicate"
CERTIFICATES = ("expired", "not_yet_valid", "wrong_host", "untrusted")
LONGEST_LATENCY = 10 * MINUTE
LONGEST_STALE = 7 * DAY
LONGEST_SKEW = 365 * DAY
LONGEST_RETRY_S = 365 * 86_400
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def parse(doc: Doc) -> Rule:
    """A rule from its document (see docs/howto/inject-faults.md). ValueError with one sentence when it is none."""
    unknown = sorted(set(doc) - set(KEYS))
    if unknown:
        raise ValueError(f"a fault rule has no {unknown[0]!r}; it takes {', '.join(KEYS)}")
    doc = {key: value for key, value in doc.items() if value is not None}
    rule = Rule(
        id=_text(doc, "id"), doc=doc, party=_text(doc, "party"), service=_text(doc, "service"),
        operation=_text(doc, "operation"), method=_method(doc), path=_text(doc, "path"), problem=_text(doc, "problem"),
        nth=_count(doc, "nth"), first=_count(doc, "first"), every=_count(doc, "every"),
        between=_between(doc), probability=_probability(doc), status=_status(doc), values=_values(doc),
        retry_after_s=_retry_after(doc), drop=_drop(doc), truncate=_truncate(doc), skew_ms=_skew(doc),
        latency_ms=_span(doc, "latency", LONGEST_LATENCY), stale_ms=_span(doc, "stale", LONGEST_STALE),
        certificate=_choice(doc, "certificate", CERTIFICATES), rollover=_choice(doc, "rollover", ("half",)),
        duplicate=_duplicate(doc),
    )  # fmt: skip
    if sum(name in doc for name in ("nth", "first", "every")) > 1:
        raise ValueError("a fault rule takes one of nth, first and every")
    effects = (rule.latency_ms, rule.drop, rule.truncate, rule.stale_ms, rule.skew_ms, rule.certificate, rule.rollover,
               rule.duplicate)  # fmt: skip
    if rule.refuses + sum(map(bool, effects)) != 1:
        raise ValueError(f"a fault rule has one effect: {EFFECTS}; for two effects add two rules")
    if rule.moment != REQUEST and (rule.operation or rule.method or (rule.certificate and rule.path)):
        told = "is shown before there is a request" if rule.certificate else "is of what the service sends itself"
        name = "certificate" if rule.certificate else "duplicate"
        raise ValueError(
            f"a {name} {told}: the rule takes no operation, method{' or path' if rule.certificate else ''}"
        )
    if not rule.refuses and ("retry_after" in doc or "values" in doc):
        raise ValueError("retry_after and values belong to a rule with a status or a problem")
    if rule.values and not rule.problem:
        raise ValueError("values fill the text of a problem, which the rule does not name")
    if rule.status is not None and not rule.problem and rule.status < 500 and rule.status != 429:
        raise ValueError(f"a {rule.status} needs the vendor's error code as well: `problem`")
    return rule


def _text(doc: Doc, name: str) -> str:
    value = doc.get(name, "")
    if not isinstance(value, str) or len(value) > 200 or (name in doc and not value.strip()):
        raise ValueError(f"{name} must be a text of 1 to 200 characters")
    if name == "id" and not all(c.isascii() and (c.isalnum() or c in "-_.") for c in value):
        raise ValueError("id may hold letters, digits, '-', '_' and '.'")
    return value


def _method(doc: Doc) -> str:
    value = str(doc.get("method", "")).upper()
    if "method" in doc and value not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}")
    return value


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _count(doc: Doc, name: str) -> int | None:
    value = doc.get(name)
    if value is not None and not _whole(value, 1, 10**9):
        raise ValueError(f"{name} must be a whole number from 1")
    return value


def _between(doc: Doc) -> tuple[int | None, int | None]:
    value = doc.get("between", [None, None])
    told = "between must be [from, until]: two instants such as 2026-01-15T09:00:00Z, either of them null for open"
    if not isinstance(value, list) or len(value) != 2 or not all(v is None or isinstance(v, str) for v in value):
        raise ValueError(told)
    try:
        since, until = (None if item is None else parse_iso(item) for item in value)
    except ValueError as error:
        raise ValueError(told) from error
    if since is not None and until is not None and since >= until:
        raise ValueError(f"between is empty: {iso(since)} is not before {iso(until)}")
    return since, until


def _probability(doc: Doc) -> float:
    value = doc.get("probability", 1.0)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= 1:
        raise ValueError("probability must be a number above 0 and up to 1")
    return float(value)


def _status(doc: Doc) -> int | None:
    value = doc.get("status")
    if value is not None and not _whole(value, 400, 599):
        raise ValueError("status must be a whole number from 400 to 599")
    return value


def _values(doc: Doc) -> tuple[str, ...]:
    value = doc.get("values", [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or len(value) > 10:
        raise ValueError("values must be a list of texts")
    return tuple(value)


def _duration(doc: Doc, name: str, most_ms: int) -> int:
    told = f"{name} must be an ISO 8601 duration such as PT1.5S, above zero and at most PT{most_ms // 1000}S"
    try:
        value = parse_duration(doc[name] if isinstance(doc[name], str) else "")
    except (ValueError, OverflowError) as error:
        raise ValueError(told) from error
    if not 0 < value <= most_ms:
        raise ValueError(told)
    return value


def _retry_after(doc: Doc) -> int | None:
    value = doc.get("retry_after")
    if value is None or _whole(value, 0, LONGEST_RETRY_S):
        return value
    if not isinstance(value, str):
        raise ValueError("retry_after must be a whole number of seconds, or an ISO 8601 duration such as PT30S")
    return -(-_duration(doc, "retry_after", LONGEST_RETRY_S * 1000) // 1000)


def _span(doc: Doc, name: str, most_ms: int) -> int:
    return _duration(doc, name, most_ms) if name in doc else 0


def _skew(doc: Doc) -> int:
    if "skew" not in doc:
        return 0
    text = doc["skew"] if isinstance(doc["skew"], str) else ""
    back = text.startswith("-")
    return _duration({"skew": text[1:] if back else text}, "skew", LONGEST_SKEW) * (-1 if back else 1)


def _truncate(doc: Doc) -> int | str:
    value = doc.get("truncate", "")
    if "truncate" in doc and value != "body" and not _whole(value, 1, 10_000):
        raise ValueError('truncate must be a whole number from 1 (items of a page) or "body" (the answer breaks off)')
    return value if isinstance(value, int) else str(value)


def _choice(doc: Doc, name: str, known: tuple[str, ...]) -> str:
    value = doc.get(name, "")
    if name in doc and value not in known:
        raise ValueError(f"{name} must be {' or '.join(known)}")
    return str(value)


def _duplicate(doc: Doc) -> int:
    value = doc.get("duplicate", 0)
    if "duplicate" in doc and not _whole(value, 1, 10):
        raise ValueError("duplicate must be a whole number of further deliveries, 1 to 10")
    return int(value)


def _drop(doc: Doc) -> str:
    value = doc.get("drop", False)
    found = {True: "request", False: "", "request": "request", "answer": "answer"}.get(value) if _plain(value) else None
    if found is None:
        raise ValueError('drop must be true (before the work is done) or "answer" (after it)')
    return found


def _plain(value: object) -> bool:
    return isinstance(value, (bool, str))
