"""Proving the domain that security keys are bound to. Source: okta-admin-api.md appendix A; the vendor's SDK models."""

from emulator.kernel.call import Call
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Problem
from emulator.okta import rp_id
from emulator.okta.problems import not_found
from emulator.okta.resources import authenticators


@operation(
    "POST", "/api/v1/authenticators/{authenticatorId}/methods/{webAuthnMethodType}/verify-rp-id-domain",
    source=DOCUMENTED, body="none", scope=("okta.authenticators.manage",),
    emits=("security.authenticator.lifecycle.update",),
)  # fmt: skip
def verify_rp_id_domain(call: Call) -> None:
    """Look for the domain's DNS record; without it the domain's status is ERROR, and the answer 400."""
    item, name = authenticators.load(call), call.path["webAuthnMethodType"]
    if name != rp_id.METHOD or name not in item["_methods"]:
        raise not_found(name, "AuthenticatorMethod")
    missing = rp_id.prove(call, item["_methods"][name])
    authenticators.save(call, item)
    if missing is not None:
        cause = "rpId: The domain could not be verified"
        raise Problem("E0000001", "rpId", causes=(cause,), why=missing, keep=True)
