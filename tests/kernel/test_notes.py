"""What is ignored without a word to the client stands in the journal."""

from emulator import World
from emulator.scenario import timeline


def test_what_was_ignored_is_a_row_and_a_line_of_the_timeline() -> None:
    with World("acme") as world:
        [policy] = [item for item in world.okta.get("/api/v1/policies?type=OKTA_SIGN_ON") if item["system"]]
        rules = f"/api/v1/policies/{policy['id']}/rules"
        rule = world.okta.get(rules)[-1]
        sent = {**rule, "conditions": {**rule["conditions"], "network": {"connection": "ZONE", "include": ["x"]}}}
        kept = world.okta.put(f"{rules}/{rule['id']}", sent)
        assert kept["conditions"] == rule["conditions"]
        [row] = world.journal(stream="note")
        assert row["why"] == {"rule": "conditions of a system rule are fixed and were ignored", "compared": []}
        lines = timeline.timeline([hop.to_doc() for hop in world.tape], world.journal(limit=5000))
        assert [line.text for line in lines if line.kind == "why"].count(row["why"]["rule"]) == 1
