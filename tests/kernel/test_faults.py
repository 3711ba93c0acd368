"""Fault rules: what they cover, which they pick, what a malformed one is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel.fault_rules import parse
from emulator.kernel.faults import DELIVERY, HANDSHAKE, Count, Rule, Target, Verdict, judge

USERS = Target("entra:acme", "graph", "users.get_user", "GET", ("/beta/Users/a", "/v1.0/Users/a", "/v1.0/users/{userId}"), fold=True)  # fmt: skip
POST = replace(USERS, method="POST")
LEASE = Target("okta:acme", "okta", "jobs.lease", "POST", ("/_lab/agent/jobs/lease",), ours=True)


def rule(**keys) -> Rule:
    return parse({"id": "f", "status": 503, **keys})


def run(rules: list[Rule], times: int, target: Target = USERS, seed: str = "s") -> list[Verdict]:
    counts: dict[str, Count] = {}
    found = []
    for _ in range(times):
        found.append(judge(rules, counts, target, now=0, seed=seed))
        counts = found[-1].counts
    return found


def struck(rule: Rule, times: int, **more) -> list[int]:
    return [number for number, verdict in enumerate(run([rule], times, **more), 1) if verdict.struck]


@pytest.mark.parametrize(
    ("keys", "covered"),
    [
        ({}, True), ({"party": "entra"}, True), ({"party": "entra:acme"}, True), ({"party": "entra:other"}, False),
        ({"party": "okta"}, False), ({"service": "graph"}, True), ({"service": "login"}, False),
        ({"operation": "users.get_user"}, True), ({"operation": "users.*"}, True), ({"operation": "groups.*"}, False),
        ({"operation": "USERS.*"}, False), ({"method": "get"}, True), ({"method": "POST"}, False),
        ({"path": "/v1.0/users/*"}, True), ({"path": "/beta/*"}, True), ({"path": "/v1.0/users/{userId}"}, True),
        ({"path": "/v1.0/users"}, False), ({"path": "*", "method": "GET", "service": "graph"}, True),
    ],
)  # fmt: skip
def test_what_a_rule_covers(keys, covered):
    assert rule(**keys).covers(USERS, 0) is covered


def test_paths_keep_their_case_where_the_vendor_does():
    target = Target("okta:acme", "okta", "users.list", "GET", ("/api/v1/users",))
    assert rule(path="/api/v1/users").covers(target, 0)
    assert not rule(path="/API/v1/users").covers(target, 0)


@pytest.mark.parametrize(
    ("keys", "covered"),
    [({}, False), ({"party": "okta"}, False), ({"operation": "*"}, False), ({"path": "*"}, False),
     ({"operation": "jobs.*"}, True), ({"path": "/_lab/agent/*"}, True)],
)  # fmt: skip
def test_the_agent_port_is_struck_only_by_name(keys, covered):
    assert rule(**keys).covers(LEASE, 0) is covered


KEY_SET = replace(USERS, operation="discovery.keys", keys=True)
SHAKE = replace(USERS, operation="", method="", paths=(), moment=HANDSHAKE)
SENT = replace(USERS, operation="", method="POST", paths=("/hook",), moment=DELIVERY)


@pytest.mark.parametrize(
    ("keys", "covered"),
    [
        ({"stale": "PT5S"}, [USERS, KEY_SET]), ({"truncate": 5}, [USERS, KEY_SET]), ({"truncate": "body"}, [USERS, KEY_SET]),
        ({"skew": "-PT5S"}, [USERS, POST, KEY_SET]), ({"rollover": "half"}, [KEY_SET]), ({"certificate": "expired"}, [SHAKE]),
        ({"duplicate": 1}, [SENT]), ({"duplicate": 1, "path": "/hook"}, [SENT]), ({"duplicate": 1, "path": "/x"}, []),
        ({"latency": "PT1S"}, [USERS, POST, KEY_SET]),
    ],
)  # fmt: skip
def test_an_effect_covers_what_it_can_be_on(keys, covered):
    made = parse({"id": "f", **keys})
    assert [target for target in (USERS, POST, KEY_SET, SHAKE, SENT) if made.covers(target, 0)] == covered
    assert made.effect() and made.why(1).to_doc()


@pytest.mark.parametrize(
    "keys",
    [
        {"truncate": 0}, {"truncate": "half"}, {"truncate": True}, {"truncate": 1.5}, {"stale": "PT0S"}, {"stale": 5},
        {"stale": "P8D"}, {"skew": "x"}, {"skew": "--PT5S"}, {"skew": 3}, {"certificate": "old"}, {"certificate": 1},
        {"certificate": "expired", "operation": "users.*"}, {"certificate": "expired", "path": "/x"},
        {"rollover": True}, {"duplicate": 0}, {"duplicate": 11}, {"duplicate": True}, {"duplicate": 1, "method": "GET"},
        {"skew": "PT1S", "stale": "PT1S"}, {"truncate": 1, "drop": True}, {"duplicate": 1, "retry_after": 1},
    ],
)  # fmt: skip
def test_a_malformed_effect_is_refused(keys):
    with pytest.raises(ValueError, match=r"must be|one effect|takes no|belong"):
        parse({"id": "f", **keys})


def test_what_bends_an_answer_goes_with_what_refuses_it():
    rules = [rule(id="a", status=None, skew="PT5S"), rule(id="b"), rule(id="c", status=None, truncate="body")]
    [verdict] = run(rules, 1)
    assert [item.id for item in verdict.rules] == ["a", "b"]
    assert verdict.last is rules[1]


def test_the_window_is_of_world_time_and_half_open():
    found = rule(between=["2026-01-15T09:00:00Z", "2026-01-15T10:00:00Z"])
    start, hour = 1768467600000, 3600_000
    assert [found.covers(USERS, at) for at in (start - 1, start, start + hour - 1, start + hour)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert rule(between=[None, "2026-01-15T10:00:00Z"]).covers(USERS, 0)
    assert not rule(between=["2026-01-15T09:00:00Z", None]).covers(USERS, start - 1)


def test_nth_first_and_every_count_covered_requests():
    assert struck(rule(nth=3), 6) == [3]
    assert struck(rule(first=2), 6) == [1, 2]
    assert struck(rule(every=3), 7) == [3, 6]
    assert struck(rule(), 3) == [1, 2, 3]


def test_what_is_not_covered_is_not_counted():
    counts: dict[str, Count] = {}
    for target in (USERS, LEASE, USERS):
        counts = judge([rule(nth=2)], counts, target, now=0, seed="s").counts
    assert counts == {"f": Count(2, 1)}


def test_probability_repeats_with_the_seed_and_differs_with_it():
    often = rule(probability=0.25)
    assert struck(often, 400) == struck(often, 400)
    assert struck(often, 400) != struck(often, 400, seed="t")
    assert 60 < len(struck(often, 400)) < 140
    assert struck(rule(probability=1), 5) == [1, 2, 3, 4, 5]


def test_delays_add_up_and_the_first_refusal_wins():
    slow = [parse({"id": f"s{n}", "latency": "PT0.5S"}) for n in (1, 2)]
    first, second = parse({"id": "a", "status": 503, "nth": 2}), parse({"id": "b", "drop": True})
    verdicts = run([slow[0], first, second, slow[1]], 2)
    assert [verdict.delay_ms for verdict in verdicts] == [1000, 1000]
    assert [verdict.last.id for verdict in verdicts] == ["b", "a"]
    assert verdicts[1].counts == {"s1": Count(2, 2), "a": Count(2, 1), "b": Count(2, 1), "s2": Count(2, 2)}


def test_effects_are_read():
    assert rule(retry_after="PT1.5S").retry_after_s == 2
    assert rule(retry_after=0).retry_after_s == 0
    assert parse({"id": "f", "latency": "PT1M"}).latency_ms == 60_000
    assert [parse({"id": "f", "drop": value}).drop for value in (True, "request", "answer")] == ["request"] * 2 + [
        "answer"
    ]
    assert parse({"id": "f", "problem": "E0000007", "values": ["x"]}).values == ("x",)
    assert rule(nth=None).doc == {"id": "f", "status": 503}


@pytest.mark.parametrize(
    ("doc", "told"),
    [
        ({}, "one effect"), ({"status": 503, "drop": True}, "one effect"), ({"drop": False}, "one effect"),
        ({"status": 503, "latency": "PT1S"}, "one effect"), ({"status": 503, "when": 1}, "has no 'when'"),
        ({"status": "503"}, "status"), ({"status": 200}, "status"), ({"status": True}, "status"),
        ({"status": 404}, "`problem`"), ({"status": 503, "nth": 0}, "nth"), ({"status": 503, "first": 1.5}, "first"),
        ({"status": 503, "every": "2"}, "every"), ({"status": 503, "nth": 1, "first": 1}, "one of nth"),
        ({"status": 503, "between": "now"}, "between"), ({"status": 503, "between": ["soon", None]}, "between"),
        ({"status": 503, "between": ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"]}, "empty"),
        ({"status": 503, "probability": 0}, "probability"), ({"status": 503, "probability": 1.1}, "probability"),
        ({"latency": "1 s"}, "latency"), ({"latency": 1}, "latency"), ({"latency": "PT0S"}, "latency"),
        ({"latency": "PT1H"}, "latency"), ({"latency": "PT" + "9" * 400 + "S"}, "latency"), ({"latency": "-PT1S"}, "latency"), ({"drop": "later"}, "drop"),
        ({"drop": 1}, "drop"), ({"drop": []}, "drop"), ({"status": 429, "retry_after": -1}, "retry_after"),
        ({"status": 429, "retry_after": "soon"}, "retry_after"), ({"status": 429, "retry_after": 1.5}, "retry_after"),
        ({"latency": "PT1S", "retry_after": 1}, "belong"), ({"status": 503, "values": ["a"]}, "values"),
        ({"problem": "E1", "values": "a"}, "values"), ({"status": 503, "id": "a b"}, "id"),
        ({"status": 503, "operation": ""}, "operation"), ({"status": 503, "party": 1}, "party"),
        ({"status": 503, "method": "FETCH"}, "method"), ({"status": 503, "path": "/" * 300}, "path"),
    ],
)  # fmt: skip
def test_a_malformed_rule_is_told_what_is_wrong(doc, told):
    with pytest.raises(ValueError, match=told):
        parse({"id": "f", **doc})


KEYS = st.sampled_from(["status", "latency", "drop", "nth", "between", "probability", "retry_after", "path", "values"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_no_document_crashes(doc):
    try:
        found = parse({"id": "f", **doc})
    except ValueError:
        return
    assert parse(found.doc) == found
