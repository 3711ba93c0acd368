"""Certificates with which an application's SAML tokens are signed.

Source: Microsoft's page on addTokenSigningCertificate.
"""

import base64
from typing import Any

from emulator.entra import bodies
from emulator.entra.audit import audit, target
from emulator.entra.graph import Entity
from emulator.entra.problems import invalid, required
from emulator.entra.resources import service_principals
from emulator.entra.resources.service_principals import ADMINS, SERVICE_PRINCIPALS
from emulator.entra.tokens import SIGNING_KEYS
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso_seconds, parse_iso
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.protocols.keys import make_signing_key
from emulator.protocols.x509 import Certificate, parse_certificate

YEARS = 3
WRITE = ("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.ReadWrite.All",
         "Directory.AccessAsUser.All")  # fmt: skip


@operation(
    "POST", "/v1.0/servicePrincipals/{id}/addTokenSigningCertificate", source=DOCUMENTED, scope=WRITE, extra=ADMINS,
    emits=("Add service principal credentials",),
)  # fmt: skip
def add_certificate(call: Call) -> Entity:
    """A new self-signed certificate: a private part that signs, a public part that is shown, and its password."""
    principal = service_principals.load(call)
    body = bodies.checked(call.body, "selfSignedCertificate")
    name = body.get("displayName")
    if not name:
        raise required("displayName", "SelfSignedCertificate")
    if not name.startswith("CN=") or len(name) > 90:
        raise invalid("displayName", "SelfSignedCertificate", name, rule="It begins with CN= and is short.")
    ends = parse_iso(body["endDateTime"]) if body.get("endDateTime") else call.now + YEARS * 365 * DAY
    if not call.now < ends <= call.now + (YEARS * 365 + 1) * DAY:
        rule = f"A certificate ends within {YEARS} years."
        raise invalid("endDateTime", "SelfSignedCertificate", body.get("endDateTime"), rule=rule)
    made = _certificate(call, name.removeprefix("CN="), max(1, (ends - call.now) // DAY))
    mark = base64.b64encode(bytes.fromhex(made.thumbprint_sha1)).decode()
    common = {
        "customKeyIdentifier": mark, "displayName": name, "endDateTime": iso_seconds(ends),
        "startDateTime": iso_seconds(call.now),
    }  # fmt: skip
    private, public = call.ids.guid("keyCredential"), call.ids.guid("keyCredential")
    key = {"type": "AsymmetricX509Cert", **common}
    principal["keyCredentials"] = [
        *principal["keyCredentials"],
        {**key, "keyId": private, "usage": "Sign", "key": None},
        {**key, "keyId": public, "usage": "Verify", "key": made.b64},
    ]
    principal["passwordCredentials"] = [
        *principal["passwordCredentials"], {**common, "keyId": private, "hint": None, "secretText": None}
    ]  # fmt: skip
    call.store.put(SERVICE_PRINCIPALS, principal)
    audit(call, "Add service principal credentials", [target("ServicePrincipal", principal)])
    shown = {**key, "key": made.b64, "keyId": public, "thumbprint": made.thumbprint_sha1, "usage": "Verify"}
    return Entity("microsoft.graph.selfSignedCertificate", shown)


def _certificate(call: Call, name: str, days: int) -> Certificate:
    """A certificate for the tenant's own signing key. Differs: Microsoft makes a key for each application."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    row = next(row for row in call.store.all(SIGNING_KEYS) if row["use"] == "active")
    private: Any = load_pem_private_key(row["_key"].encode(), None)
    _, pem = make_signing_key(name, not_before_ms=call.now // 1000 * 1000, days=days, private=private)
    return parse_certificate(pem.decode())
