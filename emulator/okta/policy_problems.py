"""What policies refuse: types that the org has not got, bodies that are no policy, policies that stay as they are.

Source: okta-admin-api.md 12; errors that administrators of orgs report (2018 to 2025).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.okta import shapes, subscription
from emulator.okta.policy_types import NOT_EMULATED, TYPES, PolicyType
from emulator.okta.problems import forbidden, invalid


def known_type(call: Call, kind: str | None, where: str) -> PolicyType:
    """A policy type that this org holds. Raises E0000002; E0000001 for none (inferred).

    # Differs: in a Classic org `resourceId` finds the rules of an app, which the vendor shows in the console only.
    """
    if not kind:
        raise shapes.blank("type")
    found = TYPES.get(kind)
    if found is None:
        why = Why("There is no such policy type.", (Compared("type", kind[:60], where),))
        raise _no_type(not_emulated(f"Policies of type {kind}") if kind in NOT_EMULATED else why)
    classic = call.info["engine"] == "classic" and found.engine and "resourceId" not in call.params
    if classic or found.product in subscription.lacking(call):
        lacks = Compared("the org has not got", "the Identity Engine" if classic else found.product, "the org")
        raise _no_type(Why("Orgs like this one have no such policies.", (Compared("type", kind, where), lacks)))
    return found


def _no_type(why: Why) -> Problem:
    return Problem("E0000002", "Invalid policy type specified.", why=why)


def _ill_formed(why: Why | None) -> Problem:
    """A policy that cannot be read as one of its type (observed in 2025)."""
    cause = (
        "The policy could not be created or updated because the request was not formatted correctly. Please ensure "
        'that the value of the "type" field is valid and that the rest of the body conforms to the expected format for '
        "that type."
    )
    details = {"reason": "INVALID_FORMAT", "locationType": "body", "domain": "policy"}
    return Problem("E0000001", cause, causes=(cause,), why=why, details=details)


@contextmanager
def well_formed() -> Iterator[None]:
    """Words values of a wrong JSON type as the vendor does for policies."""
    try:
        yield
    except Problem as problem:
        if problem.code != "E0000003":
            raise
        raise _ill_formed(problem.why) from problem


def creatable(call: Call, name: str | None) -> PolicyType:
    """The type of a new policy. Raises E0000001, E0000002."""
    if name and name not in (*TYPES, *NOT_EMULATED):
        raise _ill_formed(Why("There is no such policy type.", (Compared("type", name[:60], "request body"),)))
    kind = known_type(call, name, "request body")
    if not kind.creatable:
        why = Why("An org has one policy of this type.", (Compared("type", kind.name, "request body"),))
        raise invalid("type", f"type: '{kind.name}' cannot be created", why=why)
    return kind


def refuse_system(policy: Doc) -> None:
    if policy["system"]:
        why = Why("The org's default policy stays.", (Compared("system", True, f"policy {policy['name']}"),))
        raise forbidden(why)


def refuse_owned(policy: Doc, *, but_apps: bool = False) -> None:
    """Inferred: the preset policies of Okta's own apps stay as well, and the one for people's own accounts."""
    owner = policy.get("_resourceType") or (None if but_apps else policy.get("_owner"))
    if owner:
        compared = (Compared("owner", owner, f"policy {policy['name']}"),)
        raise forbidden(Why("The policy belongs to the org's own pages or one of Okta's own apps.", compared))
