"""What the org has subscribed to beside single sign-on: the products that parts of the API belong to.

Source: the vendor's lists of products; error E0000015 is what an org without a feature answers. Which operations belong
to which product is inferred. World file: `subscription: {lifecycle: false, governance: false, workflows: false, threat:
false, privilegedAccess: false, realms: false, earlyAccess: false}`; what it does not name is there. A world's own
assignments and settings stay all the same. Apps tell of universal logout with `threat`, and of entitlement management
with `governance`, which groups too link to their owners with (recorded orgs whose apps know no entitlements have no
such link); users of their realm, and of the reset of factors where they
have no credential, with `realms`, which some recorded orgs of 2025 lack; authenticators of their AAGUIDs
and of how safely Okta Verify is enrolled, sign-in pages of staying signed in, and device assurance policies of whether
they tell users what is to be mended, with `earlyAccess`.
"""

from collections.abc import Mapping

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, LabError, Problem, Why

PRODUCTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "lifecycle": ("Lifecycle Management", ("connections", "features", "group_push_mappings", "access_requests")),
    "governance": ("Identity Governance", ("entitlements", "entitlement_bundles", "governance_grants", "group_owners")),
    "workflows": ("Workflows", ("workflow_connections",)),
    "threat": (
        "Identity Threat Protection",
        ("universal_logouts", "user_risk", "security_events_providers", "security_events", "ssf_streams"),
    ),
    "privilegedAccess": ("Privileged Access", ("service_accounts",)),
    "realms": ("Realms", ("realms", "realm_assignments")),
    "earlyAccess": ("Early Access", ("device_posture_checks", "authenticator_aaguids", "well_known_uris")),
}
"""Name in the world file: the product's name, and the resources whose operations come with it."""
_PRODUCT_OF = {module: name for name, (_, modules) in PRODUCTS.items() for module in modules}


def missing(spec: Doc) -> frozenset[str]:
    """The products that the org of a world file has not got. LabError for a name that is none."""
    given = spec.get("subscription") or {}
    unknown = next((name for name in given if name not in PRODUCTS), None)
    if unknown is not None or not all(isinstance(value, bool) for value in given.values()):
        raise LabError(
            f"subscription: {unknown or given} is no product with true or false.",
            hint=f"Products: {', '.join(PRODUCTS)}.",
        )
    return frozenset(name for name, held in given.items() if not held)


def lacking(call: Call) -> frozenset[str]:
    """The products that the org of a call has not got."""
    without: frozenset[str] = call.info.get("without") or frozenset()
    return without


def check(call: Call) -> None:
    """Raises E0000015 for an operation of a product that the org has not got."""
    without = lacking(call)
    if not without:
        return
    product = _PRODUCT_OF.get(call.operation.name.partition(".")[0])
    if product not in without:
        return
    title = PRODUCTS[product][0]
    compared = (Compared("subscription", f"without {product}", "the org"), Compared("product", title, "operation"))
    hint = f"Give the world's org `subscription: {{{product}: true}}`."
    raise Problem("E0000015", why=Why(f"The operation comes with {title}, which the org has not got.", compared, hint))
