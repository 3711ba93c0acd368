"""What a sign-in needs, and which rules say so: one evaluation for browsers, passwords and refresh tokens.

Source: graph-entra.md 1.16, 1.17, 2.8; seed-catalogue.md section 5 rule 1. Four sources ask: Conditional Access,
security defaults, per-user MFA, and Microsoft's own mandate for its administration portals. What is to be done about
what is missing is decided where somebody can be asked (gate.py) or cannot (`enforce`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from emulator.entra.login import conditional, controls, idp_mfa, suites
from emulator.entra.login.claims import Identity
from emulator.entra.login.claims_request import contexts as asked_contexts
from emulator.entra.login.clients import Client
from emulator.entra.login.decisions import NOTHING, Decision, Demand, reason_for
from emulator.entra.login.facts import EAS, OTHER, Facts, Held, client_of, device_of, place_of, platform_of
from emulator.entra.login.scopes import Asked
from emulator.entra.resources import directory_roles, memberships, per_user_mfa, portal_settings, security_defaults
from emulator.entra.resources.authentication_methods import has_mfa
from emulator.entra.resources.terms import accepted_by
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, HOUR, MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem

GRACE_MS = 5 * MINUTE
"""How old an authentication may be where a policy asks for one every time."""
_UNITS = {"hours": HOUR, "days": DAY}


@dataclass(frozen=True, slots=True)
class Context:
    """How somebody is signing in. resource: service principal of the API (None for a user action). native: by a native
    application. held: what has been proven. action: `urn:user:registersecurityinfo`."""

    resource: Doc | None = None
    flow: str = "browser"
    native: bool = False
    held: Held = field(default_factory=Held)
    action: str = ""


def evaluate(call: Call, user: Doc, application: Doc | None, context: Context) -> Decision:
    """What a user needs in order to get into an application."""
    made = conditional.book(call)
    apps = _apps(application, context)
    state = _per_user(call).get(user["id"], "disabled")
    defaults = _defaults(call)
    mandated = not apps.isdisjoint(suites.MANDATED) and portal_settings.read(call, "adminPortalMfa")
    forced = bool((user.get("_passwordProfile") or {}).get("forceChangePasswordNextSignInWithMfa"))
    forced = forced and "password" in context.held.methods
    if not made.policies and not defaults and state == "disabled" and not mandated and not forced:
        return NOTHING
    facts = _facts(call, user, apps, context)
    found = _Found(facts)
    _conditional(call, made, facts, found)
    if not context.action:
        _others(call, facts, found, per_user=state, defaults=defaults, mandated=mandated, forced=forced)
    return found.decision(tuple(conditional.locations(made, facts)[1:]))


def _apps(application: Doc | None, context: Context) -> frozenset[str]:
    """What is signed in to: the API, and the application itself unless it is a native client of one."""
    found = {str(context.resource["appId"]).lower()} if context.resource else set()
    if application is not None and not (context.native and context.resource):
        found.add(str(application["appId"]).lower())
    return frozenset(found)


def _facts(call: Call, user: Doc, apps: frozenset[str], context: Context) -> Facts:
    return Facts(
        user=user, apps=apps, address=call.exchange.client, place=place_of(call),
        platform=platform_of(call.exchange.headers.get("user-agent", "")),
        client=client_of(call, native=context.native, flow=context.flow), flow=context.flow, held=context.held,
        device=device_of(call), action=context.action, contexts=frozenset(asked_contexts(call)),
    )  # fmt: skip


def _per_user(call: Call) -> Mapping[str, str]:
    states: Mapping[str, str] = call.store.settled(
        ("per-user mfa",), lambda: {row["id"]: row["state"] for row in call.store.all(per_user_mfa.MFA_STATES)}
    )
    return states


def _defaults(call: Call) -> bool:
    return bool(call.store.settled(("security defaults",), lambda: security_defaults.are_on(call.store)))


# -- Conditional Access --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """What the rules have come to so far."""

    facts: Facts
    applied: list[Doc] = field(default_factory=list)
    refused: list[Demand] = field(default_factory=list)
    wants: dict[str, list[Demand]] = field(default_factory=dict)
    mfa: list[str] = field(default_factory=list)
    persistent: str = ""
    frequency: list[Doc] = field(default_factory=list)
    tried: Callable[[], list[Doc]] = list

    def want(self, kind: str, demand: Demand) -> None:
        self.wants.setdefault(kind, []).append(demand)

    def decision(self, networks: tuple[str, ...]) -> Decision:
        demands = self.refused[:1]
        for kind in ("fresh", "mfa", "freshMfa", "strength", "password", "terms"):
            group = self.wants.get(kind, [])
            if not group or (kind == "mfa" and "strength" in self.wants):
                continue
            by = tuple(name for item in group for name in item.by)
            terms = tuple(dict.fromkeys(name for item in group for name in item.terms))
            chosen = max(group, key=lambda item: item.after) if kind.startswith("fresh") else group[0]
            demands.append(Demand(chosen.kind, chosen.code, by, chosen.combinations, chosen.after, terms))
        return Decision(
            self.facts, self.applied, tuple(demands), bool(self.mfa), tuple(dict.fromkeys(self.mfa)), self.persistent,
            tuple(self.frequency), networks, self.tried,
        )  # fmt: skip


def people_of(call: Call, made: conditional.Book, user: Doc) -> list[str]:
    """Ids of the user's groups and role templates, as far as any policy names some."""
    groups = memberships.all_group_ids(call.store, user["id"]) if made.groups or made.roles else []
    if not made.roles:
        return groups
    holders = [user["id"], *groups]
    roles = [role for holder in holders for role in directory_roles.roles_of_user(call.store, holder)]
    return [*groups, *(str(role["roleTemplateId"]) for role in roles)]


def _conditional(call: Call, made: conditional.Book, facts: Facts, found: _Found) -> None:
    if not made.policies:
        return
    matches = conditional.match(call, made, facts, people=people_of(call, made, facts.user))
    found.tried = lambda: conditional.tried(made, matches, found.applied)
    kept: dict[str, controls.Asked] = {}
    accepted = accepted_by(call, facts.user) if matches.applied else frozenset()
    for number, policy in enumerate(made.policies):
        if not matches.applied >> number & 1:
            found.applied.append(made.idle[policy["id"]])
            continue
        signature = made.signatures[number]
        if signature not in kept:
            kept[signature] = controls.asked(call, policy, facts, accepted=accepted)
        asked = kept[signature]
        found.applied.append(controls.result_of(policy, asked))
        if policy["state"] == "enabled":
            _enforced(call, policy, asked, facts, found)


def _enforced(call: Call, policy: Doc, asked: controls.Asked, facts: Facts, found: _Found) -> None:
    """What one enforced policy adds."""
    name = str(policy["displayName"])
    if asked.mfa and (facts.held.mfa if asked.met else bool({"mfa", "strength"} & set(asked.wants))):
        found.mfa.append(name)
    if asked.refuses:
        demand = Demand("refused", asked.refuses, (name,))
        found.refused.insert(0, demand) if asked.refuses == "53003" else found.refused.append(demand)
    elif not asked.met:
        for want in asked.wants:
            code = {"password": "50135", "terms": "50158"}.get(want, "50076")
            found.want(want, Demand(want, code, (name,), asked.combinations, 0, asked.terms))
    _session(call, policy, facts, found)


def _session(call: Call, policy: Doc, facts: Facts, found: _Found) -> None:
    """Sign-in frequency and persistent browser sessions; the stricter of several wins."""
    controls, name = policy["sessionControls"] or {}, str(policy["displayName"])
    browser = controls.get("persistentBrowser") or {}
    if browser.get("isEnabled"):
        found.persistent = "never" if "never" in (found.persistent, browser["mode"]) else "always"
    frequency = controls.get("signInFrequency") or {}
    if not frequency.get("isEnabled"):
        return
    found.frequency.append(frequency)
    every = frequency["frequencyInterval"] == "everyTime"
    period = GRACE_MS if every else int(frequency["value"]) * _UNITS[frequency["type"]]
    after = call.now - period
    if frequency["authenticationType"] != "secondaryAuthentication" and facts.held.auth_ms < after:
        found.want("fresh", Demand("fresh", "70043" if facts.flow == "refreshToken" else "70044", (name,), (), after))
    elif facts.held.mfa and facts.held.mfa_ms < after:
        found.want("freshMfa", Demand("freshMfa", "50078", (name,), (), after))


# -- the other sources ---------------------------------------------------------------------------------------------


# Differs: security defaults ask ordinary users for MFA by the service's own judgement of risk; here always.
def _others(
    call: Call, facts: Facts, found: _Found, *, per_user: str, defaults: bool, mandated: bool, forced: bool
) -> None:  # fmt: skip
    if defaults and facts.client in (EAS, OTHER):
        found.refused.append(Demand("refused", "530035", ("security defaults",)))
    sources = ["security defaults"] if defaults else []
    if per_user != "disabled" and not (facts.held.inside and portal_settings.read(call, "skipMfaInsideNetwork")):
        sources.append(f"per-user MFA ({per_user})")
    if mandated:
        sources.append("MFA for administration portals (Microsoft)")
    if forced:
        sources.append("password change with MFA")
    found.mfa += sources
    if sources and not facts.held.mfa:
        found.want("mfa", Demand("mfa", "50076", tuple(sources)))


# -- where nobody can be asked -------------------------------------------------------------------------------------


def silent(call: Call, client: Client, asked: Asked, who: Identity, *, flow: str) -> Decision:
    """The decision on a token request."""
    held = idp_mfa.held_of(call, who)
    return evaluate(call, who.user, client.app, Context(asked.resource, flow, client.public, held))


def enforce(call: Call, client: Client, asked: Asked, who: Identity, *, flow: str) -> Decision:
    """Refuse a token request that policies do not let through: 53003, 53000…, 50076, 50079, 50078, 70043."""
    decision = silent(call, client, asked, who, flow=flow)
    call.memo["decision"] = decision
    demand = decision.first()
    if demand is not None:
        raise refusal(call, decision, demand, who, name=str(asked.resource["appId"]))
    return decision


def _challenge(decision: Decision) -> str:
    """The claims challenge of a refusal: the policies that the next sign-in has to satisfy; "" where none asked."""
    ids = [item["id"] for item in decision.applied if item["result"] == "failure"]
    return orjson.dumps({"access_token": {"capolids": {"essential": True, "values": ids}}}).decode() if ids else ""


def refusal(call: Call, decision: Decision, demand: Demand, who: Identity, *, name: str) -> Problem:
    """The error for a demand that cannot be met here."""
    if demand.kind == "refused":
        return Problem(demand.code, why=reason_for(decision, demand, "A policy does not let this sign-in through."))
    if demand.kind in ("mfa", "strength"):
        registered = has_mfa(call.store, who.user["id"]) or idp_mfa.enforced(call, who.user)
        text = "A policy needs a second factor for this sign-in, and nobody can be asked here."
        shown = ("methods registered", registered, who.user["userPrincipalName"])
        reason = reason_for(
            decision, demand, text, ("amr", list(who.amr), "sign-in"), shown, hint="Sign in interactively."
        )
        code = "50076" if registered else "50079"
        return Problem(code, name, suberror="basic_action", claims=_challenge(decision), why=reason)
    if demand.kind == "fresh":
        issued, period = iso(who.auth_ms)[:19] + "Z", str((call.now - demand.after) // 1000)
        return Problem(
            demand.code, issued, period, why=reason_for(decision, demand, "A policy wants a more recent sign-in.")
        )
    return Problem(
        demand.code, name, why=reason_for(decision, demand, "A policy wants something that only a person can do.")
    )
