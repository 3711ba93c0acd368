"""Identity providers: /api/v1/idps. Source: okta-admin-api.md 1.4 and 15, the vendor's SDK 3 for shapes.

Those of smart cards (X509) sign people in, see sso/smart_card.py. The others are configuration only: nobody signs in
through them here, so their secret is kept and never used.
"""

import hashlib
from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, dig, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import idp_shapes, key_material, lists, mapping_store
from emulator.okta.events import emit, target
from emulator.okta.links import link
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found, taken
from emulator.okta.resources import org_features
from emulator.store import Column, Duplicate, Kind

IDPS = Kind("identity_providers", (Column("name", fold=True, unique=True), Column("type")), settled=True)
IDP_USERS = Kind("idp_users", (Column("idpId"), Column("userId"), Column("externalId")), settled=True)
TRUSTED = Kind("idp_keys", (Column("kid", unique=True),), settled=True)
SIGNING = Kind("idp_signing_keys", (Column("_appId"),), settled=True)
CSRS = Kind("idp_csrs", (Column("_appId"),), settled=True)
AT = "/api/v1/idps"
_ONE = AT + "/{idpId}"
READ: Any = {"source": DOCUMENTED, "scope": ("okta.idps.read",)}
MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.idps.manage",)}
_XML = {"type": "application/xml"}
_AUTHORIZE = (
    "/oauth2/v1/authorize?idp={id}&client_id={{clientId}}&response_type={{responseType}}"
    "&response_mode={{responseMode}}&scope={{scopes}}&redirect_uri={{redirectUri}}&state={{state}}&nonce={{nonce}}"
)


def render(call: Call, idp: Doc) -> Doc:
    """The provider as the API shows it."""
    at = f"{call.base}{AT}/{idp['id']}"
    if idp["protocol"]["type"] in (idp_shapes.OIDC, idp_shapes.OAUTH):
        return {**public(idp), "_links": _web_links(call, idp)}
    links: Doc = {}
    if idp["protocol"]["type"] == idp_shapes.SAML:
        links["metadata"] = {**link(f"{at}/metadata.xml", "GET"), **_XML}
        links["acs"] = {**link(f"{call.base}/sso/saml2/{idp['id']}", "POST"), **_XML}
    links["users"] = link(f"{at}/users", "GET")
    action = "deactivate" if idp["status"] == "ACTIVE" else "activate"
    links[action] = link(f"{at}/lifecycle/{action}", "POST")
    return {**public(idp), "_links": links}


def _web_links(call: Call, idp: Doc) -> Doc:
    """Observed: a provider of the web links to its two addresses for browsers only, active or not."""
    return {
        "authorize": {**link(call.base + _AUTHORIZE.format(id=idp["id"]), "GET"), "templated": True},
        "clientRedirectUri": link(f"{call.base}/oauth2/v1/authorize/callback", "POST"),
    }


def load(call: Call) -> Doc:
    """The provider of the path."""
    return named(call, call.path["idpId"])


def named(call: Call, id: str) -> Doc:
    """A provider by id. Raises 404."""
    found: Doc | None = call.store.get(IDPS, id)
    if found is None:
        raise not_found(id[:100], "IdpAppInstance")
    return found


def target_of(idp: Doc) -> Doc:
    return target("IdentityProvider", idp["id"], name=idp["name"], alternate=idp["name"])


def trusted_kids(idp: Doc) -> list[str]:
    """The keys of the org's store that a provider relies on."""
    trust = dig(idp, "protocol.credentials.trust") or {}
    return [kid for kid in (trust.get("kid"), *(trust.get("additionalKids") or ())) if kid]


def _refuse_unknown_keys(call: Call, idp: Doc) -> None:
    from emulator.okta.resources import idp_keys

    for kid in trusted_kids(idp):
        if not call.store.find_all(TRUSTED, "kid", kid):
            compared = (Compared("kid", kid, "request body"),)
            cause = f"protocol.credentials.trust.kid: No key credential with kid '{kid[:100]}' exists"
            raise invalid("kid", cause, why=Why("A provider relies on a key of the org's key store.", compared))
    kid = dig(idp, "protocol.credentials.signing.kid")
    if idp["protocol"]["type"] != idp_shapes.SAML:
        return
    first = key_material.first_kid(call.ids, idp["id"])
    _fill_in_trust(idp)
    signing = idp["protocol"]["credentials"].setdefault("signing", {})
    signing.setdefault("kid", first)
    if kid not in (None, first) and not any(doc["kid"] == kid for doc in idp_keys.stored(call, idp)):
        both = (Compared("kid", kid, "request body"), Compared("provider", idp["id"], "its signing keys"))
        cause = f"protocol.credentials.signing.kid: No signing key with kid '{kid[:100]}' exists"
        raise invalid("kid", cause, why=Why("A provider signs with a key of its own.", both))


def _fill_in_trust(idp: Doc) -> None:
    """What a SAML provider's trust holds unless it is sent (observed): who the org says it is, and no revocation."""
    digest = hashlib.sha256(idp["id"].encode()).digest()
    audience = "".join(chr(ord("a") + byte % 26) for byte in digest[:18])
    trust = idp["protocol"]["credentials"]["trust"]
    trust.setdefault("audience", f"https://www.okta.com/saml2/service-provider/sp{audience}")
    trust |= {"revocation": None, "revocationCacheLifetime": 0}


@operation("GET", AT, paging=Paging(20, 200), query=("q", "type", "limit", "after"), **READ)
def list_idps(call: Call) -> Listing:
    """Providers, by the beginning of their name (`q`, inferred) and by `type`."""
    begins, kind = call.params.get("q", "").casefold(), call.params.get("type")

    def keep(idp: Doc) -> bool:
        return idp["name"].casefold().startswith(begins) and (not kind or idp["type"] == kind)

    return lists.listing(call, IDPS, render, keep=keep)


@operation("POST", AT, emits=("system.idp.lifecycle.create",), **MANAGE)
def create_idp(call: Call) -> Doc:
    """Add a provider: ACTIVE at once."""
    fields = idp_shapes.checked(body_object(call), None)
    org_features.check_provider(call, fields["type"])
    at = stamp(call.now)
    idp: Doc = {"id": call.ids.okta("0oa"), "status": "ACTIVE", "created": at, "lastUpdated": at, **fields}
    _refuse_unknown_keys(call, idp)
    try:
        call.store.add(IDPS, idp)
    except Duplicate as error:
        raise taken("name", idp["name"]) from error
    mapping_store.create_for_provider(call.store, call.ids, idp)
    emit(call, "system.idp.lifecycle.create", [target_of(idp)])
    return render(call, idp)


@operation("GET", _ONE, **READ)
def get_idp(call: Call) -> Doc:
    """One provider."""
    return render(call, load(call))


@operation("PUT", _ONE, emits=("system.idp.lifecycle.update",), **MANAGE)
def replace_idp(call: Call) -> Doc:
    """Replace a provider's settings; its type stays."""
    before = load(call)
    fields = idp_shapes.checked(body_object(call), before)
    kept = {name: before[name] for name in ("id", "status", "created")}
    idp = {**kept, "lastUpdated": stamp(call.now), **fields}
    _refuse_unknown_keys(call, idp)
    try:
        call.store.put(IDPS, idp)
    except Duplicate as error:
        raise taken("name", idp["name"]) from error
    emit(call, "system.idp.lifecycle.update", [target_of(idp)])
    return render(call, idp)


@operation("DELETE", _ONE, emits=("system.idp.lifecycle.delete",), **MANAGE)
def delete_idp(call: Call) -> None:
    """Delete a provider, its signing keys, its mapping and what linked users to it."""
    idp = load(call)
    for kind, column in ((IDP_USERS, "idpId"), (SIGNING, "_appId"), (CSRS, "_appId")):
        for row in call.store.find_all(kind, column, idp["id"]):
            call.store.drop(kind, row["id"])
    mapping_store.remove_for(call.store, idp)
    call.store.drop(IDPS, idp["id"])
    emit(call, "system.idp.lifecycle.delete", [target_of(idp)])


@operation("POST", _ONE + "/lifecycle/activate", body="none", emits=("system.idp.lifecycle.activate",), **MANAGE)
def activate_idp(call: Call) -> Doc:
    """Make a provider active."""
    return _set_status(call, "ACTIVE", "system.idp.lifecycle.activate")


@operation("POST", _ONE + "/lifecycle/deactivate", body="none", emits=("system.idp.lifecycle.deactivate",), **MANAGE)
def deactivate_idp(call: Call) -> Doc:
    """Make a provider inactive."""
    return _set_status(call, "INACTIVE", "system.idp.lifecycle.deactivate")


def _set_status(call: Call, status: str, event: str) -> Doc:
    idp = load(call)
    if idp["status"] != status:
        idp["status"], idp["lastUpdated"] = status, stamp(call.now)
        call.store.put(IDPS, idp)
        emit(call, event, [target_of(idp)])
    return render(call, idp)
