"""What directory synchronisation may do: /directory/onPremisesSynchronization. Source: Microsoft's page on it.

The switch of the whole is organization.onPremisesSyncEnabled; what is synchronised comes in through sync_channel.py.
"""

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import invalid, not_found
from emulator.entra.queries import Shape
from emulator.entra.rows import logged, merged
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.store import Kind, Store

ON_PREMISES_SYNC = Kind("on_premises_sync", settled=True)
PATH = "/v1.0/directory/onPremisesSynchronization"
ADMINS = {"roles": ("Hybrid Identity Administrator",)}
SHAPE = Shape("onPremisesDirectorySynchronization", "directory/onPremisesSynchronization", ON_PREMISES_SYNC)
_ON = ("passwordSyncEnabled", "quarantineUponProxyAddressesConflictEnabled", "quarantineUponUpnConflictEnabled",
       "softMatchOnUpnEnabled", "synchronizeUpnForManagedUsersEnabled")  # fmt: skip
_OFF_TEXT = """
    blockCloudObjectTakeoverThroughHardMatchEnabled blockSoftMatchEnabled bypassDirSyncOverridesEnabled
    cloudPasswordPolicyForPasswordSyncedUsersEnabled concurrentCredentialUpdateEnabled
    concurrentOrgIdProvisioningEnabled deviceWritebackEnabled directoryExtensionsEnabled fopeConflictResolutionEnabled
    groupWriteBackEnabled passwordWritebackEnabled unifiedGroupWritebackEnabled
    userForcePasswordChangeOnLogonEnabled userWritebackEnabled
"""


def features(store: Store) -> Doc:
    """The switches of the tenant's synchronisation."""
    found: Doc = store.all(ON_PREMISES_SYNC)[0]["features"]
    return found


def _load(call: Call) -> Doc:
    row: Doc = call.store.all(ON_PREMISES_SYNC)[0]
    if call.path["id"].lower() != row["id"]:
        raise not_found(call.path["id"], what="on-premises synchronisation")
    return dict(row)


@operation("GET", PATH, source=DOCUMENTED)
def list_synchronizations(call: Call) -> Collection:
    """The one configuration of the tenant."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/{id}", source=DOCUMENTED)
def get_synchronization(call: Call) -> Entity:
    """The configuration, by the tenant's id."""
    return queries.entity(call, SHAPE, _load(call))


@operation("PATCH", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Set directory feature on tenant",))
def update_synchronization(call: Call) -> Entity | None:
    """Switch features of synchronisation, or change what guards against mass deletion."""
    row = _load(call)
    body = bodies.checked(call.body, SHAPE.resource)
    if "features" in body and body["features"] is None:
        raise invalid("features", "OnPremisesDirectorySynchronization", None, rule="features is an object.")
    new = merged(row, body)
    guard = (new.get("configuration") or {}).get("accidentalDeletionPrevention") or {}
    most = 100 if guard.get("synchronizationPreventionType") == "enabledForPercentage" else 2**31 - 1
    if not 0 <= (guard.get("alertThreshold") or 0) <= most:
        raise invalid(
            "alertThreshold", "OnPremisesDirectorySynchronization", guard["alertThreshold"], rule=f"0 to {most}."
        )
    call.store.put(ON_PREMISES_SYNC, new)
    logged(call, "Set directory feature on tenant", "Other", {**new, "displayName": tenant(call)["displayName"]}, row)
    return changed(call, queries.entity(call, SHAPE, new))


def seed(seeding: Seeding) -> None:
    """Every tenant has one; `on_premises_sync: {features: {name: bool}}` changes Microsoft's defaults."""
    row = {
        "id": seeding.spec["tenant"]["id"],
        "configuration": {"accidentalDeletionPrevention": {
            "synchronizationPreventionType": "enabledForCount", "alertThreshold": 500}},
        "features": {**dict.fromkeys(_OFF_TEXT.split(), False), **dict.fromkeys(_ON, True)},
    }  # fmt: skip
    seeding.store.add(ON_PREMISES_SYNC, merged(row, seeding.spec.get("on_premises_sync", {})))
