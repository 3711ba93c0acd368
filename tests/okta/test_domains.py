"""Custom domains and email domains: what their DNS has to say, and the brands that they carry."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from emulator import World
from tests.okta.worlds import HOST, refused

models = pytest.importorskip("okta.models")
AT, MAIL, DNS = "/api/v1/domains", "/api/v1/email-domains", "/api/internal/v1/dns-records"
NEW = {"domain": "Login.People.Example", "certificateSourceType": "MANUAL"}


def sender(world: World, **more: str) -> dict[str, str]:
    brand = world.okta.get("/api/v1/brands")[0]["id"]
    return {"brandId": brand, "domain": "Mail.Example", "displayName": "People", "userName": "hello", **more}


def publish(world: World, *records: tuple[str, str, str]) -> None:
    rows = [{"fqdn": fqdn, "recordType": kind, "value": value} for fqdn, kind, value in records]
    assert world.okta.put(DNS, {"records": rows})["records"] == [{**row, "fqdn": row["fqdn"].lower()} for row in rows]


def proof(made: dict) -> list[tuple[str, str, str]]:
    return [(row["fqdn"], row["recordType"], row["values"][0]) for row in made["dnsRecords"]]


def pem(name: str, *, days: int = 30, since: dt.datetime) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(7)
        .not_valid_before(since).not_valid_after(since + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    )  # fmt: skip
    own = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM).decode(), own.decode()


def test_a_domain_gets_a_brand_and_shows_its_records(org: World) -> None:
    answer = org.okta.call("POST", AT, NEW)
    [made, own] = org.okta.get(AT)["domains"]
    at = f"{AT}/{made['id']}"
    whole = org.okta.get(at)
    assert answer.status == 201 and made["id"].startswith("OcD") and made["domain"] == "login.people.example"
    assert models.DomainResponse.from_dict(whole).validation_status == "NOT_STARTED"
    assert [row["recordType"] for row in whole["dnsRecords"]] == ["TXT", "CNAME"] and "dnsRecords" not in made
    assert whole["dnsRecords"][1]["values"] == ["acme.customdomains.okta.com"]
    allowed = [doc["_links"]["self"]["hints"]["allow"] for doc in (made, whole, own)]
    assert allowed == [["GET", "DELETE"], ["DELETE"], ["GET"]] and "verify" in whole["_links"]
    assert (own["id"], own["domain"], org.okta.get(f"{AT}/default")["validationStatus"]) == (
        "default",
        HOST,
        "COMPLETED",
    )
    brand = org.okta.get(f"/api/v1/brands/{made['brandId']}")
    assert brand["name"] == "login.people.example" and brand["defaultApp"]["appInstanceId"].startswith("0oa")
    assert refused(org, "POST", AT, {**NEW, "domain": "LOGIN.people.example"})[:2] == (403, "E0000161")
    assert refused(org, "DELETE", f"/api/v1/brands/{made['brandId']}")[:2] == (409, "E0000201")
    assert org.okta.get(f"/api/v1/brands/{made['brandId']}/domains")["domains"] == [made]
    assert org.okta.call("DELETE", at).status == 204 and refused(org, "GET", at)[:2] == (404, "E0000163")
    assert org.okta.post(AT, NEW)["brandId"] == made["brandId"]


@pytest.mark.parametrize("body", [
    {}, {**NEW, "domain": ""}, {**NEW, "domain": "people"}, {**NEW, "domain": "-a.example"}, {**NEW, "domain": "a b.example"},
    {**NEW, "domain": HOST}, {**NEW, "certificateSourceType": "OTHER"}, {"domain": "a.example"}, {**NEW, "domain": "x" * 300},
])  # fmt: skip
def test_what_no_domain_is(org: World, body: dict) -> None:
    assert refused(org, "POST", AT, body)[:2] == (400, "E0000001")
    assert len(org.okta.get(AT)["domains"]) == 1


def test_nobody_gets_a_certificate_for_a_name_in_examples(org: World) -> None:
    body = {"domain": "Login.Example.com", "certificateSourceType": "OKTA_MANAGED"}
    cause = "domain: Prohibited custom domain name."
    assert refused(org, "POST", AT, body) == (400, "E0000001", "Api validation failed: domain", [cause])
    assert org.okta.post(AT, {**body, "certificateSourceType": "MANUAL"})["domain"] == "login.example.com"


def test_verification_asks_the_published_records(org: World) -> None:
    made = org.okta.post(AT, NEW)
    at = f"{AT}/{made['id']}"
    assert org.okta.post(f"{at}/verify")["validationStatus"] == "FAILED_TO_VERIFY"
    publish(org, proof(made)[0])
    assert org.okta.post(f"{at}/verify")["validationStatus"] == "FAILED_TO_VERIFY"
    text, alias = proof(made)
    publish(org, (text[0].upper(), *text[1:]), (*alias[:2], alias[2].upper() + "."))
    shown = org.okta.post(f"{at}/verify")
    assert (
        shown["validationStatus"] == "VERIFIED" and "verify" not in shown["_links"] and "certificate" in shown["_links"]
    )
    publish(org)
    assert org.okta.post(f"{at}/verify")["validationStatus"] == "VERIFIED"
    managed = org.okta.post(AT, {"domain": "b.example", "certificateSourceType": "OKTA_MANAGED"})
    publish(org, *proof(managed))
    assert org.okta.post(f"{AT}/{managed['id']}/verify")["validationStatus"] == "COMPLETED"


def test_a_verified_domain_gets_its_certificate(org: World) -> None:
    made = org.okta.post(AT, NEW)
    at = f"{AT}/{made['id']}"
    now = dt.datetime.fromtimestamp(org.clock.now() // 1000, dt.UTC) - dt.timedelta(days=1)
    good, key = pem("login.people.example", since=now)
    body = {"type": "PEM", "certificate": good, "privateKey": key}
    assert refused(org, "PUT", f"{at}/certificate", body)[:2] == (403, "E0000165")
    publish(org, *proof(made))
    org.okta.post(f"{at}/verify")
    old, other = pem("login.people.example", since=now - dt.timedelta(days=90))
    for wrong in ({**body, "certificate": "x"}, {**body, "privateKey": "x"}, {**body, "privateKey": other},
                  {**body, "certificate": old, "privateKey": other}, {**body, "type": "DER"}):  # fmt: skip
        assert refused(org, "PUT", f"{at}/certificate", wrong)[:2] == (400, "E0000001")
    assert org.okta.call("PUT", f"{at}/certificate", body).status == 204
    shown = org.okta.get(at)
    assert shown["validationStatus"] == "COMPLETED" and "login.people.example" in shown["publicCertificate"]["subject"]
    assert key not in str(org.okta.get(AT))


def test_another_brand_and_the_orgs_own_name(org: World) -> None:
    made, brand = org.okta.post(AT, NEW), org.okta.post("/api/v1/brands", {"name": "Second"})
    assert org.okta.put(f"{AT}/{made['id']}", {"brandId": brand["id"]})["brandId"] == brand["id"]
    assert refused(org, "PUT", f"{AT}/{made['id']}", {"brandId": "none"})[:2] == (409, "E0000203")
    for method, path, body in (("PUT", "", {"brandId": brand["id"]}), ("DELETE", "", None), ("POST", "/verify", None)):
        assert refused(org, method, f"{AT}/default{path}", body)[:2] == (405, "E0000022")


def test_mails_of_a_domain(org: World) -> None:
    body = sender(org)
    answer = org.okta.call("POST", MAIL, body)
    [made] = org.okta.get(MAIL)
    at = f"{MAIL}/{made['id']}"
    assert answer.status == 201 and made["domain"] == "Mail.Example" and "_links" not in made
    assert made["validationStatus"] == "NOT_STARTED" and made["validationSubdomain"] == "mail"
    assert [row["recordType"] for row in made["dnsValidationRecords"]] == ["TXT", "cname", "cname", "cname"]
    assert made["dnsValidationRecords"][1]["fqdn"] == "mail.mail.example"
    brand = org.okta.get(f"/api/v1/brands/{body['brandId']}?expand=emailDomain")
    assert brand["emailDomainId"] == made["id"] and brand["_embedded"]["emailDomain"] == made
    assert brand["_links"]["emailDomain"]["hints"]["allow"] == ["GET", "PUT"]
    assert org.okta.get(f"{at}?expand=brands")["_embedded"]["brands"][0]["id"] == body["brandId"]
    assert refused(org, "POST", MAIL, {**body, "domain": "mail.example"})[:2] == (409, "E0000197")
    assert refused(org, "POST", f"{at}/verify")[:2] == (400, "E0000218")
    publish(
        org,
        *((row["fqdn"], row["recordType"].upper(), row["verificationValue"]) for row in made["dnsValidationRecords"]),
    )
    assert org.okta.post(f"{at}/verify")["validationStatus"] == "VERIFIED"
    assert refused(org, "POST", f"{at}/verify")[:2] == (400, "E0000217")
    assert org.okta.put(at, {"displayName": "Others", "userName": "hi"})["displayName"] == "Others"
    assert org.okta.call("DELETE", at).status == 204 and refused(org, "GET", at)[:2] == (404, "E0000198")
    assert "emailDomainId" not in org.okta.get(f"/api/v1/brands/{body['brandId']}")


@pytest.mark.parametrize("change", [
    {"brandId": "none"}, {"domain": "x"}, {"userName": ""}, {"displayName": "n" * 256}, {"validationSubdomain": "a.b"},
])  # fmt: skip
def test_what_sends_no_mail(org: World, change: dict) -> None:
    assert refused(org, "POST", MAIL, sender(org, **change))[:2] == (400, "E0000001")
    assert org.okta.get(MAIL) == []
