"""Verbs that ask: requests to both sides, the directory and the lab, and a document merged and put back.

A function raises `Failed` with a sentence when its request was refused; the player adds file and line.
"""

import re
from typing import Any
from urllib.parse import quote

from msgspec import UNSET

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.scenario import delegated
from emulator.scenario import vocabulary as words
from emulator.scenario.members import Person, subject_of
from emulator.scenario.stage import Stage
from emulator.serving.clients import ApiClient
from emulator.wire.client import json_of

_REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(\S.*)\Z", re.DOTALL)
_SAFE = "%/?&=:,;+$()'!*@~#[]"
"""What a request may hold as it is: a scenario writes filters as people do, and percent signs where it means them."""


class Failed(Exception):
    """A line that could not be done: one sentence."""


def _request(text: str) -> tuple[str, str]:
    found = _REQUEST.match(text.strip())
    if found is None:
        raise Failed(f"{text!r} is no request; write METHOD /path")
    return found.group(1), quote(found.group(2), safe=_SAFE)


def _result(stage: Stage, text: str, answer: Answer, line: words.Call, *, asking: bool) -> Doc:
    """The answer as data; `Failed` where its status is not what the line allows."""
    body = json_of(answer)
    result: Doc = {"status": answer.status, "body": answer.text() if body is None else body,
                   "headers": {key.lower(): value for key, value in answer.headers}}  # fmt: skip
    allowed = line.status
    if allowed is UNSET:
        fits = asking or answer.status < 400
    else:
        fits = answer.status in ([allowed] if isinstance(allowed, int) else allowed)
    if not fits:
        wanted = "" if allowed is UNSET else f" instead of {allowed}"
        raise Failed(f"{text}: answered {answer.status}{wanted}: {answer.text()[:400]}{why_of(stage, answer)}")
    return result


def why_of(stage: Stage, answer: Answer) -> str:
    url = answer.header("x-lab-why")
    if not url:
        return ""
    try:
        why = stage.control("GET", f"why/{url.rpartition('/')[2]}")["why"]
    except (LabError, LookupError):
        return ""
    return f" (why: {why['rule']})"


def _more(line: words.Call) -> Doc:
    more: Doc = {}
    if line.json is not UNSET:
        more["json"] = line.json
    if line.form is not UNSET:
        more["form"] = {key: str(value) for key, value in line.form.items()}
    if line.headers:
        more["headers"] = line.headers
    return more


def okta(stage: Stage, line: words.Okta, *, asking: bool) -> Doc:
    method, path = _request(line.okta)
    client = stage.okta if line.by is None else _own(stage, line.by)
    return _result(stage, line.okta, client.call(method, path, **_more(line)), line, asking=asking)


def _own(stage: Stage, value: Any) -> ApiClient:
    subject = subject_of(stage, value)
    if not isinstance(subject, Person):
        raise Failed("`by` names a person")
    try:
        return stage.with_session(str(subject.part("login")), subject.secret)
    except LookupError as error:
        raise Failed(str(error)) from error


def entra(stage: Stage, line: words.Entra, *, asking: bool) -> Doc:
    method, path = _request(line.entra)
    path = path if path.startswith(("/v1.0/", "/beta/")) else f"/v1.0{path}"
    asks = delegated.graph(stage, subject_of(stage, line.by)) if line.by else stage.entra
    return _result(stage, line.entra, asks.call(method, path, **_more(line)), line, asking=asking)


def directory(stage: Stage, line: words.Directory, *, asking: bool) -> Doc:
    if stage.directory is None:
        raise Failed("this world has no directory")
    method, path = _request(line.directory)
    return _result(stage, line.directory, stage.directory.call(method, path, **_more(line)), line, asking=asking)


def lab(stage: Stage, line: words.Lab, *, asking: bool) -> Doc:
    method, path = _request(line.lab)
    answer = stage.control_answer(method, path, None if line.json is UNSET else line.json)
    return _result(stage, line.lab, answer, line, asking=asking)


def http(stage: Stage, line: words.Http, *, asking: bool) -> Doc:
    method, url = _request(line.http)
    return _result(stage, line.http, stage.plain.call(method, url, **_more(line)), line, asking=asking)


def merge(stage: Stage, line: words.Merge, *, asking: bool) -> Doc:
    answer = stage.okta.call("GET", line.merge)
    if answer.status != 200:
        raise Failed(f"GET {line.merge}: answered {answer.status}: {answer.text()[:300]}")
    changed = merged(json_of(answer), line.json)
    for name in ("_links", "_embedded", "created", "lastUpdated"):
        changed.pop(name, None)
    answer = stage.okta.call("PUT", line.merge, changed)
    if answer.status >= 400 and not asking:
        raise Failed(f"PUT {line.merge}: answered {answer.status}: {answer.text()[:400]}{why_of(stage, answer)}")
    return {"status": answer.status, "body": json_of(answer)}


def merged(base: Any, change: Any) -> Any:
    """RFC 7396: objects are merged, null removes, anything else replaces."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    found = dict(base)
    for key, value in change.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value) if isinstance(value, dict) else value
    return found
