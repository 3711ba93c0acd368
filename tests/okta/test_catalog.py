"""Browse App Catalog, and adding what it offers. Behaviour: okta-admin-api.md 19."""

import pytest

from emulator import World

from .worlds import refused

AT = "/api/internal/v1/catalog/apps"


def test_the_catalogue_is_searched_and_added_from(org: World) -> None:
    models = pytest.importorskip("okta.models")
    found = org.okta.get(AT)
    assert [item["displayName"] for item in found] == sorted((item["displayName"] for item in found), key=str.casefold)
    assert not {"saasure", "active_directory"} & {item["name"] for item in found}
    [office] = org.okta.get(f"{AT}?q=office")
    assert (office["name"], office["requiredSettings"], office["features"]) == (
        "office365", ["domain", "msftTenant"], ["PROVISIONING"],
    )  # fmt: skip
    assert models.CatalogApplication.from_dict(office).display_name == "Microsoft Office 365"
    assert org.okta.get(f"{AT}/bookmark")["installed"] == 0
    body = {"name": "bookmark", "label": "Wiki", "settings": {"app": {"url": "https://wiki.example"}}}
    org.okta.post("/api/v1/apps", {**body, "signOnMode": "BOOKMARK"})
    assert org.okta.get(f"{AT}/bookmark")["installed"] == 1
    assert refused(org, "GET", f"{AT}/saasure")[:2] == (404, "E0000007")


def test_the_catalogue_is_paged(org: World) -> None:
    names, after = [], ""
    while True:
        answer = org.okta.call("GET", f"{AT}?limit=5{after}")
        items = org.okta.get(f"{AT}?limit=5{after}")
        names += [item["name"] for item in items]
        if not any('rel="next"' in link for link in answer.all_headers("link")):
            break
        after = f"&after={items[-1]['name']}"
    assert names == [item["name"] for item in org.okta.get(f"{AT}?limit=200")] and len(names) > 10
    assert refused(org, "GET", f"{AT}?after=nothing")[:2] == (400, "E0000029")
