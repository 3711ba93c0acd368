"""Self-service of an app: whether people may request it, and who approves with which attributes in sight.

Source: seed-catalogue.md 1.4 (self-service request: an approver is mandatory for Office 365, a chain of up to ten, each
step with attributes hidden, readable or writable). The settings' shape is ours.
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import app_profiles, office365, shapes

HIDDEN, READ, WRITE = "HIDDEN", "READ", "WRITE"
MOST_STEPS = 10
_USER, _GROUP = "USER", "GROUP"
_approver = shapes.record(
    {"type": shapes.one_of(_USER, _GROUP), "id": shapes.bounded(64, least=1)}, needed=("type", "id")
)


def _attributes(value: Any, path: str) -> Doc:
    if not isinstance(value, dict):
        raise shapes.malformed(path, value, "an object")
    access = shapes.one_of(HIDDEN, READ, WRITE)
    return {str(name): access(item, f"{path}.{name}") for name, item in value.items()}


_step = shapes.record(
    {"approvers": shapes.many(_approver, 100), "attributes": _attributes}, needed=("approvers",),
    first={"attributes": {}},
)  # fmt: skip
_settings = shapes.record(
    {"enabled": shapes.boolean, "note": shapes.bounded(1000), "steps": shapes.many(_step, MOST_STEPS)},
    needed=("enabled",), first={"note": "", "steps": []},
)  # fmt: skip


def settings_of(app: Doc) -> Doc:
    """`{enabled, note, steps: [{approvers: [{type, id}], attributes: {name: HIDDEN | READ | WRITE}}]}`."""
    kept = app.get("_selfService") or {"note": "", "steps": []}
    return {"enabled": app["accessibility"]["selfService"], "note": kept["note"], "steps": kept["steps"]}


def checked(store: Any, app: Doc, body: Doc) -> Doc:
    """Settings of a body. Raises E0000001, E0000003, and E0000126 for an app that needs an approver and gets none."""
    found: Doc = _settings(body, "")
    known = app_profiles.attributes(store, app)
    for step in found["steps"]:
        if not step["approvers"]:
            raise shapes.blank("steps.approvers")
        for approver in step["approvers"]:
            _exists(store, approver)
        for name in step["attributes"]:
            if name not in known:
                raise shapes.bad("steps.attributes", name, allowed=", ".join(known))
    if found["enabled"]:
        require_approver(app, found["steps"])
    return found


def require_approver(app: Doc, steps: list[Doc]) -> None:
    """Raises E0000126 for Office 365 without a step of approval."""
    if steps or not office365.is_office365(app):
        return
    compared = (Compared("approval steps", 0, "self-service settings"), Compared("app", app["name"], app["label"]))
    hint = f"PUT /api/internal/v1/apps/{app['id']}/self-service with at least one step."
    raise Problem("E0000126", why=Why("Requests for Office 365 need an approver.", compared, hint))


def _exists(store: Any, approver: Doc) -> None:
    from emulator.okta.resources import groups, users

    kind = users.USERS if approver["type"] == _USER else groups.GROUPS
    if store.get(kind, approver["id"]) is None:
        raise shapes.bad("steps.approvers.id", approver["id"], allowed="users and groups of the org")


def approves(store: Any, step: Doc, user_id: str) -> bool:
    """Whether somebody is one of a step's approvers."""
    from emulator.okta.resources import groups

    mine = {(_USER, user_id), *((_GROUP, group) for group in groups.groups_of(store, user_id))}
    return any((item["type"], item["id"]) in mine for item in step["approvers"])


def access(step: Doc, name: str) -> str:
    """What a step's approvers may do with an attribute: hidden unless it says otherwise (inferred)."""
    return str(step["attributes"].get(name, HIDDEN))
