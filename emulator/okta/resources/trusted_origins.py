"""Trusted origins: /api/v1/trustedOrigins. Source: okta-admin-api.md 16, appendix A; the vendor's SDK models."""

import re
from typing import Any
from urllib.parse import urlsplit

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import lists, search, shapes
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found, taken
from emulator.okta.shapes import many, one_of, record
from emulator.store import Column, Duplicate, Kind

ORIGINS = Kind(
    "trusted_origins", (Column("name"), Column("origin", unique=True), Column("status")), settled=True
)  # fmt: skip
_AT = "/api/v1/trustedOrigins"
_READ: Any = {"scope": ("okta.trustedOrigins.read",)}
_MANAGE: Any = {"scope": ("okta.trustedOrigins.manage",)}
_EVENT = "security.trusted_origin."
_ORIGIN = re.compile(r"[a-z][a-z0-9+.\-]*://[^\s/?#]+", re.IGNORECASE)
_scope = record(
    {"type": one_of("CORS", "REDIRECT", "IFRAME_EMBED"), "allowedOktaApps": many(one_of("OKTA_ENDUSER"))},
    needed=("type",),
)
_fields = record(
    {"name": shapes.bounded(255, least=1), "origin": shapes.bounded(255, least=1), "scopes": many(_scope)},
    needed=("name", "origin", "scopes"),
)


def trusts(store: Any, url: str, scope: str) -> bool:
    """Whether an ACTIVE trusted origin covers an address for `CORS`, `REDIRECT` or `IFRAME_EMBED`."""
    try:
        split = urlsplit(url)
    except ValueError:
        return False
    found = store.find(ORIGINS, "origin", f"{split.scheme}://{split.netloc}")
    if found is None or found["status"] != "ACTIVE":
        return False
    return any(row["type"] == scope for row in found["scopes"])


def _render(call: Call, item: Doc) -> Doc:
    at = f"{call.base}{_AT}/{item['id']}"
    action = "deactivate" if item["status"] == "ACTIVE" else "activate"
    return {**public(item), "_links": {
        "self": {"href": at, "hints": {"allow": ["GET", "PUT", "DELETE"]}},
        action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}},
    }}  # fmt: skip


def _load(call: Call) -> Doc:
    id = call.path["trustedOriginId"]
    found: Doc | None = call.store.get(ORIGINS, id)
    if found is None:
        raise not_found(id, "TrustedOrigin")
    return found


def _target(item: Doc) -> Doc:
    return target("TrustedOrigin", item["id"], name=item["name"])


def _read(call: Call) -> Doc:
    fields: Doc = _fields(body_object(call), "")
    if _ORIGIN.fullmatch(fields["origin"].rstrip("/")) is None:
        compared = (Compared("origin", fields["origin"], "request body"),)
        why = Why("An origin is a scheme, a host and perhaps a port.", compared)
        raise invalid("origin", "origin: The origin is not valid", why=why)
    if not fields["scopes"]:
        raise shapes.blank("scopes")
    fields["origin"] = fields["origin"].rstrip("/")
    return fields


@operation("GET", _AT, source=DOCUMENTED, paging=Paging(20, 200), query=("q", "filter", "after", "limit"), **_READ)
def list_trusted_origins(call: Call) -> Listing:
    """Trusted origins, all, by start of the name or origin (`q`) or by `filter`."""
    where, keep = search.compiled(call, ORIGINS, "trustedOrigins")
    if call.params.get("q"):
        where, keep = search.located(call, ORIGINS, search.prefix(call.params["q"], "name", "origin"), fold=True)
    return lists.listing(call, ORIGINS, _render, where=where, keep=keep)


@operation("POST", _AT, source=DOCUMENTED, emits=(_EVENT + "create",), **_MANAGE)
def create_trusted_origin(call: Call) -> Doc:
    """Trust an origin for cross-origin requests, redirects or frames."""
    fields, now, by = _read(call), stamp(call.now), call.caller.id
    made = {
        "id": call.ids.okta("tos"), **fields, "status": "ACTIVE", "created": now, "createdBy": by, "lastUpdated": now,
        "lastUpdatedBy": by,
    }  # fmt: skip
    try:
        call.store.add(ORIGINS, made)
    except Duplicate as error:
        raise taken("origin", fields["origin"]) from error
    emit(call, _EVENT + "create", [_target(made)])
    return _render(call, made)


@operation("GET", _AT + "/{trustedOriginId}", source=DOCUMENTED, **_READ)
def get_trusted_origin(call: Call) -> Doc:
    """One trusted origin."""
    return _render(call, _load(call))


@operation("PUT", _AT + "/{trustedOriginId}", source=DOCUMENTED, emits=(_EVENT + "update",), **_MANAGE)
def replace_trusted_origin(call: Call) -> Doc:
    """Replace name, origin and scopes."""
    item = _load(call)
    item.update(_read(call))
    return _stored(call, item, "update")


@operation("DELETE", _AT + "/{trustedOriginId}", source=DOCUMENTED, emits=(_EVENT + "delete",), **_MANAGE)
def delete_trusted_origin(call: Call) -> None:
    """Trust an origin no more."""
    item = _load(call)
    call.store.drop(ORIGINS, item["id"])
    emit(call, _EVENT + "delete", [_target(item)])


@operation(
    "POST", _AT + "/{trustedOriginId}/lifecycle/activate", source=DOCUMENTED, body="none", emits=(_EVENT + "activate",),
    **_MANAGE,
)  # fmt: skip
def activate_trusted_origin(call: Call) -> Doc:
    """Trust an origin again."""
    return _stored(call, {**_load(call), "status": "ACTIVE"}, "activate")


@operation(
    "POST", _AT + "/{trustedOriginId}/lifecycle/deactivate", source=DOCUMENTED, body="none",
    emits=(_EVENT + "deactivate",), **_MANAGE,
)  # fmt: skip
def deactivate_trusted_origin(call: Call) -> Doc:
    """Stop trusting an origin for a while."""
    return _stored(call, {**_load(call), "status": "INACTIVE"}, "deactivate")


def _stored(call: Call, item: Doc, event: str) -> Doc:
    item["lastUpdated"], item["lastUpdatedBy"] = stamp(call.now), call.caller.id
    try:
        call.store.put(ORIGINS, item)
    except Duplicate as error:
        raise taken("origin", item["origin"]) from error
    emit(call, _EVENT + event, [_target(item)])
    return _render(call, item)
