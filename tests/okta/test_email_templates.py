"""Email and SMS templates, and the messages that people get of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.okta import mail_templates
from tests.contract.tour_customizations import CONTENT, SMS
from tests.okta.worlds import kinds, new_user, refused, world

models = pytest.importorskip("okta.models")
SMS_AT = "/api/v1/templates/sms"
DUTCH = {
    "language": "nl-NL",
    "subject": "Dag ${user.firstName}",
    "body": "<b>Klik</b> $activationLink, ${user.firstName}",
}


@pytest.fixture
def org() -> Iterator[World]:
    with world() as made:
        yield made


def base(org: World) -> str:
    return f"/api/v1/brands/{org.okta.get('/api/v1/brands')[0]['id']}/templates/email"


def outbox(org: World, to: str) -> list[Doc]:
    found: list[Doc] = org.okta.get(f"/_lab/outbox?to={to}")["messages"]
    return found


def test_templates_are_listed_by_name(org: World) -> None:
    at, names, path = base(org), [], "?limit=20"
    answer = org.okta.call("GET", at)
    assert len(org.okta.get(at)) == 20 and any("limit=20" in line for line in answer.all_headers("link"))
    while path:
        page = org.okta.get(at + path)
        names += [models.EmailTemplateResponse.from_dict(item).name for item in page]
        path = f"?limit=20&after={names[-1]}" if len(page) == 20 else ""
    assert names == list(mail_templates.TEMPLATES) and len(set(names)) == len(names) > 30
    one = org.okta.get(f"{at}/ForgotPassword?expand=settings&expand=customizationCount")
    read = models.EmailTemplateResponse.from_dict(one)
    assert (read.embedded.customization_count, read.embedded.settings.recipients) == (0, "ALL_USERS")
    assert refused(org, "GET", f"{at}/Nothing")[:2] == (404, "E0000007")
    assert refused(org, "GET", f"{at}?after=Nothing")[:2] == (400, "E0000029")
    assert refused(org, "GET", f"{at}?expand=all")[0] == 400


@pytest.mark.parametrize("name", list(mail_templates.TEMPLATES))
def test_stock_content_is_filled_in(org: World, name: str) -> None:
    at = f"{base(org)}/{name}/default-content"
    found = models.EmailDefaultContent.from_dict(org.okta.get(at))
    shown = models.EmailPreview.from_dict(org.okta.get(f"{at}/preview"))
    needs = mail_templates.TEMPLATES[name].needs
    assert found.subject and (not needs or mail_templates.names_in(found.body) & set(needs))
    assert "$" not in shown.body and "$" not in shown.subject


def test_one_customization_is_the_default(org: World) -> None:
    at = f"{base(org)}/UserActivation/customizations"
    assert refused(org, "POST", at, {**CONTENT, "isDefault": False})[:2] == (409, "E0000185")
    answer = org.okta.call("POST", at, CONTENT)
    assert answer.status == 201
    (first,) = org.okta.get(at)
    assert models.EmailCustomization.from_dict(first).is_default is True
    assert refused(org, "POST", at, CONTENT)[:2] == (409, "E0000183")
    assert refused(org, "POST", at, {**DUTCH, "isDefault": True})[:2] == (409, "E0000182")
    second = org.okta.post(at, DUTCH)
    assert second["isDefault"] is False and [row["id"] for row in org.okta.get(at)] == [first["id"], second["id"]]
    assert refused(org, "DELETE", f"{at}/{first['id']}")[:2] == (409, "E0000184")
    assert refused(org, "PUT", f"{at}/{first['id']}", {**CONTENT, "isDefault": False})[:2] == (409, "E0000185")
    assert refused(org, "PUT", f"{at}/{first['id']}", {**CONTENT, "language": "nl-NL"})[:2] == (409, "E0000183")
    org.okta.put(f"{at}/{second['id']}", {**DUTCH, "isDefault": True})
    assert [row["isDefault"] for row in org.okta.get(at)] == [False, True]
    assert org.okta.call("DELETE", f"{at}/{first['id']}").status == 204
    assert org.okta.call("DELETE", at).status == 204 and org.okta.get(at) == []
    made = "system.email.template."
    assert kinds(org) == [made + what for what in ("create", "create", "update", "delete", "delete")]


def test_wrong_customizations(org: World) -> None:
    at = f"{base(org)}/ForgotPassword/customizations"
    right = {"language": "en", "subject": "s", "body": "$resetPasswordLink"}
    for change, code in (({"language": "not a tag"}, "E0000236"), ({"language": "tlh"}, "E0000237"), ({"body": "none"}, "E0000001"),
                         ({"subject": ""}, "E0000001"), ({"subject": None}, "E0000001"), ({"body": 7}, "E0000003"),
                         ({"isDefault": "yes"}, "E0000003")):  # fmt: skip
        assert refused(org, "POST", at, {**right, **change})[:2] == (400, code), change
    made = org.okta.post(at, right)
    assert refused(org, "GET", at.replace("ForgotPassword", "UserActivation") + f"/{made['id']}")[0] == 404


def test_people_get_the_mail_in_their_language(org: World) -> None:
    at = f"{base(org)}/UserActivation/customizations"
    org.okta.post(at, CONTENT)
    org.okta.post(at, DUTCH)
    for login, language in (("kim@acme.example", "nl"), ("kai@acme.example", "fr")):
        new_user(org, login, query="?activate=false", preferredLanguage=language, firstName="<i>Kim</i>")
        org.okta.post(f"/api/v1/users/{login}/lifecycle/activate?sendEmail=true")
    (dutch,), (other,) = outbox(org, "kim@acme.example"), outbox(org, "kai@acme.example")
    assert (dutch["subject"], dutch["language"], dutch["template"]) == ("Dag <i>Kim</i>", "nl-NL", "UserActivation")
    assert dutch["html"] == f"<b>Klik</b> {dutch['link']}, &lt;i&gt;Kim&lt;/i&gt;"
    assert dutch["text"] == f"Klik {dutch['link']}, <i>Kim</i>"
    assert other["language"] == "en" and other["link"] in other["html"]


def test_without_a_customization_the_stock_text_is_sent(org: World) -> None:
    org.okta.post("/api/v1/users/sam@acme.example/lifecycle/reset_password?sendEmail=true")
    (sent,) = outbox(org, "sam@acme.example")
    assert (
        sent["template"] == "ForgotPassword" and "language" not in sent and sent["text"].startswith("Follow the link")
    )


def test_settings_say_who_gets_mail(org: World) -> None:
    at = f"{base(org)}/ForgotPassword/settings"
    for name in ("kim", "lee"):
        new_user(org, f"{name}@acme.example", password="Rather-Long-0-One")
    for value, login, gets in (("NO_USERS", "sam", 0), ("ADMINS_ONLY", "lee", 0), ("ADMINS_ONLY", "admin", 1),
                               ("ALL_USERS", "kim", 1)):  # fmt: skip
        changed = org.okta.put(at, {"recipients": value})
        assert models.EmailSettingsResponse.from_dict(changed).recipients == value and org.okta.get(at) == changed
        org.okta.post(f"/api/v1/users/{login}@acme.example/lifecycle/reset_password?sendEmail=true")
        assert len(outbox(org, f"{login}@acme.example")) == gets, (value, login)
    assert refused(org, "PUT", at, {"recipients": "SOME"})[:2] == (400, "E0000001")
    whole = at.replace("ForgotPassword", "PasswordChanged")
    assert refused(org, "PUT", whole, {"recipients": "ADMINS_ONLY"})[:2] == (422, "E0000189")


def test_a_test_mail(org: World) -> None:
    at = f"{base(org)}/UserActivation"
    org.okta.post(f"{at}/customizations", CONTENT)
    made = org.okta.post(f"{at}/customizations", DUTCH)
    shown = models.EmailPreview.from_dict(org.okta.get(f"{at}/customizations/{made['id']}/preview"))
    assert shown.subject == "Dag Ada" and shown.links.content_source.href.endswith(made["id"])
    assert org.okta.call("POST", f"{at}/test?language=nl-NL").status == 204
    (sent,) = outbox(org, "admin@acme.example")
    assert (sent["subject"], sent["test"], sent["html"]) == ("Dag Ada", True, shown.body)


@pytest.mark.parametrize(("text", "html", "wanted"), [
    ("${a.b} $a.b $!{c}${d}", False, "1<2 1<2 ${d}"), ("${f:escapeHtml(a.b)}!", True, "1&lt;2!"), ("$5 ${ ${a.b", False, "$5 ${ ${a.b"),
    ("$$a.b", False, "$1<2"), ("#if($a.b)x#end", False, "#if(1<2)x#end"),
])  # fmt: skip
def test_references_are_filled_in(text: str, html: bool, wanted: str) -> None:
    assert mail_templates.filled(text, {"a.b": "1<2"}, html=html) == wanted


def test_life_of_an_sms_template(org: World) -> None:
    made = org.okta.post(SMS_AT, SMS)
    at = f"{SMS_AT}/{made['id']}"
    assert models.SmsTemplate.from_dict(made).translations == {"es": "${code}!"} and org.okta.get(SMS_AT) == [made]
    assert refused(org, "POST", SMS_AT, {**SMS, "name": "Two"})[:2] == (400, "E0000001")
    changed = org.okta.post(at, {"translations": {"nl": "${code} dus"}, "name": "New"})
    assert changed["translations"] == {"es": "${code}!", "nl": "${code} dus"} and changed["name"] == "New"
    whole = {key: SMS[key] for key in ("name", "type", "template")}
    assert "translations" not in org.okta.put(at, whole) and org.okta.get(at)["translations"] == {}
    assert org.okta.get(f"{SMS_AT}?templateType=SMS_VERIFY_CODE")[0]["id"] == made["id"]
    for change in ({"template": "no macro"}, {"template": "${code}" + "x" * 160}, {"type": "OTHER"}, {"name": "x" * 51}, {"name": ""},
                   {"translations": {"nl": "no macro"}}):  # fmt: skip
        assert refused(org, "PUT", at, {**SMS, **change})[:2] == (400, "E0000001"), change
    assert refused(org, "PUT", at, {**SMS, "translations": ["nl"]})[:2] == (400, "E0000003")
    assert refused(org, "GET", f"{SMS_AT}?templateType=X")[0] == 400
    assert org.okta.call("DELETE", at).status == 204 and refused(org, "GET", at)[0] == 404


@pytest.mark.parametrize(("language", "wanted"), [("es-MX", "!"), ("nl", "Acme: "), (None, "Acme: ")])
def test_codes_come_in_the_persons_language(language: str | None, wanted: str) -> None:
    with world(smsTemplates=[{key: SMS[key] for key in ("name", "template", "translations")}]) as org:
        more: dict[str, Any] = {"preferredLanguage": language} if language else {}
        user = new_user(org, "kim@acme.example", password="Rather-Long-0-One", **more)
        factor = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+1 415 555 0123"}}
        org.okta.post(f"/api/v1/users/{user['id']}/factors", factor)
        (sent,) = outbox(org, "kim@acme.example")
        assert sent["text"] in (f"{wanted}{sent['code']}", f"{sent['code']}{wanted}")


def test_mails_of_a_world_file() -> None:
    mail = {"template": "UserActivation", **DUTCH}
    given = [{"name": "Acme", "default": True, "emails": [mail], "recipients": {"UserActivation": "NO_USERS"}}]
    with world(brands=given) as org:
        (found,) = org.okta.get(f"{base(org)}/UserActivation/customizations")
        assert found["isDefault"] and found["language"] == "nl-NL"
        assert org.okta.get(f"{base(org)}/UserActivation/settings")["recipients"] == "NO_USERS"
