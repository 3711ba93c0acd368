"""Whose certificates people may sign in with: /organization/{id}/certificateBasedAuthConfiguration.

Source: Microsoft's pages on certificateBasedAuthConfiguration and certificateAuthority: one per tenant, made and
deleted as a whole. The audit log has it as a change of the company's TrustedCAsForPasswordlessAuth.
"""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.protocols.client_certificates import holder
from emulator.protocols.x509 import Certificate, parse_certificate
from emulator.store import Kind, Store

CONFIGURATION = Kind("certificate_authorities", settled=True)
ID = "29728ade-6ae4-4ee9-9103-412912537da5"
"""Every tenant's is called so (documented example)."""
_AT = "/v1.0/organization/{id}/certificateBasedAuthConfiguration"
_SHAPE = Shape(
    "certificateBasedAuthConfiguration", "certificateBasedAuthConfiguration", CONFIGURATION,
)  # fmt: skip
_READERS = ("Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
_READ: Any = {"source": DOCUMENTED, "scope": _READERS}
_ACTIVITY = "Set company information"
_CHANGE: Any = {"source": DOCUMENTED, "scope": ("Organization.ReadWrite.All",), "emits": (_ACTIVITY,),
                "extra": {"roles": ("Global Administrator", "Privileged Authentication Administrator")}}  # fmt: skip
_MOST = 100


def _here(call: Call) -> None:
    if call.path["id"].lower() != tenant(call)["id"]:
        raise not_found(call.path["id"], what="organization")


def _load(call: Call) -> Doc:
    _here(call)
    found = call.store.get(CONFIGURATION, call.path["configurationId"].lower())
    if found is None:
        raise not_found(call.path["configurationId"], what="certificate based auth configuration")
    return dict(found)


@operation("GET", _AT, **_READ)
def list_configurations(call: Call) -> Collection:
    """The tenant's configuration, if it has one."""
    _here(call)
    return queries.collection(call, _SHAPE)


@operation("GET", _AT + "/{configurationId}", **_READ)
def get_configuration(call: Call) -> Entity:
    """The configuration."""
    return queries.entity(call, _SHAPE, _load(call))


@operation("POST", _AT, status=201, **_CHANGE)
def create_configuration(call: Call) -> Entity:
    """Trust authorities: `certificateAuthorities: [{isRootAuthority, certificate, certificateRevocationListUrl?}]`."""
    _here(call)
    body = bodies.checked(call.body, _SHAPE.resource)
    given = body.get("certificateAuthorities")
    if not given:
        raise required("certificateAuthorities", "CertificateBasedAuthConfiguration")
    if len(given) > _MOST or call.store.all(CONFIGURATION):
        rule = "A tenant has one configuration; delete it first." if len(given) <= _MOST else f"At most {_MOST}."
        raise invalid("certificateAuthorities", "CertificateBasedAuthConfiguration", f"{len(given)} items", rule=rule)
    row: Doc = {"id": ID, "certificateAuthorities": [_authority(item) for item in given]}
    call.store.add(CONFIGURATION, row)
    _logged(call, [], row["certificateAuthorities"])
    return queries.entity(call, _SHAPE, row, location=f"/organization/{call.path['id']}/{_SHAPE.set}/{ID}")


@operation("DELETE", _AT + "/{configurationId}", **_CHANGE)
def delete_configuration(call: Call) -> None:
    """Trust nobody any more."""
    row = _load(call)
    call.store.drop(CONFIGURATION, row["id"])
    _logged(call, row["certificateAuthorities"], [])


def _authority(item: Doc) -> Doc:
    for name in ("isRootAuthority", "certificate"):
        if item.get(name) is None:
            raise required(name, "CertificateAuthority")
    for name in ("certificateRevocationListUrl", "deltaCertificateRevocationListUrl"):
        address = item.get(name)
        if address and not address.lower().startswith("http://"):
            raise invalid(name, "CertificateAuthority", address[:200], rule="Lists are published over http.")
    try:
        certificate = parse_certificate(item["certificate"])
        key_id = holder(certificate).key_id
    except ValueError as error:
        raise invalid(
            "certificate", "CertificateAuthority", str(error)[:200], rule="It is an X.509 certificate."
        ) from error
    return {
        "isRootAuthority": item["isRootAuthority"], "certificate": certificate.b64,
        "certificateRevocationListUrl": item.get("certificateRevocationListUrl"),
        "deltaCertificateRevocationListUrl": item.get("deltaCertificateRevocationListUrl"),
        "issuer": certificate.issuer, "issuerSki": key_id,
    }  # fmt: skip


def _logged(call: Call, old: list[Doc], new: list[Doc]) -> None:
    def named(rows: list[Doc]) -> Doc:
        return {"TrustedCAsForPasswordlessAuth": [row["issuerSki"] for row in rows]}

    audit(call, _ACTIVITY, [target("Other", tenant(call), changed=changes(named(old), named(new)))])


def trusted(store: Store) -> list[tuple[Doc, Certificate]]:
    """The authorities that the tenant trusts."""
    return [
        (row, parse_certificate(row["certificate"]))
        for configuration in store.all(CONFIGURATION) for row in configuration["certificateAuthorities"]
    ]  # fmt: skip
