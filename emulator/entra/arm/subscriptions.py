"""Tenants and subscriptions: what a command line asks for when somebody signs in. The lab has no subscriptions.

Source: the public REST reference (Subscriptions - List, Tenants - List), api-version 2022-12-01.
"""

from emulator.entra.login.dialect import is_guid
from emulator.entra.resources import domains
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why


@operation("GET", "/tenants", source=DOCUMENTED)
def list_tenants(call: Call) -> Doc:
    """The tenants of whoever calls: this one."""
    found = tenant(call)
    names = domains.verified(call.store)
    default = next((domain["name"] for domain in names if domain["isDefault"]), "")
    shown = {
        "id": f"/tenants/{found['id']}", "tenantId": found["id"], "tenantCategory": "Home",
        "countryCode": found.get("countryLetterCode"), "displayName": found["displayName"],
        "domains": [domain["name"] for domain in names], "defaultDomain": default, "tenantType": "AAD",
    }  # fmt: skip
    return {"value": [shown]}


# Differs: there are no Azure subscriptions, and no Azure resource of any kind.
@operation("GET", "/subscriptions", source=DOCUMENTED)
def list_subscriptions(call: Call) -> Doc:
    """The subscriptions that the caller may see: none, as for somebody without a role on any."""
    return {"value": [], "count": {"type": "Total", "value": 0}}


@operation("GET", "/subscriptions/{subscriptionId}", source=DOCUMENTED)
def get_subscription(call: Call) -> Doc:
    """A subscription: there is none, so whoever asks is told so."""
    asked = call.path["subscriptionId"]
    why = Why("The lab's tenant has no Azure subscriptions.", (Compared("subscriptionId", asked, "path"),))
    raise Problem("subscription" if is_guid(asked) else "bad_subscription", asked, why=why)
