"""The tour's part through people: their lifecycle, factors, roles, groups and devices."""

import datetime as dt
from typing import Any

from emulator.wire.agents import okta_verify
from tests.contract.touring import Tour, exists
from tests.okta.test_captchas import BODY as CAPTCHA
from tests.okta.test_device_posture import CHECK
from tests.okta.test_domains import pem
from tests.okta.test_email_servers import BODY as SERVER
from tests.okta.test_group_rules import body as group_rule
from tests.okta.test_linked_objects import definition
from tests.okta.test_log_streams import AWS as STREAM
from tests.okta.worlds import HOST, PASSWORD


def person(tour: Tour, name: str, *, password: bool = True) -> str:
    profile = {"login": f"{name}@acme.example", "email": f"{name}@acme.example", "firstName": "To", "lastName": "Ur"}
    given = {"password": {"value": PASSWORD}, "recovery_question": {"question": "Which?", "answer": "none of them"}}
    return str(
        tour.send("POST", "/api/v1/users", {"profile": profile, **({"credentials": given} if password else {})})["id"]
    )


def people(tour: Tour) -> None:
    user, other, staged = person(tour, "tess"), person(tour, "tim"), person(tour, "una", password=False)
    at = f"/api/v1/users/{user}"
    tour.send("POST", at, {"profile": {"city": "Ede"}})
    shown = tour.send("GET", at)
    tour.send("PUT", at, {"profile": {**shown["profile"], "city": "Epe"}})
    tour.send("POST", f"/api/v1/users/{staged}/lifecycle/reactivate?sendEmail=false")
    for step in ("suspend", "unsuspend", "reset_factors", "expire_password",
                 "reset_password?sendEmail=false", "deactivate", "activate?sendEmail=false"):  # fmt: skip
        tour.send("POST", f"/api/v1/users/{other}/lifecycle/{step}")
    tour.send("POST", f"/api/v1/users/{person(tour, 'tom')}/lifecycle/expire_password_with_temp_password")
    credentials = f"{at}/credentials"
    tour.send("POST", f"{credentials}/forgot_password_recovery_question",
              {"password": {"value": "Other-pass-1"}, "recovery_question": {"answer": "none of them"}})  # fmt: skip
    tour.send("POST", f"{credentials}/change_password",
              {"oldPassword": {"value": "Other-pass-1"}, "newPassword": {"value": "Third-pass-1"}})  # fmt: skip
    tour.send("POST", f"{credentials}/change_recovery_question",
              {"password": {"value": "Third-pass-1"}, "recovery_question": {"question": "Who?", "answer": "nobody"}})  # fmt: skip
    tour.send("POST", f"{credentials}/forgot_password?sendEmail=false")
    lock(tour)
    signed_in(tour)
    third = person(tour, "ugo")
    for kind, profile in (("sms", {"phoneNumber": "+1 415 555 0123"}), ("question", {
            "question": "disliked_food", "answer": "pasta"})):  # fmt: skip
        provider = "OKTA"
        factor = tour.send("POST", f"/api/v1/users/{third}/factors",
                           {"factorType": kind, "provider": provider, "profile": profile})  # fmt: skip
        one = f"/api/v1/users/{third}/factors/{factor['id']}"
        if kind == "sms":
            tour.org.clock.advance(seconds=31)
            tour.send("POST", f"{one}/resend", {"factorType": kind, "provider": provider, "profile": profile})
            code = tour.send("GET", "/_lab/outbox?to=ugo@acme.example")["messages"][-1]["code"]
            tour.send("POST", f"{one}/lifecycle/activate", {"passCode": code})
            tour.org.clock.advance(seconds=31)
            tour.send("POST", f"{one}/verify", {})
        else:
            tour.send("POST", f"{one}/verify", {"answer": "pasta"})
            tour.send("PUT", one, {"profile": {"question": "favorite_toy", "answer": "ball"}})
        tour.send("GET", one)
        tour.send("DELETE", one)
    push(tour, third)
    tour.cycle("/api/v1/meta/types/user", {"name": "robot", "displayName": "Robot"},
               change={"name": "robot", "displayName": "Machine", "description": "d"},
               partial={"displayName": "Robots"})  # fmt: skip
    for at_definition in ("/api/v1/meta/schemas/user/linkedObjects", "/api/v1/meta/schemas/user/default/linkedObjects"):
        tour.send("POST", at_definition, definition())
        tour.send("GET", f"{at_definition}/manager")
        tour.send("PUT", f"{at}/linkedObjects/manager/{third}")
        tour.send("GET", f"{at}/linkedObjects/manager")
        tour.send("DELETE", f"{at}/linkedObjects/manager")
        tour.send("DELETE", f"{at_definition}/manager")
    tour.send("PUT", f"{at}/classification", {"type": "LITE"})
    tour.send("PUT", f"{at}/risk", {"riskLevel": "HIGH"})
    admin = tour.first("/api/v1/users", id="00uadmin0000000000x7")["id"]
    kind = tour.send("GET", f"/api/v1/users/{admin}/subscriptions")[0]["notificationType"]
    tour.send("GET", f"/api/v1/users/{admin}/subscriptions/{kind}")
    tour.send("POST", f"/api/v1/users/{admin}/subscriptions/{kind}/unsubscribe")
    tour.send("POST", f"/api/v1/users/{admin}/subscriptions/{kind}/subscribe")
    assert len(tour.send("GET", "/api/v1/roles/SUPER_ADMIN/subscriptions")) > 1
    tour.send("POST", f"/api/v1/roles/SUPER_ADMIN/subscriptions/{kind}/subscribe")
    tour.send("GET", f"/api/v1/roles/SUPER_ADMIN/subscriptions/{kind}")
    tour.send("POST", f"/api/v1/roles/SUPER_ADMIN/subscriptions/{kind}/unsubscribe")
    for path in ("user", "group"):
        tour.send("POST", f"/api/v1/meta/schemas/{path}/default", custom("badge"))
        tour.send("GET", f"/api/v1/meta/schemas/{path}/default")
    tour.send("DELETE", f"{at}/sessions")
    for _ in range(2):
        tour.send("DELETE", f"/api/v1/users/{staged}")


def push(tour: Tour, user: str) -> None:
    at = f"/api/v1/users/{user}/factors"
    factor = tour.send("POST", at, {"factorType": "push", "provider": "OKTA"})
    question = tour.send("GET", "/_lab/outbox?to=ugo@acme.example")["messages"][-1]["id"]
    for channel, body in (("email", None), ("sms", {"profile": {"phoneNumber": "+1 415 555 0123"}})):
        tour.send("POST", f"{at}/{factor['id']}/lifecycle/activate/{channel}", body)
    tour.send("POST", f"/_lab/outbox/{question}/answer", {"answer": "approve"})
    tour.send("POST", f"{at}/{factor['id']}/lifecycle/activate/poll")
    tour.send("POST", f"/_lab/outbox/devices/{factor['id']}", {"state": "valid"})
    sent = tour.send("POST", f"{at}/{factor['id']}/verify", {})
    tour.send("GET", (polled := sent["_links"]["poll"]["href"]).removeprefix("https://acme.okta.com"))
    tour.send("DELETE", polled.removeprefix("https://acme.okta.com"))


def signed_in(tour: Tour) -> None:
    proof = {"username": "sam@acme.example", "password": PASSWORD}
    for path in ("", "/lifecycle/refresh"):
        found = tour.send("POST", "/api/v1/authn", proof)
        made = tour.send("POST", "/api/v1/sessions", {"sessionToken": found["sessionToken"]})
        tour.send("POST" if path else "GET", f"/api/v1/sessions/{made['id']}{path}")
        tour.send("DELETE", f"/api/v1/sessions/{made['id']}")


def lock(tour: Tour) -> None:
    name = person(tour, "locked")
    for _ in range(10):
        tour.org.okta.call("POST", "/api/v1/authn", {"username": "locked@acme.example", "password": "wrong"})
    tour.send("POST", f"/api/v1/users/{name}/lifecycle/unlock")


def custom(name: str) -> Any:
    field = {"title": name.title(), "type": "string", "description": "d", "maxLength": 20}
    return {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {name: field}, "required": []}}}


def groups(tour: Tour) -> None:
    user = person(tour, "vera")
    group = tour.send("POST", "/api/v1/groups", {"profile": {"name": "Tour", "description": "d"}})["id"]
    at = f"/api/v1/groups/{group}"
    tour.send("PUT", at, {"profile": {"name": "Tourists"}})
    tour.send("PUT", f"{at}/users/{user}")
    owner = tour.send("POST", f"{at}/owners", {"id": user, "type": "USER"})["id"]
    tour.send("GET", f"{at}/owners")
    tour.send("DELETE", f"{at}/owners/{owner}")
    rule = tour.send("POST", "/api/v1/groups/rules", group_rule(group))
    one = f"/api/v1/groups/rules/{rule['id']}"
    tour.send("PUT", one, rule)
    tour.send("POST", f"{one}/lifecycle/activate")
    tour.send("POST", f"{one}/lifecycle/deactivate")
    tour.org.clock.advance(minutes=5)
    tour.send("GET", one)
    tour.send("DELETE", one)
    tour.send("DELETE", f"{at}/users/{user}")
    tour.send("DELETE", at)


def own_devices(tour: Tour) -> None:
    """A person enrols a device, which then says that it is the one."""
    key = okta_verify.key_of(b"tour")
    made = tour.send("POST", "/api/internal/v1/devices", {
        "userId": tour.send("GET", "/api/v1/users/me")["id"], "key": okta_verify.public_of(key),
        "profile": {"displayName": "Laptop", "platform": "WINDOWS"},
    })  # fmt: skip
    nonce = tour.send("GET", okta_verify.PATH)["challengeRequest"]
    claims = {"iss": made["id"], "aud": f"https://{HOST}", "nonce": nonce}
    tour.send("POST", okta_verify.PATH, {"challengeResponse": okta_verify.signed(claims, key)})
    keys = "/api/v1/hook-keys"
    key = tour.send("POST", keys, {"name": "Hook key"})
    tour.send("PUT", f"{keys}/{key['id']}", {"name": "Other"})
    for path in (keys, f"{keys}/{key['id']}", f"{keys}/public/{key['keyId']}"):
        tour.send("GET", path)
    tour.send("DELETE", f"{keys}/{key['id']}")
    domains = "/api/v1/domains"
    made = tour.send("POST", domains, {"domain": "tour.example", "certificateSourceType": "MANUAL"})
    at, records = f"{domains}/{made['id']}", "/api/internal/v1/dns-records"
    rows = [{**row, "value": row.pop("values")[0]} for row in made["dnsRecords"]]
    tour.send("PUT", records, {"records": rows})
    tour.send("POST", f"{at}/verify")
    tour.send("PUT", at, {"brandId": made["brandId"]})
    certificate, key = pem("tour.example", since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), days=3650)
    tour.send("PUT", f"{at}/certificate", {"type": "PEM", "certificate": certificate, "privateKey": key})
    mails = "/api/v1/email-domains"
    sent = {"brandId": made["brandId"], "domain": "mail.example", "displayName": "Tour", "userName": "tour"}
    own = tour.send("POST", mails, sent)
    rows = [{"fqdn": row["fqdn"], "recordType": row["recordType"].upper(), "value": row["verificationValue"]}
            for row in own["dnsValidationRecords"]]  # fmt: skip
    tour.send("PUT", records, {"records": rows})
    tour.send("POST", f"{mails}/{own['id']}/verify")
    tour.send("PUT", f"{mails}/{own['id']}", sent)
    for path in (records, domains, at, mails, f"{mails}/{own['id']}"):
        tour.send("GET", path)
    for path in (f"{mails}/{own['id']}", at):
        tour.send("DELETE", path)
    servers = "/api/v1/email-servers"
    at = f"{servers}/{tour.send('POST', servers, SERVER)['id']}"
    tour.send("PATCH", at, {"enabled": True})
    tour.send("POST", f"{at}/test", {"fromAddress": "a@tour.example", "toAddress": "b@tour.example"})
    for path in (servers, at):
        tour.send("GET", path)
    tour.send("DELETE", at)
    captchas = "/api/v1/captchas"
    made = tour.send("POST", captchas, CAPTCHA)["id"]
    at = f"{captchas}/{made}"
    for method in ("POST", "PUT"):
        tour.send(method, at, CAPTCHA)
    tour.send("PUT", "/api/v1/org/captcha", {"captchaId": made, "enabledPages": ["SSR"]})
    for path in (captchas, at, "/api/v1/org/captcha"):
        tour.send("GET", path)
    for path in ("/api/v1/org/captcha", at):
        tour.send("DELETE", path)
    streams = "/api/v1/logStreams"
    at = f"{streams}/{tour.send('POST', streams, STREAM)['id']}"
    tour.send("PUT", at, STREAM)
    for step in ("deactivate", "activate"):
        tour.send("POST", f"{at}/lifecycle/{step}")
    for path in (streams, at):
        tour.send("GET", path)
    tour.send("DELETE", at)
    checks = "/api/v1/device-posture-checks"
    at = f"{checks}/{tour.send('POST', checks, CHECK)['id']}"
    tour.send("PUT", at, CHECK)
    for path in (checks, f"{checks}/default", at):
        tour.send("GET", path)
    tour.send("DELETE", at)
    at = f"/api/v1/device-integrations/{tour.send('GET', '/api/v1/device-integrations')[0]['id']}"
    tour.send("GET", at)
    for step in ("activate", "deactivate"):
        tour.send("POST", f"{at}/lifecycle/{step}")
    enrolments = f"/api/v1/users/{tour.send('GET', '/api/v1/users/me')['id']}/authenticator-enrollments"
    phone = next(item["id"] for item in tour.send("GET", "/api/v1/authenticators") if item["key"] == "phone_number")
    sent = {"authenticatorId": phone, "profile": {"phoneNumber": "+14155550199"}}
    at = f"{enrolments}/{tour.send('POST', f'{enrolments}/phone', sent)['id']}"
    for path in (enrolments, at):
        tour.send("GET", path)
    tour.send("DELETE", at)


def roles(tour: Tour, at: str, app: Any) -> None:
    """Standard roles of a holder, with targets that come and go."""
    group, more = (item["id"] for item in tour.send("GET", "/api/v1/groups")[-2:])
    role = tour.send("POST", at, {"type": "USER_ADMIN"})["id"]
    targets = f"{at}/{role}/targets/groups"
    for target in (group, more):
        tour.send("PUT", f"{targets}/{target}")
    tour.send("GET", targets)
    tour.send("DELETE", f"{targets}/{more}")
    for path in (at, f"{at}/{role}"):
        tour.send("GET", path)
    tour.send("DELETE", f"{at}/{role}")
    role = tour.send("POST", at, {"type": "APP_ADMIN"})["id"]
    targets = f"{at}/{role}/targets/catalog/apps"
    for target in (f"{app['name']}/{app['id']}", "bookmark", "office365"):
        tour.send("PUT", f"{targets}/{target}")
    tour.send("GET", targets)
    tour.send("DELETE", f"{targets}/bookmark")
    instance = f"{targets}/{app['name']}/{app['id']}"
    tour.send("DELETE", instance)
    if exists("PUT", targets):
        tour.send("PUT", targets)
    tour.send("DELETE", f"{at}/{role}")
