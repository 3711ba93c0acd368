"""CAPTCHAs, and the pages of the org that ask for one."""

import pytest

from emulator import World
from tests.okta.worlds import kinds, refused

models = pytest.importorskip("okta.models")
AT, ORG = "/api/v1/captchas", "/api/v1/org/captcha"
BODY = {"name": "Robots", "type": "HCAPTCHA", "siteKey": "site", "secretKey": "secret"}


def test_an_org_has_one(org: World) -> None:
    assert org.okta.get(AT) == []
    answer = org.okta.call("POST", AT, BODY)
    [made] = org.okta.get(AT)
    at = f"{AT}/{made['id']}"
    assert answer.status == 201 and models.CAPTCHAInstance.from_dict(made).site_key == "site"
    assert "secretKey" not in made and org.okta.get(at) == made
    assert refused(org, "POST", AT, BODY)[:2] == (403, "E0000166")
    assert org.okta.post(at, {"name": "New"})["siteKey"] == "site"
    assert org.okta.put(at, {**BODY, "type": "RECAPTCHA_V2"})["type"] == "RECAPTCHA_V2"
    for body in ({**BODY, "type": "X"}, {**BODY, "siteKey": ""}, {"name": "x"}):
        assert refused(org, "PUT", at, body)[:2] == (400, "E0000001"), body
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[:2] == (404, "E0000007")


def test_pages_that_ask(org: World) -> None:
    assert org.okta.get(ORG)["captchaId"] is None
    made = org.okta.post(AT, BODY)["id"]
    used = org.okta.put(ORG, {"captchaId": made, "enabledPages": ["SSR", "SIGN_IN"]})
    assert models.OrgCAPTCHASettings.from_dict(used).captcha_id == made and org.okta.get(ORG) == used
    assert refused(org, "DELETE", f"{AT}/{made}")[:2] == (403, "E0000168")
    for body in ({"captchaId": "none", "enabledPages": ["SSR"]}, {"captchaId": made, "enabledPages": ["HOME"]},
                 {"enabledPages": ["SSR"]}):  # fmt: skip
        assert refused(org, "PUT", ORG, body)[:2] == (400, "E0000001"), body
    assert org.okta.call("DELETE", ORG).status == 204
    assert org.okta.call("DELETE", f"{AT}/{made}").status == 204
    assert [kind for kind in kinds(org) if "captcha" in kind] == [
        "system.org.captcha.activate", "system.org.captcha.deactivate",
    ]  # fmt: skip
