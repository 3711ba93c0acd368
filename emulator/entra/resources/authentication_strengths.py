"""Authentication strengths: /policies/authenticationStrengthPolicies. Source: graph-entra.md 1.16.

The same resources stand below /identity/conditionalAccess/authenticationStrength/policies.
"""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.entitlements import P1, needs
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.odata.schema import enum_values
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.rows import load, logged
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind, Store

STRENGTHS = Kind("authentication_strengths", (Column("displayName", fold=True), Column("policyType")), settled=True)
COMBINATIONS = Kind("authentication_combinations", (Column("_strength"),), settled=True)
POLICIES = "/v1.0/policies/authenticationStrengthPolicies"
BELOW_CA = "/v1.0/identity/conditionalAccess/authenticationStrength"
MOST = 15
READERS = {"denied": "scopes_missing"}
ADMINS = {"roles": ("Conditional Access Administrator", "Security Administrator"), "denied": "scopes_missing"}
_AT = "2021-12-01T00:00:00Z"
_PASSWORDLESS = ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush"]
_MFA = [
    "windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush", "temporaryAccessPassOneTime",
    "temporaryAccessPassMultiUse", "password,microsoftAuthenticatorPush", "password,softwareOath",
    "password,hardwareOath", "password,sms", "password,voice", "federatedMultiFactor",
    "microsoftAuthenticatorPush,federatedSingleFactor", "softwareOath,federatedSingleFactor",
    "hardwareOath,federatedSingleFactor", "sms,federatedSingleFactor", "voice,federatedSingleFactor",
]  # fmt: skip
BUILT_IN = {
    "00000000-0000-0000-0000-000000000002": ("Multifactor authentication", _MFA),
    "00000000-0000-0000-0000-000000000003": ("Passwordless MFA", _PASSWORDLESS),
    "00000000-0000-0000-0000-000000000004": ("Phishing resistant MFA", _PASSWORDLESS[:3]),
}
_SINGLE = ("password", "federatedSingleFactor", "x509CertificateSingleFactor", "sms")
_READ_ONLY = ("policyType", "requirementsSatisfied", "createdDateTime", "modifiedDateTime")


def find(store: Store, id: str) -> Doc | None:
    """A strength by its id, with its combination configurations, as Graph shows it."""
    found = store.get(STRENGTHS, id.lower())
    return None if found is None else shown(store, found)


def shown(store: Store, strength: Doc) -> Doc:
    rows = store.find_all(COMBINATIONS, "_strength", strength["id"])
    plain = [{name: row[name] for name in row if not name.startswith("_")} for row in rows]
    return {**strength, "combinationConfigurations": plain}


SHAPE = Shape(
    "authenticationStrengthPolicy", "policies/authenticationStrengthPolicies", STRENGTHS,
    full=lambda call, doc: shown(call.store, doc),
    relations={"combinationConfigurations": lambda call, doc: shown(call.store, doc)["combinationConfigurations"]},
)  # fmt: skip
CONFIGURATION = Shape(
    "authenticationCombinationConfiguration", "policies/authenticationStrengthPolicies/combinationConfigurations",
    COMBINATIONS,
)  # fmt: skip


def load_strength(call: Call) -> Doc:
    return load(call, STRENGTHS, what="authentication strength")


def custom(call: Call) -> Doc:
    """The strength of the path, unless it is one of Microsoft's."""
    row = load_strength(call)
    if row["policyType"] == "builtIn":
        why = Why(
            "Built-in authentication strengths are read-only.", (Compared("policyType", "builtIn", row["displayName"]),)
        )
        raise Problem("bad_request", "Built-in authentication strength policies cannot be modified.", why=why)
    return row


@operation("GET", BELOW_CA + "/policies", source=DOCUMENTED, extra=READERS)
@operation("GET", POLICIES, source=DOCUMENTED, extra=READERS)
def list_strengths(call: Call) -> Collection:
    """The built-in strengths and the tenant's own."""
    return queries.collection(call, SHAPE)


@operation("GET", BELOW_CA + "/policies/{id}", source=DOCUMENTED, extra=READERS)
@operation("GET", POLICIES + "/{id}", source=DOCUMENTED, extra=READERS)
def get_strength(call: Call) -> Entity:
    """One strength."""
    return queries.entity(call, SHAPE, load_strength(call))


@operation("GET", BELOW_CA, source=DOCUMENTED, extra=READERS)
def get_root(call: Call) -> Doc:
    """Every combination of methods that a strength can allow."""
    context = f"{call.base}/v1.0/$metadata#identity/conditionalAccess/authenticationStrength/$entity"
    return {"@odata.context": context, "combinations": combinations()}


def combinations() -> list[str]:
    """What `allowedCombinations` may hold: those of the strengths, and single factors."""
    return [*_MFA, "qrCodePin", *_SINGLE]


@operation("GET", BELOW_CA + "/authenticationMethodModes", source=DOCUMENTED, extra=READERS)
def list_modes(call: Call) -> Collection:
    """The methods and modes that strengths are made of."""
    return queries.of_documents(
        call, [_mode(name) for name in _modes()], resource="authenticationMethodModeDetail",
        context="identity/conditionalAccess/authenticationStrength/authenticationMethodModes",
    )  # fmt: skip


@operation("GET", BELOW_CA + "/authenticationMethodModes/{id}", source=DOCUMENTED, extra=READERS)
def get_mode(call: Call) -> Entity:
    """One method and mode."""
    if call.path["id"] not in _modes():
        raise not_found(call.path["id"], what="authentication method mode")
    context = "identity/conditionalAccess/authenticationStrength/authenticationMethodModes/$entity"
    return Entity(context, _mode(call.path["id"]))


def _modes() -> list[str]:
    return [name for name in enum_values("authenticationMethodModes") if name != "unknownFutureValue"]


_METHODS = {
    "deviceBasedPush": "microsoftAuthenticator", "microsoftAuthenticatorPush": "microsoftAuthenticator",
    "temporaryAccessPassOneTime": "temporaryAccessPass", "temporaryAccessPassMultiUse": "temporaryAccessPass",
    "x509CertificateSingleFactor": "x509Certificate", "x509CertificateMultiFactor": "x509Certificate",
    "federatedSingleFactor": "federation", "federatedMultiFactor": "federation",
}  # fmt: skip


def _mode(name: str) -> Doc:
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in name)
    return {"id": name, "authenticationMethod": _METHODS.get(name, name), "displayName": words.strip().capitalize()}


@operation(
    "POST",
    BELOW_CA + "/policies",
    source=DOCUMENTED,
    status=201,
    extra=ADMINS,
    emits=("Create authentication strength",),
)
@operation("POST", POLICIES, source=DOCUMENTED, status=201, extra=ADMINS, emits=("Create authentication strength",))
def create_strength(call: Call) -> Entity:
    """Add a custom strength."""
    needs(call, P1, "ca_unlicensed", "Authentication strengths")
    # What follows from the combinations may be sent along, as Microsoft's own page does.
    given = {name: value for name, value in call.body.items() if name not in ("requirementsSatisfied", "policyType")}
    body = bodies.checked(given, SHAPE.resource, shown_only=_READ_ONLY, limits={"displayName": 30, "description": 100})
    for name in ("displayName", "allowedCombinations"):
        if not body.get(name):
            raise required(name, "AuthenticationStrengthPolicy")
    _check_combinations(body["allowedCombinations"])
    if len(call.store.find_all(STRENGTHS, "policyType", "custom")) >= MOST:
        compared = (Compared("custom strengths", MOST, "tenant"),)
        raise Problem(
            "ca_limit",
            "authentication strengths",
            str(MOST),
            why=Why("A tenant has a limited number of them.", compared),
        )
    row = {**_row(call.ids.guid("authenticationStrength"), "custom", iso(call.now)), **body}
    row["requirementsSatisfied"] = _satisfied(row["allowedCombinations"])
    call.store.add(STRENGTHS, row)
    logged(call, "Create authentication strength", "Policy", row)
    return queries.entity(call, SHAPE, row, location=f"/policies/authenticationStrengthPolicies/{row['id']}")


@operation(
    "PATCH", BELOW_CA + "/policies/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update authentication strength",)
)
@operation("PATCH", POLICIES + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update authentication strength",))
def update_strength(call: Call) -> Entity | None:
    """Rename a custom strength; its combinations change through updateAllowedCombinations."""
    row = custom(call)
    fixed = (*_READ_ONLY, "allowedCombinations")
    body = bodies.checked(call.body, SHAPE.resource, shown_only=fixed, limits={"displayName": 30, "description": 100})
    if "displayName" in body and not body["displayName"]:
        raise required("displayName", "AuthenticationStrengthPolicy")
    old = dict(row)
    row.update(body, modifiedDateTime=iso(call.now))
    call.store.put(STRENGTHS, row)
    logged(call, "Update authentication strength", "Policy", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


@operation(
    "DELETE", BELOW_CA + "/policies/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete authentication strength",)
)
@operation("DELETE", POLICIES + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete authentication strength",))
def delete_strength(call: Call) -> None:
    """Remove a custom strength that no policy asks for."""
    from emulator.entra.resources.conditional_access import policies_with_strength

    row = custom(call)
    users = [policy["displayName"] for policy in policies_with_strength(call.store, row["id"])]
    if users:
        why = Why("Conditional Access policies ask for it.", (Compared("used by", users, "policies"),))
        raise Problem("bad_request", "The authentication strength policy is in use and cannot be deleted.", why=why)
    call.store.drop(STRENGTHS, row["id"])
    call.store.drop_where(COMBINATIONS, "_strength", row["id"])
    logged(call, "Delete authentication strength", "Policy", row)


@operation("GET", BELOW_CA + "/policies/{id}/usage", source=DOCUMENTED, extra=READERS)
@operation("GET", POLICIES + "/{id}/usage", source=DOCUMENTED, extra=READERS)
def usage(call: Call) -> Doc:
    """The policies that ask for a strength: for MFA, and for nothing of the kind."""
    from emulator.entra.resources import conditional_access

    row = load_strength(call)
    found = [
        conditional_access.render(call, item)
        for item in conditional_access.policies_with_strength(call.store, row["id"])
    ]
    context = f"{call.base}/v1.0/$metadata#microsoft.graph.authenticationStrengthUsage"
    mfa = row["requirementsSatisfied"] == "mfa"
    return {"@odata.context": context, "mfa": found if mfa else [], "none": [] if mfa else found}


@operation(
    "POST",
    BELOW_CA + "/policies/{id}/updateAllowedCombinations",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Update authentication strength",),
)
@operation(
    "POST",
    POLICIES + "/{id}/updateAllowedCombinations",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Update authentication strength",),
)
def update_combinations(call: Call) -> Doc:
    """Replace the combinations of a custom strength."""
    row = custom(call)
    wanted = call.body.get("allowedCombinations")
    if not isinstance(wanted, list) or not wanted:
        raise invalid(
            "allowedCombinations", "AuthenticationStrengthPolicy", wanted, rule="It is a list of combinations."
        )
    _check_combinations(wanted)
    old = dict(row)
    row.update(allowedCombinations=wanted, modifiedDateTime=iso(call.now))
    row["requirementsSatisfied"] = _satisfied(wanted)
    call.store.put(STRENGTHS, row)
    logged(call, "Update authentication strength", "Policy", row, old)
    return {
        "@odata.context": f"{call.base}/v1.0/$metadata#microsoft.graph.updateAllowedCombinationsResult",
        "previousCombinations": old["allowedCombinations"], "currentCombinations": wanted,
        "conditionalAccessReferences": [], "additionalInformation": "",
    }  # fmt: skip


def _check_combinations(wanted: list[Any]) -> None:
    known = set(combinations())
    strange = [item for item in wanted if item not in known]
    if strange:
        rule = f"Combinations: {', '.join(combinations())}."
        raise invalid("allowedCombinations", "AuthenticationStrengthPolicy", strange, rule=rule)


def _satisfied(wanted: list[str]) -> str:
    return "none" if any(item in _SINGLE for item in wanted) else "mfa"


def _row(id: str, kind: str, at: str) -> Doc:
    return {
        "id": id, "createdDateTime": at, "modifiedDateTime": at, "displayName": None, "description": "",
        "policyType": kind, "requirementsSatisfied": "mfa", "allowedCombinations": [],
    }  # fmt: skip


def seed(seeding: Seeding) -> None:
    """Every tenant has Microsoft's three; `authentication_strengths: [{displayName, allowedCombinations}]` adds own."""
    for id, (name, allowed) in BUILT_IN.items():
        row = {**_row(id, "builtIn", _AT), "displayName": name, "allowedCombinations": list(allowed)}
        seeding.store.add(STRENGTHS, row)
    for given in seeding.spec.get("authentication_strengths", ()):
        row = {**_row(seeding.ids.guid("authenticationStrength"), "custom", iso(seeding.now)), **given}
        row["requirementsSatisfied"] = _satisfied(row["allowedCombinations"])
        seeding.store.add(STRENGTHS, row)
