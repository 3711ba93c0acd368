"""Who gets in, from end to end: F-64 and F-66 as properties of real sign-ins by scripted clients.

No order of rules, zone or class of client lets somebody in whom every rule for them denies; the simulation endpoint says
what a real sign-in then meets, by name.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols.jose import read_unverified
from emulator.wire.agents import Visit, okta_verify, sign_in

DANA, RELAY = "dana@acme.example", "svc-relay@acme.example"
CLIENTS = ("browser", "office", "outlook-mobile", "imap", "activesync", "windows", "autopilot", "service")
CLASSES = ("WEB", "MODERN_AUTH", "EXCHANGE_ACTIVE_SYNC", "AAD_JOIN")
ADDRESSES = ("198.51.100.7", "203.0.113.7", "192.0.2.7")
EXPRESSIONS = (
    'request.userAgent.contains("Windows")', 'request.userAgent.contains("Outlook")', "user.profile.department == null",
    "device.profile.managed == true",
)  # fmt: skip
_FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
side = st.sampled_from(["include", "exclude"])
action = {"verificationMethod": {"factorMode": "1FA", "type": "ASSURANCE", "reauthenticateIn": "PT2H"}}


class Org:
    """The world's Office 365 app and what a rule of it may name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.app = world.spec.lab["okta"]["o365_app_id"]
        href = world.okta.get(f"/api/v1/apps/{self.app}")["_links"]["accessPolicy"]["href"]
        self.rules = f"/api/v1/policies/{href.rpartition('/')[2]}/rules"
        self.zones = [zone["id"] for zone in world.okta.get("/api/v1/zones") if not zone["system"]]
        self.sales = world.okta.get("/api/v1/groups?q=Sales")[0]["id"]
        self.dana = world.okta.get(f"/api/v1/users/{DANA}")["id"]

    def add(self, number: int, access: str, conditions: Doc, priority: int) -> None:
        body = {"type": "ACCESS_POLICY", "name": f"rule {number}", "priority": priority, "conditions": conditions,
                "actions": {"appSignOn": {"access": access, **action}}}  # fmt: skip
        self.world.okta.post(self.rules, body)

    def enrol(self, managed: bool) -> Doc:
        """A device of Dana's, as her browser shows it."""
        key = okta_verify.key_of(b"managed" if managed else b"not managed")
        body = {"userId": self.dana, "managed": managed, "key": okta_verify.public_of(key),
                "profile": {"displayName": "Laptop", "platform": "WINDOWS"}}  # fmt: skip
        return {"okta": {"id": self.world.okta.post("/api/internal/v1/devices", body)["id"], "key": key}}

    def comes(self, client: str, address: str, login: str = DANA, device: Doc | None = None) -> Any:
        people = self.world.spec.lab["users"]
        password = next(user["password"] for user in people if user["login"] == login)
        visit = Visit(self.world.transport, self.world.spec.lab, login, password, address, device=device or {})
        return sign_in(client, visit)

    def evaluated(self) -> Doc:
        rows: Any = self.world.okta.get("/api/v1/logs?sortOrder=DESCENDING&limit=200&filter="
                                        'eventType eq "policy.evaluate_sign_on"')  # fmt: skip
        app = next(row for row in rows if any(item["type"] == "AppInstance" for item in row["target"]))
        return {"rule": app["debugContext"]["debugData"]["rule"], "class": app["debugContext"]["debugData"]["clientType"],
                "agent": app["client"]["userAgent"]["rawUserAgent"]}  # fmt: skip


@st.composite
def conditions(draw: Any, org: Org) -> Doc:
    found: Doc = {}
    if draw(st.booleans()):
        found["network"] = {"connection": "ZONE", draw(side): [draw(st.sampled_from([*org.zones, "ALL_ZONES"]))]}
    if draw(st.booleans()):
        found["office365Client"] = {"include": draw(st.lists(st.sampled_from(CLASSES), max_size=3, unique=True))}
    if draw(st.booleans()):
        system = draw(st.sampled_from(["WINDOWS", "IOS", "ANY"]))
        found["platform"] = {"include": [{"type": "ANY", "os": {"type": system}}]}
    if draw(st.booleans()):
        found["device"] = draw(st.sampled_from([{"registered": True}, {"registered": True, "managed": True}]))
    if draw(st.booleans()):
        found["elCondition"] = {"condition": draw(st.sampled_from(EXPRESSIONS))}
    if draw(st.booleans()):
        found["riskScore"] = {"level": draw(st.sampled_from(["ANY", "LOW", "MEDIUM", "HIGH"]))}
    return found


@_FEW
@given(data=st.data())
def test_nobody_whom_their_rules_deny_gets_in(data: Any) -> None:
    """Rules that allow are for others; those for this person deny, wherever they stand."""
    with World("acme") as world:
        org = Org(world)
        for number in range(data.draw(st.integers(1, 6))):
            spec = data.draw(conditions(org))
            if data.draw(st.booleans()):
                people = data.draw(st.sampled_from([
                    {"users": {"exclude": [org.dana]}}, {"groups": {"exclude": [org.sales]}},
                    {"users": {"include": [world.okta.get(f"/api/v1/users/{RELAY}")["id"]]}},
                ]))  # fmt: skip
                org.add(number, "ALLOW", {**spec, "people": people}, data.draw(st.integers(1, 4)))
            else:
                org.add(number, "DENY", spec, data.draw(st.integers(1, 4)))
        usual = next(rule for rule in world.okta.get(org.rules) if rule["name"] == "Allow Web and Modern Auth")
        body = {**usual, "conditions": {**usual["conditions"], "people": {"users": {"exclude": [org.dana]}}}}
        world.okta.put(f"{org.rules}/{usual['id']}", body)
        devices = [None, org.enrol(managed=False), org.enrol(managed=True)]
        for client in CLIENTS:
            found = org.comes(client, data.draw(st.sampled_from(ADDRESSES)), device=data.draw(st.sampled_from(devices)))
            assert found.outcome in ("refused", "asked"), (client, found.text)
            assert "access_token" not in found.tokens
        assert world.engine.crashes == []


@_FEW
@given(data=st.data())
def test_the_simulation_says_what_a_real_sign_in_meets(data: Any) -> None:
    with World("acme") as world:
        org = Org(world)
        for number in range(data.draw(st.integers(1, 5))):
            spec = data.draw(conditions(org))
            if data.draw(st.booleans()):
                spec["people"] = {"groups": {data.draw(side): [org.sales]}}
            org.add(number, data.draw(st.sampled_from(["ALLOW", "DENY"])), spec, data.draw(st.integers(1, 4)))
        devices = {"unknown": None, "registered": org.enrol(managed=False), "managed": org.enrol(managed=True)}
        for client in CLIENTS:
            address, held = data.draw(st.sampled_from(ADDRESSES)), data.draw(st.sampled_from(sorted(devices)))
            outcome = org.comes(client, address, device=devices[held]).outcome
            real = org.evaluated()
            known = held != "unknown" and real["class"] in ("WEB", "MODERN_AUTH")  # the others speak to no page
            device = {"registered": known, "managed": known and held == "managed"}
            context = {"user": {"id": org.dana}, "groups": {"ids": []}, "ip": address, "client": real["class"],
                       "userAgent": real["agent"], "device": device, "risk": {"level": "LOW"}}  # fmt: skip
            body = {"appInstance": org.app, "policyTypes": ["ACCESS_POLICY"], "policyContext": context}
            [said] = world.okta.post("/api/v1/policies/simulate?expand=RULE", body)["evaluation"]
            [rule] = said["result"]["policies"][0]["rules"]
            assert (said["status"], rule["name"]) == ("MATCH", real["rule"]), (client, address)
            allowed = world.okta.get(f"{org.rules}/{rule['id']}")["actions"]["appSignOn"]["access"] == "ALLOW"
            assert (outcome == "signed_in") is allowed, (client, address, outcome)


@pytest.mark.parametrize("address", ADDRESSES)
def test_forged_addresses_and_agents_do_not_help(address: str) -> None:
    """A rule for the office's zone is not fooled by headers that a client sends about itself."""
    with World("acme") as world:
        org = Org(world)
        office = next(zone["id"] for zone in world.okta.get("/api/v1/zones") if zone["name"] == "Head office")
        org.add(1, "DENY", {"network": {"connection": "ZONE", "exclude": [office]}}, 1)
        inside = address.startswith("198.51.100.")
        assert (org.comes("browser", address).outcome == "signed_in") is inside
        password = next(user["password"] for user in world.spec.lab["users"] if user["login"] == DANA)
        visit = Visit(world.transport, world.spec.lab, DANA, password, address, browser=_forging(world, address))
        assert (sign_in("browser", visit).outcome == "signed_in") is inside


def test_guessing_at_the_active_endpoint_closes_that_endpoint_only() -> None:
    """F-85: password spraying with legacy clients."""
    with World("acme") as world:
        org = Org(world)
        tried: Doc = {}
        for number in range(12):
            for login in (RELAY, DANA):
                visit = Visit(world.transport, world.spec.lab, login, f"Guess-{number}", "192.0.2.66")
                tried.setdefault(login, []).append(sign_in("activesync", visit).outcome)
        assert set(tried[RELAY]) == set(tried[DANA]) == {"refused"}
        assert org.comes("activesync", ADDRESSES[0], RELAY).outcome == "refused"  # closed, the right password too
        assert org.comes("browser", ADDRESSES[0], RELAY).outcome == "signed_in"
        assert org.comes("browser", ADDRESSES[0], DANA).outcome == "signed_in"
        statuses = {world.okta.get(f"/api/v1/users/{login}")["status"] for login in (RELAY, DANA)}
        assert statuses == {"ACTIVE"}
        world.clock.advance(hours=2)
        assert org.comes("activesync", ADDRESSES[0], RELAY).outcome == "signed_in"
        assert org.comes("activesync", ADDRESSES[0], DANA).outcome == "refused"  # by the rule, which has not changed


def test_a_device_is_registered_with_the_factor_that_okta_asked_for() -> None:
    """F-75: what enrolling Windows Hello asks of the sign-in; the device's own keys are not emulated."""
    scope = "openid urn:ms-drs:enterpriseregistration.windows.net/.default"
    with World("acme") as world:
        org = Org(world)
        world.okta.put(f"/api/internal/v1/apps/{org.app}/office365/mfa", {"supportsMfa": True, "stepUp": True})
        world.sync()
        body = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+14155550123"}}
        world.okta.post(f"/api/v1/users/{org.dana}/factors?activate=true", body)
        registration = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"
        world.entra.post("/identity/conditionalAccess/policies", {
            "displayName": "Registering devices", "state": "enabled",
            "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": [registration]},
                           "clientAppTypes": ["all"]},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        })  # fmt: skip
        password = next(user["password"] for user in world.spec.lab["users"] if user["login"] == DANA)
        visit = Visit(world.transport, world.spec.lab, DANA, password, factors={"sms": "outbox"})
        assert sign_in("browser", visit).assertion["mfa"] is False
        found = sign_in("office", replace(visit, scope=scope))
        assert (found.outcome, found.assertion["mfa"]) == ("signed_in", True), found.text
        assert "mfa" in read_unverified(found.tokens["access_token"]).claims["amr"]


def _forging(world: World, address: str) -> Any:
    from emulator.wire.browser import Browser

    browser = Browser(world.transport, client=address)
    browser.http.headers["x-ms-forwarded-client-ip"] = "198.51.100.7"
    browser.http.headers["x-forwarded-for"] = "198.51.100.7"
    return browser
