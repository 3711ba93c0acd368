"""What may be written to a group, and by whom. Source: graph-entra.md 1.9."""

import re

from emulator.entra import bodies
from emulator.entra.graph import needs_role
from emulator.entra.problems import conflict, invalid, required
from emulator.entra.resources import dynamic_groups, memberships
from emulator.entra.resources.group_store import GROUPS
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why

_WRITABLE_TEXT = """
    accessType allowExternalSenders assignedLabels autoSubscribeNewMembers classification description displayName
    groupTypes hideFromAddressLists hideFromOutlookClients isAssignableToRole isSubscribedByMail mailEnabled
    mailNickname membershipRule membershipRuleProcessingState preferredDataLocation preferredLanguage
    resourceBehaviorOptions resourceProvisioningOptions securityEnabled theme uniqueName unseenCount visibility
"""
WRITABLE = frozenset(_WRITABLE_TEXT.split())
# Written once, at creation.
FIXED = frozenset({"isAssignableToRole", "uniqueName", "mailEnabled", "resourceBehaviorOptions"})
# Kept by Exchange, for Microsoft 365 groups, and written in a request of their own.
EXCHANGE = frozenset({
    "allowExternalSenders", "autoSubscribeNewMembers", "hideFromAddressLists", "hideFromOutlookClients",
    "isSubscribedByMail", "unseenCount",
})  # fmt: skip
ADMINS = {"roles": ("Groups Administrator", "User Administrator")}
REQUIRED = ("displayName", "mailEnabled", "mailNickname", "securityEnabled")
VISIBILITIES = ("Public", "Private", "HiddenMembership")
_LIMITS = {
    "displayName": 256, "mailNickname": 64, "description": 1024, "uniqueName": 256, "membershipRule": 3072,
    "classification": 64, "theme": 64,
}  # fmt: skip
_NICKNAME = re.compile(r"[^@()\\\[\]\";:<>, ]+")
_KINDS = frozenset({"Unified", "DynamicMembership"})


def checked(body: Doc) -> Doc:
    """The properties of a body, as far as they can be judged without the group."""
    shown_only = set(bodies.names("group")) - WRITABLE
    found = bodies.checked(body, "group", shown_only=shown_only, limits=_LIMITS, binds=("members", "owners"))
    if "displayName" in found and not found["displayName"]:
        raise required("displayName", "Group")
    nickname = found.get("mailNickname")
    if nickname is not None and not _NICKNAME.fullmatch(nickname):
        raise invalid(
            "mailNickname", "Group", nickname, rule='mailNickname has none of @ ( ) \\ [ ] " ; : < > , and blanks.'
        )
    state = found.get("membershipRuleProcessingState")
    if state is not None and state.lower() in ("on", "paused"):
        found["membershipRuleProcessingState"] = state.capitalize()
    choices = {"visibility": VISIBILITIES, "membershipRuleProcessingState": ("On", "Paused")}
    for name, values in choices.items():
        if found.get(name) is not None and found[name] not in values:
            raise invalid(name, "Group", found[name], rule=f"{name} is one of {', '.join(values)}.")
    if set(found.get("groupTypes") or ()) - _KINDS:
        raise invalid(
            "groupTypes", "Group", found["groupTypes"], rule="groupTypes holds Unified and DynamicMembership."
        )
    return found


def check_new(call: Call, body: Doc) -> None:
    """Which kinds Graph creates: security groups and Microsoft 365 groups, assigned or dynamic."""
    kinds = set(body.get("groupTypes") or ())
    compared = tuple(
        Compared(name, body.get(name), "request body") for name in ("groupTypes", "mailEnabled", "securityEnabled")
    )
    if body["mailEnabled"] and "Unified" not in kinds:
        why = Why("Exchange creates distribution lists and mail-enabled security groups.", compared)
        raise Problem("mail_groups", why=why)
    if not body["mailEnabled"] and "Unified" in kinds:
        why = Why("A Microsoft 365 group is mail-enabled.", compared)
        raise Problem("invalid_value", "mailEnabled", "Group", why=why)
    if not body["mailEnabled"] and not body["securityEnabled"]:
        why = Why("A group is security-enabled, mail-enabled, or both.", compared)
        raise Problem("invalid_value", "securityEnabled", "Group", why=why)
    if body.get("visibility") == "HiddenMembership" and "Unified" not in kinds:
        raise invalid("visibility", "Group", "HiddenMembership", rule="Only Microsoft 365 groups hide their members.")
    check_dynamic(call, body)
    if body.get("isAssignableToRole"):
        _check_role_group(call, body, kinds)


def check_dynamic(call: Call, group: Doc) -> None:
    """A dynamic group has a rule that is understood; an assigned one has none."""
    dynamic = "DynamicMembership" in (group.get("groupTypes") or ())
    rule = group.get("membershipRule")
    if dynamic:
        dynamic_groups.check_rule(call, rule)
    elif rule:
        raise invalid("membershipRule", "Group", rule, rule="Only a group of type DynamicMembership has a rule.")


def _check_role_group(call: Call, body: Doc, kinds: set[str]) -> None:
    guard_role_group(call, {"isAssignableToRole": True})
    if "DynamicMembership" in kinds:
        raise invalid("isAssignableToRole", "Group", True, rule="A role is not given by a rule.")
    if "Unified" in kinds and body.get("visibility") not in (None, "Private"):
        raise invalid("visibility", "Group", body["visibility"], rule="A role-assignable group is private.")
    if not body["securityEnabled"]:
        raise invalid("securityEnabled", "Group", False, rule="A role-assignable group is security-enabled.")


def check_change(call: Call, old: Doc, body: Doc) -> None:
    """What a PATCH may do: what is fixed stays, the kind of membership may change, and the visibility not to hidden."""
    for name in FIXED & set(body):
        if body[name] != old.get(name):
            raise invalid(name, "Group", body[name], rule=f"{name} is set when the group is created.")
    if "groupTypes" in body and ("Unified" in body["groupTypes"]) != ("Unified" in old["groupTypes"]):
        raise invalid("groupTypes", "Group", body["groupTypes"], rule="A group stays Microsoft 365 group or not.")
    if body.get("visibility") == "HiddenMembership" and old.get("visibility") != "HiddenMembership":
        rule = "Membership is hidden when the group is created, or never."
        raise invalid("visibility", "Group", "HiddenMembership", rule=rule)
    if EXCHANGE & set(body) and (set(body) - EXCHANGE or "Unified" not in old["groupTypes"]):
        compared = (Compared("properties", ", ".join(sorted(body)), "request body"),)
        why = Why("Exchange keeps these, for Microsoft 365 groups, in a request of their own.", compared)
        raise Problem("bad_request", "The request is currently not supported on the targeted entity set", why=why)
    if {"groupTypes", "membershipRule"} & set(body):
        wanted = {**old, **body}
        if "membershipRule" not in body and not dynamic_groups.is_dynamic(wanted):
            wanted["membershipRule"] = None  # it goes with the type
        check_dynamic(call, wanted)


def refuse_mastered(group: Doc) -> None:
    """Groups that another system is the master of: on-premises directories, and Exchange."""
    if group.get("onPremisesSyncEnabled"):
        compared: tuple[Compared, ...] = (Compared("onPremisesSyncEnabled", True, group["displayName"]),)
        raise Problem("synced", why=Why("The directory on-premises is the master of this group.", compared))
    if group["mailEnabled"] and "Unified" not in group["groupTypes"]:
        compared = (
            Compared("mailEnabled", True, group["displayName"]),
            Compared("groupTypes", group["groupTypes"], group["displayName"]),
        )
        raise Problem("mail_group_write", why=Why("Exchange is the master of this group.", compared))


def guard_role_group(call: Call, group: Doc) -> None:
    """A role-assignable group wants RoleManagement.ReadWrite.Directory, or the privileged role of the user."""
    if not group.get("isAssignableToRole"):
        return
    if "RoleManagement.ReadWrite.Directory" not in (call.caller.scopes or ()):
        compared = (
            Compared("isAssignableToRole", True, "the group"),
            Compared("needed", "RoleManagement.ReadWrite.Directory", "token"),
        )
        raise Problem("denied", why=Why("A role-assignable group is guarded as roles are.", compared))
    if call.caller.kind == "user":
        needs_role(call, "Privileged Role Administrator")


def needs_owner(call: Call, group: Doc) -> None:
    """A signed-in user changes groups as their owner, or by a directory role."""
    owned = memberships.link(group["id"], call.caller.id)["id"]
    if call.caller.kind == "user" and call.store.get(memberships.GROUP_OWNERS, owned) is None:
        needs_role(call, *ADMINS["roles"])


def refuse_taken_nickname(call: Call, group: Doc) -> None:
    """The alias of a mail-enabled group is unique among them."""
    for other in call.store.find_all(GROUPS, "mailNickname", group["mailNickname"]):
        if other["id"] != group["id"] and other["mailEnabled"]:
            raise conflict("mailNickname", group["mailNickname"], other["id"])
