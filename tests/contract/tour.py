"""A tour through the whole org: one success of (nearly) every operation, by an administrator with an API token.

What the checks of this room read afterwards are the world's tape and its System Log. Collections are toured by one
`cycle`, driven by the operations that there are; what is beside that pattern is written out.
"""

import orjson

from emulator import World
from tests.contract import tour_authorization, tour_customizations
from tests.contract.tour_apps import apps, clients
from tests.contract.tour_organisation import administrators, providers, rules_of_the_org, things
from tests.contract.tour_people import groups, people
from tests.contract.touring import OPERATIONS, Tour
from tests.okta.worlds import world

DEVICES = [{"displayName": "Mac", "platform": "MACOS", "users": ["dana@acme.example"], "managed": True}]


def run() -> World:
    """The world after the tour; the caller closes it."""
    org = world(devices=DEVICES)
    tour = Tour(org)
    for part in (
        people,
        groups,
        apps,
        clients,
        rules_of_the_org,
        providers,
        tour_authorization.tour,
        administrators,
        things,
        tour_customizations.tour,
        lists,
    ):
        part(tour)
    return org


MOST = 3
"""How many items of a list are followed."""


def lists(tour: Tour) -> None:
    """Whatever else can be read, from the lists down."""
    walk = Walk(tour)
    for item in OPERATIONS:
        if item.method == "GET" and item.auth == "token" and not item.path.endswith("metadata"):
            for path in walk.paths(item.path):
                walk.get(path)


class Walk:
    """Reads everything that lists lead to."""

    def __init__(self, tour: Tour) -> None:
        self._org = tour.org
        self._seen: dict[str, object] = {}

    def get(self, path: str) -> object:
        if path not in self._seen:
            query = "?type=ACCESS_POLICY" if path == "/api/v1/policies" else ""
            answer = self._org.okta.call("GET", path + query)
            json = "json" in (answer.header("content-type") or "")
            self._seen[path] = orjson.loads(answer.body) if answer.status == 200 and json else None
        return self._seen[path]

    def paths(self, template: str) -> list[str]:
        """A path with its placeholders filled from the lists before them."""
        found = [""]
        for part in template.strip("/").split("/"):
            if not part.startswith("{"):
                found = [f"{path}/{part}" for path in found]
                continue
            found = [f"{path}/{id}" for path in found for id in self._ids(path)]
        return found

    def _ids(self, path: str) -> list[str]:
        listed = self.get(path)
        items = listed if isinstance(listed, list) else []
        ids = [item.get("id") or item.get("kid") or item.get("name") or item.get("contactType")
               for item in items if isinstance(item, dict)]  # fmt: skip
        return [id for id in dict.fromkeys(ids) if isinstance(id, str)][:MOST]
