"""What the org's lists accept in filter and search."""

import pytest

from emulator.kernel.query import And, Compare, In, Or, QueryError, matches, parse_scim
from emulator.okta.filters import RULES, FilterRefused, causes, check, log_syntax_error, prepare, take_equal


def refusal(name, text):
    with pytest.raises(FilterRefused) as caught:
        check(parse_scim(text), RULES[name])
    return caught.value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("users.filter", 'status eq "ACTIVE" and profile.login eq "a" or id eq "b"'),
        ("users.filter", 'lastUpdated gt "2026-01-01T00:00:00.000Z" and (lastUpdated le "2026-02-01")'),
        ("users.search", 'profile.lastName eq "Smith" and profile.customThing co "x"'),
        ("users.search", 'not(status ne "ACTIVE") and created ge "2026-01-01T00:00:00Z" and type.id eq "oty1"'),
        ("users.search", "profile.tags pr or activated eq null"),
        ("groups.filter", 'type eq "APP_GROUP"'),
        ("groups.filter", 'lastMembershipUpdated lt "2026-01-01T00:00:00Z"'),
        ("groups.search", 'profile.name co "x" and type eq "OKTA_GROUP" and source.id eq "0oa1"'),
        ("groups.search", 'created gt "2026-01-01T00:00:00Z" and profile.custom sw "a"'),
        ("apps.filter", 'status eq "ACTIVE" and user.id eq "00u1"'),
        ("apps.filter", "settings.slo.enabled eq true"),
        (
            "logs.filter",
            'eventType eq "policy.evaluate_sign_on" and actor.id eq "00u1" and '
            'client.userAgent.rawUserAgent sw "Windows-AzureAD-Authentication-Provider"',
        ),
        ("logs.filter", 'not(target.id eq "a") and debugContext.debugData.url ew "x" or severity ne "INFO"'),
    ],
)
def test_accepted(name, text):
    check(parse_scim(text), RULES[name])


@pytest.mark.parametrize(
    ("name", "text", "cause", "operator"),
    [
        ("users.filter", 'profile.city eq "x"', "field is not valid: profile.city", False),
        (
            "users.filter",
            'profile.login sw "x"',
            "The supplied combination of operator and field is not currently supported. "
            "Operator: sw, Field: profile.login",
            True,
        ),
        ("users.filter", 'not(status eq "ACTIVE")', "The operator 'not' is not supported.", True),
        ("users.search", 'credentials.provider.type eq "OKTA"', "field is not valid: credentials.provider.type", False),
        ("users.search", 'Profile.login eq "x"', "field is not valid: Profile.login", False),
        ("users.search", 'profile eq "x"', "field is not valid: profile", False),
        (
            "users.search",
            'status co "A"',
            "The supplied combination of operator and field is not currently supported. Operator: co, Field: status",
            True,
        ),
        ("users.search", 'created gt "yesterday"', "created: 'yesterday' is not a valid date", False),
        ("users.search", "created gt 5", "created: '5' is not a valid date", False),
        ("groups.filter", 'profile.name eq "x"', "field is not valid: profile.name", False),
        (
            "groups.search",
            'profile.custom co "x"',
            "The supplied combination of operator and field is not currently supported. "
            "Operator: co, Field: profile.custom",
            True,
        ),
        ("apps.filter", 'label eq "x"', "field is not valid: label", False),
        ("logs.filter", 'published gt "2026-01-01T00:00:00Z"', "field is not valid: published", False),
        ("logs.filter", 'frob.x eq "x"', "field is not valid: frob.x", False),
        (
            "logs.filter",
            'debugContext.debugData.url co "x"',
            "The supplied combination of operator and field is not currently supported. "
            "Operator: co, Field: debugContext.debugData.url",
            True,
        ),
    ],
)
def test_refused(name, text, cause, operator):
    found = refusal(name, text)
    assert (str(found), found.cause, found.operator) == (cause, cause, operator)


def test_other_dialects_nodes_are_refused():
    with pytest.raises(FilterRefused, match="Operator: in, Field: id"):
        check(In(("id",), ("a",)), RULES["users.search"])


def test_case_rules():
    dana = {"id": "00uA", "status": "ACTIVE", "profile": {"login": "Dana", "city": "Zürich"}}
    search, filters = RULES["users.search"], RULES["users.filter"]
    asked = prepare(parse_scim('profile.login eq "dana" and status EQ "active"'), search)
    assert matches(asked, dana, fold=search.fold)
    assert not matches(parse_scim('profile.city eq "Zurich"'), dana, fold=search.fold)
    assert not matches(parse_scim('id eq "00ua"'), dana, fold=search.fold)
    assert not matches(parse_scim('profile.login eq "dana"'), dana, fold=filters.fold)


@pytest.mark.parametrize(
    "given", ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z", "2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00"]
)
def test_instants_are_written_as_documents_write_them(given):
    node = prepare(parse_scim(f'lastUpdated ge "{given}" and profile.login eq "{given}"'), RULES["users.search"])
    assert node == And(
        (
            Compare(("lastUpdated",), "ge", "2026-01-31T12:00:00.000Z"),
            Compare(("profile", "login"), "eq", given),
        )
    )
    assert prepare(parse_scim('created sw "2026-01"'), RULES["users.search"]) == Compare(("created",), "sw", "2026-01")
    with pytest.raises(FilterRefused):
        prepare(parse_scim("frob pr"), RULES["users.search"])


def test_causes():
    with pytest.raises(QueryError) as broken:
        parse_scim("eventType eqq 1")
    assert causes(broken.value, RULES["users.search"]) == ("Invalid search syntax.",)
    assert causes(broken.value, RULES["users.filter"]) == (broken.value.message,)
    assert causes(refusal("groups.filter", "profile.name pr"), RULES["groups.filter"]) == ()
    assert causes(refusal("users.filter", "x pr"), RULES["users.filter"]) == ("field is not valid: x",)
    assert log_syntax_error("eventType eqq 1", broken.value) == (
        "Invalid filter 'eventType eqq 1': Unrecognized attribute operator 'eqq' at position 10. "
        "Expected: eq,co,sw,pr,gt,ge,lt,le"
    )


def test_relations_are_taken_out_of_a_filter():
    names = frozenset({"user.id", "group.id"})
    status = Compare(("status",), "eq", "ACTIVE")
    assert take_equal(parse_scim('user.id eq "a"'), names) == ({"user.id": "a"}, And(()))
    assert take_equal(parse_scim('status eq "ACTIVE" and user.id eq "a" and group.id eq "b"'), names) == (
        {"user.id": "a", "group.id": "b"},
        status,
    )
    assert take_equal(parse_scim('status eq "ACTIVE" or id eq "x"'), names) == (
        {},
        Or((status, Compare(("id",), "eq", "x"))),
    )
    for text in ('status eq "A" or user.id eq "a"', 'user.id eq "a" and user.id eq "b"', 'not(user.id eq "a")'):
        with pytest.raises(FilterRefused):
            take_equal(parse_scim(text), names)
