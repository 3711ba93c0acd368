"""Every JSON answer of the org that a walk through it brings, held against the vendor's own models.

The walk reads whatever can be reached from the lists, in an org that holds one of most things. What was recorded wins over
what is documented: `DEVIATIONS` names the answers that follow recordings where the models differ.
"""

import re

import orjson
import pytest

from emulator import World
from emulator.kernel.operations import Operation
from emulator.serving.parties import party_type
from tests.contract import vendor
from tests.okta.test_app_modes import PASSWORD_APPS, client, saml
from tests.okta.test_event_hooks import body as hook

# (method, shape of path): a part of the complaint, why we differ.
_SWA = ("settings.app.", "recorded: apps of three fields have other settings than the model, which knows one kind only")
DEVIATIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("GET", "/api/v1/apps"): _SWA,
    ("POST", "/api/v1/apps"): _SWA,
    ("GET", "/api/v1/apps/{}"): _SWA,
    ("GET", "/api/v1/policies"): ("_embedded.resourceType", "recorded as a text beside the embedded objects"),
    ("GET", "/api/v1/policies/{}"): ("_embedded.resourceType", "recorded as a text beside the embedded objects"),
    ("POST", "/api/v1/policies"): ("_embedded.resourceType", "recorded as a text beside the embedded objects"),
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
        if match is not None and json and hop.response_body:
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


def test_the_walk_is_broad(answers):
    judged = {item.name for item, status, _ in answers if model_of(item, status)}
    assert len(judged) >= 60, sorted(judged)


def test_every_deviation_is_of_an_operation_that_there_is():
    assert set(DEVIATIONS) <= set(vendor.operations())
