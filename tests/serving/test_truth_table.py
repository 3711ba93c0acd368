"""Both sides of a sign-in as one table: engine, the org's rule, the app's rule, zone, the app's flags, Conditional Access,
`federatedIdpMfaBehavior`, freshness. What is foretold is written from the sources and knows nothing of the emulator.

Each side alone has tables of its own (tests/okta/sso/test_challenge.py, tests/entra/login/test_truth_table.py); here a
browser goes the whole way. The suite plays a slice; `make check-all` plays every row.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.agents import Visit, sign_in
from emulator.wire.agents.browser import through_pages
from emulator.wire.browser import Browser

DANA = "dana@acme.example"
OFFICE, ELSEWHERE = "198.51.100.7", "203.0.113.7"
RULES = ("one factor", "two factors", "two outside the office")
FLAGS = {
    "off": {"supportsMfa": False, "stepUp": True}, "on": {"supportsMfa": True, "stepUp": False},
    "on, step-up": {"supportsMfa": True, "stepUp": True},
}  # fmt: skip
BEHAVIOURS = {
    "unset": None, "accept": "acceptIfMfaDoneByFederatedIdp", "enforce": "enforceMfaByFederatedIdp",
    "reject": "rejectMfaByFederatedIdp",
}  # fmt: skip
FRESHNESS = ("new", "later", "old, wfresh honoured", "old, wfresh ignored")
"""When the person signed in to Okta: now; a while ago; so long ago that Microsoft asks for a new sign-in."""


class Row(NamedTuple):
    """A row's conditions."""

    engine: str
    org_asks: bool
    rule: str
    address: str
    flags: str
    microsoft_asks: bool
    behaviour: str
    freshness: str


ROWS = [Row(*row) for row in product(("oie", "classic"), (False, True), RULES, (OFFICE, ELSEWHERE), FLAGS, (False, True),
                                     BEHAVIOURS, FRESHNESS)]  # fmt: skip
SLICE = ROWS[::37]


@dataclass(frozen=True)
class Foretold:
    """end: `in`, `microsoft` (in, after Microsoft's own factor), `loop`. claim: of the last assertion. rounds: answers of
    Okta. Either is None where it depends on who ends a loop. prompted: whether Okta asked for a factor."""

    end: str
    claim: bool | None
    rounds: int | None
    prompted: bool
    sources: tuple[str, ...]


def rule_asks(row: Row) -> bool:
    """Whether the app's rule asks for two factors here."""
    return row.rule == "two factors" or (row.rule == "two outside the office" and row.address == ELSEWHERE)


def claimed(row: Row, *, asked: bool) -> tuple[bool, str]:
    """Whether Okta's answer to one request says that several factors were used, and who says so."""
    rule = rule_asks(row)
    if row.flags == "off":
        return False, "F-70: without Okta MFA from Azure AD no claim is sent"
    if row.engine == "classic" and row.org_asks and row.freshness != "new":
        return False, "A.5: on Classic the claim is not passed when Office is opened later than the factor was shown"
    if row.engine == "classic":
        return row.org_asks or rule, "A.5: on Classic any of the org's and the app's rules is enough"
    if asked and row.flags == "on, step-up":
        return True, "F-72: wauth makes Okta ask whatever the rule says"
    return rule, "F-71: on Identity Engine the app's own rule has to ask"


def foretold(row: Row) -> Foretold:
    """What has to happen."""
    stale = row.freshness.startswith("old")
    honoured = row.freshness == "old, wfresh honoured" and row.engine == "oie"  # F-72: an engine's own gift, as step-up
    rule = rule_asks(row)
    provider = row.behaviour == "enforce"
    claim, said = claimed(row, asked=False)
    prompted, rounds, sources = row.org_asks or rule, 1, [said]
    back = stale
    if stale:
        sources.append(
            "graph-entra.md 2.8: sign-in frequency goes by the provider's instant; wfresh=0 asks for a new one"
        )
    lacking = row.microsoft_asks and provider and not claim
    if lacking:
        sources.append("graph-entra.md 2.8: enforce sends the person back with wauth")
    if back or lacking:
        rounds += 1
        claim, said = claimed(row, asked=lacking)
        stepped = row.engine == "oie" and row.flags == "on, step-up" and lacking
        prompted = prompted or stepped
        sources.append(said)
    if stale and not honoured:
        # A step-up answers every other round: the claim is there, so it is not asked for, so it is not there.
        last = None if lacking and claim else claim
        return Foretold("loop", last, None, prompted, (*sources, "the same old instant comes again and again"))
    if row.microsoft_asks and provider and not claim:
        return Foretold(
            "loop", claim, None, prompted, (*sources, "PF7: the claim never comes: a loop, which is stopped")
        )
    if row.microsoft_asks and (row.behaviour == "reject" or not claim):
        own = "graph-entra.md 2.8: reject does not count the claim; accept without it leaves MFA to Microsoft"
        return Foretold("microsoft", claim, rounds, prompted, (*sources, own))
    return Foretold("in", claim, rounds, prompted, tuple(sources))


# -- playing a row -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def estates() -> Iterator[dict[str, World]]:
    """acme under each engine; Dana has a phone at both sides; two policies that rows switch on."""
    with ExitStack() as stack:
        made = {engine: stack.enter_context(acme(engine)) for engine in ("oie", "classic")}
        yield made
        assert [world.engine.crashes for world in made.values()] == [[], []]


def acme(engine: str) -> World:
    world = World({"like": "acme", "parties": {"okta:acme": {"engine": engine}}})
    user = world.okta.get(f"/api/v1/users/{DANA}")["id"]
    phone = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+14155550123"}}
    world.okta.post(f"/api/v1/users/{user}/factors?activate=true", phone)
    everybody = {"users": {"includeUsers": [world.entra.get(f"/users/{DANA}")["id"]]},
                 "applications": {"includeApplications": ["All"]}, "clientAppTypes": ["all"]}  # fmt: skip
    hourly = {"signInFrequency": {"value": 1, "type": "hours", "isEnabled": True}}
    for name, more in (("MFA", {"grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}),
                       ("Hourly", {"sessionControls": hourly})):  # fmt: skip
        body = {"displayName": name, "state": "disabled", "conditions": everybody, **more}
        world.entra.post("/identity/conditionalAccess/policies", body)
    world.snapshot("row")
    return world


def changed(world: World, path: str, change: Doc) -> None:
    """Replace one of the org's documents, changed."""

    def into(doc: Any, change: Any) -> Any:
        if not isinstance(change, dict) or not isinstance(doc, dict):
            return change
        return {**doc, **{key: into(doc.get(key), value) for key, value in change.items()}}

    world.okta.put(path, into(world.okta.get(path), change))


def arrange(world: World, row: Row) -> None:
    """The row's conditions."""
    app = world.spec.lab["okta"]["o365_app_id"]
    [policy] = world.okta.get(f"/api/v1/policies?type=ACCESS_POLICY&resourceId={app}")
    rules = f"/api/v1/policies/{policy['id']}/rules"
    usual = next(rule for rule in world.okta.get(rules) if rule["name"] == "Allow Web and Modern Auth")
    if row.rule != "one factor":
        two = {"actions": {"appSignOn": {"verificationMethod": {"factorMode": "2FA"}}}}
        changed(world, f"{rules}/{usual['id']}", two)
    if row.rule == "two outside the office":
        office = next(zone["id"] for zone in world.okta.get("/api/v1/zones") if zone["name"] == "Head office")
        inside = {"conditions": {**usual["conditions"], "network": {"connection": "ZONE", "include": [office]}}}
        world.okta.post(rules, {"type": "ACCESS_POLICY", "name": "Office", "priority": 1, "actions": usual["actions"],
                                **inside})  # fmt: skip
    if row.org_asks:
        [session] = [item for item in world.okta.get("/api/v1/policies?type=OKTA_SIGN_ON") if item["system"]]
        path = f"/api/v1/policies/{session['id']}/rules"
        asks = {"actions": {"signon": {"requireFactor": True, "factorPromptMode": "ALWAYS"}}}
        changed(world, f"{path}/{world.okta.get(path)[-1]['id']}", asks)
    honours = row.freshness != "old, wfresh ignored"
    world.okta.put(f"/api/internal/v1/apps/{app}/office365/mfa", {**FLAGS[row.flags], "honorsFreshness": honours})
    world.sync()
    for item in world.entra.get("/identity/conditionalAccess/policies")["value"]:
        on = row.microsoft_asks if item["displayName"] == "MFA" else row.freshness.startswith("old")
        world.entra.patch(
            f"/identity/conditionalAccess/policies/{item['id']}", {"state": "enabled" if on else "disabled"}
        )
    [federation] = world.entra.get("/domains/acme.example/federationConfiguration")["value"]
    chosen = {"federatedIdpMfaBehavior": BEHAVIOURS[row.behaviour]}
    world.entra.patch(f"/domains/acme.example/federationConfiguration/{federation['id']}", chosen)


def play(world: World, row: Row) -> tuple[Any, bool]:
    """Go the way; the agent's outcome, and whether Okta asked for a factor."""
    password = next(user["password"] for user in world.spec.lab["users"] if user["login"] == DANA)
    browser = Browser(world.transport, client=row.address)
    visit = Visit(
        world.transport,
        world.spec.lab,
        DANA,
        password,
        row.address,
        factors={"sms": "outbox", "microsoft": {"push": "approve"}},
        browser=browser,
    )
    if row.freshness != "new":
        through_pages(browser, browser.get(f"https://{world.hosts.service('okta').host}/app/UserHome"), visit)
        world.clock.advance(minutes=90)
    found = sign_in("browser", visit)
    shown = world.journal(party="okta:acme", stream="system_log", limit=5000)
    return found, any(item["type"] == "user.authentication.auth_via_mfa" for item in shown)


def check(world: World, row: Row) -> None:
    """Foretold and real agree."""
    world.restore("row")
    arrange(world, row)
    expected = foretold(row)
    found, prompted = play(world, row)
    places = [step["url"] for step in found.steps]
    own = any("/proofup/" in url or "/SAS/" in url for url in places)
    end = "microsoft" if found.outcome == "signed_in" and own else {"signed_in": "in"}.get(found.outcome, found.outcome)
    rounds = sum(url.endswith("/login.srf") for url in places) if expected.rounds else None
    claim = found.assertion["mfa"] if expected.claim is not None else None
    real = (end, claim, rounds, prompted)
    wanted = (expected.end, expected.claim, expected.rounds, expected.prompted)
    assert real == wanted, (real, wanted, row, expected.sources, found.text)


def name(row: Row) -> str:
    return " / ".join(map(str, row))


@pytest.mark.parametrize("row", SLICE, ids=name)
def test_a_slice_of_the_table(estates: dict[str, World], row: Row) -> None:
    check(estates[row.engine], row)


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in ROWS if row not in SLICE], ids=name)
def test_the_rest_of_the_table(estates: dict[str, World], row: Row) -> None:
    check(estates[row.engine], row)
