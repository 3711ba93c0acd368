"""Least privilege over objects: what lists show to, and take from, an administrator whose role has targets.

Behaviour: okta-admin-api.md 16; the vendor's pages on administrator roles. Objects are walked by every operation there is.
"""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.serving.parties import party_type

from .worlds import HOST, spec

OPERATIONS = [item for item in party_type("okta").services[0].operations if item.auth == "token" and item.scope]
READS = [item for item in OPERATIONS if item.method == "GET"]
PEOPLE, GROUPS, APPS = 8, 5, 4
_PLACES = {"userId": "users", "groupId": "groups", "appId": "apps", "clientId": "apps", "groupRuleId": "rules",
           "mappingId": "mappings", "taskId": "tasks", "sessionId": "sessions"}  # fmt: skip
_ELSEWHERE = ("/api/v1/logs", "/api/v1/org/contacts", "/api/v1/policies", "/api/v1/realms")
"""What names people beside showing them: the System Log, contacts, conditions of rules, and who made a realm."""


class Estate:
    """An org with people, groups and apps all over each other, and an administrator whose role is changed at will."""

    def __init__(self, world: World) -> None:
        self.okta = world.okta
        self.world = world
        self.admin = self._person("root.reach")
        self.okta.post(f"/api/v1/users/{self.admin}/roles", {"type": "USER_ADMIN"})
        made = self.okta.post("/api/internal/v1/api-tokens", {"name": "reach", "userId": self.admin})
        self.okta.delete(f"/api/v1/users/{self.admin}/roles/KVJUKUS7IFCE2SKO")
        self.headers = {"host": HOST, "authorization": f"SSWS {made['token']}", "content-type": "application/json"}
        self.users = [self._person(f"p{n}") for n in range(PEOPLE)]
        self.groups = [
            self.okta.post("/api/v1/groups", {"profile": {"name": f"Team {n}"}})["id"] for n in range(GROUPS)
        ]
        self.apps = [self._app(n) for n in range(APPS)]
        for n, group in enumerate(self.groups):
            for user in self.users[n : n + 3]:
                self.okta.put(f"/api/v1/groups/{group}/users/{user}")
            self.okta.put(f"/api/v1/apps/{self.apps[n % 4]}/groups/{group}", {})
            self.okta.post(f"/api/v1/groups/{group}/owners", {"id": self.users[-1 - n], "type": "USER"})
            self.okta.post("/api/v1/groups/rules", {
                "type": "group_rule", "name": f"Rule {n}", "actions": {"assignUserToGroups": {"groupIds": [group]}},
                "conditions": {"expression": {"value": "user.city==\"X\"", "type": "urn:okta:expression:1.0"}},
            })  # fmt: skip

    def _person(self, name: str) -> str:
        profile = {"login": f"{name}@acme.example", "email": f"{name}@acme.example", "firstName": "P", "lastName": name}
        body = {"profile": profile, "credentials": {"password": {"value": "Rather-Long-0-One"}}}
        return str(self.okta.post("/api/v1/users", body)["id"])

    def _app(self, n: int) -> str:
        urls = {"url": f"https://a{n}.example"}
        kinds = [("bookmark", "BOOKMARK", urls), ("template_swa", "BROWSER_PLUGIN", {
            **urls, "buttonField": "b", "passwordField": "p", "usernameField": "u"})]  # fmt: skip
        name, mode, settings = kinds[n % 2]
        body = {"name": name, "label": f"App {n}", "signOnMode": mode, "settings": {"app": settings}}
        return str(self.okta.post("/api/v1/apps", body)["id"])

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        where, _, query = path.partition("?")
        sent = orjson.dumps(body) if body is not None else b""
        answer = self.world.entry(Exchange(method, "https", HOST, where, query, self.headers, sent))
        text = "json" in (answer.header("content-type") or "")
        return answer.status, orjson.loads(answer.body) if text and answer.body else None

    def all_ids(self, path: str) -> set[str]:
        return {str(item["id"]) for item in self.okta.get(path)}

    def of(self, groups: list[str]) -> set[str]:
        return {user for group in groups for user in self.all_ids(f"/api/v1/groups/{group}/users")}

    # -- roles
    def hold(self, kind: str, targets: list[str]) -> None:
        at = f"/api/v1/users/{self.admin}/roles"
        role = self.okta.post(at, {"type": kind})
        place = "catalog/apps" if kind == "APP_ADMIN" else "groups"
        for target in targets:
            assert self.okta.call("PUT", f"{at}/{role['id']}/targets/{place}/{target}").status == 204

    def hold_custom(self, permissions: list[str], resources: list[str]) -> None:
        role = self.okta.post("/api/v1/iam/roles", {"label": "C", "description": "d", "permissions": permissions})
        held = self.okta.post("/api/v1/iam/resource-sets", {
            "label": "S", "description": "d", "resources": [f"https://{HOST}/api/v1/{item}" for item in resources]
        })  # fmt: skip
        body = {"type": "CUSTOM", "role": role["id"], "resource-set": held["id"]}
        self.okta.post(f"/api/v1/users/{self.admin}/roles", body)


@pytest.fixture(scope="module")
def made() -> Iterator[Estate]:
    with World(spec()) as world:
        yield Estate(world)
        assert world.engine.crashes == []


@pytest.fixture
def estate(made: Estate) -> Iterator[Estate]:
    with made.world.rolled_back():
        yield made


def shown(value: Any) -> Iterator[str]:
    """Ids of every object in an answer; of links only addresses are there."""
    if isinstance(value, list):
        for item in value:
            yield from shown(item)
    elif isinstance(value, dict):
        yield from (value[name] for name in ("id", "userId", "groupId", "appId") if isinstance(value.get(name), str))
        for item in value.values():
            yield from shown(item)


def paths(estate: Estate, template: str) -> Iterator[str]:
    """A path with everything that its placeholders can name."""
    names = re.findall(r"\{([^}]*)\}", template)
    places = {"users": estate.users, "groups": estate.groups, "apps": estate.apps,
              "rules": sorted(estate.all_ids("/api/v1/groups/rules")),
              "mappings": sorted(estate.all_ids("/api/v1/mappings?limit=200"))[:6]}  # fmt: skip
    if all(_PLACES.get(name) in places for name in names):
        for values in product(*(places[_PLACES[name]] for name in names)):
            left = iter(values)
            yield "/".join(next(left) if part[:1] == "{" else part for part in template.split("/"))


def leaks(estate: Estate, hidden: set[str], *, most: int = 12) -> list[tuple[str, str]]:
    """Every hidden object that a reading operation shows."""
    found = []
    for item in READS:
        if item.path.startswith(_ELSEWHERE) or "/roles" in item.path:
            continue
        every = list(paths(estate, item.path))
        for path in every[:: 1 + len(every) // most]:
            more = "?expand=stats,app" if item.path.endswith("/groups") and "{" not in item.path else ""
            status, body = estate.call("GET", path + more)
            assert status in (200, 400, 401, 403, 404), (path, status, body)
            if status == 200:
                found += [(path, id) for id in set(shown(body)) & hidden]
    return found


SOME = st.sets(st.integers(0, GROUPS - 1), min_size=1, max_size=GROUPS - 2).map(sorted)
FEW = settings(max_examples=6, deadline=None)


@pytest.mark.parametrize("kind", ["USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN"])
@FEW
@given(chosen=SOME)
def test_group_targets_let_nothing_through(made: Estate, kind: str, chosen: list[int]) -> None:
    with made.world.rolled_back():
        targets = [made.groups[n] for n in chosen]
        made.hold(kind, targets)
        inside = made.of(targets)
        everybody = kind == "GROUP_MEMBERSHIP_ADMIN"
        assert {item["id"] for item in made.call("GET", "/api/v1/groups")[1]} == set(targets)
        seen = {item["id"] for item in made.call("GET", "/api/v1/users")[1]}
        assert seen == (made.all_ids("/api/v1/users") if everybody else inside)
        hidden = set(made.groups) - set(targets) | (set() if everybody else set(made.users) - inside)
        assert leaks(made, hidden) == []


@FEW
@given(chosen=st.sets(st.integers(0, APPS - 1), min_size=1, max_size=APPS - 1).map(sorted))
def test_app_targets_let_nothing_through(made: Estate, chosen: list[int]) -> None:
    with made.world.rolled_back():
        apps = [made.apps[n] for n in chosen]
        names = {id: made.okta.get(f"/api/v1/apps/{id}")["name"] for id in apps}
        made.hold("APP_ADMIN", [f"{names[id]}/{id}" for id in apps])
        assert {item["id"] for item in made.call("GET", "/api/v1/apps")[1]} == set(apps)
        assert leaks(made, made.all_ids("/api/v1/apps?limit=200") - set(apps)) == []


@FEW
@given(chosen=SOME, apps=st.sets(st.integers(0, APPS - 1), max_size=APPS - 1), user=st.integers(0, PEOPLE - 1))
def test_resource_sets_let_nothing_through(made: Estate, chosen: list[int], apps: set[int], user: int) -> None:
    with made.world.rolled_back():
        groups, own, person = [made.groups[n] for n in chosen], {made.apps[n] for n in apps}, made.users[user]
        resources = [f"groups/{groups[0]}", *(f"groups/{id}/users" for id in groups), f"users/{person}",
                     *(f"apps/{id}" for id in sorted(own))]  # fmt: skip
        made.hold_custom(["okta.users.manage", "okta.groups.manage", "okta.apps.manage"], resources)
        inside = made.of(groups) | {person}
        for path, ids in (("users", inside), ("groups", {groups[0]}), ("apps", own)):
            assert {item["id"] for item in made.call("GET", f"/api/v1/{path}")[1]} == ids
        hidden = set(made.users) - inside | set(made.groups) - {groups[0]} | set(made.apps) - own
        assert leaks(made, hidden) == []


def test_a_kind_of_app_is_a_target_as_a_whole(estate: Estate) -> None:
    estate.hold("APP_ADMIN", ["bookmark"])
    inside = {item["id"] for item in estate.okta.get("/api/v1/apps") if item["name"] == "bookmark"}
    assert {item["id"] for item in estate.call("GET", "/api/v1/apps")[1]} == inside
    body = {
        "name": "bookmark",
        "label": "New",
        "signOnMode": "BOOKMARK",
        "settings": {"app": {"url": "https://x.example"}},
    }
    assert estate.call("POST", "/api/v1/apps", body)[0] == 200
    other = {"name": "oidc_client", "label": "New", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {
        "application_type": "service", "grant_types": ["client_credentials"]}}}  # fmt: skip
    assert estate.call("POST", "/api/v1/apps", other)[1]["errorCode"] == "E0000006"
    assert estate.call("POST", "/oauth2/v1/clients", {"client_name": "x", "application_type": "service"})[0] == 403


def test_resources_by_name_and_by_kind(estate: Estate) -> None:
    estate.hold_custom(["okta.apps.read", "okta.users.read"], ['apps?filter=name+eq+"bookmark"'])
    assert {item["name"] for item in estate.call("GET", "/api/v1/apps")[1]} == {"bookmark"}
    assert estate.call("GET", "/api/v1/users")[1] == []


def test_pages_hold_what_is_reached_and_lead_to_the_end(estate: Estate) -> None:
    estate.hold("USER_ADMIN", estate.groups[:3])
    inside = estate.of(estate.groups[:3])
    for query in ("", "&search=status%20eq%20%22ACTIVE%22", "&search=status%20eq%20%22ACTIVE%22&sortBy=profile.login",
                  "&filter=status%20eq%20%22ACTIVE%22", "&search=status%20eq%20%22ACTIVE%22&sortBy=profile.city"):  # fmt: skip
        found: list[str] = []
        after = ""
        while True:
            items = estate.call("GET", f"/api/v1/users?limit=2{query}{after}")[1]
            found += [item["id"] for item in items]
            if len(items) < 2:
                break
            after = f"&after={items[-1]['id']}"
        assert sorted(found) == sorted(inside), query
    assert {item["id"] for item in estate.call("GET", "/api/v1/users?q=p&limit=50")[1]} == inside


WRITES = [item for item in OPERATIONS if item.method != "GET"]


def test_nothing_outside_is_written(estate: Estate) -> None:
    estate.hold("USER_ADMIN", estate.groups[:1])
    outside = [id for id in estate.users if id not in estate.of(estate.groups[:1])]
    for item in WRITES:
        names = set(re.findall(r"\{([^}]*)\}", item.path))
        if not names & {"userId", "groupId"}:
            continue
        path = item.path.replace("{userId}", outside[0]).replace("{groupId}", estate.groups[2])
        status, body = estate.call(item.method, re.sub(r"\{[^}]*\}", "x1", path), {})
        assert status == 403 and body["errorCode"] == "E0000006", (item.name, status, body)


def test_what_a_group_administrator_with_targets_may_do(estate: Estate) -> None:
    group, other = estate.groups[:2]
    estate.hold("USER_ADMIN", [group])
    mine, theirs = min(estate.of([group])), max(set(estate.users) - estate.of([group]))
    profile = {"login": "n@acme.example", "email": "n@acme.example", "firstName": "N", "lastName": "N"}
    assert estate.call("POST", "/api/v1/users", {"profile": profile})[0] == 403
    assert estate.call("POST", "/api/v1/users", {"profile": profile, "groupIds": [group, other]})[0] == 403
    assert estate.call("POST", "/api/v1/users", {"profile": profile, "groupIds": [group]})[0] == 200
    assert estate.call("POST", f"/api/v1/users/{mine}", {"profile": {"city": "Ede"}})[0] == 200
    assert estate.call("POST", f"/api/v1/users/{theirs}", {"profile": {"city": "Ede"}})[0] == 403
    assert estate.call("POST", "/api/v1/groups", {"profile": {"name": "New"}})[0] == 403
    assert estate.call("PUT", f"/api/v1/groups/{group}", {"profile": {"name": "Renamed"}})[0] == 200
    assert estate.call("PUT", f"/api/v1/groups/{group}/users/{theirs}")[0] == 403
    assert estate.call("POST", "/api/v1/groups/rules", {})[0] == 403
    assert estate.call("GET", "/api/v1/users/00unothere00000000000")[0] == 404


def test_only_super_administrators_manage_administrators(estate: Estate) -> None:
    estate.hold("USER_ADMIN", [])
    user = estate.users[0]
    assert estate.call("POST", f"/api/v1/users/{user}/lifecycle/suspend")[0] == 200
    assert estate.call("POST", f"/api/v1/users/{user}/lifecycle/unsuspend")[0] == 200
    estate.okta.post(f"/api/v1/users/{user}/roles", {"type": "READ_ONLY_ADMIN"})
    assert estate.call("POST", f"/api/v1/users/{user}/lifecycle/suspend")[0] == 403
    assert estate.call("GET", f"/api/v1/users/{user}")[0] == 200
    estate.okta.post(f"/api/v1/groups/{estate.groups[3]}/roles", {"type": "READ_ONLY_ADMIN"})
    assert estate.call("PUT", f"/api/v1/groups/{estate.groups[3]}/users/{user}")[0] == 403
    stats = estate.call("GET", f"/api/v1/groups/{estate.groups[3]}?expand=stats")[1]["_embedded"]["stats"]
    assert stats["hasAdminPrivilege"] is True


def test_everyone_is_not_listed_for_a_group_administrator(estate: Estate) -> None:
    estate.hold("USER_ADMIN", [])
    assert "BUILT_IN" not in {item["type"] for item in estate.call("GET", "/api/v1/groups")[1]}
    estate.hold("READ_ONLY_ADMIN", [])
    assert "BUILT_IN" in {item["type"] for item in estate.call("GET", "/api/v1/groups")[1]}
