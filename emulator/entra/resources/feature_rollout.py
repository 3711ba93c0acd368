"""Staged rollout: /policies/featureRolloutPolicies, for groups of federated users. Source: graph-entra.md 1.15.

Reached with delegated permissions only. Which users it makes managed is the sign-in service's to ask (`applies`).
"""

from emulator.entra import bodies, queries, relations
from emulator.entra.audit import audit, target
from emulator.entra.entitlements import P1, needs
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.links import add_reference, forget, link, link_kind, member_ids, remove_reference
from emulator.entra.problems import invalid, required
from emulator.entra.queries import Shape
from emulator.entra.relations import related
from emulator.entra.resources import groups, memberships
from emulator.entra.resources.references import objects, rendered
from emulator.entra.rows import load as load_row
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Duplicate, Kind, Store

SEED_RANK = 60
ROLLOUTS = Kind("feature_rollouts", (Column("feature", unique=True), Column("displayName", fold=True)), settled=True)
ROLLOUT_GROUPS = link_kind("feature_rollout_groups", "policy")
PATH = "/v1.0/policies/featureRolloutPolicies"
ADMINS = {"roles": ("Hybrid Identity Administrator",)}
MOST_GROUPS = 10
FOR_ALL = ("emailAsAlternateId",)
EXCLUSIVE = ("passthroughAuthentication", "passwordHashSync")


def _groups(call: Call, row: Doc) -> list[Doc]:
    return list(objects(call, member_ids(call.store, ROLLOUT_GROUPS, row["id"])).values())


SHAPE = Shape(
    "featureRolloutPolicy", "policies/featureRolloutPolicies", ROLLOUTS,
    relations={"appliesTo": _groups},
)  # fmt: skip


def applies(store: Store, feature: str, user_id: str) -> bool:
    """Whether a feature is rolled out to a user: a direct member of a group of its enabled policy."""
    row = store.find(ROLLOUTS, "feature", feature)
    if row is None or not row["isEnabled"]:
        return False
    chosen = set(member_ids(store, ROLLOUT_GROUPS, row["id"]))
    return row["isAppliedToOrganization"] or not chosen.isdisjoint(memberships.group_ids(store, user_id))


def load(call: Call) -> Doc:
    return load_row(call, ROLLOUTS, what="feature rollout policy")


@operation("GET", PATH, source=DOCUMENTED)
def list_rollouts(call: Call) -> Collection:
    """Every rollout."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/{id}", source=DOCUMENTED)
def get_rollout(call: Call) -> Entity:
    """One rollout; `$expand=appliesTo` shows its groups."""
    return queries.entity(call, SHAPE, load(call))


@operation("POST", PATH, source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add feature rollout policy",))
def create_rollout(call: Call) -> Entity:
    """Start a rollout: one of each feature."""
    needs(call, P1, "ca_unlicensed", "Staged rollout")
    body = bodies.checked(call.body, SHAPE.resource)
    for name in ("displayName", "feature", "isEnabled"):
        if body.get(name) in (None, ""):
            raise required(name, "FeatureRolloutPolicy")
    row = {
        "id": call.ids.guid("featureRolloutPolicy"), "displayName": None, "description": None, "feature": None,
        "isEnabled": False, "isAppliedToOrganization": False, **body,
    }  # fmt: skip
    _check(row)
    try:
        call.store.add(ROLLOUTS, row)
    except Duplicate as error:
        compared = (
            Compared("feature", row["feature"], "request body"),
            Compared("feature", row["feature"], "another policy"),
        )
        raise Problem(
            "rollout_exists", row["feature"], why=Why("A feature has one rollout policy.", compared)
        ) from error
    logged(call, "Add feature rollout policy", "Policy", row)
    return queries.entity(call, SHAPE, row, location=f"/policies/featureRolloutPolicies/{row['id']}")


@operation("PATCH", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update feature rollout policy",))
def update_rollout(call: Call) -> Entity | None:
    """Switch a rollout on or off, or rename it; its feature stays."""
    row = load(call)
    body = bodies.checked(call.body, SHAPE.resource)
    if body.get("feature", row["feature"]) != row["feature"]:
        raise invalid("feature", "FeatureRolloutPolicy", body["feature"], rule="The feature of a policy stays.")
    old = dict(row)
    row.update(body)
    _check(row)
    call.store.put(ROLLOUTS, row)
    logged(call, "Update feature rollout policy", "Policy", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


def _check(row: Doc) -> None:
    if not row["displayName"] or row["isEnabled"] is None or row["isAppliedToOrganization"] is None:
        raise required("displayName", "FeatureRolloutPolicy")
    if row["feature"] == "unknownFutureValue":
        raise invalid("feature", "FeatureRolloutPolicy", row["feature"], rule="The feature is one that exists.")
    if row["isAppliedToOrganization"] and row["feature"] not in FOR_ALL:
        rule = f"Only {', '.join(FOR_ALL)} is rolled out to the whole organization."
        raise invalid("isAppliedToOrganization", "FeatureRolloutPolicy", True, rule=rule)


@operation("DELETE", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Remove feature rollout policy",))
def delete_rollout(call: Call) -> None:
    """End a rollout."""
    row = load(call)
    call.store.drop(ROLLOUTS, row["id"])
    forget(call.store, ROLLOUT_GROUPS, row["id"])
    logged(call, "Remove feature rollout policy", "Policy", row)


@related(PATH + "/{id}/appliesTo", source=DOCUMENTED)
def list_groups(call: Call) -> Collection | Answer | Doc:
    """The groups that a feature is rolled out to."""
    return relations.of_links(call, ROLLOUT_GROUPS, by="policy", id=load(call)["id"], to="member")


def _may_add(call: Call, row: Doc) -> None:
    if len(member_ids(call.store, ROLLOUT_GROUPS, row["id"])) >= MOST_GROUPS:
        compared = (Compared("groups", MOST_GROUPS, row["displayName"]),)
        raise Problem(
            "rollout_full", str(MOST_GROUPS), why=Why("A feature is rolled out to ten groups at most.", compared)
        )


def _check_group(call: Call, row: Doc, group: Doc) -> None:
    """Groups with stored members count, dynamic ones do not; PTA and PHS exclude each other for a group."""
    if "DynamicMembership" in group["groupTypes"]:
        compared: tuple[Compared, ...] = (Compared("groupTypes", group["groupTypes"], group["displayName"]),)
        raise Problem("rollout_dynamic", why=Why("Dynamic groups take no part in staged rollout.", compared))
    if row["feature"] in EXCLUSIVE:
        other = next(name for name in EXCLUSIVE if name != row["feature"])
        rival = call.store.find(ROLLOUTS, "feature", other)
        if rival is not None and group["id"] in member_ids(call.store, ROLLOUT_GROUPS, rival["id"]):
            compared = (Compared("feature", row["feature"], "path"), Compared("feature", other, group["displayName"]))
            raise Problem("rollout_both", why=Why("A group uses one of the two, not both.", compared))


@operation(
    "POST",
    PATH + "/{id}/appliesTo/$ref",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Add rollout policy to users of feature",),
)
def add_group(call: Call) -> None:
    """Roll a feature out to a group."""
    row = load(call)
    _may_add(call, row)
    group = add_reference(call, ROLLOUT_GROUPS, row, "appliesTo", only=("group",))
    _check_group(call, row, group)
    audit(call, "Add rollout policy to users of feature", [target("Policy", row), target("Group", group)])


@operation(
    "POST", PATH + "/{id}/appliesTo", source=inferred("the group is made as POST /groups makes it"), status=201,
    extra=ADMINS, emits=("Add group", "Add rollout policy to users of feature"),
)  # fmt: skip
def create_group(call: Call) -> Entity:
    """Make a group and roll the feature out to it."""
    row = load(call)
    _may_add(call, row)
    made = groups.create_group(call)
    group = call.store.get(groups.GROUPS, made.doc["id"])
    link(call.store, ROLLOUT_GROUPS, row["id"], group["id"])
    _check_group(call, row, group)
    audit(call, "Add rollout policy to users of feature", [target("Policy", row), target("Group", group)])
    doc = rendered(call, objects(call, [group["id"]])[group["id"]])
    return Entity("directoryObjects/$entity", doc, location=f"/directoryObjects/{group['id']}")


@operation(
    "DELETE",
    PATH + "/{id}/appliesTo/{memberId}/$ref",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Remove users from feature rollout",),
)
def remove_group(call: Call) -> None:
    """Take a feature back from a group."""
    row = load(call)
    remove_reference(call, ROLLOUT_GROUPS, row, call.path["memberId"], "group of this rollout")
    audit(
        call,
        "Remove users from feature rollout",
        [target("Policy", row), target("Group", {"id": call.path["memberId"].lower()})],
    )


def seed(seeding: Seeding) -> None:
    """`feature_rollouts: [{feature, displayName?, isEnabled?, groups: [names]}]`."""
    for given in seeding.spec.get("feature_rollouts", ()):
        row = {
            "id": given.get("id") or seeding.ids.guid("featureRolloutPolicy"), "description": None,
            "displayName": given.get("displayName", given["feature"]), "feature": given["feature"],
            "isEnabled": given.get("isEnabled", True),
            "isAppliedToOrganization": given.get("isAppliedToOrganization", False),
        }  # fmt: skip
        seeding.store.add(ROLLOUTS, row)
        for name in given.get("groups", ()):
            group = groups.by_name(seeding.store, name)
            if group is not None:
                link(seeding.store, ROLLOUT_GROUPS, row["id"], group["id"])
