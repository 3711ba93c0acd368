"""Conditional Access: which policies apply to whom, and what they come to; each condition on its own, in both directions.

graph-entra.md 1.16. The decision of a thousand policies is timed at the end.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import World
from emulator.entra.login import conditional, requirements
from emulator.entra.login.claims import Identity
from emulator.entra.login.facts import Held, Networks, networks_of, platform_of
from emulator.entra.login.requirements import Context
from emulator.entra.resources.users import by_upn
from emulator.kernel.doc import Doc
from tests.entra.login.gates import built, policy, with_tenant
from tests.entra.login.worlds import (
    ADMIN,
    LIN,
    WEB,
    WEB_URI,
    authorize_url,
    refusal,
    sign_in_managed,
    signins,
    stopping,
)
from tests.pace import paces

BLOCK = built("block")
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
OFFICE = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"
LAPTOP, HYBRID = "d1000000-0000-4000-8000-000000000001", "d1000000-0000-4000-8000-000000000002"
HERE: Doc = {
    "devices": [
        {"displayName": "LAP-1", "deviceId": LAPTOP, "isCompliant": True, "isManaged": True, "operatingSystem": "Windows"},
        {"displayName": "LAP-2", "deviceId": HYBRID, "trustType": "ServerAd", "operatingSystem": "Windows"},
        {"displayName": "LAP-3", "deviceId": "d1000000-0000-4000-8000-000000000003", "isCompliant": True, "accountEnabled": False},
    ],
    "named_locations": [
        {"displayName": "Office", "ipRanges": ["198.51.100.0/24"], "isTrusted": True},
        {"displayName": "Partner", "ipRanges": ["203.0.113.0/24", "2001:db8::/32"]},
        {"displayName": "Netherlands", "countriesAndRegions": ["NL"]},
        {"displayName": "Nowhere", "countriesAndRegions": ["AQ"], "includeUnknownCountriesAndRegions": True},
    ],
    "addresses": [{"addresses": "192.0.2.0/25", "country": "NL", "city": "Utrecht"}, {"addresses": "192.0.2.128/25", "country": "DE"}],
    "groups": [
        {"displayName": "Staff", "members": [LIN]},
        {"displayName": "Guests only", "members": []},
    ],
}  # fmt: skip


def attempt(world: World, name: str = LIN, *, client: str = WEB, address: str = "192.0.2.200", agent: str = WINDOWS,
            device: str = "", **asked: Any) -> str:  # fmt: skip
    """`in`, or the code that a managed person's sign-in ends with."""
    from tests.entra.login.worlds import ADMIN_PASSWORD, LIN_PASSWORD

    browser = stopping(world)
    browser.client = address
    browser.http.headers["user-agent"] = agent
    if device:
        browser.http.headers["x-ms-deviceid"] = device
    uri = asked.pop("redirect_uri", WEB_URI if client == WEB else None)
    more = {"redirect_uri": uri} if uri else {}
    url = authorize_url(client, **more, **asked)
    view = sign_in_managed(browser, url, name, ADMIN_PASSWORD if name == ADMIN else LIN_PASSWORD)
    if "code=" in view.url:
        return "in"
    return refusal(world, view)[0]


USERS = {
    "everybody": ({"includeUsers": ["All"]}, {LIN: "53003", ADMIN: "53003"}),
    "nobody": ({"includeUsers": ["None"]}, {LIN: "in"}),
    "one": ({"includeUsers": [LIN]}, {LIN: "53003", ADMIN: "in"}),
    "all but one": ({"includeUsers": ["All"], "excludeUsers": [LIN]}, {LIN: "in", ADMIN: "53003"}),
    "a group": ({"includeGroups": ["Staff"]}, {LIN: "53003", ADMIN: "in"}),
    "all but a group": ({"includeUsers": ["All"], "excludeGroups": ["Staff"]}, {LIN: "in", ADMIN: "53003"}),
    "a role": ({"includeRoles": ["Global Administrator"]}, {LIN: "in", ADMIN: "53003"}),
    "all but a role": ({"includeUsers": ["All"], "excludeRoles": ["Global Administrator"]}, {LIN: "53003", ADMIN: "in"}),
    "guests": ({"includeUsers": ["GuestsOrExternalUsers"]}, {LIN: "in", ADMIN: "in"}),
    "guests, by type": (
        {"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "b2bCollaborationGuest"}}, {LIN: "in"}),
}  # fmt: skip
CONDITIONS: dict[str, tuple[Doc, list[tuple[Doc, str]]]] = {
    "one application": ({"applications": {"includeApplications": [WEB]}}, [({}, "53003"), ({"client": OFFICE, "redirect_uri": "http://localhost"}, "in")]),
    "all but the API": ({"applications": {"includeApplications": ["All"], "excludeApplications": ["00000003-0000-0000-c000-000000000000"]}}, [({}, "in")]),
    "no application": ({"applications": {"includeApplications": ["None"]}}, [({}, "in")]),
    "Office 365": (
        {"applications": {"includeApplications": ["Office365"]}},
        [({}, "in"), ({"client": OFFICE, "redirect_uri": "http://localhost", "scope": "https://outlook.office365.com/.default openid"}, "53003")]),
    "an API by its id": (
        {"applications": {"includeApplications": [EXCHANGE]}},
        [({"client": OFFICE, "redirect_uri": "http://localhost", "scope": "https://outlook.office365.com/.default openid"}, "53003"), ({}, "in")]),
    "browsers": ({"clientAppTypes": ["browser"]}, [({}, "53003"), ({"client": OFFICE, "redirect_uri": "http://localhost", "agent": "python"}, "in")]),
    "applications on devices": (
        {"clientAppTypes": ["mobileAppsAndDesktopClients"]},
        [({}, "in"), ({"client": OFFICE, "redirect_uri": "http://localhost", "agent": "Microsoft Office/16.0"}, "53003")]),
    "old protocols": ({"clientAppTypes": ["exchangeActiveSync", "other"]}, [({}, "in")]),
    "a platform": ({"platforms": {"includePlatforms": ["windows"]}}, [({}, "53003"), ({"agent": PHONE}, "in")]),
    "all but a platform": (
        {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}}, [({}, "53003"), ({"agent": PHONE}, "in")]),
    "a location": (
        {"locations": {"includeLocations": ["Partner"]}},
        [({"address": "203.0.113.9"}, "53003"), ({"address": "2001:db8::1"}, "53003"), ({"address": "203.0.114.9"}, "in")]),
    "all but trusted": (
        {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
        [({"address": "198.51.100.4"}, "in"), ({"address": "203.0.113.9"}, "53003")]),
    "a country": ({"locations": {"includeLocations": ["Netherlands"]}}, [({"address": "192.0.2.1"}, "53003"), ({}, "in")]),
    "unknown places": ({"locations": {"includeLocations": ["Nowhere"]}}, [({"address": "100.64.0.1"}, "53003"), ({}, "in")]),
    "devices that a filter includes": (
        {"devices": {"deviceFilter": {"mode": "include", "rule": 'device.isCompliant -eq True'}}},
        [({"device": LAPTOP}, "53003"), ({}, "in"), ({"device": HYBRID}, "in")]),
    "devices that a filter leaves out": (
        {"devices": {"deviceFilter": {"mode": "exclude", "rule": 'device.trustType -eq "ServerAD"'}}},
        [({"device": HYBRID}, "in"), ({}, "53003"), ({"device": LAPTOP}, "53003")]),
    "the device code flow only": ({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, [({}, "in")]),
    "a user action": ({"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}}, [({}, "in")]),
}  # fmt: skip


def world_of(*policies: Doc) -> World:
    return World(with_tenant(policies, **HERE))


@pytest.mark.parametrize("name", list(USERS))
def test_who_a_policy_is_for(name: str) -> None:
    users, expected = USERS[name]
    with world_of(policy(name, grants=BLOCK, users=users)) as world:
        for person, code in expected.items():
            assert attempt(world, person) == code, person
        assert world.engine.crashes == []


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_when_a_policy_applies(name: str) -> None:
    conditions, rows = CONDITIONS[name]
    with world_of(policy(name, grants=BLOCK, **conditions)) as world:
        for given, code in rows:
            assert attempt(world, **given) == code, given
        assert world.engine.crashes == []


GRANTS: list[tuple[Doc, str, str]] = [
    (built("compliantDevice"), "", "53000"), (built("compliantDevice"), LAPTOP, "in"), (built("compliantDevice"), HYBRID, "53000"),
    (built("compliantDevice"), "d1000000-0000-4000-8000-000000000003", "53000"),
    (built("domainJoinedDevice"), HYBRID, "in"), (built("domainJoinedDevice"), LAPTOP, "53001"),
    (built("compliantDevice", "domainJoinedDevice"), HYBRID, "in"),
    (built("compliantDevice", "domainJoinedDevice", operator="AND"), HYBRID, "53000"),
    (built("approvedApplication"), LAPTOP, "53002"),
    (built("mfa", "compliantDevice"), LAPTOP, "in"), (built("mfa", "compliantDevice"), "", "50072"),
    (built("mfa", "compliantDevice", operator="AND"), "", "53000"),
    (built("mfa", "compliantDevice", operator="AND"), LAPTOP, "50072"),
]  # fmt: skip


@pytest.mark.parametrize(("grants", "device", "code"), GRANTS)
def test_what_a_policy_grants(grants: Doc, device: str, code: str) -> None:
    with world_of(policy(grants=grants)) as world:
        if code == "50072":
            with pytest.raises(AssertionError):
                attempt(world, device=device)
            assert signins(world)[-1]["status"]["errorCode"] == 50072
        else:
            assert attempt(world, device=device) == code


def test_all_policies_must_be_met_and_block_wins() -> None:
    policies = (policy("A"), policy("B", grants=built("compliantDevice")), policy("C", grants=BLOCK),
                policy("D", grants=BLOCK, state="enabledForReportingButNotEnforced"),
                policy("E", grants=BLOCK, platforms={"includePlatforms": ["iOS"]}), policy("F", grants=BLOCK, state="disabled"))  # fmt: skip
    for order in (policies, policies[::-1]):
        with world_of(*order) as world:
            assert attempt(world) == "53003"
            record = signins(world)[-1]
            assert record["conditionalAccessStatus"] == "failure"
            assert {item["displayName"]: item["result"] for item in record["appliedConditionalAccessPolicies"]} == {
                "A": "failure", "B": "failure", "C": "failure", "D": "reportOnlyFailure", "E": "notApplied",
            }  # fmt: skip
            shown = next(item for item in record["appliedConditionalAccessPolicies"] if item["displayName"] == "C")
            assert shown["enforcedGrantControls"] == ["Block"]


def test_the_log_says_where_and_with_what() -> None:
    with world_of(policy(grants=built("compliantDevice"))) as world:
        assert attempt(world, address="192.0.2.3", device=LAPTOP) == "in"
        record = signins(world)[-1]
        assert (record["location"]["countryOrRegion"], record["location"]["city"]) == ("NL", "Utrecht")
        assert (record["deviceDetail"]["displayName"], record["deviceDetail"]["isCompliant"]) == ("LAP-1", True)
        assert (record["conditionalAccessStatus"], record["status"]["errorCode"]) == ("success", 0)
        shown = world.entra.get("/auditLogs/signIns?$filter=conditionalAccessStatus eq 'success'")["value"]
        assert [item["id"] for item in shown] == [record["id"]]


def test_what_if_agrees_with_the_sign_in() -> None:
    url = "https://graph.microsoft.com/beta/identity/conditionalAccess/evaluate"
    with world_of(
        policy("Windows", grants=BLOCK, platforms={"includePlatforms": ["windows"]}),
        policy("Partner", grants=BLOCK, locations={"includeLocations": ["Partner"]}),
        policy("Off", grants=BLOCK, state="disabled"),
    ) as world:
        lin = world.entra.get(f"/users/{LIN}")["id"]
        for agent, platform in ((WINDOWS, "windows"), (PHONE, "iOS")):
            for address in ("203.0.113.9", "192.0.2.200"):
                answer = world.entra.post(url, {
                    "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": lin},
                    "signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": [WEB]},
                    "signInConditions": {"devicePlatform": platform, "clientAppType": "browser", "ipAddress": address},
                })  # fmt: skip
                rows = {
                    item["displayName"]: (item["policyApplies"], item["analysisReasons"]) for item in answer["value"]
                }
                blocked = any(applies for applies, _ in rows.values())
                assert attempt(world, agent=agent, address=address) == ("53003" if blocked else "in")
                assert rows["Off"] == (False, "policyNotEnabled")
                assert rows["Windows"] == ((True, "notSet") if platform == "windows" else (False, "devicePlatform"))


@pytest.mark.parametrize(
    ("agent", "platform"),
    [(WINDOWS, "windows"), (PHONE, "iOS"), ("Mozilla/5.0 (Linux; Android 15) wv)", "android"), ("Mozilla/5.0 (X11; Linux x86_64)", "linux"),
     ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0)", "macOS"), ("Windows Phone 10", "windowsPhone"), ("curl/8", ""), ("", "")],
)  # fmt: skip
def test_platforms(agent: str, platform: str) -> None:
    assert platform_of(agent) == platform


def test_networks() -> None:
    table: Networks[str] = Networks()
    for text, value in (
        ("10.0.0.0/8", "wide"),
        ("10.1.0.0/16", "narrow"),
        ("10.1.0.5-10.1.0.9", "five"),
        ("2001:db8::/32", "six"),
    ):
        for network in networks_of(text):
            table.add(network, value)
    assert table.at("10.1.0.6") == ["wide", "narrow", "five"]
    assert (table.narrowest("10.2.0.1", ""), table.narrowest("11.0.0.1", "none"), table.at("text")) == (
        "wide",
        "none",
        [],
    )
    assert (table.at("2001:db8::5"), table.at("::ffff:10.2.0.1")) == (["six"], ["wide"])


# -- speed -----------------------------------------------------------------------------------------------------------


def many() -> Iterator[Doc]:
    """A thousand policies of every sort, most of which apply to somebody else."""
    for number in range(1000):
        who = (
            {"includeUsers": ["All"]}
            if number % 3 == 0
            else {"includeGroups": [f"0000{number:04}-0000-4000-8000-000000000000"]}
        )
        where = {"includeLocations": ["Office"]} if number % 2 else None
        yield policy(f"P{number}", grants=built("mfa", "compliantDevice"), users=who, locations=where,
                     platforms={"includePlatforms": ["windows"]} if number % 5 else None)  # fmt: skip


def test_a_thousand_policies_decide_at_once() -> None:
    with world_of(*many()) as world:
        ranges = [f"10.{number // 250}.{number % 250}.0/24" for number in range(2000)]
        for part in range(5):
            world.entra.post("/identity/conditionalAccess/namedLocations", {
                "@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": f"Ranges {part}", "isTrusted": False,
                "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": text} for text in ranges],
            })  # fmt: skip
        call, user, app = call_of(world)
        context = Context(app, held=Held(frozenset({"password"}), auth_ms=call.now))
        decision = requirements.evaluate(call, user, app, context)
        assert decision.first() is not None and decision.first().kind == "mfa"  # type: ignore[union-attr]
        assert len(decision.applied) == 1000
        assert paces(lambda: requirements.evaluate(call, user, app, context)) < 1


def call_of(world: World) -> tuple[Any, Doc, Doc]:
    """A call at the sign-in service as a handler has it, Lin, and an API."""
    seen: list[Any] = []
    original = conditional.book

    def spy(call: Any) -> Any:
        seen.append(call)
        return original(call)

    requirements.conditional.book = spy
    try:
        with pytest.raises(AssertionError):
            attempt(world)
    finally:
        requirements.conditional.book = original
    call = seen[-1]
    user = by_upn(call.store, LIN)
    assert user is not None and Identity(user, ("pwd",), 0)
    from emulator.entra.resources.service_principals import by_app_id

    app = by_app_id(call.store, EXCHANGE)
    assert app is not None
    return call, user, app
