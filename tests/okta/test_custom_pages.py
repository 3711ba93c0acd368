"""Error, sign-in and sign-out pages of a brand."""

from collections.abc import Iterator

import pytest

from emulator import World
from tests.okta.worlds import anonymous, kinds, refused, world

AT = "/api/v1/brands"
models = pytest.importorskip("okta.models")
HTML = "<html><script>alert(1)</script>{{orgName}}</html>"


@pytest.fixture
def org() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.mark.parametrize(("page", "model"), [("error", models.ErrorPage), ("sign-in", models.SignInPage)])
def test_life_of_a_page(org: World, page: str, model: type) -> None:
    brand = org.okta.post(AT, {"name": "Other"})["id"]
    at = f"{AT}/{brand}/pages/{page}"
    model.from_dict(org.okta.get(f"{at}/default"))
    assert "_embedded" not in org.okta.get(f"{at}?expand=customized,preview")
    for state in ("customized", "preview"):
        assert refused(org, "GET", f"{at}/{state}")[:2] == (404, "E0000007")
        body = {"pageContent": HTML, "contentSecurityPolicySetting": {"mode": "enforced", "srcList": ["a.example"]}}
        made = org.okta.put(f"{at}/{state}", body)
        assert set(made) == set(org.okta.get(f"{at}/{state}")) and model.from_dict(made).page_content == HTML
    found = org.okta.get(f"{at}?expand=default,customized,customizedUrl,preview,previewUrl")
    root = models.PageRoot.from_dict(found)
    assert root.embedded.preview_url and found["_embedded"]["customized"]["pageContent"] == HTML
    for state in ("customized", "preview"):
        assert org.okta.call("DELETE", f"{at}/{state}").status == 204
        assert org.okta.call("DELETE", f"{at}/{state}").status == 204
        assert refused(org, "GET", f"{at}/{state}")[0] == 404
    event = "system.custom_error.update" if page == "error" else "system.custom_signin.update"
    assert kinds(org) == ["system.brand.create", *[event] * 4]


def test_the_default_brands_pages_keep_their_content(org: World) -> None:
    brand = org.okta.get(AT)[0]["id"]
    at = f"{AT}/{brand}/pages"
    for page in ("error", "sign-in"):
        assert refused(org, "PUT", f"{at}/{page}/customized", {"pageContent": HTML})[:2] == (403, "E0000213")
    body = {"widgetVersion": "^7", "widgetCustomizations": {"widgetGeneration": "G3", "helpLabel": "Hulp"}}
    made = org.okta.put(f"{at}/sign-in/customized", body)
    labels = made["widgetCustomizations"]
    assert labels["helpLabel"] == "Hulp" and labels["usernameLabel"] is None is made["pageContent"]
    assert "postAuthKeepMeSignedInPrompt" not in labels
    found = org.okta.get(f"{at}/sign-in/customized")["widgetCustomizations"]
    assert set(found) == {*labels, "postAuthKeepMeSignedInPrompt"}
    assert set(found) == set(org.okta.get(f"{at}/sign-in/default")["widgetCustomizations"])
    assert set(found["postAuthKeepMeSignedInPrompt"].values()) == {None}


def test_wrong_values(org: World) -> None:
    brand = org.okta.post(AT, {"name": "Other"})["id"]
    at = f"{AT}/{brand}/pages"
    for body in ({"widgetVersion": "latest"}, {"widgetVersion": "^7.1.2.3"}, {"widgetCustomizations": {"widgetGeneration": "G9"}},
                 {"contentSecurityPolicySetting": {"mode": "loose"}}):  # fmt: skip
        assert refused(org, "PUT", f"{at}/sign-in/preview", body)[:2] == (400, "E0000001"), body
    for body in ({"pageContent": 7}, {"widgetCustomizations": []}):
        assert refused(org, "PUT", f"{at}/sign-in/preview", body)[:2] == (400, "E0000003"), body
    for body in (
        {},
        {"type": "ELSEWHERE"},
        {"type": "EXTERNALLY_HOSTED"},
        {"type": "EXTERNALLY_HOSTED", "url": "javascript:x"},
    ):
        assert refused(org, "PUT", f"{at}/sign-out/customized", body)[:2] == (400, "E0000001"), body


def test_a_preview_never_runs(org: World) -> None:
    brand = org.okta.post(AT, {"name": "Other"})["id"]
    org.okta.put(f"{AT}/{brand}/pages/error/preview", {"pageContent": HTML})
    shown = org.okta.call("GET", f"/error/preview?brandId={brand}")
    assert shown.status == 200 and shown.body.decode() == HTML
    policy = shown.header("content-security-policy")
    assert policy is not None and "default-src 'none'" in policy and policy.endswith("sandbox")
    assert anonymous(org).request("GET", f"/error/preview?brandId={brand}").status == 401


def test_sign_out_leads_to_the_page_of_ones_own(org: World) -> None:
    brand = org.okta.get(AT)[0]["id"]
    at = f"{AT}/{brand}/pages/sign-out/customized"
    assert org.okta.get(at) == {"type": "OKTA_DEFAULT"}
    assert anonymous(org).request("GET", "/login/signout").status == 200
    made = org.okta.put(at, {"type": "EXTERNALLY_HOSTED", "url": "https://bye.example/now"})
    assert models.HostedPage.from_dict(made).url == "https://bye.example/now" and org.okta.get(at) == made
    left = anonymous(org).request("GET", "/login/signout")
    assert (left.status, left.header("location")) == (302, "https://bye.example/now")
    assert org.okta.put(at, {"type": "OKTA_DEFAULT", "url": "https://x.example"}) == {"type": "OKTA_DEFAULT"}


def test_versions_of_the_widget(org: World) -> None:
    brand = org.okta.get(AT)[0]["id"]
    found = org.okta.get(f"{AT}/{brand}/pages/sign-in/widget-versions")
    assert "*" in found and "^7" in found
