"""API service integrations: /integrations/api/v1/api-services, and their secrets.

Source: the vendor's SDK 3 (ApiServiceIntegrationsApi) and observed traffic; texts of refusals inferred.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, Paging, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import api_services, lists, shapes
from emulator.okta.api_services import API_SERVICES
from emulator.okta.events import emit
from emulator.okta.oauth import grant_docs, leaving, scoping, secrets
from emulator.okta.oauth.clients import of_app
from emulator.okta.oauth.kinds import GRANTS
from emulator.okta.oauth.servers import canonical
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found

_AT = "/integrations/api/v1/api-services"
_ONE = _AT + "/{apiServiceId}"
_SECRETS = _ONE + "/credentials/secrets"
_SECRET = _SECRETS + "/{secretId}"
_READ: Any = {"scope": ("okta.oauthIntegrations.read",)}
_MANAGE: Any = {"scope": ("okta.oauthIntegrations.manage",)}
_UPDATE = "app.oauth2.client.lifecycle.update"
_HIDDEN = 4


def _properties(value: Any, path: str) -> Doc:
    if not isinstance(value, dict):
        raise shapes.malformed(path, value, "an object")
    return value


_BODY = shapes.record(
    {
        "type": shapes.matching(r"[a-z0-9_]{1,100}", "lower-case letters, digits and underscores"),
        "grantedScopes": shapes.many(shapes.bounded(100, least=1), 200),
        "properties": _properties,
    },
    needed=("type", "grantedScopes"), first={"properties": {}},
)  # fmt: skip


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(API_SERVICES, call.path["apiServiceId"])
    if found is None:
        raise not_found(call.path["apiServiceId"][:100], "ApiServiceIntegration")
    return dict(found)


def _render(call: Call, service: Doc) -> Doc:
    at = f"{call.base}{_AT}/{service['id']}"
    scopes = [row["scopeId"] for row in grant_docs.of_client(call.store, service["id"])]
    guide = f"https://{service['name'].replace('_', '-')}.example/configuration-guide"
    return {
        "id": service["id"], "type": service["name"], "name": service["label"], "createdAt": service["created"],
        "createdBy": service["_createdBy"], "configGuideUrl": guide, "grantedScopes": scopes,
        "properties": service["settings"]["app"],
        "_links": {
            "self": {"href": at, "hints": {"allow": ["GET", "DELETE"]}},
            "client": {"href": f"{call.base}/oauth2/v1/clients/{service['id']}", "hints": {"allow": ["GET"]}},
            "logo": {"name": "medium", "href": f"{call.base}/img/logos/{service['name']}.png"},
        },
    }  # fmt: skip


def _log(call: Call, event: str, service: Doc) -> None:
    client = of_app(service)
    assert client is not None
    emit(call, event, [client.actor()])


@operation("GET", _AT, paging=Paging(20, 200), query=("after",), source=DOCUMENTED, **_READ)
def list_api_services(call: Call) -> Listing:
    """Instances, in order of installation."""
    return lists.listing(call, API_SERVICES, _render)


@operation("POST", _AT, status=201, emits=("app.oauth2.client.lifecycle.create",), source=OBSERVED, **_MANAGE)
def create_api_service(call: Call) -> Doc:
    """Install an integration: `{type, grantedScopes, properties}`. The answer alone shows its secret."""
    sent: Doc = _BODY(body_object(call), "")
    scopes = list(dict.fromkeys(sent["grantedScopes"]))
    if not scopes:
        raise shapes.blank("grantedScopes")
    for scope in scopes:
        if not scoping.is_okta_scope(scope):
            raise shapes.bad("grantedScopes", scope, allowed="scopes of the management API")
    service = api_services.instance(
        call.ids, call.now, kind=sent["type"], properties=sent["properties"], by=call.caller.id
    )
    call.store.add(API_SERVICES, service)
    client = of_app(service)
    assert client is not None
    for scope in scopes:
        call.store.add(GRANTS, grant_docs.new_grant(call, client, scope, issuer=canonical(call)))
    _log(call, "app.oauth2.client.lifecycle.create", service)
    shown = _render(call, service)
    place = list(shown).index("configGuideUrl")
    items = list(shown.items())
    return dict([*items[:place], ("clientSecret", service["_clientSecret"]), *items[place:]])


@operation("GET", _ONE, source=OBSERVED, **_READ)
def get_api_service(call: Call) -> Doc:
    """One instance."""
    return _render(call, _load(call))


@operation("DELETE", _ONE, emits=("app.oauth2.client.lifecycle.delete",), source=OBSERVED, **_MANAGE)
def delete_api_service(call: Call) -> None:
    """Remove an instance; its tokens stop counting."""
    service = _load(call)
    call.store.drop(API_SERVICES, service["id"])
    leaving.client_gone(call.store, service["id"])
    _log(call, "app.oauth2.client.lifecycle.delete", service)


def _load_secret(call: Call) -> tuple[Doc, list[Doc], Doc]:
    service = _load(call)
    rows = secrets.secrets_of(service)
    for row in rows:
        if row["id"] == call.path["secretId"]:
            return service, rows, row
    raise not_found(call.path["secretId"][:100], "OAuth2ClientSecret")


def _shown_secret(call: Call, service: Doc, row: Doc, *, whole: bool = False) -> Doc:
    """A secret; only the answer that makes one shows it whole (documented)."""
    at = f"{call.base}{_AT}/{service['id']}/credentials/secrets/{row['id']}"
    text = row["client_secret"] if whole else "***" + row["client_secret"][-_HIDDEN:]
    action = "deactivate" if row["status"] == "ACTIVE" else "activate"
    links: Doc = {action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}}}
    if row["status"] != "ACTIVE":
        links["delete"] = {"href": at, "hints": {"allow": ["DELETE"]}}
    return {
        "id": row["id"], "status": row["status"], "client_secret": text, "secret_hash": row["secret_hash"],
        "created": row["created"], "lastUpdated": row["lastUpdated"], "_links": links,
    }  # fmt: skip


def _keep(call: Call, service: Doc, rows: list[Doc]) -> None:
    secrets.keep(service, rows)
    service["lastUpdated"] = stamp(call.now)
    call.store.put(API_SERVICES, service)
    _log(call, _UPDATE, service)


@operation("GET", _SECRETS, source=DOCUMENTED, **_READ)
def list_service_secrets(call: Call) -> list[Doc]:
    """An instance's secrets."""
    service = _load(call)
    return [_shown_secret(call, service, row) for row in secrets.secrets_of(service)]


@operation("POST", _SECRETS, status=201, body="none", emits=(_UPDATE,), source=DOCUMENTED, **_MANAGE)
def create_service_secret(call: Call) -> Doc:
    """Make a second secret."""
    service, at = _load(call), stamp(call.now)
    rows = secrets.secrets_of(service)
    if len(rows) >= secrets.MOST:
        compared = (Compared("secrets", len(rows), "the instance"), Compared("most", secrets.MOST, "documented"))
        why = Why("A client has two secrets at the most.", compared)
        raise invalid("clientSecret", "You've reached the maximum number of client secrets per client.", why=why)
    secret = call.ids.secret("clientSecret", 48)
    row = {"id": call.ids.okta("ocs"), "created": at, "lastUpdated": at, "secret_hash": secrets.secret_hash(secret),
           "client_secret": secret, "status": "ACTIVE"}  # fmt: skip
    _keep(call, service, [*rows, row])
    return _shown_secret(call, service, row, whole=True)


@operation("DELETE", _SECRET, emits=(_UPDATE,), source=DOCUMENTED, **_MANAGE)
def delete_service_secret(call: Call) -> None:
    """Delete an inactive secret."""
    service, rows, row = _load_secret(call)
    if row["status"] == "ACTIVE":
        why = Why("An active secret is not deleted.", (Compared("status", "ACTIVE", f"secret {row['id']}"),))
        raise invalid("clientSecret", "Only an inactive client secret can be deleted.", why=why)
    _keep(call, service, [item for item in rows if item["id"] != row["id"]])


@operation("POST", _SECRET + "/lifecycle/activate", body="none", emits=(_UPDATE,), source=DOCUMENTED, **_MANAGE)
def activate_service_secret(call: Call) -> Doc:
    """Let a secret count again."""
    return _set_status(call, "ACTIVE")


@operation("POST", _SECRET + "/lifecycle/deactivate", body="none", emits=(_UPDATE,), source=DOCUMENTED, **_MANAGE)
def deactivate_service_secret(call: Call) -> Doc:
    """Stop a secret; not the last active one."""
    _, rows, row = _load_secret(call)
    if row["status"] == "ACTIVE" and sum(item["status"] == "ACTIVE" for item in rows) == 1:
        why = Why("A client keeps an active secret.", (Compared("active secrets", 1, "the instance"),))
        raise invalid("clientSecret", "You can't deactivate the only active client secret.", why=why)
    return _set_status(call, "INACTIVE")


def _set_status(call: Call, status: str) -> Doc:
    service, rows, row = _load_secret(call)
    changed = {**row, "status": status, "lastUpdated": stamp(call.now)}
    _keep(call, service, [changed if item["id"] == row["id"] else item for item in rows])
    return _shown_secret(call, service, changed)
