"""1,000 rules and 10,000 zone entries do not slow a decision."""

from typing import Any

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.okta import policy_store, policy_walk, signon, zone_index
from emulator.okta.app_kinds import APPS, POLICY_RULES
from emulator.okta.resources.zones import ZONES, new_zone
from emulator.okta.rule_subject import subject_of
from emulator.okta.user_docs import USERS
from tests.okta import o365
from tests.okta.worlds import SAM_ID
from tests.pace import paces

MOST = 1.0
"""Of the pace (2 ms where the bound was set)."""


class Numbered:
    """Ids for what no API call made."""

    count = 0

    def okta(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count:017d}"


def crowd(org: World) -> Doc:
    """A hundred zones of a hundred ranges, and a thousand rules none of which holds for a legacy client outside."""
    store, now, ids = org.database.store("okta:acme"), org.clock.now(), Numbered()
    app: Doc = store.get(APPS, o365.APP_ID) or {}
    with store.write():
        for zone in range(100):
            rows = [{"type": "CIDR", "value": f"10.{zone}.{row}.0/25"} for row in range(100)]
            fields = {"type": "IP", "name": f"z{zone}", "usage": "POLICY", "gateways": rows, "proxies": None}
            store.add(ZONES, new_zone(fields, id=f"nzo{zone:017d}", now=now))
        for number in range(1000):
            conditions: Doc = {"people": {"users": {"exclude": []}, "groups": {"include": [f"00gnothing{number}"]}}}
            if number % 2:
                conditions = {"network": {"connection": "ZONE", "include": [f"nzo{number % 99:017d}"]}}
            if number % 5 == 0:
                conditions = {"elCondition": {"condition": 'request.userAgent.contains("Never")'}}
            policy = {"id": app["_policyId"], "type": "ACCESS_POLICY"}
            rule = policy_store.new_rule(
                ids,
                now,
                policy,
                name=f"r{number}",
                priority=2,
                conditions=conditions,
                actions=policy_store.sign_on("ALLOW"),
            )
            store.add(POLICY_RULES, rule)
    return app


def best(decide: Any) -> float:
    def denies() -> None:
        assert decide().access == "DENY"

    return paces(denies, rounds=7)


def test_many_rules_and_zones_cost_little() -> None:
    with o365.made() as org:
        app, store = crowd(org), org.database.store("okta:acme")
        user, place = store.get(USERS, SAM_ID) or {}, iter(range(1, 250))
        names = org.okta.get("/api/v1/zones?limit=200")

        def decide() -> signon.Decision:
            address = f"10.99.5.{next(place)}"  # a new one each time: nothing is remembered of it
            context = signon.SignOnContext("EXCHANGE_ACTIVE_SYNC", address, "Outlook", frozenset({"pwd"}), 0)
            subject = subject_of(store, user, address, "Outlook", context.client)
            assert len(subject.zones or ()) <= 1
            return signon.decide(store, app, subject, context)

        decide()
        assert best(decide) < MOST

        def after_a_write() -> signon.Decision:
            with store.write():  # any settled document: what was worked out is compared, not made again
                store.put(APPS, {**app, "label": f"n{next(place)}"})
            return decide()

        after_a_write()
        assert best(after_a_write) < 5 * MOST
        assert len(names) == 104


def outside(org: World, app: Doc, place: int) -> signon.Decision:
    store, address = org.database.store("okta:acme"), f"10.99.6.{place}"
    context = signon.SignOnContext("EXCHANGE_ACTIVE_SYNC", address, "Outlook", frozenset({"pwd"}), 0)
    subject = subject_of(store, store.get(USERS, SAM_ID), address, "Outlook", context.client)
    return signon.decide(store, app, subject, context)


def test_an_edit_is_worked_out_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real, held = policy_walk.compiled, zone_index.Held
    monkeypatch.setattr(policy_walk, "compiled", lambda rule: made.append(rule["name"]) or real(rule))
    monkeypatch.setattr(zone_index, "Held", lambda spans: made.append("zone") or held(spans))
    with o365.made() as org:
        app, store = crowd(org), org.database.store("okta:acme")
        outside(org, app, 1)
        assert len(made) > 1100
        rule = next(row for row in store.find_all(POLICY_RULES, "policyId", app["_policyId"]) if row["name"] == "r500")
        zone, place = store.all(ZONES)[50], iter(range(2, 99))

        def edited() -> signon.Decision:
            number = next(place)
            with store.write():
                store.put(POLICY_RULES, {**rule, "conditions": {"people": {"groups": {"include": [f"00g{number}"]}}}})
                store.put(ZONES, {**zone, "gateways": zone["gateways"][: number + 1]})
            return outside(org, app, number)

        edited()
        made.clear()
        edited()
        assert sorted(made) == ["r500", "zone"]
        assert best(edited) < 5 * MOST  # with the writes; a decision alone takes about one millisecond


def test_what_is_undone_is_forgotten() -> None:
    with o365.made() as org:
        app, store = store_app(org), org.database.store("okta:acme")
        outside(org, app, 1)
        names = [item.rule["name"] for item in policy_walk.ready(store, app["_policyId"])]
        rule = store.find_all(POLICY_RULES, "policyId", app["_policyId"])[0]
        for _ in range(2):
            with org.rolled_back():
                with store.write():
                    store.put(POLICY_RULES, {**rule, "name": "Undone"})
                assert "Undone" in [item.rule["name"] for item in policy_walk.ready(store, app["_policyId"])]
            with store.write():
                store.put(APPS, app)
            assert [item.rule["name"] for item in policy_walk.ready(store, app["_policyId"])] == names
        with pytest.raises(ZeroDivisionError), store.write():
            store.put(POLICY_RULES, {**rule, "name": "Undone"})
            assert "Undone" in [item.rule["name"] for item in policy_walk.ready(store, app["_policyId"])]
            raise ZeroDivisionError
        assert [item.rule["name"] for item in policy_walk.ready(store, app["_policyId"])] == names
        with store.write():
            store.drop(POLICY_RULES, rule["id"])
        left = [item.rule["name"] for item in policy_walk.ready(store, app["_policyId"])]
        assert left == [name for name in names if name != rule["name"]]


def store_app(org: World) -> Doc:
    found: Doc = org.database.store("okta:acme").get(APPS, o365.APP_ID) or {}
    return found
