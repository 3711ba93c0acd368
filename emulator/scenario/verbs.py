"""What the verbs of a scenario line do: one function each, from the line and the stage to a plain result.

A function raises `Failed` with a sentence when its request was refused; the player adds file and line.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from msgspec import UNSET

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.scenario import commands, delegated
from emulator.scenario import vocabulary as words
from emulator.scenario.matching import mismatch
from emulator.scenario.members import Group, Person
from emulator.scenario.references import plain
from emulator.scenario.stage import Stage
from emulator.serving.clients import ApiClient
from emulator.wire.agents import Visit, agents, sign_in
from emulator.wire.browser import USER_AGENT, Browser
from emulator.wire.client import json_of

_REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(\S.*)\Z", re.DOTALL)
_SAFE = "%/?&=:,;+$()'!*@~#[]"
"""What a request may hold as it is: a scenario writes filters as people do, and percent signs where it means them."""


class Failed(Exception):
    """A line that could not be done: one sentence."""


Does = Callable[..., Any]
VERBS: dict[str, Does] = {}


def does(name: str) -> Callable[[Does], Does]:
    def mark(function: Does) -> Does:
        VERBS[name] = function
        return function

    return mark


# -- requests -----------------------------------------------------------------------------------------------------


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
        raise Failed(f"{text}: answered {answer.status}{wanted}: {answer.text()[:400]}{_why(stage, answer)}")
    return result


def _why(stage: Stage, answer: Answer) -> str:
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


@does("okta")
def okta(stage: Stage, line: words.Okta, *, asking: bool) -> Doc:
    method, path = _request(line.okta)
    client = stage.okta if line.by is None else _own(stage, line.by)
    return _result(stage, line.okta, client.call(method, path, **_more(line)), line, asking=asking)


def _own(stage: Stage, value: Any) -> ApiClient:
    subject = _subject(stage, value)
    if not isinstance(subject, Person):
        raise Failed("`by` names a person")
    try:
        return stage.with_session(str(subject.part("login")), subject.secret)
    except LookupError as error:
        raise Failed(str(error)) from error


@does("entra")
def entra(stage: Stage, line: words.Entra, *, asking: bool) -> Doc:
    method, path = _request(line.entra)
    path = path if path.startswith(("/v1.0/", "/beta/")) else f"/v1.0{path}"
    asks = delegated.graph(stage, _subject(stage, line.by)) if line.by else stage.entra
    return _result(stage, line.entra, asks.call(method, path, **_more(line)), line, asking=asking)


@does("directory")
def directory(stage: Stage, line: words.Directory, *, asking: bool) -> Doc:
    if stage.directory is None:
        raise Failed("this world has no directory")
    method, path = _request(line.directory)
    return _result(stage, line.directory, stage.directory.call(method, path, **_more(line)), line, asking=asking)


@does("lab")
def lab(stage: Stage, line: words.Lab, *, asking: bool) -> Doc:
    method, path = _request(line.lab)
    answer = stage.control_answer(method, path, None if line.json is UNSET else line.json)
    return _result(stage, line.lab, answer, line, asking=asking)


@does("http")
def http(stage: Stage, line: words.Http, *, asking: bool) -> Doc:
    method, url = _request(line.http)
    return _result(stage, line.http, stage.plain.call(method, url, **_more(line)), line, asking=asking)


@does("merge")
def merge(stage: Stage, line: words.Merge, *, asking: bool) -> Doc:
    answer = stage.okta.call("GET", line.merge)
    if answer.status != 200:
        raise Failed(f"GET {line.merge}: answered {answer.status}: {answer.text()[:300]}")
    changed = merged(json_of(answer), line.json)
    for name in ("_links", "_embedded", "created", "lastUpdated"):
        changed.pop(name, None)
    answer = stage.okta.call("PUT", line.merge, changed)
    if answer.status >= 400 and not asking:
        raise Failed(f"PUT {line.merge}: answered {answer.status}: {answer.text()[:400]}{_why(stage, answer)}")
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


# -- assignments --------------------------------------------------------------------------------------------------


def _each(stage: Stage, value: Any) -> list[Any]:
    return [each for item in value for each in _each(stage, item)] if isinstance(value, list) else [value]


def _subject(stage: Stage, value: Any) -> Any:
    """A person or group of the cast, by alias name, login or the alias itself."""
    if isinstance(value, Person | Group):
        return value
    for alias in stage.aliases.values():
        for member in alias if isinstance(alias, list) else [alias]:
            if isinstance(member, Person | Group) and plain(member) == value:
                return member
    return Person(stage, str(value))


def _asked(stage: Stage, method: str, path: str, json: Any, *, asking: bool) -> Doc:
    answer = stage.okta.call(method, path, **({} if json is None else {"json": json}))
    if answer.status >= 400 and not asking:
        raise Failed(f"{method} {path}: answered {answer.status}: {answer.text()[:400]}{_why(stage, answer)}")
    return {"status": answer.status, **(json_of(answer) or {})}


@does("assign")
def assign(stage: Stage, line: words.Assign, *, asking: bool) -> Any:
    app = line.app or stage.app_id
    found = []
    for value in _each(stage, line.assign):
        subject = _subject(stage, value)
        if isinstance(subject, Group):
            json: Doc = {"profile": line.profile}
            if line.priority is not UNSET:
                json["priority"] = line.priority
            found.append(_asked(stage, "PUT", f"/api/v1/apps/{app}/groups/{subject.part('id')}", json, asking=asking))
            continue
        json = {"id": subject.part("id"), "scope": "USER", "profile": line.profile}
        if line.user_name:
            json["credentials"] = {"userName": line.user_name}
        found.append(_asked(stage, "POST", f"/api/v1/apps/{app}/users", json, asking=asking))
    return found if isinstance(line.assign, list) else found[0]


@does("unassign")
def unassign(stage: Stage, line: words.Unassign, *, asking: bool) -> Any:
    app = line.app or stage.app_id
    found = []
    for value in _each(stage, line.unassign):
        subject = _subject(stage, value)
        kind = "groups" if isinstance(subject, Group) else "users"
        path = f"/api/v1/apps/{app}/{kind}/{subject.part('id')}"
        found.append(_asked(stage, "DELETE", path, None, asking=asking))
    return found if isinstance(line.unassign, list) else found[0]


@does("app_user")
def app_user(stage: Stage, line: words.AppUser, *, asking: bool) -> Any:
    json: Doc = {}
    if line.profile:
        json["profile"] = line.profile
    if line.user_name:
        json["credentials"] = {"userName": line.user_name}
    people = [_subject(stage, value) for value in _each(stage, line.app_user)]
    paths = [f"/api/v1/apps/{line.app or stage.app_id}/users/{person.part('id')}" for person in people]
    found = [_asked(stage, "POST", path, json, asking=asking) for path in paths]
    return found if isinstance(line.app_user, list) else found[0]


@does("mapping")
def mapping(stage: Stage, line: words.Mapping, *, asking: bool) -> Doc:
    app = line.app or stage.app_id
    found = stage.okta.get(f"/api/v1/mappings?targetId={app}&limit=1")
    if not found:
        raise Failed(f"the app {app} has no mapping from Okta users")
    properties = {
        name: None if text is None else {"expression": text, "pushStatus": line.push}
        for name, text in line.mapping.items()
    }
    return _asked(stage, "POST", f"/api/v1/mappings/{found[0]['id']}", {"properties": properties}, asking=asking)


# -- time, the connector, faults ----------------------------------------------------------------------------------


@does("sync")
def sync(stage: Stage, line: words.Sync, *, asking: bool) -> Doc:
    return stage.sync()


@does("advance")
def advance(stage: Stage, line: words.Advance, *, asking: bool) -> Doc:
    return dict(stage.control("PATCH", "clock", {"advance": line.advance}))


@does("fault")
def fault(stage: Stage, line: words.Fault, *, asking: bool) -> Doc:
    return dict(stage.control("POST", "faults", line.fault))


@does("clear_faults")
def clear_faults(stage: Stage, line: words.ClearFaults, *, asking: bool) -> Doc:
    return dict(stage.control("DELETE", "faults"))


@does("limits")
def limits(stage: Stage, line: words.Limits, *, asking: bool) -> Doc:
    return dict(stage.control("PATCH", "limits", {"limits": line.limits}))


# -- people at work -----------------------------------------------------------------------------------------------


@does("consent")
def consent(stage: Stage, line: words.Consent, *, asking: bool) -> Doc:
    return delegated.consent(stage, line.app or stage.app_id, line.consent, by=_subject(stage, line.by))


@does("sign_in")
def signs_in(stage: Stage, line: words.SignIn, *, asking: bool) -> Any:
    if line.client not in agents():
        raise Failed(f"there is no client {line.client!r}; known: {', '.join(sorted(agents()))}")
    found = [_signed_in(stage, line, _subject(stage, value)) for value in _each(stage, line.sign_in)]
    return found if isinstance(line.sign_in, list) else found[0]


def _signed_in(stage: Stage, line: words.SignIn, subject: Any) -> Doc:
    browser = None
    if line.browser:
        agent = line.user_agent or USER_AGENT
        made = stage.browsers.setdefault(line.browser, Browser(stage.transport, user_agent=agent, client=line.address))
        made.client, browser = line.address, made
    visit = Visit(
        stage.transport, stage.lab, str(subject.part("login")),
        password=line.password if line.password is not None else subject.secret, address=line.address,
        user_agent=line.user_agent, device=line.device, factors=line.factors, start=line.start, scope=line.scope,
        asked=line.asked, browser=browser, consent=line.consents, answers=line.answers,
    )  # fmt: skip
    return sign_in(line.client, visit).to_doc()


# -- looking ------------------------------------------------------------------------------------------------------


@does("journal")
def journal(stage: Stage, line: words.Journal, *, asking: bool) -> list[Doc]:
    rows: list[Doc] = []
    after = stage.since["journal"]
    while True:
        query = f"journal?after={after}&limit=1000" + (f"&stream={line.stream}" if line.stream else "")
        page = stage.control("GET", query)["rows"]
        rows += [row for row in page if row["party"].partition(":")[0] == line.journal]
        if len(page) < 1000:
            break
        after = page[-1]["n"]
    return [row for row in rows if mismatch(line.where, row) is None] if line.where else rows


@does("tape")
def tape(stage: Stage, line: words.Tape, *, asking: bool) -> list[Doc]:
    hops = stage.control("GET", f"tape?after={stage.since['tape']}&limit=100000")["hops"]
    return [hop for hop in hops if mismatch(line.tape, hop) is None]


@does("value")
def value(stage: Stage, line: words.Value, *, asking: bool) -> Any:
    return plain(line.value)


@does("answer")
def answer(stage: Stage, line: words.Answer, *, asking: bool) -> Doc:
    stage.answers.update(line.answer)
    return dict(stage.answers)


@does("answered")
def answered(stage: Stage, line: words.Answered, *, asking: bool) -> Any:
    return stage.answers.get(line.answered)


# -- the user's own code ------------------------------------------------------------------------------------------


@does("run")
def run(stage: Stage, line: words.Run, *, asking: bool) -> Doc:
    """The command sees the world as the environment of a running lab; a world in process is served for it."""
    if stage.serve is None:
        raise Failed("commands run against a served world only")
    with stage.serve() as environment:
        try:
            done = commands.run(stage.folder, line, environment)
        except LookupError as error:
            raise Failed(str(error)) from error
    if done["code"] and not asking:
        raise Failed(f"{line.run[0]} ended with {done['code']}: {done['err'][-300:]}")
    return done


@does("python")
def python(stage: Stage, line: words.Python, *, asking: bool) -> Any:
    if stage.own is None:
        raise Failed("this scenario has no steps.py")
    return stage.own(line.python)(stage, **line.with_)
