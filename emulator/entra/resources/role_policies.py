"""What Privileged Identity Management asks of a role: /policies/roleManagementPolicies and their rules.

Source: Microsoft's pages on unifiedRoleManagementPolicy and its rules. Every role has a policy of 17 rules; the
defaults are worked out, what was changed is kept. Of them expiration and justification are enforced on requests.
"""

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found
from emulator.entra.queries import Shape
from emulator.entra.resources import directory_roles
from emulator.entra.rows import logged
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import parse_duration, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.ids import as_guid, scramble
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind, Store

ROLE_RULES = Kind("role_policy_rules", (Column("_policy"),), settled=True)
POLICIES = "/v1.0/policies/roleManagementPolicies"
ASSIGNMENTS = "/v1.0/policies/roleManagementPolicyAssignments"
READ = ("RoleManagementPolicy.Read.Directory", "RoleManagementPolicy.ReadWrite.Directory",
        "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory")  # fmt: skip
WRITE = ("RoleManagementPolicy.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory")
_PREFIX = "#microsoft.graph.unifiedRoleManagementPolicy"
# Rule id to its type and what it says by default.
_RULES: dict[str, tuple[str, Doc]] = {
    "Expiration_Admin_Eligibility": ("ExpirationRule", {"isExpirationRequired": False, "maximumDuration": "P365D"}),
    "Enablement_Admin_Eligibility": ("EnablementRule", {"enabledRules": []}),
    "Expiration_Admin_Assignment": ("ExpirationRule", {"isExpirationRequired": False, "maximumDuration": "P180D"}),
    "Enablement_Admin_Assignment": ("EnablementRule", {"enabledRules": []}),
    "Expiration_EndUser_Assignment": ("ExpirationRule", {"isExpirationRequired": True, "maximumDuration": "PT8H"}),
    "Enablement_EndUser_Assignment": (
        "EnablementRule", {"enabledRules": ["MultiFactorAuthentication", "Justification"]}
    ),
    "Approval_EndUser_Assignment": ("ApprovalRule", {"setting": {
        "isApprovalRequired": False, "isApprovalRequiredForExtension": False, "isRequestorJustificationRequired": True,
        "approvalMode": "SingleStage", "approvalStages": [],
    }}),
    "AuthenticationContext_EndUser_Assignment": ("AuthenticationContextRule", {"isEnabled": False, "claimValue": ""}),
}  # fmt: skip
for _caller in ("Admin", "EndUser"):
    for _level in ("Eligibility", "Assignment"):
        for _who in ("Admin", "Requestor", "Approver"):
            if (_caller, _level) != ("EndUser", "Eligibility"):
                _RULES[f"Notification_{_who}_{_caller}_{_level}"] = ("NotificationRule", {
                    "notificationType": "Email", "recipientType": _who, "notificationLevel": "All",
                    "isDefaultRecipientsEnabled": True, "notificationRecipients": [],
                })  # fmt: skip


def _guid(template: str) -> str:
    return as_guid(scramble(b"role-policy", template, 0, 16))


def _policy(call: Call, template: str) -> Doc:
    return {
        "id": f"DirectoryRole_{tenant(call)['id']}_{_guid(template)}", "displayName": "DirectoryRole",
        "description": "DirectoryRole", "isOrganizationDefault": False, "scopeId": "/", "scopeType": "DirectoryRole",
        "lastModifiedDateTime": None, "lastModifiedBy": {"displayName": None, "id": None}, "_template": template,
    }  # fmt: skip


def _policies(call: Call) -> list[Doc]:
    return [_policy(call, template) for template in directory_roles.TEMPLATES.values()]


def rules(store: Store, template: str) -> list[Doc]:
    """The rules of a role, as they are shown."""
    kept = {row["_rule"]: row for row in store.find_all(ROLE_RULES, "_policy", template)}
    found = []
    for name, (kind, says) in _RULES.items():
        parts = name.split("_")
        aim = {"caller": parts[-2], "operations": ["all"], "level": parts[-1], "inheritableSettings": [],
               "enforcedSettings": []}  # fmt: skip
        base = {"@odata.type": _PREFIX + kind, "id": name, **says, "target": aim}
        found.append({**base, **kept[name]["_says"]} if name in kept else base)
    return found


def check(call: Call, kind: str, body: Doc, end: Doc, until: int | None) -> None:
    """Refuse a request that a role's rules do not allow. end: its expiration; until: the world time of it."""
    action = body["action"]
    if action not in ("adminAssign", "selfActivate", "adminUpdate", "adminExtend", "adminRenew"):
        return
    caller = "EndUser" if action == "selfActivate" else "Admin"
    found = {rule["id"]: rule for rule in rules(call.store, body["roleDefinitionId"])}
    failed: list[str] = []
    expiration = found[f"Expiration_{caller}_{kind}"]
    begins = (body.get("scheduleInfo") or {}).get("startDateTime")
    begins_at = max(parse_iso(begins), call.now) if begins else call.now
    most = parse_duration(expiration["maximumDuration"])
    if expiration["isExpirationRequired"] and (until is None or until - begins_at > most):
        failed.append("ExpirationRule")
    enabled = found[f"Enablement_{caller}_{kind}"]["enabledRules"]
    if "Justification" in enabled and not body.get("justification"):
        failed.append("JustificationRule")
    if "Ticketing" in enabled and not (body.get("ticketInfo") or {}).get("ticketNumber"):
        failed.append("TicketingRule")
    if failed:
        compared = (
            Compared("expiration", end, "request body"), Compared("most", expiration["maximumDuration"], "the policy"),
            Compared("enabled rules", enabled, "the policy"),
        )  # fmt: skip
        text = ",".join(f'"{name}"' for name in failed)
        raise Problem("schedule_rules", text, why=Why("A request keeps to the rules of its role.", compared))


def _expanded(call: Call, row: Doc) -> list[Doc]:
    return rules(call.store, row["_template"])


SHAPE = Shape(
    "unifiedRoleManagementPolicy", "policies/roleManagementPolicies", ROLE_RULES,
    relations={"rules": _expanded, "effectiveRules": _expanded},
)  # fmt: skip
ASSIGNMENT_SHAPE = Shape(
    "unifiedRoleManagementPolicyAssignment", "policies/roleManagementPolicyAssignments", ROLE_RULES,
    relations={"policy": lambda call, row: _policy(call, row["roleDefinitionId"])},
)  # fmt: skip


def _needs_filter(call: Call) -> None:
    """The service asks which scope is meant."""
    if "scopeid" not in call.params.get("$filter", "").lower():
        text = "The filter must name scopeId and scopeType."
        compared = (Compared("$filter", call.params.get("$filter"), "query"),)
        raise Problem("bad_request", text, why=Why("Policies are listed for one scope.", compared))


@operation("GET", POLICIES, source=DOCUMENTED, scope=READ)
def list_policies(call: Call) -> Collection:
    """The policies of one scope: `$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'`."""
    _needs_filter(call)
    return queries.of_documents(call, _policies(call), resource=SHAPE.resource, context=SHAPE.set, shape=SHAPE)


def _load(call: Call) -> Doc:
    found = next((row for row in _policies(call) if row["id"].lower() == call.path["id"].lower()), None)
    if found is None:
        raise not_found(call.path["id"], what="role management policy")
    return found


@operation("GET", POLICIES + "/{id}", source=DOCUMENTED, scope=READ)
def get_policy(call: Call) -> Entity:
    """One policy."""
    return queries.entity(call, SHAPE, _load(call))


@operation("GET", POLICIES + "/{id}/rules", source=DOCUMENTED, scope=READ)
def list_rules(call: Call) -> Collection:
    """The rules of a policy."""
    row = _load(call)
    context = f"policies/roleManagementPolicies('{row['id']}')/rules"
    found = rules(call.store, row["_template"])
    return queries.of_documents(call, found, resource="unifiedRoleManagementPolicyRule", context=context)


def _rule(call: Call, row: Doc) -> Doc:
    wanted = call.path["ruleId"].lower()
    found = next((rule for rule in rules(call.store, row["_template"]) if rule["id"].lower() == wanted), None)
    if found is None:
        raise not_found(call.path["ruleId"], what="rule of this policy")
    return found


@operation("GET", POLICIES + "/{id}/rules/{ruleId}", source=DOCUMENTED, scope=READ)
def get_rule(call: Call) -> Entity:
    """One rule."""
    row = _load(call)
    return Entity(f"policies/roleManagementPolicies('{row['id']}')/rules/$entity", _rule(call, row))


@operation(
    "PATCH", POLICIES + "/{id}/rules/{ruleId}", source=DOCUMENTED, scope=WRITE,
    extra={"roles": ("Privileged Role Administrator",)}, emits=("Update policy",),
)  # fmt: skip
def update_rule(call: Call) -> None:
    """Change a rule; it stays of its kind."""
    row = _load(call)
    old = _rule(call, row)
    sent = "#" + str(call.body.get("@odata.type", old["@odata.type"])).removeprefix("#")
    if sent != old["@odata.type"]:
        rule = f"The rule is of type {old['@odata.type']}."
        raise invalid("@odata.type", "UnifiedRoleManagementPolicyRule", sent, rule=rule)
    given = {name: value for name, value in call.body.items() if name != "id"}
    if isinstance(given.get("target"), dict):  # the service spells the operations in lower case
        operations = given["target"].get("operations")
        if isinstance(operations, list):
            lowered = [item.lower() if isinstance(item, str) else item for item in operations]
            given["target"] = {**given["target"], "operations": lowered}
    body = bodies.checked(given, old["@odata.type"].removeprefix("#microsoft.graph."))
    if "maximumDuration" in body:
        _check_duration(body["maximumDuration"])
    id = f"{row['_template']}.{old['id']}"
    kept = call.store.get(ROLE_RULES, id)
    says = {**(kept["_says"] if kept else {}), **body}
    made = {"id": id, "_policy": row["_template"], "_rule": old["id"], "_says": says}
    call.store.save(ROLE_RULES, made)
    logged(call, "Update policy", "Policy", {**old, **body}, old)


def _check_duration(text: str | None) -> None:
    try:
        parse_duration(text or "")
    except ValueError as error:
        rule = "It is an ISO 8601 duration (PT8H)."
        raise invalid("maximumDuration", "UnifiedRoleManagementPolicyExpirationRule", text, rule=rule) from error


def _assignment(call: Call, template: str) -> Doc:
    policy = _policy(call, template)["id"]
    return {"id": f"{policy}_{template}", "policyId": policy, "scopeId": "/", "scopeType": "DirectoryRole",
            "roleDefinitionId": template}  # fmt: skip


@operation("GET", ASSIGNMENTS, source=DOCUMENTED, scope=READ)
def list_assignments(call: Call) -> Collection:
    """Which policy belongs to which role."""
    _needs_filter(call)
    rows = [_assignment(call, template) for template in directory_roles.TEMPLATES.values()]
    shape = ASSIGNMENT_SHAPE
    return queries.of_documents(call, rows, resource=shape.resource, context=shape.set, shape=shape)


@operation("GET", ASSIGNMENTS + "/{id}", source=DOCUMENTED, scope=READ)
def get_assignment(call: Call) -> Entity:
    """One of them."""
    wanted = call.path["id"].lower()
    rows = (_assignment(call, template) for template in directory_roles.TEMPLATES.values())
    found = next((row for row in rows if row["id"].lower() == wanted), None)
    if found is None:
        raise not_found(call.path["id"], what="policy assignment")
    return queries.entity(call, ASSIGNMENT_SHAPE, found)
