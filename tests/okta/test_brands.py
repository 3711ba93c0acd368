"""Brands, their themes and pictures, and what of them people see."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import World
from emulator.kernel.problems import LabError
from emulator.okta import branding
from tests.contract.tour_customizations import PNG, THEME, form
from tests.okta.worlds import anonymous, kinds, refused, world

AT = "/api/v1/brands"
models = pytest.importorskip("okta.models")


@pytest.fixture
def org() -> Iterator[World]:
    with world() as made:
        yield made


def brand(org: World, name: str = "Other") -> str:
    return str(org.okta.post(AT, {"name": name})["id"])


def upload(org: World, at: str, data: bytes = PNG) -> Any:
    body, kind = form(data)
    return org.okta.call("POST", at, body=body, headers={"content-type": kind})


def test_a_new_org_has_one_brand_with_one_theme(org: World) -> None:
    (found,) = org.okta.get(f"{AT}?expand=themes&expand=domains")
    read = models.BrandWithEmbedded.from_dict(found)
    assert (read.is_default, read.name, found["_embedded"]["domains"]) == (True, "Acme", [])
    (theme,) = org.okta.get(f"{AT}/{found['id']}/themes")
    assert found["_embedded"]["themes"] == [theme]
    assert models.ThemeResponse.from_dict(theme).primary_color_hex == "#1662dd" and theme["backgroundImage"] is None
    assert org.okta.get(f"{AT}/{found['id']}/domains") == {"domains": []}


def test_life_of_a_brand(org: World) -> None:
    answer = org.okta.call("POST", AT, {"name": "Other"})
    assert answer.status == 201
    at = f"{AT}/{brand(org, 'Third')}"
    assert [item["name"] for item in org.okta.get(f"{AT}?q=thi")] == ["Third"]
    given = {"name": "Fourth", "customPrivacyPolicyUrl": "https://acme.example/privacy", "removePoweredByOkta": True}
    assert refused(org, "PUT", at, given)[:2] == (400, "E0000001")
    changed = org.okta.put(at, {**given, "agreeToCustomPrivacyPolicy": True, "locale": "nl"})
    assert models.Brand.from_dict(changed).custom_privacy_policy_url == given["customPrivacyPolicyUrl"]
    # A URL that stays needs no new consent; what is left out goes back to how it began.
    assert "locale" not in org.okta.put(at, given)
    assert org.okta.put(at, {"name": "Fourth"})["customPrivacyPolicyUrl"] is None
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[0] == 404
    assert kinds(org) == ["system.brand.create"] * 2 + ["system.brand.update"] * 3 + ["system.brand.delete"]


def test_a_brand_begins_with_the_dashboard_as_its_app(org: World) -> None:
    (first,) = org.okta.get(AT)
    dashboard = first["defaultApp"]["appInstanceId"]
    assert org.okta.get(f"/api/v1/apps/{dashboard}")["name"] == "okta_enduser"
    made = org.okta.post(AT, {"name": "Other"})
    assert made["defaultApp"]["appInstanceId"] is None  # not known yet
    at = f"{AT}/{made['id']}"
    assert org.okta.get(at)["defaultApp"]["appInstanceId"] == dashboard
    assert org.okta.put(at, {"name": "Other"})["defaultApp"]["appInstanceId"] is None
    assert org.okta.get(at)["defaultApp"]["appInstanceId"] is None
    chosen = {"appInstanceId": dashboard}
    assert org.okta.put(at, {"name": "Other", "defaultApp": chosen})["defaultApp"]["appInstanceId"] == dashboard


def test_what_a_brand_may_not(org: World) -> None:
    default = org.okta.get(AT)[0]["id"]
    at = f"{AT}/{brand(org)}"
    assert refused(org, "DELETE", f"{AT}/{default}")[:2] == (409, "E0000200")
    assert refused(org, "POST", AT, {"name": "oTHER"})[:2] == (409, "E0000202")
    assert refused(org, "PUT", at, {"name": "Acme"})[:2] == (409, "E0000202")
    for body in ({}, {"name": ""}, {"name": "drapp_domain_brand"}, {"name": "x" * 300}):
        assert refused(org, "POST", AT, body)[:2] == (400, "E0000001"), body
    for more in (
        {"emailDomainId": "OeD1"}, {"defaultApp": {"appInstanceId": "0oanone"}},
        {"customPrivacyPolicyUrl": "javascript:alert(1)", "agreeToCustomPrivacyPolicy": True},
    ):  # fmt: skip
        assert refused(org, "PUT", at, {"name": "Other", **more})[:2] == (400, "E0000001"), more
    assert refused(org, "GET", f"{AT}?expand=nothing")[:2] == (400, "E0000001")


def test_brands_are_paged(org: World) -> None:
    for number in range(4):
        brand(org, f"Brand {number}")
    answer = org.okta.call("GET", f"{AT}?limit=2")
    assert any('rel="next"' in line for line in answer.all_headers("link"))


def test_an_org_has_only_so_many_brands(org: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.okta.resources.brands.MOST", 1)
    assert refused(org, "POST", AT, {"name": "Second"})[:2] == (403, "E0000220")


def test_a_theme_is_replaced(org: World) -> None:
    at = f"{AT}/{brand(org)}/themes"
    one = f"{at}/{org.okta.get(at)[0]['id']}"
    changed = org.okta.put(one, THEME)
    assert models.ThemeResponse.from_dict(changed).sign_in_page_touch_point_variant == "BACKGROUND_SECONDARY_COLOR"
    assert (changed["primaryColorContrastHex"], changed["secondaryColorContrastHex"]) == ("#ffffff", "#000000")
    chosen = org.okta.put(one, {**THEME, "primaryColorContrastHex": "#000000"})
    assert chosen["primaryColorContrastHex"] == "#000000"
    # Once chosen, a contrast no longer follows its colour.
    assert org.okta.put(one, {**THEME, "primaryColorHex": "#000001"})["primaryColorContrastHex"] == "#000000"
    wrong = {**THEME, "primaryColorHex": "#16", "emailTemplateTouchPointVariant": "RANDOM"}
    status, code, summary, causes = refused(org, "PUT", one, wrong)
    assert (status, code, summary) == (400, "E0000001", "Api validation failed: primaryColorHex")
    assert causes == ["primaryColorHex: Invalid color hex: #16.",
                      "emailTemplateTouchPointVariant: 'RANDOM' is invalid. Valid values: [OKTA_DEFAULT, FULL_THEME]."]  # fmt: skip
    for name in THEME:
        assert refused(org, "PUT", one, {k: v for k, v in THEME.items() if k != name})[1] == "E0000001", name
    for value in (7, [], {}):
        assert refused(org, "PUT", one, {**THEME, "primaryColorHex": value})[1] == "E0000003"


def test_contrasts_are_what_is_read_better() -> None:
    for colour, wanted in (
        ("#ffffff", "#000000"),
        ("#000000", "#ffffff"),
        ("#ffff00", "#000000"),
        ("#00008b", "#ffffff"),
    ):
        assert branding.contrast(colour) == wanted


def test_pictures_of_a_theme(org: World) -> None:
    at = f"{AT}/{brand(org)}/themes"
    one = f"{at}/{org.okta.get(at)[0]['id']}"
    before = org.okta.get(one)
    for picture, field in (("logo", "logo"), ("favicon", "favicon"), ("background-image", "backgroundImage")):
        answer = upload(org, f"{one}/{picture}")
        url = org.okta.get(one)[field]
        assert answer.status == (200 if picture == "logo" else 201) and url.encode() in answer.body
        shown = anonymous(org).request("GET", url.removeprefix("https://acme.okta.com"))
        assert (shown.status, shown.body, shown.header("content-type")) == (200, PNG, "image/png")
        assert org.okta.call("DELETE", f"{one}/{picture}").status == 204
        assert anonymous(org).request("GET", url.removeprefix("https://acme.okta.com")).status == 404
    assert org.okta.get(one) == before
    assert upload(org, f"{one}/logo", b"<svg></svg>").status == 400
    large = upload(org, f"{one}/logo", PNG + b"\0" * (1024 * 1024))
    assert large.status == 400 and b"exceeds the 1,024kB limit" in large.body
    assert refused(org, "POST", f"{one}/logo", {"file": "x"})[1] == "E0000019"
    other = org.okta.get(AT)[0]["id"]
    assert refused(org, "GET", one.replace(one.split("/")[4], other))[0] == 404


def test_sign_in_pages_wear_the_theme(org: World) -> None:
    default = org.okta.get(AT)[0]["id"]
    at = f"{AT}/{default}/themes"
    before = anonymous(org).request("GET", "/login/login.htm")
    assert b"#112233" not in before.body
    org.okta.put(f"{at}/{org.okta.get(at)[0]['id']}", THEME)
    page = {"widgetCustomizations": {"signInLabel": "Hallo <b>daar</b>", "usernameLabel": "Naam"}}
    org.okta.put(f"{AT}/{default}/pages/sign-in/customized", page)
    after = anonymous(org).request("GET", "/login/login.htm")
    text = after.body.decode()
    assert "background: #112233; color: #ffffff" in text and "background: #fefefe; color: #000000" in text
    assert "Hallo &lt;b&gt;daar&lt;/b&gt;" in text and ">Naam<" in text
    policy = after.header("content-security-policy")
    assert policy is not None and "script-src 'unsafe" not in policy


def test_brands_of_a_world_file() -> None:
    given = [{"name": "Shop", "locale": "nl", "theme": {"primaryColorHex": "#00ff00"}},
             {"name": "House", "default": True, "id": "bndhouse0000000000x7"}]  # fmt: skip
    with world(brands=given) as org:
        found = {item["name"]: item for item in org.okta.get(f"{AT}?expand=themes")}
        assert found["House"]["id"] == "bndhouse0000000000x7" and found["House"]["isDefault"]
        assert found["Shop"]["_embedded"]["themes"][0]["primaryColorContrastHex"] == "#000000"
    with pytest.raises(LabError, match="Two brands"):
        world(brands=[{"name": "A"}, {"name": "a"}])


def test_the_older_way_to_set_a_logo(org: World) -> None:
    answer = upload(org, "/api/v1/org/logo")
    (found,) = org.okta.get(f"{AT}?expand=themes")
    assert answer.status == 201 and answer.header("location") == found["_embedded"]["themes"][0]["logo"]
    assert refused(org, "POST", "/api/v1/org/logo", {})[1] == "E0000019"


def test_a_domain_holds_its_brand(org: World) -> None:
    """What a domain of the org points at is not deleted."""
    at = f"{AT}/{brand(org)}"
    made = org.okta.post("/api/v1/domains", {"domain": "shop.example", "certificateSourceType": "MANUAL"})
    org.okta.put(f"/api/v1/domains/{made['id']}", {"brandId": at.rpartition("/")[2]})
    assert refused(org, "DELETE", at)[:2] == (409, "E0000201")
