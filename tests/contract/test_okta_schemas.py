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

OPERATIONS = {item.name: item for item in party_type("okta").services[0].operations}
MOST = 3
"""How many items of a list are followed."""

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


def _more(world: World) -> None:
    """One of most things, beside what the world holds."""
    okta = world.okta
    for name, mode, settings in PASSWORD_APPS:
        okta.post("/api/v1/apps", {"name": name, "label": name, "signOnMode": mode, "settings": {"app": settings}})
    app = okta.post("/api/v1/apps", saml())
    okta.put(f"/api/v1/apps/{app['id']}", {**app, "label": "Renamed"})
    okta.post("/api/v1/apps", client())
    okta.post("/api/v1/apps", {"name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK",
                               "settings": {"app": {"url": "https://wiki.example"}}})  # fmt: skip
    user, group = okta.get("/api/v1/users?limit=1")[0], okta.get('/api/v1/groups?filter=type eq "OKTA_GROUP"')[0]
    at = f"/api/v1/apps/{app['id']}"
    okta.post(f"{at}/users", {"id": user["id"], "scope": "USER"})
    okta.put(f"{at}/groups/{group['id']}", {"priority": 0})
    okta.patch(f"{at}/groups/{group['id']}", [{"op": "replace", "path": "/priority", "value": 0}])
    okta.post(f"{at}/credentials/csrs", {"subject": {"commonName": "x"}})
    okta.post(f"{at}/credentials/keys/generate?validityYears=2")
    okta.post("/api/v1/eventHooks", hook())
    okta.put("/api/v1/org/contacts/billing", {"userId": user["id"]})
    okta.post("/api/v1/org/privacy/oktaSupport/grant")
    okta.post("/api/v1/org", {"city": "Utrecht"})
    hub = okta.post("/api/v1/apps", {"name": "okta_org2org", "label": "Hub", "signOnMode": "SAML_2_0",
                                     "settings": {"app": {"baseUrl": "https://hub.okta.com"}}})  # fmt: skip
    token = {"profile": {"authScheme": "TOKEN", "token": "00secret"}, "baseUrl": "https://hub-admin.okta.com"}
    okta.post(f"/api/v1/apps/{hub['id']}/connections/default?activate=true", token)
    mapping = {"sourceGroupId": group["id"], "targetGroupName": "Pushed"}
    okta.post(f"/api/v1/apps/{hub['id']}/group-push/mappings", mapping)


class Walk:
    """Reads everything that lists lead to."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, object] = {}

    def run(self) -> None:
        for item in OPERATIONS.values():
            if item.method == "GET" and item.auth == "token" and not item.path.endswith("metadata"):
                for path in self._paths(item.path):
                    self._get(path)

    def _get(self, path: str) -> object:
        if path not in self._seen:
            query = "?type=ACCESS_POLICY" if path == "/api/v1/policies" else ""
            answer = self._world.okta.call("GET", path + query)
            json = "json" in (answer.header("content-type") or "")
            self._seen[path] = orjson.loads(answer.body) if answer.status == 200 and json else None
        return self._seen[path]

    def _paths(self, template: str) -> list[str]:
        """A path with its placeholders filled from the lists before them."""
        found = [""]
        for part in template.strip("/").split("/"):
            if not part.startswith("{"):
                found = [f"{path}/{part}" for path in found]
                continue
            found = [f"{path}/{id}" for path in found for id in self._ids(path)]
        return found

    def _ids(self, path: str) -> list[str]:
        listed = self._get(path)
        items = listed if isinstance(listed, list) else []
        ids = [item.get("id") or item.get("kid") or item.get("name") or item.get("contactType")
               for item in items if isinstance(item, dict)]  # fmt: skip
        return [id for id in dict.fromkeys(ids) if isinstance(id, str)][:MOST]


@pytest.fixture(scope="module")
def answers():
    """`(operation, status, body)` of every JSON answer of a walk."""
    with World("acme") as world:
        _more(world)
        Walk(world).run()
        hops = [hop for hop in world.tape if hop.service == "okta" and 200 <= hop.status < 300 and hop.response_body]
        assert world.engine.crashes == []
    return [
        (OPERATIONS[hop.operation], hop.status, orjson.loads(hop.response_body))
        for hop in hops
        if any(name.lower() == "content-type" and "json" in value for name, value in hop.response_headers)
    ]


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
