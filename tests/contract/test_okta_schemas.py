"""Every JSON answer of the org that the tour brings, held against the vendor's own models.

The tour is in `tour.py`. What was recorded wins over what is documented: `DEVIATIONS` names the answers that follow
recordings where the models differ.
"""

import re

import orjson
import pytest

from emulator import World
from emulator.kernel.operations import Operation
from tests.contract import vendor
from tests.contract.tour import lists
from tests.contract.touring import OPERATIONS, ROUTES, Tour

MOST_BODY = 64 * 1024
"""The tape keeps no more of a body."""

# (method, shape of path): a part of the complaint, why we differ.
_SWA = ("settings.app.", "recorded: apps of three fields have other settings than the model, which knows one kind only")
DEVIATIONS: dict[tuple[str, str], tuple[str, str]] = {
    **dict.fromkeys(
        [
            ("GET", "/api/v1/org/factors/yubikey_token/tokens"),
            ("POST", "/api/v1/org/factors/yubikey_token/tokens"),
            ("GET", "/api/v1/org/factors/yubikey_token/tokens/{}"),
        ],
        ("profile.serial", "documented as a text in the example; the models want an object of objects"),
    ),
    ("GET", "/api/v1/ssf/stream"): ("valid dictionary", "documented as a list; the model reads no list of streams"),
    ("GET", "/api/v1/apps"): _SWA,
    ("POST", "/api/v1/apps"): _SWA,
    ("GET", "/api/v1/apps/{}"): _SWA,
    ("GET", "/api/v1/policies"): ("_embedded.resourceType", "recorded as a text beside the embedded objects"),
    ("GET", "/api/v1/policies/{}"): ("_embedded.resourceType", "recorded as a text beside the embedded objects"),
    ("POST", "/api/v1/policies"): ("_embedded.resourceType", "recorded as a text beside the embedded objects"),
    **dict.fromkeys(
        [
            ("POST", "/api/v1/zones"),
            ("GET", "/api/v1/zones/{}"),
            ("PUT", "/api/v1/zones/{}"),
            ("POST", "/api/v1/zones/{}/lifecycle/activate"),
            ("POST", "/api/v1/zones/{}/lifecycle/deactivate"),
        ],
        ("NetworkZoneAllOf", "recorded as lists, which the SDK's generator made single objects of"),
    ),
    ("POST", "/api/v1/users/{}/factors"): (
        "LinksResendResend",
        "recorded as a list of links, one for each way to resend",
    ),
    ("POST", "/api/v1/users/{}/factors/{}/verify"): (
        "profile.",
        "documented as texts; the SDK's generator made objects of them",
    ),
    ("POST", "/api/v1/policies/simulate"): ("is no list", "documented by example as {evaluation: [...]}"),
    **dict.fromkeys(
        [
            ("PUT", "/api/v1/iam/roles/{}/permissions/{}"),
            ("GET", "/api/v1/iam/roles/{}/permissions"),
        ],
        ("okta:ResourceAttribute", "documented as a list of attributes"),
    ),
    ("GET", "/oauth2/v1/clients/{}/roles"): ("Multiple matches", "the SDK cannot tell its two kinds of role apart"),
    ("GET", "/api/v1/users/{}/authenticator-enrollments"): ("", "documented as one, though it lists them"),
    **dict.fromkeys(
        [
            ("GET", "/api/v1/hook-keys"),
            ("POST", "/api/v1/hook-keys"),
            ("GET", "/api/v1/hook-keys/{}"),
            ("PUT", "/api/v1/hook-keys/{}"),
        ],
        ("isUsed", "recorded as a boolean"),
    ),
    **dict.fromkeys(
        [
            ("GET", "/api/v1/email-domains"),
            ("POST", "/api/v1/email-domains"),
            ("GET", "/api/v1/email-domains/{}"),
            ("PUT", "/api/v1/email-domains/{}"),
            ("POST", "/api/v1/email-domains/{}/verify"),
        ],
        ("recordType", "recorded in small letters"),
    ),
    **dict.fromkeys(
        [
            ("GET", "/attack-protection/api/v1/user-lockout-settings"),
            ("GET", "/attack-protection/api/v1/authenticator-settings"),
        ],
        ("is no list", "recorded as the settings themselves"),
    ),
    ("PUT", "/api/v1/brands/{}/well-known-uris/{}/customized"): ("representation", "documented as a list for Android"),
    ("GET", "/api/v1/behaviors"): ("radiusKilometers", "recorded with a decimal point"),
}


@pytest.fixture(scope="module")
def answers(toured):
    """`(operation, status, body)` of every JSON answer of the tour, and of a walk through the world that people start with."""
    with World("acme") as world:
        lists(Tour(world))
        assert world.engine.crashes == []
        hops = [hop for hop in (*toured.tape, *world.tape) if hop.service == "okta" and 200 <= hop.status < 300]
    found = []
    for hop in hops:
        match = ROUTES.match(hop.method, hop.url.split("okta.com", 1)[1].partition("?")[0])
        json = any(name.lower() == "content-type" and "json" in value for name, value in hop.response_headers)
        if match is not None and json and 0 < len(hop.response_body) < MOST_BODY:
            found.append((match[0], hop.status, orjson.loads(hop.response_body)))
    return found


def model_of(item: Operation, status: int) -> str | None:
    """The vendor's model of an answer; of its other success code where recordings show another one."""
    types = vendor.operations().get((item.method, vendor.shape(item.path)), {})
    return types.get(str(status)) or types.get("200") or types.get("201")


def test_answers_are_as_the_vendors_models_have_them(answers):
    found: dict[str, set[str]] = {}
    for item, status, body in answers:
        key = (item.method, vendor.shape(item.path))
        model = model_of(item, status)
        if model is None or key not in vendor.operations():
            continue
        accepted = DEVIATIONS.get(key, ("\0", ""))[0]
        texts = {re.sub(r"'[^']{60,}'", "'…'", text)[:200] for text in vendor.complaints(model, body)}
        wrong = {text for text in texts if accepted not in text}
        if wrong:
            found.setdefault(f"{item.method} {item.path} ({model})", set()).update(sorted(wrong)[:5])
    assert found == {}


AGENT_STEPS = ("activate", "deactivate", "pause", "resume", "retry", "stop")
UNJUDGED = {
    "POST /api/v1/apps/{appId}/credentials/csrs/{csrId}/lifecycle/publish": "tests/okta/test_app_modes.py",
    "POST /api/v1/idps/{idpId}/credentials/csrs/{idpCsrId}/lifecycle/publish": "tests/okta/test_identity_providers.py",
    "GET /api/v1/apps/{appId}/sso/saml/metadata": "XML",
    "GET /api/v1/apps/{appId}/connections/default/jwks": "of connections that hold a key",
    "POST /api/v1/directories/{appInstanceId}/groups/modify": "tests/directory; answers without a body",
    "POST /api/v1/eventHooks/{eventHookId}/lifecycle/verify": "tests/okta/test_event_hooks.py",
    "POST /api/v1/inlineHooks/{inlineHookId}/execute": "tests/okta/test_inline_hooks.py",
    "PATCH /api/v1/org/privacy/oktaSupport/cases/{caseNumber}": "an org cannot open cases",
    "POST /api/v1/policies/{policyId}/mappings": "always refused",
    "POST /api/v1/logStreams/{logStreamId}/lifecycle/activate": "recorded without a body",
    "POST /api/v1/logStreams/{logStreamId}/lifecycle/deactivate": "recorded without a body",
    "PUT /api/v1/groups/{groupId}/roles/{roleAssignmentId}/targets/catalog/apps/{appName}": "recorded as 204",
    "GET /api/v1/users/{userId}/grants/{grantId}": "tests/okta/oauth",
    "GET /api/v1/users/{userId}/clients/{clientId}/grants": "tests/okta/oauth",
    **dict.fromkeys(
        [
            f"{verb} /api/v1/agentPools/{{poolId}}/updates/{one}"
            for verb in ("GET", "POST")
            for one in ("settings", "{updateId}")
        ]
        + [f"POST /api/v1/agentPools/{{poolId}}/updates/{{updateId}}/{step}" for step in AGENT_STEPS]
        + ["POST /api/v1/agentPools/{poolId}/updates"],
        "tests/directory/test_agent_pools.py",
    ),
}
"""Operations that have a model and are not on the tour, and why."""


def test_every_operation_with_a_model_is_judged(answers):
    judged = {f"{item.method} {item.path}" for item, status, _ in answers if model_of(item, status)}
    modelled = {f"{item.method} {item.path}" for item in OPERATIONS if model_of(item, 200)}
    assert modelled - judged - set(UNJUDGED) == set()
    assert set(UNJUDGED) <= modelled and len(judged & modelled) >= 280


def test_every_deviation_is_of_an_operation_that_there_is():
    assert set(DEVIATIONS) <= set(vendor.operations())
