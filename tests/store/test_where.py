"""SQL conditions against the evaluator that defines filters, on random documents and random filters."""

import json
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.kernel.query import (
    COUNT,
    And,
    Any_,
    Compare,
    In,
    Not,
    Or,
    Present,
    matches,
    parse_odata,
    parse_scim,
)
from emulator.store.conditions import after_prefix
from emulator.store.kinds import Column, Kind, Multi
from emulator.store.where import ColumnSpec, compile_for, compile_where

USER = Kind(
    "user",
    columns=(
        Column("id"),
        Column("profile.login", fold=True),
        Column("lastUpdated"),
        Column("age", kind="number"),
        Column("enabled", kind="bool"),
    ),
    multi=(Multi("proxyAddresses", fold=True), Multi("groupTypes")),
)
MULTI = '"p/+multi"'


def database(documents):
    db = sqlite3.connect(":memory:")
    columns = ", ".join(f"{column.sql} {'TEXT' if column.kind == 'text' else 'NUMERIC'}" for column in USER.columns)
    db.execute(f"CREATE TABLE t (seq INTEGER PRIMARY KEY, {columns}, doc TEXT)")
    db.execute(f"CREATE TABLE {MULTI} (kind TEXT, attribute TEXT, value TEXT, seq INTEGER)")
    for seq, document in enumerate(documents):
        row = (seq, *(column.of(document) for column in USER.columns), json.dumps(document))
        db.execute(f"INSERT INTO t VALUES ({','.join('?' * len(row))})", row)
        for item in USER.multi:
            for value in item.of(document):
                db.execute(f"INSERT INTO {MULTI} VALUES (?,?,?,?)", (USER.name, item.path, value, seq))
        db.execute(f"INSERT INTO {MULTI} VALUES ('other', 'groupTypes', 'a', ?)", (seq,))
    return db


def selected(db, where):
    rows = db.execute(f"SELECT seq, doc FROM t WHERE {where.sql} ORDER BY seq", where.params)
    return [(seq, json.loads(doc)) for seq, doc in rows]


def agree(node, documents, fold=None):
    where = compile_for(node, USER, MULTI, fold=fold)
    db = database(documents)
    try:
        rows = selected(db, where)
    finally:
        db.close()
    wanted = [seq for seq, doc in enumerate(documents) if matches(node, doc, fold=where.fold)]
    assert [seq for seq, doc in rows if where.keeps(doc)] == wanted
    if where.exact:
        assert [seq for seq, _ in rows] == wanted
    return where


words = st.one_of(
    st.sampled_from(["", "a", "A", "ab", "aB", "AB", "b", "ß", "SS", "ss", "K", "k", "1", "1-2", "é", "É"]),
    st.text(alphabet="aAbBßıİſ1-:\x00\ud7ff\uffff\U0010ffff", max_size=3),
)
numbers = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, -1.5, 2**53 + 1, 2.0, 2**62]))
scalars = st.one_of(words, numbers, st.booleans(), st.none())


def optional(values):
    return st.one_of(values, st.none())


documents = st.lists(
    st.fixed_dictionaries(
        {"id": words},
        optional={
            "profile": st.fixed_dictionaries({}, optional={"login": optional(words), "custom": scalars}),
            "lastUpdated": optional(words),
            "age": optional(numbers),
            "enabled": optional(st.booleans()),
            "proxyAddresses": optional(st.lists(words, max_size=3)),
            "groupTypes": optional(st.lists(words, max_size=3)),
            "licences": st.lists(st.fixed_dictionaries({"sku": scalars}), max_size=2),
        },
    ),
    max_size=6,
)
paths = st.sampled_from(
    [
        ("id",), ("profile", "login"), ("lastUpdated",), ("age",), ("enabled",),
        ("proxyAddresses",), ("groupTypes",), ("profile", "custom"), ("licences", "sku"),
        ("proxyAddresses", COUNT), ("licences", COUNT), ("nothing",),
    ]
)  # fmt: skip
operators = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"])
leaves = st.one_of(
    st.builds(Compare, paths, operators, scalars),
    st.builds(Present, paths),
    st.builds(In, paths, st.lists(scalars, max_size=3).map(tuple)),
)


def connected(inner):
    several = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))


of_element = st.recursive(
    st.one_of(
        st.builds(Compare, st.sampled_from([("x",), ("x", "sku"), ("id",)]), operators, scalars),
        st.builds(In, st.just(("x",)), st.lists(scalars, max_size=2).map(tuple)),
        st.builds(Present, st.just(("x",))),
    ),
    connected,
    max_leaves=3,
)
lists = st.sampled_from([("proxyAddresses",), ("groupTypes",), ("licences",), ("id",), ("nothing",)])
anys = st.builds(Any_, lists, st.just("x"), st.one_of(st.none(), of_element))
nodes = st.recursive(st.one_of(leaves, anys), connected, max_leaves=6)
folds = st.sampled_from([None, True, False, lambda path: path[0] == "profile"])


@settings(max_examples=300, deadline=None)
@given(nodes, documents, folds)
def test_sql_agrees_with_the_evaluator(node, documents, fold):
    agree(node, documents, fold)


@settings(max_examples=100, deadline=None)
@given(words, words)
def test_the_bound_after_a_prefix(prefix, other):
    beyond = after_prefix(prefix)
    within = other >= prefix and (beyond is None or other < beyond)
    assert within is other.startswith(prefix) if prefix else beyond is None


EXACT = [
    'id eq "a"',
    'not(profile.login sw "A" or lastUpdated gt "b")',
    "profile.login pr and age ge 2 and not(enabled eq true)",
    'profile.login ne "a" and proxyAddresses eq "A"',
    'proxyAddresses ne "a"',
    'groupTypes co "B" or profile.login ew "b"',
    "proxyAddresses pr",
    'age eq "1"',
    'id ew "a" and not(profile.login ew "x")',  # of empty texts, too
    'not(id ew "a")',
]
EXACT_ODATA = [
    "proxyAddresses/any(p:startsWith(p,'A'))",
    "not(groupTypes/any(c:c eq 'A' or c in ('b','c')))",
    "proxyAddresses/$count eq 0",
    "not(proxyAddresses/any())",
    "profile/login in ('A','b',null)",
    "age le 2 and enabled",
]
INEXACT = [
    'profile.custom eq "a"',
    'not(profile.custom eq "a")',
    'id eq "a" and profile.custom pr',
    "licences.sku pr",
]
PEOPLE = [
    {
        "id": "a",
        "profile": {"login": "AB", "custom": "a"},
        "age": 2,
        "enabled": True,
        "proxyAddresses": ["A", "b"],
    },
    {"id": "b", "profile": {"login": None}, "age": None, "proxyAddresses": [], "groupTypes": ["A"]},
    {"id": "c", "lastUpdated": "c", "enabled": False, "groupTypes": None, "licences": [{"sku": "x"}]},
]


@pytest.mark.parametrize("text", EXACT)
def test_what_the_columns_decide_is_exact(text):
    assert agree(parse_scim(text), PEOPLE).exact


@pytest.mark.parametrize("text", EXACT_ODATA)
def test_what_the_side_table_decides_is_exact(text):
    assert agree(parse_odata(text), PEOPLE).exact


@pytest.mark.parametrize("text", INEXACT)
def test_undeclared_attributes_are_checked_afterwards(text):
    assert not agree(parse_scim(text), PEOPLE).exact


def test_a_known_outcome_needs_no_check():
    never = And((Compare(("age",), "eq", "text"), Compare(("profile", "custom"), "eq", 1)))
    assert agree(never, PEOPLE).sql == "0"
    always = Or((Not(Compare(("enabled",), "sw", "t")), Present(("profile", "custom"))))
    where = agree(always, PEOPLE)
    assert (where.sql, where.exact) == ("1", True)


def test_a_column_folded_otherwise_still_narrows():
    where = agree(parse_scim('profile.login eq "AB"'), PEOPLE, fold=False)
    assert not where.exact
    assert where.params == ("ab",)
    assert agree(parse_scim('id eq "1-2"'), PEOPLE, fold=True).exact
    assert not agree(parse_scim('id eq "A"'), PEOPLE, fold=True).exact


def test_long_and_deep_filters_stay_within_sqlite_limits():
    flat = parse_odata(" or ".join(f"id eq '{number}'" for number in range(1_000)))
    assert agree(flat, PEOPLE).exact
    deep = parse_scim("not(" * 99 + 'id eq "a" or age gt 1 and age lt 3 or lastUpdated pr' + ")" * 99)
    assert agree(deep, PEOPLE).exact
    steep = parse_scim("age eq 1 or age eq 2 and not(" * 100 + "age eq 2" + ")" * 100)
    assert not agree(steep, PEOPLE).exact
    wide = "(" + " or ".join(["age eq 3"] * 10) + " or not(" + " and ".join(["age eq 4"] * 10) + " and "
    assert not agree(parse_scim(wide * 40 + "age eq 2" + "))" * 40), PEOPLE).exact
    listed = parse_odata(f"profile/login in ({','.join(['null'] * 2_000)})")
    assert agree(listed, PEOPLE).exact


def test_prefixes_and_equality_use_the_index():
    db = database(PEOPLE)
    db.execute("CREATE INDEX login ON t (c_profile_login)")
    for text in ('profile.login sw "a"', 'profile.login eq "a"'):
        where = compile_for(parse_scim(text), USER, MULTI)
        plan = db.execute(f"EXPLAIN QUERY PLAN SELECT seq FROM t WHERE {where.sql}", where.params).fetchall()
        assert "USING COVERING INDEX login" in plan[0][-1]
    db.close()


def test_compile_where_takes_plain_mappings():
    where = compile_where(
        parse_scim('login eq "A" and tags eq "B"'),
        {"login": ColumnSpec("login_folded", fold=True)},
        multi={"tags": "tags"},
        multi_table='"x__multi"',
        kind="user",
    )
    assert where.sql == (
        '("login_folded" = ? AND seq IN (SELECT seq FROM "x__multi" WHERE kind = ? AND attribute = ? AND value = ?))'
    )
    assert where.params == ("a", "user", "tags", "b")
