"""Service principals at risk: /identityProtection/riskyServicePrincipals. Source: Microsoft's pages on it.

Nothing is worked out here: risk is what an administrator says of a service principal (and the world file).
"""

from typing import Any

from emulator.entra import queries
from emulator.entra.entitlements import P2, needs
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found
from emulator.entra.queries import Shape
from emulator.entra.resources import service_principals
from emulator.entra.resources.identity_protection import MOST_IDS
from emulator.entra.rows import load, logged
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.store import Column, Kind

RISKY = Kind("risky_service_principals", (Column("appId"), Column("riskLevel"), Column("riskState")))
HISTORY = Kind("risky_service_principal_history", (Column("servicePrincipalId"),))
DETECTIONS = Kind("service_principal_risk_detections", (Column("servicePrincipalId"), Column("riskLevel")))
BASE = "/v1.0/identityProtection/riskyServicePrincipals"
DETECTED = "/v1.0/identityProtection/servicePrincipalRiskDetections"
_READERS = {"roles": ("Security Reader", "Security Administrator", "Security Operator", "Global Reader"),
            "denied": "risk_denied"}  # fmt: skip
READ: dict[str, Any] = {
    "source": DOCUMENTED, "extra": _READERS,
    "scope": ("IdentityRiskyServicePrincipal.Read.All", "IdentityRiskyServicePrincipal.ReadWrite.All"),
}  # fmt: skip
WRITE: dict[str, Any] = {
    "source": DOCUMENTED, "scope": ("IdentityRiskyServicePrincipal.ReadWrite.All",),
    "extra": {"roles": ("Security Administrator", "Security Operator"), "denied": "risk_denied"},
}  # fmt: skip
SHAPE = Shape("riskyServicePrincipal", "identityProtection/riskyServicePrincipals", RISKY, most=500)
DETECTION = Shape(
    "servicePrincipalRiskDetection", "identityProtection/servicePrincipalRiskDetections", DETECTIONS, most=500
)


def _licensed(call: Call) -> None:
    needs(call, P2, "risk_unlicensed", "ID Protection for workload identities")


@operation("GET", BASE, **READ)
def list_risky(call: Call) -> Collection:
    """Those who are, or were, at risk."""
    _licensed(call)
    return queries.collection(call, SHAPE)


@operation("GET", BASE + "/{id}", **READ)
def get_risky(call: Call) -> Entity:
    """One of them."""
    _licensed(call)
    return queries.entity(call, SHAPE, load(call, RISKY, what="risky service principal"))


@operation("GET", BASE + "/{id}/history", **READ)
def list_history(call: Call) -> Collection:
    """How its risk came and went."""
    _licensed(call)
    row = load(call, RISKY, what="risky service principal")
    rows = [public(item) for item in call.store.find_all(HISTORY, "servicePrincipalId", row["id"])]
    context = f"identityProtection/riskyServicePrincipals('{row['id']}')/history"
    return queries.of_documents(call, rows, resource="riskyServicePrincipalHistoryItem", context=context)


def _act(call: Call, activity: str, level: str, state: str, detail: str) -> None:
    _licensed(call)
    ids = call.body.get("servicePrincipalIds")
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_IDS or not all(isinstance(id, str) for id in ids):
        rule = f"servicePrincipalIds is a list of 1 to {MOST_IDS} ids."
        raise invalid("servicePrincipalIds", "RiskyServicePrincipal", ids, rule=rule)
    for id in ids:
        principal = call.store.get(service_principals.SERVICE_PRINCIPALS, id.lower())
        if principal is None:
            raise not_found(id, what="service principal")
        row = _row(call, principal, level, state, detail)
        call.store.save(RISKY, row)
        call.store.add(HISTORY, {
            **row, "id": call.ids.guid("riskHistory"), "servicePrincipalId": row["id"],
            "initiatedBy": call.caller.id or None, "activity": {"riskEventTypes": [], "detail": detail},
        })  # fmt: skip
        logged(call, activity, "ServicePrincipal", principal)


def _row(call: Call, principal: Doc, level: str, state: str, detail: str) -> Doc:
    return {
        "id": principal["id"], "appId": principal["appId"], "displayName": principal["displayName"],
        "isEnabled": principal["accountEnabled"], "isProcessing": False, "riskDetail": detail,
        "riskLastUpdatedDateTime": iso(call.now), "riskLevel": level, "riskState": state,
        "servicePrincipalType": principal["servicePrincipalType"],
    }  # fmt: skip


@operation("POST", BASE + "/confirmCompromised", **WRITE, emits=("ConfirmServicePrincipalCompromised",))
def confirm_compromised(call: Call) -> None:
    """It is in other hands: its risk is high."""
    _act(call, "ConfirmServicePrincipalCompromised", "high", "confirmedCompromised",
         "adminConfirmedServicePrincipalCompromised")  # fmt: skip


@operation("POST", BASE + "/dismiss", **WRITE, emits=("DismissServicePrincipal",))
def dismiss(call: Call) -> None:
    """The risk was none."""
    _act(call, "DismissServicePrincipal", "none", "dismissed", "adminDismissedAllRiskForServicePrincipal")


@operation("GET", DETECTED, **READ)
def list_detections(call: Call) -> Collection:
    """What was seen that made them risky: nothing unless the world file says so."""
    _licensed(call)
    return queries.collection(call, DETECTION)


@operation("GET", DETECTED + "/{id}", **READ)
def get_detection(call: Call) -> Entity:
    """One detection."""
    _licensed(call)
    return queries.entity(call, DETECTION, load(call, DETECTIONS, what="risk detection"))
