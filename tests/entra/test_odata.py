"""OData on directory objects: options, capabilities, search, paths."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.entra.odata import (
    Expand,
    ODataError,
    Segment,
    check,
    parse_options,
    parse_search,
    search_matches,
    split_path,
)
from emulator.entra.odata.capabilities import filterable
from emulator.entra.odata.schema import UnknownProperty, resolve
from emulator.entra.odata.search import tokens
from emulator.kernel.query import And, Any_, Compare, In, Not, Or, matches

EVENTUAL = {"ConsistencyLevel": "eventual"}
BAD, UNSUPPORTED = "BadRequest", "Request_UnsupportedQuery"
NOT_ADVANCED = (
    "Operator '{}' is not supported because the required parameters might be missing. Try adding $count=true query "
    "parameter and ConsistencyLevel:eventual header. Refer to https://aka.ms/graph-docs/advanced-queries for more "
    "information"
)


def asked(resource="user", *, advanced=False, most=999, **options):
    query = [(f"${name}", value) for name, value in options.items()]
    if advanced:
        query.append(("$count", "true"))
    return check(parse_options(query, EVENTUAL if advanced else {}), resource, most=most)


def refusal(resource="user", **options):
    with pytest.raises(ODataError) as caught:
        asked(resource, **options)
    assert caught.value.status == 400
    return caught.value.code, caught.value.message


# --- reading the options
def test_everything_at_once():
    options = parse_options(
        [
            ("$filter", "displayName eq 'a'"),
            ("$select", "id, displayName"),
            ("$expand", "manager($select=id,displayName;$levels=max)"),
            ("$orderby", "displayName desc,mail"),
            ("$top", "5"),
            ("$COUNT", "true"),
            ("$search", '"displayName:x"'),
            ("$skiptoken", "abc"),
            ("$format", "json"),
            ("select", "ignored"),
        ],
        {"consistencylevel": "Eventual"},
    )
    assert options.filter == Compare(("displayName",), "eq", "a")
    assert options.select == ("id", "displayName")
    assert options.expand == (Expand("manager", ("id", "displayName"), -1),)
    assert options.orderby == ((("displayName",), True), (("mail",), False))
    assert (options.top, options.skiptoken, options.deltatoken) == (5, "abc", None)
    assert options.eventual and options.advanced and options.counted


def test_count_without_the_header_is_ignored():
    options = parse_options([("$count", "true")], {})
    assert not options.counted and not options.advanced
    assert parse_options([("$search", '"a:b"')], EVENTUAL).advanced
    assert not parse_options([("$count", "true")], {"ConsistencyLevel": "session"}).advanced


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ([("$skip", "5")], "Request_BadRequest", "'$skip' is not supported by the service."),
        ([("$frob", "5")], BAD, "The query parameter '$frob' is not supported."),
        (
            [("$top", "1"), ("$top", "2")],
            BAD,
            "Query option '$top' was specified more than once, but it must be specified at most once.",
        ),
        (
            [("$top", "x")],
            BAD,
            "Invalid value 'x' for $top query option found. "
            "The $top query option requires a non-negative integer value.",
        ),
        (
            [("$count", "yes")],
            BAD,
            "Invalid value 'yes' for $count query option found. Valid values are 'true' and 'false'.",
        ),
        (
            [("$filter", "displayName eqq 'x'")],
            BAD,
            "Invalid filter clause: Syntax error at position 15 in 'displayName eqq 'x''.",
        ),
        ([("$orderby", "a sideways")], BAD, "Syntax error at position 10 in 'a sideways'."),
    ],
)
def test_options_refused(query, code, message):
    with pytest.raises(ODataError) as caught:
        parse_options(query, {})
    assert (caught.value.status, caught.value.code, caught.value.message) == (400, code, message)


@pytest.mark.parametrize("top", ["0", "1000"])
def test_page_sizes(top):
    message = f"Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."
    assert refusal(top=top) == (UNSUPPORTED, message)
    assert asked(top="999").top == 999
    assert refusal(top="121", most=120)[1].endswith("between 1 and 120 inclusive.")


# --- $select, $expand, $orderby
def test_select_takes_names_in_any_case():
    asked_for = "ID,displayname,employeeOrgData/DIVISION,extension_0123_badge,microsoft.graph.user/mail"
    assert asked(select=asked_for).select == (
        "id", "displayName", "employeeOrgData/division", "extension_0123_badge", "mail",
    )  # fmt: skip
    assert asked("directoryObject", select="id,userPrincipalName,membershipRule").select[1] == "userPrincipalName"


@pytest.mark.parametrize(("option", "name"), [("select", "frob"), ("expand", "frob"), ("select", "displayName/x")])
def test_unknown_properties(option, name):
    code, message = refusal(**{option: name})
    assert code == BAD
    wanted = "Parsing OData Select and Expand failed: Could not find a property named "
    assert message.startswith(wanted)
    if "/" not in name:
        assert message == f"{wanted}'frob' on type 'microsoft.graph.user'."


def test_expand():
    assert asked(expand="Manager($select=displayname)").expand == (Expand("manager", ("displayName",)),)
    assert asked("group", expand="members").expand == (Expand("members"),)
    assert "is not a navigation property" in refusal(expand="displayName")[1]
    assert refusal(expand="manager,memberOf")[0] == UNSUPPORTED
    assert refusal(expand="memberOf", advanced=True)[0] == UNSUPPORTED
    whole = check(
        parse_options([("$expand", "manager($levels=max)"), ("$count", "true")], EVENTUAL), "user", single=True
    )
    assert whole.expand[0].levels == -1
    assert "$levels" in refusal(expand="manager($levels=max)", advanced=True)[1]
    assert "is not valid in a $select or $expand expression" in refusal(expand="manager($top=3)")[1]
    assert "unbalanced bracket" in refusal(expand="manager($select=id")[1]


def test_orderby():
    assert asked(orderby="displayname desc").orderby == ((("displayName",), True),)
    assert refusal(orderby="createdDateTime") == (
        UNSUPPORTED,
        "Unsupported sort property 'createdDateTime' for 'User'.",
    )
    assert asked(orderby="createdDateTime", advanced=True).orderby
    assert refusal(orderby="displayName", filter="displayName eq 'a'") == (
        UNSUPPORTED,
        "Sorting not supported for current query.",
    )
    assert asked(orderby="displayName", filter="displayName eq 'a'", advanced=True).orderby
    assert refusal("device", orderby="displayName")[0] == UNSUPPORTED
    assert refusal(orderby="frob")[0] == BAD
    assert asked("domain", orderby="id").orderby == ((("id",), False),)


# --- $filter
@pytest.mark.parametrize(
    ("resource", "text", "need"),
    [
        ("user", "userPrincipalName eq 'a'", "D"),
        ("user", "USERPRINCIPALNAME eq 'a'", "D"),
        ("user", "startsWith(displayName,'a') and accountEnabled eq true", "D"),
        ("user", "id in ('a','b')", "D"),
        ("user", "onPremisesImmutableId eq 'x'", "D"),
        ("user", "createdDateTime ge 2026-01-01T00:00:00Z", "D"),
        ("user", "onPremisesSyncEnabled eq true", "D"),
        ("user", "assignedLicenses/any(x:x/skuId eq 6fd2c87f-b296-42f0-b197-1e91e994b900)", "D"),
        ("user", "proxyAddresses/any(p:startsWith(p,'smtp:a'))", "D"),
        ("user", "identities/any(c:c/issuerAssignedId eq 'x' and c/issuer eq 'y')", "D"),
        ("user", "manager/id eq 'x'", "D"),
        ("user", "accountEnabled ne true", "NotEqualsMatch"),
        ("user", "not(accountEnabled eq true)", "Not"),
        ("user", "endsWith(mail,'@acme.example')", "EndsWith"),
        ("user", "otherMails/any(p:endsWith(p,'x'))", "EndsWith"),
        ("user", "assignedLicenses/$count eq 0", "Count"),
        ("user", "assignedLicenses/any()", "Any"),
        ("user", "companyName eq 'x'", "A"),
        ("user", "displayName eq null", "A"),
        ("user", "onPremisesExtensionAttributes/extensionAttribute15 eq 'x'", "A"),
        ("user", "endsWith(displayName,'x')", "-"),
        ("user", "contains(displayName,'x')", "-"),
        ("user", "startsWith(onPremisesImmutableId,'x')", "-"),
        ("user", "aboutMe eq 'x'", "-"),
        ("user", "skills/any(s:s eq 'x')", "-"),
        ("user", "onPremisesImmutableId eq null", "-"),
        ("user", "identities/any(c:c/issuerAssignedId eq 'x')", "-"),
        ("user", "displayName gt 'a'", "-"),
        ("user", "extension_0123_badge eq 'x'", "D"),
        ("group", "groupTypes/any(c:c eq 'Unified')", "D"),
        ("group", "assignedLicenses/any()", "D"),
        ("group", "mailEnabled eq false and securityEnabled eq true", "D"),
        ("group", "description eq 'x'", "A"),
        ("application", "web/redirectUris/any(u:u eq 'x')", "A"),
        ("application", "identifierUris/any(u:u eq 'x')", "D"),
        ("servicePrincipal", "appId eq 'x' or displayName eq 'y'", "D"),
        ("servicePrincipal", "servicePrincipalNames/any(n:n eq 'x')", "D"),
        ("device", "registrationDateTime le 2026-01-01", "A"),
        ("administrativeUnit", "startsWith(description,'a')", "A"),
        ("orgContact", "mail eq 'x'", "D"),
        ("domain", "contains(id,'x')", "D"),
    ],
)
def test_filter_capabilities(resource, text, need):
    if need == "-":
        for advanced in (False, True):
            code, message = refusal(resource, filter=text, advanced=advanced)
            assert code == UNSUPPORTED
            assert message.startswith("Unsupported or invalid query filter clause specified for property '")
        return
    assert asked(resource, filter=text, advanced=True).filter is not None
    if need == "D":
        assert asked(resource, filter=text).filter is not None
    elif need == "A":
        assert refusal(resource, filter=text)[1].startswith("Unsupported or invalid query filter clause")
    else:
        assert refusal(resource, filter=text) == (UNSUPPORTED, NOT_ADVANCED.format(need))


def test_filter_texts():
    assert refusal(filter="frob eq 1") == (
        BAD,
        "Invalid filter clause: Could not find a property named 'frob' on type 'microsoft.graph.user'.",
    )
    assert refusal("servicePrincipal", filter="notes eq 'x'") == (
        UNSUPPORTED,
        "Unsupported or invalid query filter clause specified for property 'notes' of resource 'ServicePrincipal'.",
    )
    assert refusal(filter="accountEnabled eq 'true'") == (
        BAD,
        "Invalid filter clause: A binary operator with incompatible types was detected. Found operand types "
        "'Edm.Boolean' and 'Edm.String' for operator kind 'Equal'.",
    )
    assert "'Edm.String' and 'Edm.Int32'" in refusal(filter="displayName eq 1")[1]
    assert "Edm.DateTimeOffset" in refusal(filter="createdDateTime ge 'yesterday'")[1]


def test_filter_comes_back_under_canonical_names():
    assert asked(filter="DISPLAYNAME eq 'a' and not(Mail eq 'b')", advanced=True).filter == And(
        (Compare(("displayName",), "eq", "a"), Not(Compare(("mail",), "eq", "b")))
    )
    assert asked(filter="AssignedLicenses/any(x:x/SKUID eq 'a')").filter == Any_(
        ("assignedLicenses",), "x", Compare(("x", "skuId"), "eq", "a")
    )
    assert asked(filter="microsoft.graph.user/mail in ('a')").filter == In(("mail",), ("a",))


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("createdDateTime ge 2026-01-01", Compare(("createdDateTime",), "ge", "2026-01-01T00:00:00Z")),
        (
            "createdDateTime le 2026-01-01T02:00:00+02:00",
            Compare(("createdDateTime",), "le", "2026-01-01T00:00:00Z"),
        ),
        (
            "createdDateTime ge 2026-01-01T00:00:00.000Z",
            Compare(("createdDateTime",), "ge", "2026-01-01T00:00:00Z"),
        ),
        ("createdDateTime ge 2026-01-01T00:00:00.5Z", Compare(("createdDateTime",), "gt", "2026-01-01T00:00:00Z")),
        ("createdDateTime lt 2026-01-01T00:00:00.5Z", Compare(("createdDateTime",), "le", "2026-01-01T00:00:00Z")),
        ("createdDateTime eq 2026-01-01T00:00:00.5Z", Or(())),
    ],
)
def test_instants_are_written_as_documents_write_them(text, node):
    assert asked(filter=text).filter == node


def test_logs_write_milliseconds():
    options = parse_options([("$filter", "createdDateTime ge 2026-01-01T00:00:00.1234Z")], {})
    assert check(options, "signIn", digits=3).filter == Compare(("createdDateTime",), "gt", "2026-01-01T00:00:00.123Z")


def test_every_row_of_the_table_names_a_property():
    for resource in ("user", "group", "application", "servicePrincipal", "device", "administrativeUnit", "orgContact"):
        table = filterable(resource)
        assert table
        for name in table:
            assert "/".join(resolve(resource, tuple(name.split("/"))).path) == name
    with pytest.raises(UnknownProperty):
        resolve("user", ("microsoft.graph.frob", "x"))


def test_a_checked_filter_still_means_the_same():
    person = {"displayName": "Dana", "assignedLicenses": [{"skuId": "E3"}], "createdDateTime": "2026-01-01T00:00:00Z"}
    text = "DisplayName eq 'dana' and assignedlicenses/any(l:l/skuid eq 'e3') and createddatetime ge 2026-01-01"
    assert matches(asked(filter=text).filter, person, fold=True)


# --- $search
@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("HelloWorld", {"hello", "world"}),
        ("helloWORLD", {"hello", "world"}),
        ("WORLDHello", {"world", "hello"}),
        ("hello.world", {"hello", "world"}),
        ("hello123world", {"hello", "123", "world"}),
        ("Vasil US", {"vasil", "us"}),
        ("Émile_É2", {"émile", "é", "2"}),
        ("", set()),
    ],
)
def test_tokens(value, found):
    assert tokens(value) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"displayName:west"', True),
        ('"displayName:we"', True),
        ('"displayName:est"', False),
        ('"displayName:WestDana"', True),
        ('"displayName:Dana West"', True),
        ('"displayName:danawest"', False),
        ('"displayName:one.two"', True),
        ('"displayName:onetwo"', True),
        ('"mail:dana"', True),
        ('"mail:west"', False),
        ('"mail:west" OR "displayName:dana"', True),
        ('"mail:west" AND "displayName:dana"', False),
        ('("mail:west" OR "displayName:dana") AND "description:senior"', True),
        ('"givenName:d"', False),
    ],
)
def test_search(text, found):
    dana = {"displayName": "Dana West One.Two", "mail": "dana.west@acme.example", "description": "Engineer, senior"}
    assert search_matches(parse_search(text), dana) is found


def test_search_is_checked():
    assert refusal(search='"displayName:a"') == (
        UNSUPPORTED,
        "Request with $search query parameter only works through MSGraph with a special request header: "
        "'ConsistencyLevel: eventual'",
    )
    options = check(parse_options([("$search", '"displayname:a" OR "MAIL:b"')], EVENTUAL), "user")
    assert options.search == Or((Compare(("displayName",), "co", "a"), Compare(("mail",), "co", "b")))
    for text in (
        '"frob:a"',
        '"accountEnabled:true"',
        "displayName:a",
        '"displayName"',
        '"a:b" "c:d"',
        '"a:b" or "c:d"',
        "",
    ):
        with pytest.raises(ODataError) as caught:
            check(parse_options([("$search", text)], EVENTUAL), "user")
        assert caught.value.status == 400


# --- paths
@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("/v1.0/users/a@b/manager/$ref", ["v1.0", "users", "a@b", "manager", "$ref"]),
        ("/v1.0/users('a@b')/manager/$ref", ["v1.0", "users", "a@b", "manager", "$ref"]),
        ("//v1.0//users/", ["v1.0", "users"]),
        ("/v1.0/users('o''brien/x')", ["v1.0", "users", "o'brien/x"]),
        ("/v1.0/users/o'brien@acme.example/manager", ["v1.0", "users", "o'brien@acme.example", "manager"]),
        ("/v1.0/users(7f0b)/x", ["v1.0", "users", "7f0b", "x"]),
        ("/v1.0/users/delta()", ["v1.0", "users", "delta"]),
        ("/v1.0/users/microsoft.graph.delta()", ["v1.0", "users", "microsoft.graph.delta"]),
        ("/v1.0/users/$count", ["v1.0", "users", "$count"]),
        ("/v1.0/users('$x(y)')", ["v1.0", "users", "$x(y)"]),
        ("/", []),
    ],
)
def test_split_path(path, segments):
    assert [segment.text for segment in split_path(path)] == segments


def test_keys_and_arguments_are_told_from_names():
    assert split_path("/users('delta')")[1] == Segment("delta", key=True)
    assert split_path("/users/delta")[1] == Segment("delta")
    assert split_path("/applications(appId='a=b,c')") == (Segment("applications", arguments=(("appId", "a=b,c"),)),)
    assert split_path("/x/f(a='1', b=2)")[1] == Segment("f", arguments=(("a", "1"), ("b", "2")))
    assert split_path("/users('a=b')")[1] == Segment("a=b", key=True)
    with pytest.raises(ODataError):
        split_path("/users('a")
    with pytest.raises(ODataError):
        split_path("/users(')")


# --- hostile input
@pytest.mark.parametrize("name", ["$filter", "$search", "$select", "$expand", "$orderby", "$top", "$count"])
@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + ")" * 10_000,
        "x" * 1_000_000,
        '"a:b" OR ' * 1_500,
        "(" * 16_000,
        "a/" * 8_000,
        "\ud800",
        "a," * 8_000,
    ],
)
def test_hostile_options_are_refused_at_once(name, text):
    started = time.process_time()
    with pytest.raises(ODataError):
        check(parse_options([(name, text)], EVENTUAL), "user")
    assert time.process_time() - started < 1


def test_hostile_paths():
    started = time.process_time()
    for path in ("(" * 100_000, "/users('" + "''" * 100_000 + "')", "/" * 1_000_000, "/a(" * 100_000):
        split_path(path)
    assert time.process_time() - started < 2


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="/users('abc=,)$ ", max_size=40))
def test_any_path_splits_or_is_refused(path):
    try:
        assert all(segment.text or segment.key for segment in split_path(path))
    except ODataError as error:
        assert error.status == 400


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="mail eq'ndor(),:$anystwih/x12.-TZ\"", max_size=40), st.booleans())
def test_any_option_is_read_or_refused(text, advanced):
    for name in ("filter", "search", "expand", "select", "orderby"):
        try:
            asked(advanced=advanced, **{name: text})
        except ODataError as error:
            assert error.message
