"""Rules by which groups are pushed, and Push now: /api/internal/v1/apps/{appId}/group-push.

Source: okta-admin-api.md 9 and 19: the vendor offers both in its console only.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import group_push, push_rules
from emulator.okta.app_values import choice
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.console import UI_ONLY
from emulator.okta.params import body_object, part, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.push_rules import ACTIVE, INACTIVE, OPERATORS, RULES
from emulator.okta.resources import apps
from emulator.okta.resources.group_push_mappings import load_mapping, pushing
from emulator.okta.resources.group_push_mappings import render as render_mapping

__all__ = ["RULES"]
_AT = "/api/internal/v1/apps/{appId}/group-push"
_READ, _MANAGE = ("okta.apps.read", "okta.groups.read"), ("okta.apps.manage", "okta.groups.manage")


def render(call: Call, rule: Doc) -> Doc:
    at = f"{call.base}/api/internal/v1/apps/{rule['appId']}/group-push/rules/{rule['id']}"
    return {**rule, "_links": {"self": {"href": at, "hints": {"allow": ["GET", "PUT", "DELETE"]}}}}


def _load(call: Call) -> tuple[Doc, Doc]:
    app = apps.load(call)
    found = call.store.get(RULES, call.path["ruleId"])
    if found is None or found["appId"] != app["id"]:
        raise not_found(call.path["ruleId"], "GroupPushRule")
    return app, found


def _given(body: Doc) -> Doc:
    """`{name, status, nameExpr {op, value}, descriptionExpr}` of a body. Raises E0000001."""
    found: Doc = {
        "name": needed_text(body, "name", most=100), "status": choice(body, "status", (ACTIVE, INACTIVE), ACTIVE),
    }  # fmt: skip
    for name in ("nameExpr", "descriptionExpr"):
        given = part(body, name)
        if not given:
            found[name] = None
            continue
        operator = choice(given, "op", OPERATORS, None)
        if operator is None:
            raise bad("op", "op: The field cannot be left blank", "op", None, f"op is one of {', '.join(OPERATORS)}.")
        found[name] = {"op": operator, "value": needed_text(given, "value", most=255)}
    if not found["nameExpr"] and not found["descriptionExpr"]:
        why = Why("A rule looks at names or at descriptions.", (Compared("nameExpr", None, "request body"),))
        raise invalid("nameExpr", "A rule needs nameExpr or descriptionExpr", why=why)
    return found


@operation("GET", _AT + "/rules", source=UI_ONLY, scope=_READ, bucket="apps.get")
def list_rules(call: Call) -> list[Doc]:
    """An app's rules, oldest first."""
    return [render(call, rule) for rule in call.store.find_all(RULES, "appId", apps.load(call)["id"])]


@operation(
    "POST", _AT + "/rules", source=UI_ONLY, scope=_MANAGE, bucket="apps.get", status=201,
    emits=("application.provision.group_push.mapping.created",),
)  # fmt: skip
def create_rule(call: Call) -> Doc:
    """Push the groups whose names or descriptions fit, now and from now on."""
    app = pushing(apps.load(call))
    given = _given(body_object(call))
    at = stamp(call.now)
    rule: Doc = {"id": call.ids.okta("gpr"), "appId": app["id"], "created": at, "lastUpdated": at, **given}
    call.store.add(RULES, rule)
    push_rules.run(call, app, rule)
    return render(call, rule)


@operation("GET", _AT + "/rules/{ruleId}", source=UI_ONLY, scope=_READ, bucket="apps.get")
def get_rule(call: Call) -> Doc:
    """One rule."""
    return render(call, _load(call)[1])


@operation(
    "PUT", _AT + "/rules/{ruleId}", source=UI_ONLY, scope=_MANAGE, bucket="apps.get",
    emits=("application.provision.group_push.mapping.created",),
)  # fmt: skip
def replace_rule(call: Call) -> Doc:
    """Change a rule; groups that it finds now are pushed, those it found before stay so."""
    app, rule = _load(call)
    rule |= {**_given(body_object(call)), "lastUpdated": stamp(call.now)}
    call.store.put(RULES, rule)
    push_rules.run(call, app, rule)
    return render(call, rule)


@operation("DELETE", _AT + "/rules/{ruleId}", source=UI_ONLY, scope=_MANAGE, bucket="apps.get")
def delete_rule(call: Call) -> None:
    """Delete a rule; what it pushed stays pushed."""
    call.store.drop(RULES, _load(call)[1]["id"])


@operation(
    "POST", _AT + "/mappings/{mappingId}/push", source=UI_ONLY, scope=_MANAGE, bucket="apps.get", body="none",
    status=202,
)  # fmt: skip
def push_now(call: Call) -> Doc:
    """Push a group now, whether anything has changed or not."""
    app, mapping = load_mapping(call)
    if not group_push.push(call, app, mapping):
        compared = (
            Compared("status", mapping["status"], "the mapping"),
            Compared("features", ", ".join(app["features"]) or "none", "the app"),
        )
        why = Why("Only active mappings of an app that pushes groups are pushed.", compared)
        raise Problem("E0000195", "mapping", causes=("The group cannot be pushed",), why=why)
    return render_mapping(call, mapping)
