"""What a custom authentication strength narrows a method to: combinationConfigurations. Source: graph-entra.md 1.16."""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.resources.authentication_strengths import (
    ADMINS,
    BELOW_CA,
    COMBINATIONS,
    CONFIGURATION,
    POLICIES,
    READERS,
    custom,
    load_strength,
)
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation

_BELOW, _POLICIES = (
    f"{BELOW_CA}/policies/{{id}}/combinationConfigurations",
    f"{POLICIES}/{{id}}/combinationConfigurations",
)
_CHANGE: dict[str, Any] = {"source": DOCUMENTED, "extra": ADMINS, "emits": ("Update authentication strength",)}
# Type of configuration to the combinations that it may narrow.
_NARROWS = {
    "fido2CombinationConfiguration": ("fido2",),
    "x509CertificateCombinationConfiguration": ("x509CertificateSingleFactor", "x509CertificateMultiFactor"),
}


def _row(call: Call, strength: Doc) -> Doc:
    found: Doc | None = call.store.get(COMBINATIONS, call.path["configurationId"].lower())
    if found is None or found["_strength"] != strength["id"]:
        raise not_found(call.path["configurationId"], what="configuration of this strength")
    return found


@operation("GET", _BELOW, source=DOCUMENTED, extra=READERS)
@operation("GET", _POLICIES, source=DOCUMENTED, extra=READERS)
def list_configurations(call: Call) -> Collection:
    """The configurations of a strength."""
    rows = call.store.find_all(COMBINATIONS, "_strength", load_strength(call)["id"])
    return queries.of_documents(
        call, rows, resource=CONFIGURATION.resource, context=CONFIGURATION.set, shape=CONFIGURATION
    )


@operation("GET", _BELOW + "/{configurationId}", source=DOCUMENTED, extra=READERS)
@operation("GET", _POLICIES + "/{configurationId}", source=DOCUMENTED, extra=READERS)
def get_configuration(call: Call) -> Entity:
    """One configuration."""
    return queries.entity(call, CONFIGURATION, _row(call, load_strength(call)))


@operation("POST", _BELOW, status=201, **_CHANGE)
@operation("POST", _POLICIES, status=201, **_CHANGE)
def create_configuration(call: Call) -> Entity:
    """Narrow a method of a custom strength: to FIDO2 models, or to certificate issuers and policies."""
    strength = custom(call)
    kind = str(call.body.get("@odata.type", "")).removeprefix("#").removeprefix("microsoft.graph.")
    if kind not in _NARROWS:
        raise invalid(
            "@odata.type", "AuthenticationCombinationConfiguration", kind, rule=f"Types: {', '.join(_NARROWS)}."
        )
    body = bodies.checked(call.body, kind)
    wanted = body.get("appliesToCombinations") or []
    if not wanted:
        raise required("appliesToCombinations", "AuthenticationCombinationConfiguration")
    strange = [item for item in wanted if item not in _NARROWS[kind] or item not in strength["allowedCombinations"]]
    if strange:
        rule = f"It narrows {', '.join(_NARROWS[kind])}, where the strength allows them."
        raise invalid("appliesToCombinations", "AuthenticationCombinationConfiguration", strange, rule=rule)
    row = {
        "@odata.type": f"#microsoft.graph.{kind}", "id": call.ids.guid("combinationConfiguration"), **body,
        "_strength": strength["id"],
    }  # fmt: skip
    call.store.add(COMBINATIONS, row)
    logged(call, "Update authentication strength", "Policy", strength)
    place = f"/policies/authenticationStrengthPolicies/{strength['id']}/combinationConfigurations/{row['id']}"
    return queries.entity(call, CONFIGURATION, row, location=place)


@operation("PATCH", _BELOW + "/{configurationId}", **_CHANGE)
@operation("PATCH", _POLICIES + "/{configurationId}", **_CHANGE)
def update_configuration(call: Call) -> Entity | None:
    """Change what a configuration admits."""
    strength = custom(call)
    row = _row(call, strength)
    kind = row["@odata.type"].removeprefix("#microsoft.graph.")
    row.update(bodies.checked(call.body, kind, shown_only=("appliesToCombinations",)))
    call.store.put(COMBINATIONS, row)
    logged(call, "Update authentication strength", "Policy", strength)
    return changed(call, queries.entity(call, CONFIGURATION, row))


@operation("DELETE", _BELOW + "/{configurationId}", **_CHANGE)
@operation("DELETE", _POLICIES + "/{configurationId}", **_CHANGE)
def delete_configuration(call: Call) -> None:
    """Take a configuration away."""
    strength = custom(call)
    call.store.drop(COMBINATIONS, _row(call, strength)["id"])
    logged(call, "Update authentication strength", "Policy", strength)
