"""Users at risk and why: /identityProtection. Source: Microsoft's pages on riskyUser and riskDetection.

Nothing is worked out here: risk is what the world file, an administrator or the sign-in service (`detect`) says.
"""

from typing import Any

from emulator.entra import queries
from emulator.entra.entitlements import P1, P2, needs
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found
from emulator.entra.queries import Shape
from emulator.entra.resources import users
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.store import Column, Kind, Store

SEED_RANK = 80
RISKY_USERS = Kind(
    "risky_users",
    (
        Column("userPrincipalName", fold=True), Column("userDisplayName", fold=True), Column("riskLevel"),
        Column("riskState"), Column("riskDetail"), Column("riskLastUpdatedDateTime"), Column("isDeleted", kind="bool"),
    ),
)  # fmt: skip
RISK_DETECTIONS = Kind(
    "risk_detections",
    (
        Column("userId"), Column("userPrincipalName", fold=True), Column("riskLevel"), Column("riskState"),
        Column("riskEventType"), Column("riskDetail"), Column("detectedDateTime"), Column("activityDateTime"),
        Column("ipAddress"), Column("requestId"), Column("correlationId"),
    ),
)  # fmt: skip
RISK_HISTORY = Kind("risk_history", (Column("userId"),))
BASE = "/v1.0/identityProtection"
READERS = {
    "roles": ("Security Reader", "Security Administrator", "Security Operator", "Global Reader"),
    "denied": "risk_denied",
}
ADMINS = {"roles": ("Security Administrator", "Security Operator"), "denied": "risk_denied"}
LEVELS = ("none", "low", "medium", "high")
MOST_IDS = 60
USERS = Shape("riskyUser", "identityProtection/riskyUsers", RISKY_USERS, most=500)
DETECTIONS = Shape("riskDetection", "identityProtection/riskDetections", RISK_DETECTIONS, most=500)


# -- what others ask ----------------------------------------------------------------------------------------------


def level_of(store: Store, user_id: str) -> str:
    """The risk of a user: none, low, medium, high; what was dismissed or remediated counts no more."""
    found = store.get(RISKY_USERS, user_id)
    at_risk = found is not None and found["riskState"] in ("atRisk", "confirmedCompromised")
    return str(found["riskLevel"]) if found is not None and at_risk else "none"


def set_risk(call: Call, user: Doc, level: str, state: str, detail: str) -> Doc:
    """Write a user's risk, and a line of its history."""
    row = {
        "id": user["id"], "isDeleted": False, "isProcessing": False, "riskLevel": level, "riskState": state,
        "riskDetail": detail, "riskLastUpdatedDateTime": iso(call.now), "userDisplayName": user["displayName"],
        "userPrincipalName": user["userPrincipalName"],
    }  # fmt: skip
    call.store.save(RISKY_USERS, row)
    by = call.caller.id or None
    call.store.add(RISK_HISTORY, {
        **row, "id": call.ids.guid("riskHistory"), "userId": user["id"], "initiatedBy": by,
        "activity": {"eventTypes": [], "riskEventTypes": [], "detail": detail},
    })  # fmt: skip
    return row


def detect(call: Call, user: Doc, event: str, level: str, **more: Any) -> Doc:
    """Record that something risky was seen; the user is at risk from now on."""
    row = {**_detection(call.ids.guid("riskDetection"), user, event, level, iso(call.now)), **more}
    call.store.add(RISK_DETECTIONS, row)
    set_risk(call, user, level, "atRisk", "none")
    return row


def _detection(id: str, user: Doc, event: str, level: str, at: str) -> Doc:
    return {
        "id": id, "requestId": None, "correlationId": None, "riskEventType": event, "riskState": "atRisk",
        "riskLevel": level, "riskDetail": "none", "source": "IdentityProtection", "detectionTimingType": "realtime",
        "activity": "signin", "tokenIssuerType": "AzureAD", "ipAddress": None, "activityDateTime": at,
        "detectedDateTime": at, "lastUpdatedDateTime": at, "userId": user["id"],
        "userDisplayName": user["displayName"], "userPrincipalName": user["userPrincipalName"], "additionalInfo": "[]",
        "location": {"city": None, "state": None, "countryOrRegion": None,
                     "geoCoordinates": {"latitude": None, "longitude": None, "altitude": None}},
    }  # fmt: skip


# -- users at risk ------------------------------------------------------------------------------------------------


@operation("GET", BASE + "/riskyUsers", source=DOCUMENTED, extra=READERS, paging=Paging(100, 500, "$top"))
def list_users(call: Call) -> Collection:
    """Users who are, or were, at risk."""
    needs(call, P1, "risk_unlicensed", "ID Protection")
    return queries.collection(call, USERS)


def _user(call: Call) -> Doc:
    found = call.store.get(RISKY_USERS, call.path["id"].lower())
    if found is None:
        raise not_found(call.path["id"], what="risky user")
    return dict(found)


@operation("GET", BASE + "/riskyUsers/{id}", source=DOCUMENTED, extra=READERS)
def get_user(call: Call) -> Entity:
    """One user's risk."""
    needs(call, P1, "risk_unlicensed", "ID Protection")
    return queries.entity(call, USERS, _user(call))


@operation("GET", BASE + "/riskyUsers/{id}/history", source=DOCUMENTED, extra=READERS)
def list_history(call: Call) -> Collection:
    """How a user's risk came and went."""
    needs(call, P2, "risk_unlicensed", "The history of risky users")
    user = _user(call)
    rows = [public(row) for row in call.store.find_all(RISK_HISTORY, "userId", user["id"])]
    context = f"identityProtection/riskyUsers('{user['id']}')/history"
    return queries.of_documents(call, rows, resource="riskyUserHistoryItem", context=context)


def _act(call: Call, activity: str, level: str, state: str, detail: str) -> None:
    """Do the same to each user of `userIds`."""
    needs(call, P2, "risk_unlicensed", "Acting on risky users")
    ids = call.body.get("userIds")
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_IDS or not all(isinstance(id, str) for id in ids):
        raise invalid("userIds", "RiskyUser", ids, rule=f"userIds is a list of 1 to {MOST_IDS} ids.")
    for id in ids:
        user = call.store.get(users.USERS, id.lower())
        if user is None:
            raise not_found(id, what="user")
        set_risk(call, user, level, state, detail)
        for row in call.store.find_all(RISK_DETECTIONS, "userId", user["id"]):
            call.store.put(RISK_DETECTIONS, {**row, "riskState": state, "riskDetail": detail})
        logged(call, activity, "User", user)


@operation("POST", BASE + "/riskyUsers/dismiss", source=DOCUMENTED, extra=ADMINS, emits=("DismissUser",))
def dismiss(call: Call) -> None:
    """The risk was none."""
    _act(call, "DismissUser", "none", "dismissed", "adminDismissedAllRiskForUser")


@operation(
    "POST",
    BASE + "/riskyUsers/confirmCompromised",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("ConfirmAccountCompromised",),
)
def confirm_compromised(call: Call) -> None:
    """The account is in other hands: its risk is high."""
    _act(call, "ConfirmAccountCompromised", "high", "confirmedCompromised", "adminConfirmedUserCompromised")


@operation("POST", BASE + "/riskyUsers/confirmSafe", source=DOCUMENTED, extra=ADMINS, emits=("ConfirmAccountSafe",))
def confirm_safe(call: Call) -> None:
    """The account is its owner's."""
    _act(call, "ConfirmAccountSafe", "none", "confirmedSafe", "adminConfirmedUserSafe")


# -- what was seen ------------------------------------------------------------------------------------------------


@operation("GET", BASE + "/riskDetections", source=DOCUMENTED, extra=READERS, paging=Paging(100, 500, "$top"))
def list_detections(call: Call) -> Collection:
    """What was seen that made users risky."""
    needs(call, P1, "risk_unlicensed", "ID Protection")
    return queries.collection(call, DETECTIONS)


@operation("GET", BASE + "/riskDetections/{id}", source=DOCUMENTED, extra=READERS)
def get_detection(call: Call) -> Entity:
    """One detection."""
    needs(call, P1, "risk_unlicensed", "ID Protection")
    found = call.store.get(RISK_DETECTIONS, call.path["id"].lower())
    if found is None:
        raise not_found(call.path["id"], what="risk detection")
    return queries.entity(call, DETECTIONS, found)


def seed(seeding: Seeding) -> None:
    """`risky_users: [{user: user name, level?, state?, events?: [riskEventType]}]`."""
    for given in seeding.spec.get("risky_users", ()):
        user = users.by_upn(seeding.store, given["user"])
        if user is None:
            continue
        level, at = given.get("level", "high"), iso(seeding.now)
        seeding.store.add(RISKY_USERS, {
            "id": user["id"], "isDeleted": False, "isProcessing": False, "riskLevel": level,
            "riskState": given.get("state", "atRisk"), "riskDetail": "none", "riskLastUpdatedDateTime": at,
            "userDisplayName": user["displayName"], "userPrincipalName": user["userPrincipalName"],
        })  # fmt: skip
        for event in given.get("events", ()):
            row = _detection(seeding.ids.guid("riskDetection"), user, event, level, at)
            seeding.store.add(RISK_DETECTIONS, row)
