"""Security events providers: /api/v1/security-events-providers, who may report security events to the org.

Source: the vendor's SDK models and guide to the Shared Signals Framework; ids as clients' code shows them. What they
report comes in at `security_events`. Inferred: names are free; a description is asked when a provider first reports.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import lists, shapes
from emulator.okta.events import emit, target
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.store import Column, Kind

PROVIDERS = Kind("security_events_providers", (Column("status"), Column("settings.issuer")))
ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
_AT = "/api/v1/security-events-providers"
_ONE = _AT + "/{securityEventProviderId}"
_READ: Any = {"scope": ("okta.securityEventsProviders.read",), "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.securityEventsProviders.manage",), "source": DOCUMENTED}


def _address(most: int) -> shapes.Read:
    return shapes.matching(
        rf"(?=.{{1,{most}}}$)https?://[^\s/]+(/\S*)?", "addresses that begin with https:// or http://"
    )


_settings = shapes.record({"issuer": _address(700), "jwks_url": _address(1000), "well_known_url": _address(1000)})
_body = shapes.record(
    {"name": shapes.bounded(100, least=1), "type": shapes.bounded(255, least=1), "settings": _settings},
    needed=("name", "type", "settings"),
)
_KINDS = ({"well_known_url"}, {"issuer", "jwks_url"})


def target_of(provider: Doc) -> Doc:
    return target("SecurityEventsProvider", provider["id"], name=provider["name"])


def _render(call: Call, item: Doc) -> Doc:
    at = f"{call.base}{_AT}/{item['id']}"
    action = "deactivate" if item["status"] == ACTIVE else "activate"
    return {**public(item), "_links": {
        "self": {"href": at, "hints": {"allow": ["GET", "PUT", "DELETE"]}},
        action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}},
    }}  # fmt: skip


def _load(call: Call) -> Doc:
    id = call.path["securityEventProviderId"]
    found: Doc | None = call.store.get(PROVIDERS, id)
    if found is None:
        raise not_found(id, "SecurityEventsProvider")
    return found


def _sent(call: Call) -> Doc:
    """What a body says of a provider. Raises E0000001 unless it is described either by an address or by itself."""
    sent: Doc = _body(body_object(call), "")
    if set(sent["settings"]) not in _KINDS:
        rule = "settings: must have either well_known_url, or issuer and jwks_url"
        raise invalid(
            "settings", rule, why=Why(rule, (Compared("settings", sorted(sent["settings"]), "request body"),))
        )
    return sent


@operation("GET", _AT, paging=Paging(20, 200), query=("limit", "after"), **_READ)
def list_security_events_providers(call: Call) -> Listing:
    """Who may report."""
    return lists.listing(call, PROVIDERS, _render)


@operation("POST", _AT, emits=("security.events.provider.create",), **_MANAGE)
def create_security_events_provider(call: Call) -> Doc:
    """Let somebody report; ACTIVE at once."""
    made = {"id": call.ids.okta("sse"), **_sent(call), "status": ACTIVE}
    call.store.add(PROVIDERS, made)
    emit(call, "security.events.provider.create", [target_of(made)])
    return _render(call, made)


@operation("GET", _ONE, **_READ)
def get_security_events_provider(call: Call) -> Doc:
    """One provider."""
    return _render(call, _load(call))


@operation("PUT", _ONE, emits=("security.events.provider.update",), **_MANAGE)
def replace_security_events_provider(call: Call) -> Doc:
    """Describe a provider anew; it stays switched on or off."""
    item = {**_load(call), **_sent(call)}
    call.store.put(PROVIDERS, item)
    emit(call, "security.events.provider.update", [target_of(item)])
    return _render(call, item)


@operation("DELETE", _ONE, emits=("security.events.provider.delete",), **_MANAGE)
def delete_security_events_provider(call: Call) -> None:
    """Forget a provider, switched on or not."""
    item = _load(call)
    call.store.drop(PROVIDERS, item["id"])
    emit(call, "security.events.provider.delete", [target_of(item)])


@operation("POST", _ONE + "/lifecycle/activate", body="none", emits=("security.events.provider.activate",), **_MANAGE)
def activate_security_events_provider(call: Call) -> Doc:
    """Hear a provider again."""
    return _switched(call, ACTIVE, "activate")


@operation(
    "POST", _ONE + "/lifecycle/deactivate", body="none", emits=("security.events.provider.deactivate",), **_MANAGE
)
def deactivate_security_events_provider(call: Call) -> Doc:
    """Hear a provider no more."""
    return _switched(call, INACTIVE, "deactivate")


def _switched(call: Call, status: str, step: str) -> Doc:
    item = {**_load(call), "status": status}
    call.store.put(PROVIDERS, item)
    emit(call, f"security.events.provider.{step}", [target_of(item)])
    return _render(call, item)
