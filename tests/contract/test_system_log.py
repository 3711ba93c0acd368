"""Nothing is done to an org without its record: every writing operation, and what it leaves in the System Log.

The operations are walked by the tour of this room; what an administrator's token cannot do there (people signing in,
connectors at work) is in the tests that `ELSEWHERE` names. That no operation logs what it does not declare is
held everywhere, by `tests/conftest.py`. Behaviour: okta-admin-api.md 17, appendix E.
"""

import re
from collections import defaultdict
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from emulator.kernel.doc import Doc
from emulator.kernel.operations import Operation
from tests.okta.worlds import events

from .touring import AGENT, OPERATIONS, ROUTES
from .unlogged import NOTHING_TO_LOG, SOMETIMES

WRITES = [item for item in OPERATIONS if item.method not in ("GET", "HEAD")]
ROOM = Path(__file__).parents[1]
TOKEN_ID = re.compile(r"00T.{17}")


def key(item: Operation) -> str:
    return f"{item.method} {item.path}"


@pytest.fixture(scope="module")
def successes(toured):
    """Request id and path of every success, by operation."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for hop in toured.tape:
        if hop.service == "okta" and hop.status < 300:
            path = hop.url.split("acme.okta.com")[1].partition("?")[0]
            match = ROUTES.match(hop.method, path)
            if match is not None:
                found[key(match[0])].append((hop.request_id, path))
    return found


@pytest.fixture(scope="module")
def logged(toured):
    """Events by the transaction they belong to."""
    found: dict[str, list[Doc]] = defaultdict(list)
    for event in events(toured):
        found[event["transaction"]["id"]].append(event)
    return found


@pytest.mark.parametrize("item", [pytest.param(item, id=key(item)) for item in WRITES])
def test_it_logs_or_says_why_not(item):
    assert bool(item.emits) is not (key(item) in NOTHING_TO_LOG), (
        "declare its events, or in unlogged.py why there are none"
    )


def test_nothing_is_excused_that_there_is_not():
    known = {key(item) for item in WRITES}
    assert set(NOTHING_TO_LOG) <= known and set(SOMETIMES) <= known and not set(NOTHING_TO_LOG) & set(SOMETIMES)


ELSEWHERE = {
    r"/authn|/signin/|/login/|/activate|/sessions/me": "okta/test_authn.py",
    r"/oauth2/.*(authorize|token|revoke|introspect|logout|userinfo)|/signin/consent|/clients/.*tokens": "okta/oauth",
    r"/users/.*/(grants|tokens)|/apps/\{appId\}/tokens": "okta/oauth/test_more_grants.py",
    r"/sso/|/slo/|/revocation-lists": "okta/sso",
    r"/access-requests|/self-service|/governance/|/workflows/": "office365/test_features_governance.py",
    r"/import": "okta/test_app_imports.py",
    r"/office365/|/sync|/metadata/refresh|/connections/default/test|/oauth2/callback": "okta/test_office365.py",
    r"/group-push/": "okta/test_group_push_mappings.py",
    r"/_lab/agent/hooks|/eventHooks/.*verify": "okta/test_event_hooks.py",
    r"/inlineHooks/.*execute": "okta/test_inline_hooks.py",
    r"/_lab/agent/jobs": "okta/test_jobs.py",
    r"directories|/agentPools/": "directory",
    r"/tasks": "okta/test_tasks.py",
    r"/universal-logout": "office365",
    r"/org/factors": "okta/test_factors.py",
    r"/csrs/.*publish|/logo": "okta/test_app_modes.py",
}
"""What is not on the tour, and the tests that are about it."""


def test_every_writing_operation_is_seen_to_succeed(successes):
    missing = [key(item) for item in WRITES if key(item) not in successes]
    assert [
        name for name in missing if name not in NEVER and not any(map(partial(re.search, string=name), ELSEWHERE))
    ] == []
    assert all((ROOM / place).exists() for place in ELSEWHERE.values())
    assert len(missing) < 130


NEVER = frozenset({
    "POST /api/v1/policies/{policyId}/mappings",  # refused since policies are assigned through the app
    "PATCH /api/v1/org/privacy/oktaSupport/cases/{caseNumber}",  # support opens cases, an org cannot
})  # fmt: skip
"""What only ever refuses."""


def test_what_succeeds_leaves_the_events_it_declares(successes, logged):
    silent = []
    for item in WRITES:
        done = successes.get(key(item), ())
        kinds = {event["eventType"] for request_id, _ in done for event in logged[request_id]}
        assert kinds <= set(item.emits), item.name
        if done and item.emits and not kinds and key(item) not in SOMETIMES:
            silent.append(key(item))
    assert silent == []


def test_the_events_are_whole(successes, logged):
    paths = dict(chain.from_iterable(successes.values()))
    checked = 0
    for request_id, found in logged.items():
        for event in found:
            if event["outcome"]["result"] == "SUCCESS" and request_id in paths:
                assert_whole(event, request_id, paths[request_id])
                checked += 1
    assert checked > 250


OTHER_WAYS = ("/api/v1/apps", "/api/v1/policies", "/api/v1/authn", "/oauth2/")
"""Where helpers of other rooms called, with an agent of their own."""


def assert_whole(event: Doc, request_id: str, path: str) -> None:
    kind = event["eventType"]
    assert event["actor"]["id"] and event["actor"]["type"] in ("User", "SystemPrincipal", "PublicClientApp"), kind
    assert event["actor"]["displayName"] and event["actor"]["alternateId"], kind
    agent = event["client"]["userAgent"] or {"rawUserAgent": "none was sent", "browser": "UNKNOWN"}
    assert agent["rawUserAgent"] and agent["browser"], kind
    assert path.startswith(OTHER_WAYS) or agent["rawUserAgent"] == AGENT, kind
    assert event["client"]["ipAddress"] and isinstance(event["client"]["zone"], str), kind
    assert event["request"]["ipChain"][0]["ip"] == event["client"]["ipAddress"], kind
    assert list(event["outcome"]) == ["result", "reason"] and event["severity"] == "INFO", kind
    debug = event["debugContext"]["debugData"]
    assert (debug["requestId"], debug["requestUri"], debug["url"]) == (request_id, path, path), kind
    assert all(isinstance(value, str) for value in debug.values()), kind
    assert event["transaction"]["type"] == "WEB" and event["transaction"]["id"] == request_id, kind
    if not path.startswith(
        ("/api/v1/authn", "/api/v1/sessions", "/_lab", "/oauth2/default", "/oauth2/v1/token", "/security/")
    ):
        assert TOKEN_ID.fullmatch(event["transaction"]["detail"]["requestApiTokenId"]), kind
    assert event["target"], kind
    for item in event["target"]:
        assert list(item) == ["id", "type", "alternateId", "displayName", "detailEntry"] and item["id"], kind
