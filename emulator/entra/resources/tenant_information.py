"""What anybody may know of a tenant: /tenantRelationships. Source: graph-entra.md 1.12.

Only this tenant is known; every other domain or id is not found, as for one that does not exist.
"""

from emulator.entra.graph import version
from emulator.entra.problems import not_found
from emulator.entra.resources import domains
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation

READ = ("CrossTenantInformation.ReadBasic.All",)
_ROOT = "/v1.0/tenantRelationships"


@operation("GET", _ROOT + "/findTenantInformationByDomainName/{domainName}", source=DOCUMENTED, scope=READ)
def by_domain(call: Call) -> Doc:
    """The tenant of a verified domain."""
    name = _value(call, "domainName")
    found = call.store.get(domains.DOMAINS, name.casefold())
    if found is None or not found["isVerified"]:
        raise not_found(name, what="verified domain")
    return _information(call)


@operation("GET", _ROOT + "/findTenantInformationByTenantId/{tenantId}", source=DOCUMENTED, scope=READ)
def by_tenant(call: Call) -> Doc:
    """The tenant of an id."""
    id = _value(call, "tenantId")
    if id.lower() != tenant(call)["id"]:
        raise not_found(id, what="tenant")
    return _information(call)


def _value(call: Call, name: str) -> str:
    given, equals, value = call.path[name].partition("=")
    return value if equals and given.lower() == name.lower() else call.path[name]


def _information(call: Call) -> Doc:
    doc = tenant(call)
    default = call.store.find(domains.DOMAINS, "isDefault", 1)
    return {
        "@odata.context": f"{call.base}/{version(call)}/$metadata#microsoft.graph.tenantInformation",
        "tenantId": doc["id"], "federationBrandName": None, "displayName": doc["displayName"],
        "defaultDomainName": default["id"] if default else domains.initial(call.store),
    }  # fmt: skip
