"""Apps: shapes, lifecycle, lists, keys."""

import pytest

from emulator.okta import key_material
from emulator.okta.resources import apps
from emulator.protocols.x509 import parse_certificate
from tests.okta import o365, worlds
from tests.okta.worlds import refused

BOOKMARK = {
    "name": "bookmark",
    "label": "Wiki",
    "signOnMode": "BOOKMARK",
    "settings": {"app": {"url": "https://wiki.example"}},
}


def test_a_new_org_holds_the_vendors_own_apps_first(org):
    found = org.okta.get("/api/v1/apps")
    assert [app["name"] for app in found][:3] == ["saasure", "okta_enduser", "okta_browser_plugin"]
    assert {app["signOnMode"] for app in found[:3]} == {"OPENID_CONNECT"}
    for method, path in (("POST", "/lifecycle/deactivate"), ("DELETE", ""), ("PUT", "")):
        body = {"label": "x"} if method == "PUT" else None
        assert refused(org, method, f"/api/v1/apps/{found[0]['id']}{path}", body)[:2] == (403, "E0000143")


def test_office365_reads_back_as_recorded(org):
    app = org.okta.post("/api/v1/apps", o365.request(visibility={"appLinks": {"mail": True, "video": True}}))
    assert app["signOnMode"] == "BROWSER_PLUGIN"
    assert app["status"] == "ACTIVE" and app["features"] == [] and app["licensing"] == {"seatCount": 0}
    assert app["orn"] == f"orn:okta:idp:00oacme000000000000x:apps:office365:{app['id']}"
    assert app["settings"]["app"] == {
        "tenantType": None, "wsFedConfigureType": "AUTO", "occSettings": None, "windowsTransportEnabled": False,
        "domain": "acme.example", "msftTenant": "acme", "domains": [], "office365ProvisioningType": None,
        "requireAdminConsent": False, "office365FlexibleProvisioningMode": None,
    }  # fmt: skip
    assert app["credentials"] == {
        "scheme": "EDIT_USERNAME_AND_PASSWORD", "revealPassword": False, "signing": {},
        "userNameTemplate": {"template": "user.login", "type": "CUSTOM", "pushStatus": "DONT_PUSH"},
    }  # fmt: skip
    assert app["universalLogout"] == {
        "status": "DISABLED", "supportType": "PARTIAL", "identityStack": "SHARED", "protocol": "PROPRIETARY",
    }  # fmt: skip
    links = app["visibility"]["appLinks"]
    assert len(links) == 19 and "video" not in links
    assert [name for name, on in links.items() if on] == ["mail", "login"]
    assert app["_links"]["appLinks"][1] == {
        "name": "login", "href": f"https://{worlds.HOST}/home/office365/{app['id']}/2161", "type": "text/html",
    }  # fmt: skip
    assert {
        "uploadLogo",
        "profileEnrollment",
        "policies",
        "groups",
        "logo",
        "accessPolicy",
        "users",
        "deactivate",
    } < set(app["_links"])
    assert not any(key.startswith("_") for key in app if key != "_links")


def test_ws_federation_needs_consent_first_and_then_signs(org):
    body = o365.request(signOnMode="SAML_1_1")
    status, code, summary, causes = refused(org, "POST", "/api/v1/apps", body)
    assert (status, code, summary) == (400, "E0000001", "Api validation failed: settings")
    assert causes == [o365.CONSENT_TEXT]
    manual = o365.request(signOnMode="SAML_1_1", label="Manual")
    manual["settings"]["app"]["wsFedConfigureType"] = "MANUAL"
    made = org.okta.post("/api/v1/apps", manual)
    assert made["settings"]["signOn"]["audienceOverride"] is None
    [key] = org.okta.get(f"/api/v1/apps/{made['id']}/credentials/keys")
    assert made["credentials"]["signing"] == {"kid": key["kid"]}
    assert made["_links"]["help"]["type"] == "text/html"
    store = org.database.store("okta:acme")
    stored = store.get(apps.APPS, made["id"])
    assert apps.by_key(store, stored["_key"])["id"] == made["id"]
    assert apps.signing_key(store, stored).certificate_b64 == key["x5c"][0]
    assert parse_certificate(key["x5c"][0]).key_bits == 2048


def test_what_is_wrong_with_a_request_is_named(org):
    cases = [
        ({"signOnMode": "BOOKMARK", "name": "nothing", "label": "x"}, "name"),
        ({**BOOKMARK, "label": " "}, "label"),
        ({**BOOKMARK, "signOnMode": "SAML_2_0"}, "signOnMode"),
        ({**BOOKMARK, "settings": {"app": {}}}, "settings"),
        (o365.request(settings={"app": {"msftTenant": "acme"}}), "settings"),
        (o365.request(credentials={"userNameTemplate": {"template": "user.(", "type": "CUSTOM"}}), "template"),
        (o365.request(credentials={"userNameTemplate": {"template": "user.login", "type": "OTHER"}}), "type"),
        ({"name": "okta_org2org", "signOnMode": "SAML_2_0", "label": "x"}, "settings"),
    ]
    for body, field in cases:
        assert refused(org, "POST", "/api/v1/apps", body)[:3] == (400, "E0000001", f"Api validation failed: {field}")
    assert refused(org, "GET", "/api/v1/apps/0oanothing")[:2] == (404, "E0000007")


def test_lifecycle_and_deletion(org):
    app = org.okta.post("/api/v1/apps?activate=false", BOOKMARK)
    assert app["status"] == "INACTIVE" and "activate" in app["_links"]
    at = f"/api/v1/apps/{app['id']}"
    assert org.okta.post(f"{at}/lifecycle/activate") == {}
    status, code, summary, causes = refused(org, "DELETE", at)
    assert (status, code, summary) == (403, "E0000056", "Delete application forbidden.")
    assert causes == ["The application must be deactivated before deletion."]
    assert org.okta.post(f"{at}/lifecycle/deactivate") == {}
    assert org.okta.call("DELETE", at).status == 204
    assert org.okta.call("GET", at).status == 404
    assert org.okta.get(f"/api/v1/mappings?targetId={app['id']}") == []
    assert [kind for kind in worlds.kinds(org) if kind.startswith("application.lifecycle")] == [
        "application.lifecycle.create", "application.lifecycle.activate", "application.lifecycle.deactivate",
        "application.lifecycle.delete",
    ]  # fmt: skip


def test_put_replaces_and_keeps_what_it_must(org):
    app = org.okta.post("/api/v1/apps", o365.request())
    at = f"/api/v1/apps/{app['id']}"
    org.okta.post(f"{at}/lifecycle/deactivate")
    body = {
        "name": "office365",
        "label": "O365",
        "settings": {"app": {"msftTenant": "acme2", "domain": "acme.example"}},
    }
    new = org.okta.put(at, body)
    assert new["status"] == "INACTIVE" and new["label"] == "O365" and new["id"] == app["id"]
    assert new["settings"]["app"]["msftTenant"] == "acme2" and new["signOnMode"] == "BROWSER_PLUGIN"
    assert new["credentials"]["userNameTemplate"] == {"template": "${source.login}", "type": "BUILT_IN"}
    assert refused(org, "PUT", at, {**body, "name": "bookmark"})[:2] == (400, "E0000001")


def test_lists_filter_and_page(org):
    for number in range(3):
        org.okta.post("/api/v1/apps", {**BOOKMARK, "label": f"Wiki {number}"})
    found = org.okta.get("/api/v1/apps?q=wiki")
    assert [app["label"] for app in found] == ["Wiki 0", "Wiki 1", "Wiki 2"]
    assert org.okta.get('/api/v1/apps?filter=name eq "bookmark" and status eq "INACTIVE"') == []
    first = org.okta.call("GET", "/api/v1/apps?q=wiki&limit=2")
    after = [link for link in first.all_headers("link") if 'rel="next"' in link]
    assert f"after={found[1]['id']}" in after[0]
    assert [app["label"] for app in org.okta.get(f"/api/v1/apps?q=wiki&limit=2&after={found[1]['id']}")] == ["Wiki 2"]
    org.okta.post(f"/api/v1/apps/{found[1]['id']}/users", {"id": worlds.SAM_ID})
    mine = org.okta.get(f'/api/v1/apps?filter=user.id eq "{worlds.SAM_ID}"&expand=user/{worlds.SAM_ID}')
    assert [(app["label"], app["_embedded"]["user"]["id"]) for app in mine] == [("Wiki 1", worlds.SAM_ID)]
    assert refused(org, "GET", '/api/v1/apps?filter=label eq "x"')[:2] == (400, "E0000031")
    assert refused(org, "GET", "/api/v1/apps?after=0oanothing")[:2] == (400, "E0000029")
    assert refused(org, "GET", f"/api/v1/apps/{found[0]['id']}?expand=groups")[:2] == (400, "E0000001")


def test_keys_are_made_chosen_and_repeatable():
    def keys():
        with o365.made() as world:
            made = world.okta.call("POST", f"{o365.APP}/credentials/keys/generate?validityYears=2", None)
            assert made.status == 201
            listed = world.okta.get(f"{o365.APP}/credentials/keys")
            assert made.header("location").endswith(f"/credentials/keys/{listed[1]['kid']}")
            assert world.okta.get(f"{o365.APP}/credentials/keys/{listed[1]['kid']}") == listed[1]
            assert listed[1]["expiresAt"].startswith("2028-01-15")
            body = o365.request(signOnMode="SAML_1_1", credentials={"signing": {"kid": listed[1]["kid"]}})
            assert world.okta.put(o365.APP, body)["credentials"]["signing"] == {"kid": listed[1]["kid"]}
            body["credentials"]["signing"]["kid"] = "nothing"
            assert refused(world, "PUT", o365.APP, body)[:2] == (400, "E0000001")
            for years in ("1", "11", "x", ""):
                path = f"{o365.APP}/credentials/keys/generate?validityYears={years}"
                assert refused(world, "POST", path, None)[:2] == (400, "E0000001")
            return listed

    one, other = keys(), keys()
    assert one == other and len({key["kid"] for key in one}) == 2
    assert not any("_key" in key for key in one)


@pytest.mark.parametrize("number", range(3))
def test_made_keys_are_sound(number):
    from emulator.kernel.ids import Ids

    material = key_material.make(Ids(b"seed", b"%d" % number, lambda kind: 1), name="acme", now=1_700_000_000_000)
    key = key_material.loaded(material)
    key.public_key.verify(key.sign(b"data"), b"data", key._padding, key._hash)
