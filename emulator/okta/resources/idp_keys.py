"""Keys of identity providers: the org's store of certificates that providers are trusted by, and each provider's own
signing keys. Source: the vendor's SDK 3 (IdentityProviderKeysApi, IdentityProviderSigningKeysApi).
"""

import hashlib

from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, dig, public
from emulator.kernel.ids import base64url
from emulator.kernel.operations import Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import idp_shapes, key_material, lists
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.app_keys import render as signing_key
from emulator.okta.resources.identity_providers import (
    AT,
    IDPS,
    MANAGE,
    READ,
    SIGNING,
    TRUSTED,
    load,
    named,
    target_of,
    trusted_kids,
)
from emulator.okta.shapes import many, record, text
from emulator.okta.tokens import org
from emulator.protocols.x509 import certificate_from_der, strict_b64decode

_STORE = AT + "/credentials/keys"
_OWN = AT + "/{idpId}/credentials/keys"
_body = record({"x5c": many(text, most=10)}, needed=("x5c",))


# -- the org's store ---------------------------------------------------------------------------------------------------


def key_target(key: Doc) -> Doc:
    """What a log event about the key names."""
    return target("IdpKey", key["kid"], name=key["kid"])


def _trusted(call: Call) -> Doc:
    kid = call.path["kid"]
    found: list[Doc] = call.store.find_all(TRUSTED, "kid", kid)
    if not found:
        raise not_found(kid[:100], "JsonWebKey")
    return found[0]


def _shown(_: Call, key: Doc) -> Doc:
    return {name: value for name, value in public(key).items() if name != "id"}


@operation("GET", _STORE, paging=Paging(20, 200), query=("limit", "after"), **READ)
def list_idp_keys(call: Call) -> Listing:
    """The certificates of the org's key store."""
    return lists.listing(call, TRUSTED, _shown)


@operation("POST", _STORE, emits=("system.idp.key.create",), **MANAGE)
def create_idp_key(call: Call) -> Doc:
    """Add a certificate, `{x5c: [base64 DER]}`; one that is there already is a conflict that names it."""
    chain = _body(body_object(call), "")["x5c"]
    fields = _read(chain)
    _stored_once(call, fields)
    kid = call.ids.guid("idpKey")
    key: Doc = {"id": kid, "kid": kid, "created": stamp(call.now), "lastUpdated": stamp(call.now), **fields}
    call.store.add(TRUSTED, key)
    emit(call, "system.idp.key.create", [key_target(key)])
    return _shown(call, key)


def _stored_once(call: Call, fields: Doc, *, but: str = "") -> None:
    digest = fields["x5t#S256"]
    for other in call.store.all(TRUSTED):
        if other["x5t#S256"] == digest and other["kid"] != but:
            compared = (Compared("x5t#S256", digest, "request body"), Compared("kid", other["kid"], "its key"))
            raise Problem("E0000096", other["kid"], why=Why("A certificate is stored once.", compared))


def _read(chain: list[str]) -> Doc:
    """The JWK of the first certificate. Raises E0000001 for what is none, or holds no RSA key."""
    try:
        parsed = [certificate_from_der(strict_b64decode("".join(item.split()))) for item in chain]
        if not parsed or parsed[0].public_key is None:
            raise ValueError("no certificate with an RSA key")
    except ValueError as error:
        why = Why(f"x5c holds certificates: {error}.", (Compared("x5c", f"{len(chain)} items", "request body"),))
        raise invalid("x5c", "x5c: The certificate is not valid", why=why) from error
    first = parsed[0]
    assert first.public_key is not None
    numbers = first.public_key.public_numbers()
    e, n = (base64url(part.to_bytes((part.bit_length() + 7) // 8, "big")) for part in (numbers.e, numbers.n))
    return {
        "e": e, "n": n, "kty": "RSA", "alg": "RSA", "use": "sig", "x5c": [item.b64 for item in parsed],
        "x5t#S256": base64url(hashlib.sha256(first.der).digest()), "expiresAt": iso(first.not_after_ms),
    }  # fmt: skip


@operation("GET", _STORE + "/{kid}", **READ)
def get_idp_key(call: Call) -> Doc:
    """One certificate of the store."""
    return _shown(call, _trusted(call))


@operation("PUT", _STORE + "/{kid}", emits=("system.idp.key.update",), **MANAGE)
def replace_idp_key(call: Call) -> Doc:
    """Put another certificate in a key's place, `{x5c: [base64 DER]}`; who relies on the key trusts that one then."""
    key = _trusted(call)
    fields = _read(_body(body_object(call), "")["x5c"])
    _stored_once(call, fields, but=key["kid"])
    key |= {**fields, "lastUpdated": stamp(call.now)}
    call.store.put(TRUSTED, key)
    emit(call, "system.idp.key.update", [key_target(key)])
    return _shown(call, key)


@operation("DELETE", _STORE + "/{kid}", emits=("system.idp.key.delete",), **MANAGE)
def delete_idp_key(call: Call) -> None:
    """Forget a certificate that no provider, active or not, relies on."""
    key = _trusted(call)
    for idp in call.store.all(IDPS):
        if key["kid"] in trusted_kids(idp):
            compared = (Compared("kid", key["kid"], "request path"), Compared("provider", idp["name"], "its trust"))
            why = Why("A provider still relies on the key.", compared)
            raise invalid("kid", "kid: The key is being used by an identity provider", why=why)
    call.store.drop(TRUSTED, key["id"])
    emit(call, "system.idp.key.delete", [key_target(key)])


# -- a provider's own --------------------------------------------------------------------------------------------------


def stored(call: Call, idp: Doc) -> list[Doc]:
    """The signing keys of a provider that were generated or cloned."""
    found: list[Doc] = call.store.find_all(SIGNING, "_appId", idp["id"])
    return found


def own(call: Call, idp: Doc) -> list[Doc]:
    """A provider's signing keys, oldest first; one of SAML has a key from the start."""
    if idp["protocol"]["type"] != idp_shapes.SAML:
        return stored(call, idp)
    return [key_material.first(call.ids, idp, name=org(call)["subdomain"]), *stored(call, idp)]


def _signing(call: Call, idp: Doc) -> Doc:
    kid = call.path["kid"]
    found = next((doc for doc in own(call, idp) if doc["kid"] == kid), None)
    if found is None:
        raise not_found(kid[:100], "JsonWebKey")
    return found


@operation("GET", _OWN, **READ)
def list_signing_keys(call: Call) -> list[Doc]:
    """A provider's signing keys; `credentials.signing.kid` of its protocol names the one in use."""
    return [signing_key(doc) for doc in own(call, load(call))]


@operation("GET", _OWN + "/active", **READ)
def list_active_signing_key(call: Call) -> list[Doc]:
    """The key in use, as a list."""
    idp = load(call)
    kid = dig(idp, "protocol.credentials.signing.kid")
    return [signing_key(doc) for doc in own(call, idp) if doc["kid"] == kid]


@operation("GET", _OWN + "/{kid}", **READ)
def get_signing_key(call: Call) -> Doc:
    """One signing key."""
    return signing_key(_signing(call, load(call)))


@operation(
    "POST", _OWN + "/generate", status=201, body="none", commit="manual", query=("validityYears",),
    emits=("system.idp.key.create",), **MANAGE,
)  # fmt: skip
def generate_signing_key(call: Call) -> Doc:
    """Make another key, valid 2 to 10 years; it signs once the provider's `credentials.signing.kid` names it."""
    idp, years = load(call), call.params.get("validityYears", "")
    if not years.isascii() or not years.isdigit() or not 2 <= int(years[:4]) <= 10:
        why = Why("validityYears is a whole number from 2 to 10.", (Compared("validityYears", years, "query"),))
        raise invalid("validityYears", "validityYears: must be between 2 and 10", why=why)
    material = key_material.make(call.ids, name=org(call)["subdomain"], now=call.now, years=int(years))
    doc = key_material.document(material, app_id=idp["id"], now=call.now)
    with call.commit():
        load(call)
        call.store.add(SIGNING, doc)
        emit(call, "system.idp.key.create", [target_of(idp), key_target(doc)])
    say_where(call, idp, doc)
    return signing_key(doc)


@operation(
    "POST", _OWN + "/{kid}/clone", status=201, body="none", query=("targetIdpId",), emits=("system.idp.key.create",),
    **MANAGE,
)  # fmt: skip
def clone_signing_key(call: Call) -> Doc:
    """Give another provider (`targetIdpId`) the same key."""
    found, wanted = _signing(call, load(call)), call.params.get("targetIdpId", "")
    if not wanted:
        why = Why("targetIdpId names the provider that gets the key.", (Compared("targetIdpId", wanted, "query"),))
        raise Problem("E0000028", why=why)
    other = named(call, wanted)
    if any(doc["kid"] == found["kid"] for doc in own(call, other)):
        compared = (Compared("kid", found["kid"], "request path"), Compared("targetIdpId", wanted, "query"))
        raise Problem("E0000096", found["kid"], why=Why("The other provider has the key already.", compared))
    made = {**found, "id": f"{other['id']}.{found['kid']}", "_appId": other["id"]}
    call.store.add(SIGNING, made)
    emit(call, "system.idp.key.create", [target_of(other), key_target(made)])
    say_where(call, other, made)
    return signing_key(made)


def say_where(call: Call, idp: Doc, key: Doc) -> None:
    """The address of a provider's new key."""
    call.headers.append(("Location", f"{call.base}{AT}/{idp['id']}/credentials/keys/{key['kid']}"))
