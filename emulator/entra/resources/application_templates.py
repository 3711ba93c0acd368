"""The application gallery: /applicationTemplates, and making an application from one of it.

Source: Microsoft's pages on applicationTemplate. The gallery itself is data (data/application-templates.json): a few
of its entries, and `Custom`, from which non-gallery applications are made.
"""

from functools import cache
from pathlib import Path

import orjson

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found, required
from emulator.entra.resources import application_owners, applications, domains, service_principals
from emulator.entra.resources.applications import ADMINS, APPLICATIONS
from emulator.entra.resources.service_principals import SERVICE_PRINCIPALS
from emulator.entra.shaping import narrowed
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation

BASE = "/v1.0/applicationTemplates"
OPEN = {"any": True}  # any valid token will do
WRITE = ("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.ReadWrite.All")
_LOGO = None  # Differs: Microsoft's addresses of logos are not invented here.
_TAGS = ["WindowsAzureActiveDirectoryIntegratedApp"]
_CUSTOM_TAG = "WindowsAzureActiveDirectoryCustomSingleSignOnApplication"
CUSTOM = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
# The two roles of every application that is made from the gallery, by the ids that Microsoft gives them.
_ROLES = (
    ("18d14569-c3bd-439b-9a66-3a2aee01d14f", "User", "User"),
    ("b9632174-c057-4f7e-951b-be3adc52bfe6", "msiam_access", "msiam_access"),
)


@cache
def templates() -> tuple[Doc, ...]:
    """The entries, as they are shown."""
    data = orjson.loads((Path(__file__).parent.parent / "data" / "application-templates.json").read_bytes())
    return tuple({**item, "logoUrl": _LOGO} for item in data["templates"])


@operation("GET", BASE, source=DOCUMENTED, extra=OPEN)
def list_templates(call: Call) -> Collection:
    """The gallery."""
    return queries.of_documents(call, list(templates()), resource="applicationTemplate", context="applicationTemplates")


def _load(call: Call) -> Doc:
    wanted = call.path["id"].lower()
    found = next((item for item in templates() if item["id"] == wanted), None)
    if found is None:
        raise not_found(call.path["id"], what="application template of the lab's gallery")
    return found


@operation("GET", BASE + "/{id}", source=DOCUMENTED, extra=OPEN)
def get_template(call: Call) -> Entity:
    """One entry."""
    wanted = queries.options(call, "applicationTemplate", single=True)
    shown = narrowed(_load(call), tuple(wanted.select))
    return Entity(f"applicationTemplates{queries.fragment(wanted)}/$entity", shown)


@operation(
    "POST", BASE + "/{id}/instantiate", source=DOCUMENTED, status=201, scope=WRITE, extra=ADMINS,
    emits=("Add application", "Add service principal"),
)  # fmt: skip
def instantiate(call: Call) -> Entity:
    """Register an application like the template, and make it present in the tenant."""
    template = _load(call)
    body = bodies.checked(call.body, "application", shown_only=set(bodies.names("application")) - {"displayName"})
    name = body.get("displayName")
    if not name:
        raise required("displayName", "ApplicationTemplate")
    application = _application(call, template, name)
    call.store.add(APPLICATIONS, application)
    application_owners.own_what_was_made(call, application["id"])
    audit(call, "Add application", [target("Application", application)])
    principal = dict(service_principals.ensure(call, application))
    principal.update(
        appRoleAssignmentRequired=True, applicationTemplateId=template["id"], homepage=template["homePageUrl"],
        tags=[*_TAGS, *([_CUSTOM_TAG] if template["id"] == CUSTOM else [])],
    )  # fmt: skip
    call.store.put(SERVICE_PRINCIPALS, principal)
    return Entity(
        "microsoft.graph.applicationServicePrincipal",
        {"application": public(application), "servicePrincipal": public(principal)},
    )


def _application(call: Call, template: Doc, name: str) -> Doc:
    publisher = call.store.find(domains.DOMAINS, "isDefault", 1)
    made = applications.blank(
        call.ids.guid("application"), call.ids.guid("appId"), name, now=call.now,
        publisherDomain=publisher["id"] if publisher else None,
    )  # fmt: skip
    roles = [
        {"allowedMemberTypes": ["User"], "description": text, "displayName": shown, "id": id, "isEnabled": True,
         "origin": "Application", "value": None}
        for id, shown, text in _ROLES
    ]  # fmt: skip
    web = {**made["web"], "homePageUrl": template["homePageUrl"]}
    more = {"applicationTemplateId": template["id"], "appRoles": roles, "web": web}
    return {**made, **more, "createdByAppId": call.caller.extra.get("appId")}
