"""How an app that a role is narrowed to is listed: one instance briefly, a kind of app as the catalogue does."""

from tests.okta.worlds import SAM_ID


def test_an_app_instance_is_listed_by_its_label_and_little_else(org):
    sent = {
        "name": "bookmark",
        "signOnMode": "BOOKMARK",
        "label": "Canteen",
        "settings": {"app": {"url": "https://x.example"}},
    }
    app = org.okta.post("/api/v1/apps", sent)
    role = org.okta.post(f"/api/v1/users/{SAM_ID}/roles", {"type": "APP_ADMIN"})
    at = f"/api/v1/users/{SAM_ID}/roles/{role['id']}/targets/catalog/apps"
    assert org.okta.call("PUT", f"{at}/bookmark/{app['id']}").status == 204
    (item,) = org.okta.get(at)
    link = {"self": {"href": f"https://acme.okta.com/api/v1/apps/{app['id']}"}}
    assert item == {"name": "Canteen", "status": "ACTIVE", "id": app["id"], "_links": link}
