"""What a large estate costs in process: the first and the second start, reads and writes beside a small one, reset."""

import statistics
import time

import pytest

from emulator import World
from emulator.okta.user_docs import USERS

pytestmark = pytest.mark.bench
SMALL, LARGE = 1_000, 100_000


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENANTLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        made, took = {}, {}
        for people in (SMALL, LARGE):
            for turn in ("first", "second"):
                began = time.perf_counter()
                made[people] = World("acme", people=people)
                took[people, turn] = time.perf_counter() - began
                if turn == "first":
                    made[people].close()
        yield made, took
        for world in made.values():
            world.close()


def sample(world, number):
    """Active synthetic people, spread over the whole table."""
    sql = "SELECT id, c_profile_login FROM \"okta:acme/users\" WHERE c_status = 'ACTIVE' AND seq > 30"
    rows = world.database.execute(sql).fetchall()
    return [rows[place * 7919 % len(rows)] for place in range(number)]


def test_start(worlds):
    _, took = worlds
    print(f"\n100,000 people: made in {took[LARGE, 'first']:.0f} s, copied in {took[LARGE, 'second']:.2f} s")
    assert took[LARGE, "first"] < 90
    assert took[LARGE, "second"] < took[LARGE, "first"] / 10


@pytest.mark.parametrize("name", ["get", "find by login", "list 200", "create"])
def test_size_does_not_matter_much(worlds, name):
    made, _ = worlds
    people = {size: sample(world, 300) for size, world in made.items()}
    count = 40 if name in ("create", "list 200") else 150
    took = {size: [] for size in made}
    for turn in range(4):
        for size, world in made.items():
            for place in range(count):
                id, login = people[size][place % 300]
                began = time.perf_counter()
                if name == "create":
                    profile = {"login": f"n{turn}.{place}@acme.example", "email": "n@acme.example", "firstName": "N"}
                    world.okta.post("/api/v1/users?activate=false", {"profile": {**profile, "lastName": "N"}})
                elif name == "list 200":
                    world.okta.get(f"/api/v1/users?limit=200&after={id}")
                else:
                    world.okta.get(f"/api/v1/users/{id if name == 'get' else login}")
                took[size].append(time.perf_counter() - began)
    small, large = (statistics.median(took[size]) * 1e6 for size in (SMALL, LARGE))
    print(f"\n{name}: {small:.0f} us and {large:.0f} us, {small / large:.2f}")
    assert small / large >= 0.7
    for world in made.values():
        world.restore("start")


def test_reset(worlds):
    world = worlds[0][LARGE]
    people = sample(world, 50)
    took = {"updates": [], "creates": []}
    for turn in range(7):
        for place, (id, _) in enumerate(people):
            world.okta.post(f"/api/v1/users/{id}", {"profile": {"title": f"{turn}.{place}"}})
        began = time.perf_counter()
        world.restore("start")
        took["updates"].append(time.perf_counter() - began)
        for place in range(50):
            profile = {"login": f"n{place}@acme.example", "email": "n@acme.example", "firstName": "N", "lastName": "N"}
            world.okta.post("/api/v1/users?activate=false", {"profile": profile})
        began = time.perf_counter()
        world.restore("start")
        took["creates"].append(time.perf_counter() - began)
    assert world.database.store("okta:acme").count(USERS) > LARGE
    for name, times in took.items():
        print(f"\nreset after 50 {name}: {statistics.median(times) * 1e3:.1f} ms")
        assert statistics.median(times) <= 0.005
