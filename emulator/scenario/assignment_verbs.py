"""Verbs about assignments of an app, and about its mapping."""

from typing import Any

from msgspec import UNSET

from emulator.kernel.doc import Doc
from emulator.scenario import vocabulary as words
from emulator.scenario.api_verbs import Failed, why_of
from emulator.scenario.members import Group, each_of, subject_of
from emulator.scenario.stage import Stage
from emulator.wire.client import json_of


def _asked(stage: Stage, method: str, path: str, json: Any, *, asking: bool) -> Doc:
    answer = stage.okta.call(method, path, **({} if json is None else {"json": json}))
    if answer.status >= 400 and not asking:
        raise Failed(f"{method} {path}: answered {answer.status}: {answer.text()[:400]}{why_of(stage, answer)}")
    return {"status": answer.status, **(json_of(answer) or {})}


def assign(stage: Stage, line: words.Assign, *, asking: bool) -> Any:
    app = line.app or stage.app_id
    found = []
    for value in each_of(line.assign):
        subject = subject_of(stage, value)
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


def unassign(stage: Stage, line: words.Unassign, *, asking: bool) -> Any:
    app = line.app or stage.app_id
    found = []
    for value in each_of(line.unassign):
        subject = subject_of(stage, value)
        kind = "groups" if isinstance(subject, Group) else "users"
        path = f"/api/v1/apps/{app}/{kind}/{subject.part('id')}"
        found.append(_asked(stage, "DELETE", path, None, asking=asking))
    return found if isinstance(line.unassign, list) else found[0]


def app_user(stage: Stage, line: words.AppUser, *, asking: bool) -> Any:
    json: Doc = {}
    if line.profile:
        json["profile"] = line.profile
    if line.user_name:
        json["credentials"] = {"userName": line.user_name}
    people = [subject_of(stage, value) for value in each_of(line.app_user)]
    paths = [f"/api/v1/apps/{line.app or stage.app_id}/users/{person.part('id')}" for person in people]
    found = [_asked(stage, "POST", path, json, asking=asking) for path in paths]
    return found if isinstance(line.app_user, list) else found[0]


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
