"""The home page: a tile for each enabled link of each assigned app, and what a tile does."""

from tests.okta.sso.worlds import APP_ID, HOST, LOGIN, ORG, events, made, passive, posted, sign_in


def tiles(view):
    from lxml import html

    return [(a.get("href"), a.text_content().strip()) for a in html.fromstring(view.answer.body).xpath("//ul//a")]


def test_home_needs_a_session():
    with made() as world:
        assert world.browser.get(f"{ORG}/").url == f"{ORG}{LOGIN}?fromURI=%2Fapp%2FUserHome"


def test_tiles_are_the_enabled_links_of_assigned_apps():
    with made() as world:
        browser = world.browser
        found = tiles(sign_in(browser, "dana@acme.example"))
        links = world.okta.get(f"/api/v1/apps/{APP_ID}")["_links"]["appLinks"]
        assert [href for href, _ in found] == [link["href"].partition(HOST)[2] for link in links]
        assert len(found) == 1


def test_unassigned_people_have_no_tiles():
    with made() as world:
        view = sign_in(world.browser, "sam@acme.example")
        assert tiles(view) == []
        assert "No applications" in view.text


def test_enabling_a_link_adds_a_tile_and_deactivating_the_app_takes_all():
    with made() as world:
        app = world.okta.get(f"/api/v1/apps/{APP_ID}")
        app["visibility"]["appLinks"]["mail"] = True
        world.okta.put(f"/api/v1/apps/{APP_ID}", app)
        browser = world.browser
        assert len(tiles(sign_in(browser, "dana@acme.example"))) == 2
        world.okta.post(f"/api/v1/apps/{APP_ID}/lifecycle/deactivate")
        assert tiles(browser.get(f"{ORG}/app/UserHome")) == []


def test_the_tile_comes_after_the_account_where_the_app_provisions():
    provisioning = {"type": "PROFILE_SYNC", "create": True, "update": True}
    with made(app={"provisioning": provisioning, "users": []}) as world:
        user = world.okta.get("/api/v1/users/dana@acme.example")["id"]
        assert world.okta.post(f"/api/v1/apps/{APP_ID}/users", {"id": user})["status"] in ("STAGED", "PENDING")
        browser = world.browser
        assert tiles(sign_in(browser, "dana@acme.example")) == []
        assert posted(browser, passive())


def test_a_tile_starts_a_sign_in_without_wctx():
    with made() as world:
        browser = world.browser
        [(href, _)] = tiles(sign_in(browser, "dana@acme.example"))
        form = posted(browser, f"{ORG}{href}")
        assert set(form.fields) == {"wa", "wresult"}
        assert form.action == "https://login.microsoftonline.com/login.srf"
        assert [row["outcome"]["result"] for row in events(world, "user.authentication.sso")] == ["SUCCESS"]


def test_a_link_without_a_session_asks_for_one_and_comes_back():
    with made() as world:
        browser = world.browser
        [link] = world.okta.get(f"/api/v1/apps/{APP_ID}")["_links"]["appLinks"]
        browser.stop_at = lambda url: "microsoftonline" in url
        view = browser.get(link["href"])
        assert view.url.startswith(f"{ORG}{LOGIN}")
        browser.fill(view, {"username": "dana@acme.example", "password": "Tr4ining-pass"})
        assert browser.history[-1].url == "https://login.microsoftonline.com/login.srf"


def test_links_that_are_off_are_not_found():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        assert browser.get(f"{ORG}/home/office365/{APP_ID}/1").status == 404
        assert browser.get(f"{ORG}/home/office365/0oa/2161").status == 404


def test_an_unassigned_person_following_a_link_is_refused():
    with made() as world:
        browser = world.browser
        sign_in(browser, "sam@acme.example")
        [link] = world.okta.get(f"/api/v1/apps/{APP_ID}")["_links"]["appLinks"]
        view = browser.get(link["href"])
        assert view.status == 403
        assert "User is not assigned to this application" in view.text


def test_names_are_shown_as_text():
    hostile = "<script>alert(1)</script>"
    with made(app={"label": f"Office {hostile}"}) as world:
        world.okta.post("/api/v1/users/dana@acme.example", {"profile": {"firstName": hostile}})
        browser = world.browser
        home = sign_in(browser, "dana@acme.example")
        assert hostile in home.text
        posted(browser, passive())
        for view in (home, browser.history[-2]):
            assert hostile not in view.answer.text()
