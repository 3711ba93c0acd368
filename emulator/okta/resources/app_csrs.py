"""Certificate signing requests of apps: /api/v1/apps/{appId}/credentials/csrs. Source: okta-admin-api.md 5, appendix A.

The key is made with the request; publishing the certificate that a CA signed for it makes it one of the app's keys.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta import signing_requests
from emulator.okta.app_kinds import APP_KEYS
from emulator.okta.events import app_target, emit, target
from emulator.okta.problems import not_found
from emulator.okta.resources import app_keys, apps
from emulator.store import Column, Kind

CSRS = Kind("app_csrs", (Column("_appId"),), settled=True)
_AT = "/api/v1/apps/{appId}/credentials/csrs"


def _at(call: Call, doc: Doc) -> str:
    return f"{call.base}/api/v1/apps/{doc['_appId']}/credentials/csrs/{doc['id']}"


def _load(call: Call) -> tuple[Doc, Doc]:
    app = apps.load(call)
    found = call.store.get(CSRS, call.path["csrId"])
    if found is None or found["_appId"] != app["id"]:
        raise not_found(call.path["csrId"], "CertificateSigningRequest")
    return app, found


@operation("GET", _AT, source=DOCUMENTED, scope=("okta.apps.read",), bucket="apps.get")
def list_csrs(call: Call) -> list[Doc]:
    """Signing requests that wait for their certificate."""
    found = call.store.find_all(CSRS, "_appId", apps.load(call)["id"])
    return [signing_requests.render(doc, _at(call, doc)) for doc in found]


@operation(
    "POST", _AT, source=DOCUMENTED, scope=("okta.apps.manage",), bucket="apps.get", status=201, commit="manual",
    emits=("app.app_instance.csr.generate",),
)  # fmt: skip
def generate_csr(call: Call) -> Doc | Answer:
    """Make a key pair and a PKCS#10 request for `{subject, subjectAltNames {dnsNames}}`."""
    app = apps.load(call)
    doc = signing_requests.new(call, app["id"])
    with call.commit():
        call.store.add(CSRS, doc)
        emit(call, "app.app_instance.csr.generate", [app_target(app), target("CSR", doc["id"])])
    call.headers.append(("Location", _at(call, doc)))
    return signing_requests.shown(call, doc, _at(call, doc))


@operation("GET", _AT + "/{csrId}", source=DOCUMENTED, scope=("okta.apps.read",), bucket="apps.get")
def get_csr(call: Call) -> Doc | Answer:
    """One signing request."""
    doc = _load(call)[1]
    return signing_requests.shown(call, doc, _at(call, doc))


@operation(
    "DELETE", _AT + "/{csrId}", source=DOCUMENTED, scope=("okta.apps.manage",), bucket="apps.get",
    emits=("app.app_instance.csr.revoke",),
)  # fmt: skip
def revoke_csr(call: Call) -> None:
    """Forget a signing request and its key."""
    app, doc = _load(call)
    call.store.drop(CSRS, doc["id"])
    emit(call, "app.app_instance.csr.revoke", [app_target(app), target("CSR", doc["id"])])


@operation(
    "POST", _AT + "/{csrId}/lifecycle/publish", source=DOCUMENTED, scope=("okta.apps.manage",), bucket="apps.get",
    status=201, body="bytes", emits=("app.app_instance.csr.publish",),
)  # fmt: skip
def publish_csr(call: Call) -> Doc:
    """Take the certificate for a request, as PEM, base64 or DER: it becomes a key of the app."""
    app, doc = _load(call)
    made = signing_requests.answered(call, doc)
    call.store.drop(CSRS, doc["id"])
    call.store.add(APP_KEYS, made)
    emit(call, "app.app_instance.csr.publish", [app_target(app), target("CSR", doc["id"])])
    call.headers.append(("Location", f"{call.base}/api/v1/apps/{app['id']}/credentials/keys/{made['kid']}"))
    return app_keys.render(made)
