"""Which factors a user may or must enrol: the org's authenticators and the enrolment policies (MFA_ENROLL).

Source: okta-admin-api.md 12, 14; issue threads for the refusal's text.
"""

from dataclasses import dataclass

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.events import client_address
from emulator.okta.mfa.catalogue import TYPES, FactorType, type_of
from emulator.okta.policy_types import ENROLL
from emulator.okta.policy_walk import policies_for, walk
from emulator.okta.problems import invalid
from emulator.okta.rule_subject import Subject, subject_of

REQUIRED, OPTIONAL, NOT_ALLOWED = "REQUIRED", "OPTIONAL", "NOT_ALLOWED"
REFUSAL = "Factor not allowed for the user based on the Multifactor policy."
"""Observed."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a user may enrol (by type), when they are asked to, and the policy that says so.

    moment: LOGIN (at every sign-in), CHALLENGE (when a factor is wanted) or NEVER.
    """

    allowed: dict[tuple[str, str], str]
    moment: str
    policy: str

    def of(self, kind: FactorType) -> str:
        return self.allowed.get((kind.name, kind.provider), NOT_ALLOWED)


def switched_on(call: Call) -> set[tuple[str, str]]:
    """The kinds of factors that the org has switched on."""
    if call.info["engine"] == "classic":
        from emulator.okta.resources.org_factors import ORG_FACTORS

        on = {row["id"] for row in call.store.all(ORG_FACTORS) if row["status"] == "ACTIVE"}
        return {place for place, kind in TYPES.items() if kind.key in on}
    from emulator.okta.resources.authenticators import AUTHENTICATORS

    ready = {
        (item["key"], name)
        for item in call.store.all(AUTHENTICATORS) if item["status"] == "ACTIVE"
        for name, method in item["_methods"].items() if method["status"] == "ACTIVE"
    }  # fmt: skip
    return {place for place, kind in TYPES.items() if (kind.authenticator, kind.method) in ready}


def enrolment(call: Call, user: Doc) -> Enrolment:
    """What the first enrolment policy that is for the user says; one it does not name is optional (inferred)."""
    agent = call.exchange.headers.get("user-agent", "")
    return enrolment_of(call, subject_of(call.store, user, client_address(call), agent, "WEB"))


def enrolment_of(call: Call, subject: Subject) -> Enrolment:
    found = walk(call.store, policies_for(call.store, ENROLL), subject)
    named = _named(found.policy)
    on = switched_on(call)
    allowed = {place: _says(named, kind) for place, kind in TYPES.items() if place in on}
    moment = found.rule["actions"]["enroll"]["self"] if found.rule else "NEVER"
    return Enrolment(allowed, moment, str((found.policy or {}).get("name", "none")))


def _named(policy: Doc | None) -> dict[str, str]:
    """Key of an authenticator, or of a Classic factor, to what the policy says of it."""
    settings: Doc = (policy or {}).get("settings") or {}
    rows = {row["key"]: row["enroll"]["self"] for row in settings.get("authenticators") or ()}
    for key, row in (settings.get("factors") or {}).items():
        rows[key] = (row.get("enroll") or {}).get("self", NOT_ALLOWED)
    return rows


def _says(named: dict[str, str], kind: FactorType) -> str:
    return named.get(kind.key, named.get(kind.authenticator, OPTIONAL))


def require(call: Call, user: Doc, kind: FactorType) -> None:
    """Raises E0000001 `factorEnrollRequest` for a kind that the user may not enrol."""
    found = enrolment(call, user)
    if found.of(kind) != NOT_ALLOWED:
        return
    on = (kind.name, kind.provider) in switched_on(call)
    compared = (
        Compared("factor", f"{kind.name} ({kind.provider})", "request body"),
        Compared("in the org", "on" if on else "off", f"authenticator {kind.authenticator}, method {kind.method}"),
        Compared("for the user", found.of(kind), f"enrolment policy {found.policy}"),
    )
    hint = "" if on else "Switch the authenticator and its method on first."
    why = Why("The user may not enrol this kind of factor.", compared, hint)
    raise invalid("factorEnrollRequest", REFUSAL, why=why)


def missing(found: Enrolment, factors: list[Doc]) -> list[FactorType]:
    """The kinds that the user must still enrol; of an authenticator with several, any one will do."""
    have = {type_of(factor).authenticator for factor in factors}
    wanted: dict[str, FactorType] = {}
    for place, says in found.allowed.items():
        kind = TYPES[place]
        if says == REQUIRED and kind.authenticator not in have and not kind.pages_only:
            best = wanted.get(kind.authenticator)
            wanted[kind.authenticator] = kind if best is None or kind.name == "push" else best
    return list(wanted.values())


def offered(found: Enrolment, factors: list[Doc]) -> list[tuple[FactorType, str]]:
    """Kinds that the user may enrol and has not, and how much the policy wants them."""
    have = {(factor["factorType"], factor["provider"]) for factor in factors}
    return [
        (TYPES[place], says) for place, says in found.allowed.items()
        if says != NOT_ALLOWED and place not in have and not TYPES[place].pages_only
    ]  # fmt: skip
