"""Graph at 100,000 users and 5,000 groups beside 1,000 and 50: what clients do often costs about the same."""

import statistics
import time

import pytest

from emulator.entra.resources import group_store, memberships, users
from emulator.kernel.ids import as_guid, scramble
from emulator.store.bulk import Draft, loading
from tests.entra.worlds import app_client, world

pytestmark = pytest.mark.bench
SIZES = {1_000: 50, 100_000: 5_000}
ROUNDS = 30


def guid(kind: str, number: int) -> str:
    return as_guid(scramble(kind.encode(), kind, number, 16))


def fill(made, people: int, groups: int) -> None:
    """Users with an address and a department each, in three groups."""
    store = next(service.store for service in made.services if service.name == "graph")
    now = made.clock.now()
    with loading(made.database):
        draft = Draft(store, (users.USERS, memberships.GROUP_MEMBERS, group_store.GROUPS))
        for number in range(groups):
            draft.add(
                group_store.GROUPS, group_store.blank(guid("group", number), now, displayName=f"Group {number:05d}")
            )
        for number in range(people):
            user = users.blank(guid("user", number), now)
            name = f"p{number:06d}@acme-labs.example"
            user.update(
                accountEnabled=True, displayName=f"Person {number:06d}", userPrincipalName=name, mail=name,
                mailNickname=f"p{number}", department=f"Dep {number % 50}", proxyAddresses=[f"SMTP:{name}"],
            )  # fmt: skip
            draft.add(users.USERS, user)
            for way in range(3):
                link = memberships.link(guid("group", (number * 3 + way * 7) % groups), user["id"])
                draft.add(memberships.GROUP_MEMBERS, link)
        draft.close()


def operations(graph, people: int, groups: int):
    def user(turn: int) -> int:
        return turn * 7919 % people

    def get(path: str) -> None:
        assert graph.call("GET", path).status == 200, path

    page = graph.get("/users?$top=100")["@odata.nextLink"]
    ordered = graph.get("/users?$top=100&$orderby=displayName desc")["@odata.nextLink"]
    delta = graph.get("/users/delta?$deltatoken=latest")["@odata.deltaLink"]
    for turn in range(20):
        graph.patch(f"/users/{guid('user', user(turn))}", {"jobTitle": "x"})
    return {
        "get": lambda turn: get(f"/users/{guid('user', user(turn))}"),
        "get by name": lambda turn: get(f"/users/p{user(turn):06d}@acme-labs.example"),
        "filter eq": lambda turn: get(f"/users?$filter=mail eq 'p{user(turn):06d}@acme-labs.example'"),
        "filter startswith, few": lambda turn: get(
            f"/users?$filter=startswith(displayName,'Person {user(turn) // 10:05d}')"
        ),
        "filter startswith, many": lambda _: get("/users?$filter=startswith(displayName,'Person 0')&$top=20"),
        "filter of a department": lambda turn: get(f"/users?$filter=department eq 'Dep {turn % 50}'&$top=20"),
        "page": lambda _: get(page),
        "page in an order": lambda _: get(ordered),
        "memberOf": lambda turn: get(f"/users/{guid('user', user(turn))}/memberOf"),
        "members": lambda turn: get(f"/groups/{guid('group', turn * 31 % groups)}/members?$top=20"),
        "delta": lambda _: get(delta),
    }


def median_ms(work) -> float:
    return medians_ms(work)[0]


def medians_ms(*works) -> list[float]:
    """Of several works that take turns, so that a slower moment of the machine falls on all of them."""
    took: list[list[float]] = [[] for _ in works]
    for turn in range(ROUNDS):
        for work, times in zip(works, took, strict=True):
            began = time.perf_counter()
            work(turn)
            times.append(time.perf_counter() - began)
    return [statistics.median(times) * 1000 for times in took]


def test_size_does_not_matter_much():
    figures: dict[int, dict[str, float]] = {}
    for people, groups in SIZES.items():
        with world() as made:
            fill(made, people, groups)
            works = operations(app_client(made), people, groups)
            figures[people] = {name: median_ms(work) for name, work in works.items()}
    small, large = figures.values()
    for name in small:
        print(f"\n{name:26s} {small[name]:7.2f} ms {large[name]:7.2f} ms", end="")
    assert not {name: (small[name], large[name]) for name in small if large[name] > 3 * small[name] + 0.5}


def test_a_batch_costs_less_than_its_calls():
    with world() as made:
        fill(made, 1_000, 50)
        graph = app_client(made)
        urls = [f"/users/{guid('user', number)}" for number in range(20)]
        requests = [{"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)]
        batch, calls = medians_ms(
            lambda _: graph.post("/$batch", {"requests": requests}), lambda _: [graph.get(url) for url in urls]
        )
        print(f"\nbatch of 20: {batch:.2f} ms, 20 calls: {calls:.2f} ms")
        assert batch < calls
