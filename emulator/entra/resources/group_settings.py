"""Settings of groups and of the tenant: /groupSettings, /groups/{id}/settings and their templates.

Source: Microsoft's pages on groupSetting and groupSettingTemplate. Differs: the settings are kept and shown; of them
nothing but their own form is enforced here.
"""

from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import bad, invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import groups
from emulator.entra.rows import load, logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.store import Column, Kind

GROUP_SETTINGS = Kind("group_settings", (Column("templateId"), Column("_group")), settled=True)
TEMPLATES = "/v1.0/groupSettingTemplates"
TENANT, GROUP = "/v1.0/groupSettings", "/v1.0/groups/{id}/settings"
READ: dict[str, Any] = {
    "source": DOCUMENTED, "scope": ("Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All",
                                    "Directory.ReadWrite.All", "Directory.AccessAsUser.All"),
}  # fmt: skip
WRITE: dict[str, Any] = {
    "source": DOCUMENTED, "scope": ("Directory.ReadWrite.All", "Group.ReadWrite.All", "Directory.AccessAsUser.All"),
    "extra": {"roles": ("Groups Administrator", "User Administrator")},
}  # fmt: skip
GUEST = "08d542b9-071f-4e16-94b0-74abb372e3d9"
SHAPE = Shape("groupSetting", "groupSettings", GROUP_SETTINGS)
_FORMS = {"System.Boolean": ("true", "false")}


@cache
def templates() -> tuple[Doc, ...]:
    """The templates that every tenant has, as they are shown."""
    data = orjson.loads((Path(__file__).parent.parent / "data" / "group-setting-templates.json").read_bytes())
    names = ("name", "type", "defaultValue", "description")
    return tuple(
        {"id": item["id"], "deletedDateTime": None, "displayName": item["displayName"],
         "description": item["description"],
         "values": [dict(zip(names, value, strict=True)) for value in item["values"]]}
        for item in data["templates"]
    )  # fmt: skip


def _template(id: str) -> Doc | None:
    return next((item for item in templates() if item["id"] == id.lower()), None)


@operation("GET", TEMPLATES, **READ)
def list_templates(call: Call) -> Collection:
    """What can be set."""
    return queries.of_documents(
        call, list(templates()), resource="groupSettingTemplate", context="groupSettingTemplates"
    )


@operation("GET", TEMPLATES + "/{id}", **READ)
def get_template(call: Call) -> Entity:
    """One template."""
    found = _template(call.path["id"])
    if found is None:
        raise not_found(call.path["id"], what="group setting template")
    return Entity("groupSettingTemplates/$entity", found)


def _owner(call: Call) -> str:
    """The group of the path; empty for the tenant's own settings."""
    return str(groups.load(call)["id"]) if call.operation.path.startswith("/v1.0/groups/") else ""


def _context(owner: str) -> str:
    return f"groups('{owner}')/settings" if owner else "groupSettings"


@operation("GET", GROUP, **READ)
@operation("GET", TENANT, **READ)
def list_settings(call: Call) -> Collection:
    """The settings of the tenant, or of a group."""
    owner = _owner(call)
    rows = call.store.find_all(GROUP_SETTINGS, "_group", owner)
    return queries.of_documents(call, rows, resource="groupSetting", context=_context(owner), shape=SHAPE)


@operation("GET", GROUP + "/{settingId}", **READ)
@operation("GET", TENANT + "/{settingId}", **READ)
def get_setting(call: Call) -> Entity:
    """One of them."""
    row = _load(call)
    return Entity(f"{_context(row['_group'])}/$entity", queries.entity(call, SHAPE, row).doc)


def _load(call: Call) -> Doc:
    owner = _owner(call)
    row = load(call, GROUP_SETTINGS, what="group setting", key="settingId")
    if row["_group"] != owner:
        raise not_found(call.path["settingId"], what="group setting here")
    return row


@operation("POST", GROUP, status=201, **WRITE, emits=("Create group settings",))
@operation("POST", TENANT, status=201, **WRITE, emits=("Create group settings",))
def create_setting(call: Call) -> Entity:
    """Set values of a template; what is left out keeps its default. A template is used once."""
    owner = _owner(call)
    body = bodies.checked(call.body, "groupSetting", shown_only=("displayName",))
    if not body.get("templateId"):
        raise required("templateId", "GroupSetting")
    template = _template(body["templateId"])
    if template is None or (template["id"] == GUEST) != bool(owner):
        rule = "A group takes Group.Unified.Guest, the tenant every other template."
        raise invalid("templateId", "GroupSetting", body["templateId"], rule=rule)
    if any(row["templateId"] == template["id"] for row in call.store.find_all(GROUP_SETTINGS, "_group", owner)):
        compared = (Compared("templateId", template["id"], "request body"),)
        text = "A conflicting object with one or more of the specified property values is present in the directory."
        raise bad(text, Why("Settings of this template exist.", compared))
    row = {
        "id": call.ids.guid("groupSetting"), "displayName": template["displayName"], "templateId": template["id"],
        "values": _values(template, body.get("values") or [], {}), "_group": owner,
    }  # fmt: skip
    call.store.add(GROUP_SETTINGS, row)
    logged(call, "Create group settings", "Other", row)
    return Entity(f"{_context(owner)}/$entity", queries.entity(call, SHAPE, row).doc, status=201,
                  location=f"/{_context(owner)}/{row['id']}")  # fmt: skip


@operation("PATCH", GROUP + "/{settingId}", **WRITE, emits=("Update group settings",))
@operation("PATCH", TENANT + "/{settingId}", **WRITE, emits=("Update group settings",))
def update_setting(call: Call) -> Entity | None:
    """Change values."""
    row = _load(call)
    body = bodies.checked(call.body, "groupSetting", shown_only=("displayName", "templateId"))
    template = _template(row["templateId"])
    assert template is not None
    old, held = dict(row), {item["name"]: item["value"] for item in row["values"]}
    row["values"] = _values(template, body.get("values") or [], held)
    call.store.put(GROUP_SETTINGS, row)
    logged(call, "Update group settings", "Other", row, old)
    return changed(call, Entity(f"{_context(row['_group'])}/$entity", queries.entity(call, SHAPE, row).doc))


@operation("DELETE", GROUP + "/{settingId}", **WRITE, emits=("Delete group settings",))
@operation("DELETE", TENANT + "/{settingId}", **WRITE, emits=("Delete group settings",))
def delete_setting(call: Call) -> None:
    """Take the defaults again."""
    row = _load(call)
    call.store.drop(GROUP_SETTINGS, row["id"])
    logged(call, "Delete group settings", "Other", row)


def _values(template: Doc, given: list[Doc], held: dict[str, Any]) -> list[Doc]:
    """Every value of a template: given, else held, else the default. Raises 400 for unknown names and wrong forms."""
    known = {item["name"]: item for item in template["values"]}
    wanted: dict[str, Any] = {}
    for item in given:
        name, value = str(item.get("name")), item.get("value")
        if name not in known:
            raise invalid("values", "GroupSetting", name, rule=f"The template has {', '.join(known)}.")
        forms = _FORMS.get(known[name]["type"])
        if forms and str(value).lower() not in forms:
            raise invalid("values", "GroupSetting", item, rule=f"{name} is of type {known[name]['type']}.")
        wanted[name] = value
    return [
        {"name": name, "value": wanted.get(name, held.get(name, item["defaultValue"]))} for name, item in known.items()
    ]
