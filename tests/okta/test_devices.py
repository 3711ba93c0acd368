"""Devices: lists, search, users, lifecycle."""

from collections.abc import Iterator

import pytest

from emulator import World
from emulator.kernel.problems import LabError
from tests.okta.worlds import DANA_ID, kinds, refused, world

AT = "/api/v1/devices"
models = pytest.importorskip("okta.models")
DEVICES = [
    {"displayName": "Mac", "platform": "MACOS", "users": ["dana@acme.example", "sam@acme.example"], "managed": True},
    {"displayName": "Phone", "platform": "IOS", "users": ["dana@acme.example"], "status": "SUSPENDED"},
    {"displayName": "Old", "platform": "WINDOWS", "status": "DEACTIVATED"},
]


@pytest.fixture
def held() -> Iterator[World]:
    with world(devices=DEVICES) as made:
        yield made


def test_lists_and_one(held: World) -> None:
    found = held.okta.get(AT)
    assert [item["profile"]["displayName"] for item in found] == ["Mac", "Phone", "Old"]
    for item in found:
        assert models.DeviceList.from_dict(item).id == item["id"] and item["id"].startswith("guo")
        one = held.okta.get(f"{AT}/{item['id']}")
        assert [origin["key"] for origin in one.pop("_embedded")["originatedFrom"]] == ["okta_verify"] and one == item
    assert set(found[0]["_links"]) == {"self", "users", "deactivate", "suspend"}
    assert set(found[1]["_links"]) == {"self", "users", "deactivate", "unsuspend"}
    by_name = held.okta.get(f'{AT}?search=profile.displayName eq "phone" and status eq "SUSPENDED"')
    assert [item["id"] for item in by_name] == [found[1]["id"]]
    first = held.okta.call("GET", f"{AT}?limit=1")
    assert any('rel="next"' in value for name, value in first.headers if name == "Link")
    assert len(held.okta.get(f"{AT}?after={found[0]['id']}")) == 2
    assert refused(held, "GET", f"{AT}?after=guonothing")[1:] == (
        "E0000031",
        "Invalid search criteria.",
        ["Invalid cursor."],
    )
    assert refused(held, "GET", f"{AT}?search=colour eq 1")[:2] == (400, "E0000031")


def test_their_users(held: World) -> None:
    mac = held.okta.get(AT)[0]
    users = held.okta.get(f"{AT}/{mac['id']}/users")
    assert [row["user"]["profile"]["login"] for row in users] == ["dana@acme.example", "sam@acme.example"]
    assert models.DeviceUser.from_dict(users[0]).management_status == "MANAGED"
    for expand in ("user", "userSummary"):
        item = held.okta.get(f"{AT}?expand={expand}")[0]
        assert len(item["_embedded"]["users"]) == 2
        models.DeviceList.from_dict(item)
    mine = held.okta.get(f"/api/v1/users/{DANA_ID}/devices")
    assert [row["device"]["profile"]["displayName"] for row in mine] == ["Mac", "Phone"]
    models.UserDevice.from_dict(mine[0])
    got = refused(held, "GET", f"{AT}/guonothing/users")
    assert got[2] == "Not found: Resource not found: guonothing (GenericUDObject)"
    assert refused(held, "GET", f"{AT}/guonothing")[2].endswith("(Device)")
    assert refused(held, "GET", f"{AT}?expand=all")[:2] == (400, "E0000001")


def test_lifecycle(held: World) -> None:
    mac, phone, old = (f"{AT}/{item['id']}" for item in held.okta.get(AT))

    def move(device: str, action: str) -> int:
        return held.okta.call("POST", f"{device}/lifecycle/{action}", None).status

    assert refused(held, "DELETE", mac)[:2] == (403, "E0000152")
    assert refused(held, "POST", f"{old}/lifecycle/suspend")[:2] == (403, "E0000152")
    assert (move(mac, "suspend"), held.okta.get(mac)["status"]) == (204, "SUSPENDED")
    assert (move(mac, "unsuspend"), held.okta.get(mac)["status"]) == (204, "ACTIVE")
    assert (move(phone, "deactivate"), held.okta.get(phone)["status"]) == (204, "DEACTIVATED")
    links = held.okta.get(phone)["_links"]
    assert set(links) == {"self", "activate"} and links["self"]["hints"]["allow"] == ["GET", "DELETE"]
    assert (move(old, "activate"), held.okta.get(old)["status"]) == (204, "ACTIVE")
    assert held.okta.call("DELETE", phone).status == 204
    assert held.okta.call("GET", phone).status == 404
    assert kinds(held) == [
        f"device.lifecycle.{name}" for name in ("suspend", "unsuspend", "deactivate", "activate", "delete")
    ]


def test_world_files_are_checked() -> None:
    for spec in (
        {"displayName": "x", "platform": "BEOS"},
        {"displayName": "x", "platform": "IOS", "users": ["no@x.example"]},
    ):
        with pytest.raises(LabError):
            world(devices=[spec])
