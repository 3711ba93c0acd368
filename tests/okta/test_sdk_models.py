"""The vendor's own models (okta-sdk-python) read what we answer about users, groups, schemas and mappings."""

from typing import Any

import pytest
from okta import models

from emulator import World

from . import o365
from .test_group_rules import active, group
from .test_linked_objects import definition
from .worlds import DANA_ID, PASSWORD, SAM_ID, new_user

API = "/api/v1"
READS = [
    (models.User, "/users"), (models.User, f"/users/{DANA_ID}"), (models.UserGetSingleton, f"/users/{DANA_ID}?expand=blocks"),
    (models.Group, f"/users/{DANA_ID}/groups"), (models.Group, "/groups"), (models.Group, "/groups?expand=stats"),
    (models.GroupRule, "/groups/rules"), (models.GroupRule, "/groups/rules?expand=groupIdToGroupNameMap"),
    (models.GroupSchema, "/meta/schemas/group/default"), (models.UserSchema, "/meta/schemas/user/default"),
    (models.UserSchema, f"/meta/schemas/apps/{o365.APP_ID}/default"), (models.UserType, "/meta/types/user"),
    (models.LinkedObject, "/meta/schemas/user/linkedObjects"), (models.ListProfileMappings, "/mappings"),
    (models.Realm, "/realms"), (models.RealmAssignment, "/realm-assignments"),
    (models.Subscription, f"/users/{SAM_ID}/subscriptions"), (models.UserRiskGetResponse, f"/users/{SAM_ID}/risk"),
    (models.UserClassification, f"/users/{SAM_ID}/classification"), (models.AssignedAppLink, f"/users/{SAM_ID}/appLinks"),
    (models.OAuth2Client, f"/users/{SAM_ID}/clients"),
]  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Any:
    with o365.made() as world:
        active(world, group(world, "Rule's"))
        o365.assign(world, SAM_ID)
        world.okta.post(f"{API}/meta/schemas/user/linkedObjects", definition())
        world.okta.post(f"{API}/meta/schemas/user/default", {"definitions": {"custom": {"properties": {
            "teams": {"type": "array", "items": {"type": "string", "enum": ["red"]}, "title": "Teams"},
            "size": {"type": "string", "enum": ["S"], "oneOf": [{"const": "S", "title": "Small"}]},
        }}}})  # fmt: skip
        new_user(world, "kim@acme.example", password=PASSWORD, teams=["red"])
        yield world


@pytest.mark.parametrize(("model", "path"), READS, ids=[f"{model.__name__} {path}" for model, path in READS])
def test_the_vendors_models_read_it(made: World, model: Any, path: str) -> None:
    found = made.okta.get(API + path)
    for item in found if isinstance(found, list) else [found]:
        read = model.from_dict(item)
        if "id" in item and hasattr(read, "id"):
            assert read.id == item["id"]


def test_a_mapping(made: World) -> None:
    for item in made.okta.get(f"{API}/mappings?limit=200"):
        read = models.ProfileMapping.from_dict(made.okta.get(f"{API}/mappings/{item['id']}"))
        assert read.id == item["id"]


def test_owners(made: World) -> None:
    id = group(made, "Owned")
    owner = made.okta.post(f"{API}/groups/{id}/owners", {"id": DANA_ID, "type": "USER"})
    assert models.GroupOwner.from_dict(owner).display_name == "Dana Reyes"
