"""Two small resource types for the store's tests."""

from emulator.store import Column, Kind, Multi

THINGS = Kind(
    "things",
    (Column("name", fold=True, unique=True), Column("profile.color"), Column("size", kind="number")),
    (Multi("tags", fold=True),),
)
LINKS = Kind("links", (Column("a"), Column("b")), together=(("a", "b"),), settled=True)
PARTIES = {"okta:one": [THINGS, LINKS], "okta:two": [THINGS, LINKS]}


def thing(n: int, **more):
    return {"id": f"t{n}", "name": f"Thing {n}", "profile": {"color": "red"}, "size": n, **more}
