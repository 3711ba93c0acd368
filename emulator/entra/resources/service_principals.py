"""Applications as they are present in the tenant: /servicePrincipals. Source: graph-entra.md 1.14."""

from emulator.entra import application_rules, bodies, queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Collection, Entity, changed, preferences
from emulator.entra.keyed import addressed
from emulator.entra.problems import not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import applications, bin, graph_api, security_attribute_values
from emulator.entra.tokens import GRAPH_APP_ID, tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind, Multi, Store

SERVICE_PRINCIPALS = Kind(
    "service_principals",
    (
        Column("appId", unique=True), Column("displayName", fold=True), Column("accountEnabled", kind="bool"),
        Column("servicePrincipalType"), Column("createdDateTime"),
    ),
    (Multi("servicePrincipalNames", fold=True), Multi("tags", fold=True)),
    settled=True,
)  # fmt: skip
ADMINS = {"roles": ("Application Administrator", "Cloud Application Administrator")}
_WRITABLE_TEXT = """
    accountEnabled appRoleAssignmentRequired alternativeNames description displayName homepage loginUrl logoutUrl
    notes notificationEmailAddresses preferredSingleSignOnMode replyUrls tags keyCredentials servicePrincipalNames
    samlSingleSignOnSettings preferredTokenSigningKeyThumbprint tokenEncryptionKeyId
    servicePrincipalType addIns
"""
WRITABLE = frozenset(_WRITABLE_TEXT.split())


def by_app_id(store: Store, app_id: str) -> Doc | None:
    """The service principal of a client id."""
    return store.find(SERVICE_PRINCIPALS, "appId", app_id.lower())


def by_name(store: Store, name: str) -> Doc | None:
    """The service principal that a resource's name (identifier URI or client id) stands for."""
    found = store.find_multi(SERVICE_PRINCIPALS, "servicePrincipalNames", name.rstrip("/"))
    return found[0] if found else None


def ensure(call: Call, application: Doc) -> Doc:
    """The tenant's service principal of an application, made where it is not there yet."""
    found = by_app_id(call.store, application["appId"])
    if found is not None:
        return found
    made = principal_of(application, call.ids.guid("servicePrincipal"), call.now, owner=tenant(call)["id"])
    call.store.add(SERVICE_PRINCIPALS, made)
    audit(call, "Add service principal", [target("ServicePrincipal", made)])
    return made


def principal_of(application: Doc, id: str, now: int, *, owner: str = "") -> Doc:
    """A service principal document for an application. owner: the tenant that registered it, if it is this one."""
    web, spa, public = application["web"], application["spa"], application["publicClient"]
    return {
        "id": id, "deletedDateTime": None, "accountEnabled": True, "alternativeNames": [], "appDescription": None,
        "appDisplayName": application["displayName"], "appId": application["appId"], "applicationTemplateId": None,
        "appOwnerOrganizationId": application.get("_owner") or owner, "appRoleAssignmentRequired": False,
        "createdDateTime": iso_seconds(now), "description": None, "disabledByMicrosoftStatus": None,
        "displayName": application["displayName"], "homepage": web["homePageUrl"], "loginUrl": None,
        "logoutUrl": web["logoutUrl"], "notes": None, "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": None, "preferredTokenSigningKeyThumbprint": None,
        "replyUrls": [*web["redirectUris"], *spa["redirectUris"], *public["redirectUris"]],
        "servicePrincipalNames": [application["appId"], *application["identifierUris"]],
        "servicePrincipalType": "Application", "signInAudience": application["signInAudience"], "tags": [],
        "tokenEncryptionKeyId": None, "samlSingleSignOnSettings": None, "addIns": [],
        "appRoles": application["appRoles"], "info": application["info"], "keyCredentials": [],
        "oauth2PermissionScopes": application["api"]["oauth2PermissionScopes"], "passwordCredentials": [],
        "resourceSpecificApplicationPermissions": [], "verifiedPublisher": application["verifiedPublisher"],
    }  # fmt: skip


def app_roles(principal: Doc) -> list[Doc]:
    """The app roles that a resource offers; Graph's own come from the published table."""
    return list(graph_api.app_role_docs()) if principal["appId"] == GRAPH_APP_ID else principal["appRoles"]


def scopes(principal: Doc) -> list[Doc]:
    """The delegated scopes that a resource offers."""
    return list(graph_api.scope_docs()) if principal["appId"] == GRAPH_APP_ID else principal["oauth2PermissionScopes"]


def follow(call: Call, old: Doc, application: Doc) -> None:
    """An application was changed: its service principal in its own tenant shows the same."""
    principal = by_app_id(call.store, application["appId"])
    if principal is None:
        return
    fresh = principal_of(application, principal["id"], call.now)
    names = (
        "appDisplayName", "appRoles", "homepage", "info", "logoutUrl", "oauth2PermissionScopes", "replyUrls",
        "servicePrincipalNames", "signInAudience", "verifiedPublisher",
    )  # fmt: skip
    principal.update({name: fresh[name] for name in names})
    if principal["displayName"] == old["displayName"]:
        principal["displayName"] = application["displayName"]
    call.store.put(SERVICE_PRINCIPALS, principal)


def render(call: Call, principal: Doc) -> Doc:
    shown = {**principal, "appRoles": app_roles(principal), "oauth2PermissionScopes": scopes(principal)}
    attributes = security_attribute_values.shown(call, shown) if "customSecurityAttributes" in shown else None
    shown.pop("customSecurityAttributes", None)
    if "customsecurityattributes" in call.params.get("$select", "").lower():
        shown["customSecurityAttributes"] = attributes
    if "keycredentials" not in call.params.get("$select", "").lower():
        shown["keyCredentials"] = application_rules.without_keys(principal["keyCredentials"])
    return shown


def _owners(call: Call, principal: Doc) -> list[Doc]:
    from emulator.entra.resources import application_owners

    return application_owners.owners_of(call, principal["id"], application_owners.PRINCIPAL_OWNERS)


def _assignments(column: str) -> queries.Relation:
    def fetch(call: Call, principal: Doc) -> list[Doc]:
        from emulator.entra.resources.grants import APP_ROLE_ASSIGNMENTS

        return [public(row) for row in call.store.find_all(APP_ROLE_ASSIGNMENTS, column, principal["id"])]

    return fetch


SHAPE = Shape(
    "servicePrincipal", "servicePrincipals", SERVICE_PRINCIPALS, full=render,
    relations={
        "owners": _owners, "appRoleAssignments": _assignments("principalId"),
        "appRoleAssignedTo": _assignments("resourceId"),
    },
)  # fmt: skip


def load(call: Call) -> Doc:
    """The service principal that the path names: by object id, or as `appId=…`."""
    found, asked = addressed(call, SERVICE_PRINCIPALS, appId=lambda value: by_app_id(call.store, value))
    if found is None:
        raise not_found(asked, what="service principal")
    return dict(found)


@operation("GET", "/v1.0/servicePrincipals", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_principals(call: Call) -> Collection:
    """The applications that are present in the tenant."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/servicePrincipals/$count", source=DOCUMENTED)
def count_principals(call: Call) -> Answer:
    """How many there are, as text."""
    return queries.count_text(call, queries.counted(call, SHAPE))


@operation("GET", "/v1.0/servicePrincipals/{id}", source=DOCUMENTED)
def get_principal(call: Call) -> Entity:
    """One service principal."""
    return queries.entity(call, SHAPE, load(call))


@operation(
    "POST", "/v1.0/servicePrincipals", source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add service principal",)
)
def create_principal(call: Call) -> Entity:
    """Make an application present in the tenant."""
    given = dict(call.body)
    app_id = given.pop("appId", None)
    if not isinstance(app_id, str) or not app_id:
        raise required("appId", "ServicePrincipal")
    body = _checked(given)
    application = applications.by_app_id(call.store, app_id)
    if application is None:
        compared: tuple[Compared, ...] = (Compared("appId", app_id, "request body"),)
        text = f"The appId '{app_id}' of the service principal does not reference a valid application object."
        raise Problem("bad", text, why=Why("No application has this client id.", compared))
    if by_app_id(call.store, app_id) is not None:
        compared = (Compared("appId", app_id, "request body"), Compared("service principal", "exists", "tenant"))
        raise Problem("same_key", "servicePrincipalNames", why=Why("The application is present already.", compared))
    principal = {**ensure(call, application), **body}
    call.store.put(SERVICE_PRINCIPALS, principal)
    return queries.entity(call, SHAPE, principal, status=201, location=f"/servicePrincipals/{principal['id']}")


@operation(
    "PATCH", "/v1.0/servicePrincipals/{id}", source=DOCUMENTED, extra=ADMINS,
    emits=("Update service principal", "Add service principal"),
)  # fmt: skip
def update_principal(call: Call) -> Entity | None:
    """Change a service principal: disable it, ask for assignments… `Prefer: create-if-missing` upserts by appId."""
    name, equals, value = call.path["id"].partition("=")
    upsert = equals and name.lower() == "appid" and "create-if-missing" in preferences(call)
    if upsert and by_app_id(call.store, value) is None:
        call.body["appId"] = value
        return create_principal(call)
    principal = load(call)
    given, attributes = security_attribute_values.taken_from(call.body)
    if str(given.get("appId", principal["appId"])).lower() == principal["appId"]:
        given.pop("appId", None)
    body = _checked(given)
    old = dict(principal)
    if "keyCredentials" in body:
        body["keyCredentials"] = application_rules.keys(
            old["keyCredentials"], body["keyCredentials"], "ServicePrincipal"
        )
    principal.update({key: _blank_of(key) if item is None else item for key, item in body.items()})
    security_attribute_values.apply(call, principal, attributes, "ServicePrincipal")
    call.store.put(SERVICE_PRINCIPALS, principal)
    audit(call, "Update service principal", [target("ServicePrincipal", principal, changed=changes(old, principal))])
    return changed(call, queries.entity(call, SHAPE, principal))


def _blank_of(name: str) -> object:
    """What a cleared property holds."""
    return {"accountEnabled": True, "appRoleAssignmentRequired": False}.get(name)


@operation(
    "DELETE", "/v1.0/servicePrincipals/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Remove service principal",)
)
def delete_principal(call: Call) -> None:
    """Take an application out of the tenant; it can be restored for 30 days with what was granted to it."""
    bin.discard(call, "servicePrincipal", load(call))


def _checked(body: Doc) -> Doc:
    return bodies.checked(body, "servicePrincipal", shown_only=set(bodies.names("servicePrincipal")) - WRITABLE)
