"""Certificate signing requests of identity providers: /api/v1/idps/{idpId}/credentials/csrs.

Source: the vendor's SDK 3 (IdentityProviderSigningKeysApi) and its recordings. The certificate that a CA signed for a
request makes it one of the provider's signing keys.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import operation
from emulator.okta import signing_requests
from emulator.okta.events import emit
from emulator.okta.problems import not_found
from emulator.okta.resources import idp_keys
from emulator.okta.resources.app_keys import render as signing_key
from emulator.okta.resources.identity_providers import AT, CSRS, MANAGE, READ, SIGNING, load, target_of

_OWN = AT + "/{idpId}/credentials/csrs"


def _at(call: Call, doc: Doc) -> str:
    return f"{call.base}{AT}/{doc['_appId']}/credentials/csrs/{doc['id']}"


def _load(call: Call) -> tuple[Doc, Doc]:
    idp, id = load(call), call.path["idpCsrId"]
    found = call.store.get(CSRS, id)
    if found is None or found["_appId"] != idp["id"]:
        raise not_found(id[:100], "CertificateSigningRequest")
    return idp, found


@operation("GET", _OWN, **READ)
def list_idp_csrs(call: Call) -> list[Doc]:
    """Signing requests that wait for their certificate."""
    found = call.store.find_all(CSRS, "_appId", load(call)["id"])
    return [signing_requests.render(doc, _at(call, doc)) for doc in found]


@operation("POST", _OWN, status=201, commit="manual", **MANAGE)
def generate_idp_csr(call: Call) -> Doc | Answer:
    """Make a key pair and a PKCS#10 request for `{subject, subjectAltNames {dnsNames}}`."""
    doc = signing_requests.new(call, load(call)["id"])
    with call.commit():
        call.store.add(CSRS, doc)
    call.headers.append(("Location", _at(call, doc)))
    return signing_requests.shown(call, doc, _at(call, doc))


@operation("GET", _OWN + "/{idpCsrId}", **READ)
def get_idp_csr(call: Call) -> Doc | Answer:
    """One signing request."""
    doc = _load(call)[1]
    return signing_requests.shown(call, doc, _at(call, doc))


@operation("DELETE", _OWN + "/{idpCsrId}", **MANAGE)
def revoke_idp_csr(call: Call) -> None:
    """Forget a signing request and its key."""
    call.store.drop(CSRS, _load(call)[1]["id"])


@operation(
    "POST", _OWN + "/{idpCsrId}/lifecycle/publish", status=201, body="bytes", emits=("system.idp.key.create",), **MANAGE
)
def publish_idp_csr(call: Call) -> Doc:
    """Take the certificate for a request, as PEM, base64 or DER: it becomes a signing key of the provider."""
    idp, doc = _load(call)
    made = signing_requests.answered(call, doc)
    call.store.drop(CSRS, doc["id"])
    call.store.add(SIGNING, made)
    emit(call, "system.idp.key.create", [target_of(idp), idp_keys.key_target(made)])
    idp_keys.say_where(call, idp, made)
    return signing_key(made)
