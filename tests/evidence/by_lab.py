"""Evidence that the lab itself produces: a world is broken, and what both sides then show is collected."""

import base64
import json
from collections.abc import Callable
from typing import Any

from emulator import World
from emulator.serving.minting import mint
from emulator.wire.client import Http
from tests.evidence.by_hand import Evidence

DANA, KWAME = "dana@acme.example", "kwame@acme.example"
LOGIN = "https://login.microsoftonline.com"
Maker = Callable[[World], Evidence]
MAKERS: list[tuple[str, str, Maker]] = []
"""(what it is, the row it should name first, how it is made in a fresh world)"""


def makes(row: str) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        MAKERS.append((maker.__name__, row, maker))
        return maker

    return register


def app(world: World) -> str:
    return str(world.spec.lab["okta"]["o365_app_id"])


def app_user(world: World, login: str = DANA) -> dict[str, Any]:
    found = world.okta.get(f"/api/v1/apps/{app(world)}/users?limit=200")
    return next(item for item in found if item["credentials"]["userName"] == login)


def assign(world: World, body: dict[str, Any], login: str = DANA) -> None:
    world.okta.post(f"/api/v1/apps/{app(world)}/users/{app_user(world, login)['id']}", json=body)


def entra_user(world: World, login: str = DANA) -> dict[str, Any]:
    fields = "id,userPrincipalName,onPremisesImmutableId,accountEnabled,signInSessionsValidFromDateTime"
    found: dict[str, Any] = world.entra.get(f"/users/{login}?$select={fields}")
    return found


def set_anchor(world: World, value: str | None) -> None:
    """Change what Entra has, by way of a managed suffix as the service wants it."""
    name = f"/users/{entra_user(world)['id']}"
    for change in ({"userPrincipalName": "dana@acme-labs.example"}, {"onPremisesImmutableId": value}):
        assert world.entra.call("PATCH", name, json=change).status == 204
    if value:
        assert world.entra.call("PATCH", name, json={"userPrincipalName": DANA}).status == 204


def page(world: World, login: str = DANA, password: str | None = None) -> bytes:
    return world.browser.sign_in(login, password).view.text.encode()


def srf(world: World, wresult: str) -> bytes:
    form = {"wa": "wsignin1.0", "wresult": wresult}
    return Http(world.transport).request("POST", f"{LOGIN}/login.srf", form=form).body


def files(*contents: object) -> Evidence:
    return [
        (f"file-{n}", content if isinstance(content, bytes) else content.encode() if isinstance(content, str)
         else json.dumps(content).encode())
        for n, content in enumerate(contents)
    ]  # fmt: skip


def events(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.okta.get("/api/v1/logs?limit=50&sortOrder=DESCENDING")
    return found


def graph_error(world: World, method: str, path: str, json: object) -> Evidence:
    answer = world.entra.call(method, path, json=json)
    assert answer.status >= 400, answer.text()
    return files(answer.body)


def last(world: World) -> int:
    return max((hop.n for hop in world.tape), default=0)


def har(world: World, after: int) -> bytes:
    """The tape as a browser would have recorded it."""
    entries = []
    for hop in (each for each in world.tape if each.n > after):
        text = base64.b64encode(hop.response_body).decode()
        posted = {"mimeType": "application/x-www-form-urlencoded", "text": hop.request_body.decode("utf-8", "replace")}
        entries.append({
            "startedDateTime": "2026-01-15T09:00:00.000Z",
            "request": {"method": hop.method, "url": hop.url, "postData": posted if hop.request_body else {}},
            "response": {"status": hop.status, "content": {"text": text, "encoding": "base64"}},
        })  # fmt: skip
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


# -- the identity link -----------------------------------------------------------------------------------------------


@makes("S-01")
def page_of_a_blank_id(world: World) -> Evidence:
    assign(world, {"profile": {"immutableId": None}})
    return files(page(world))


@makes("S-01")
def log_of_a_blank_id(world: World) -> Evidence:
    assign(world, {"profile": {"immutableId": None}})
    page(world)
    return files(events(world)[:3])


@makes("S-01")
def assignment_with_a_blank_id(world: World) -> Evidence:
    assign(world, {"profile": {"immutableId": None}})
    return files(app_user(world), entra_user(world))


@makes("S-01")
def recording_of_a_blank_id(world: World) -> Evidence:
    assign(world, {"profile": {"immutableId": None}})
    start = last(world)
    page(world)
    return files(har(world, start))


@makes("S-02")
def page_of_different_ids(world: World) -> Evidence:
    set_anchor(world, "b3RoZXItaWQ=")
    return files(page(world))


@makes("S-02")
def token_and_user_with_different_ids(world: World) -> Evidence:
    set_anchor(world, "b3RoZXItaWQ=")
    return files(mint(world, "wresult", DANA, {}, None), entra_user(world))


@makes("S-02")
def row_of_different_ids(world: World) -> Evidence:
    set_anchor(world, "b3RoZXItaWQ=")
    page(world)
    return files(world.entra.get("/auditLogs/signIns?$top=1"))


@makes("S-02")
def recording_of_different_ids(world: World) -> Evidence:
    set_anchor(world, "b3RoZXItaWQ=")
    start = last(world)
    page(world)
    return files(har(world, start))


@makes("S-02")
def assignment_and_user_with_different_ids(world: World) -> Evidence:
    set_anchor(world, "b3RoZXItaWQ=")
    return files(app_user(world), entra_user(world))


@makes("S-03")
def token_and_user_without_id(world: World) -> Evidence:
    token = mint(world, "wresult", DANA, {}, None)
    return files(token, {**entra_user(world), "onPremisesImmutableId": None})


@makes("S-03")
def page_of_a_user_without_id(world: World) -> Evidence:
    world.entra.call("POST", "/users", json={
        "accountEnabled": True, "displayName": "Nils", "mailNickname": "nils", "userPrincipalName": "nils@acme-labs.example",
        "passwordProfile": {"password": "Test-only-77-Lab"}})  # fmt: skip
    claims = {"upn": "nils@acme-labs.example", "immutableId": "bmlscw=="}
    return files(srf(world, mint(world, "wresult", DANA, claims, None)))


@makes("S-50")
def token_of_another_domain(world: World) -> Evidence:
    return files(mint(world, "wresult", DANA, {"upn": "dana@second.example"}, None))


@makes("S-50")
def page_of_an_unknown_issuer(world: World) -> Evidence:
    return files(srf(world, mint(world, "wresult", DANA, {"issuer": "b.example:exk2"}, None)))


@makes("S-62")
def default_mapping(world: World) -> Evidence:
    rows = world.okta.get("/api/v1/mappings?limit=50")
    wanted = next(
        row for row in rows if row["target"]["name"] == "office365" or "office365" in row["target"].get("name", "")
    )
    found = world.okta.get(f"/api/v1/mappings/{wanted['id']}")
    found["properties"]["immutableId"] = {"expression": "hasDirectoryUser()?findDirectoryUser().externalId:null"}
    return files(found)


@makes("S-64")
def assignment_linked_to_another_object(world: World) -> Evidence:
    return files({**app_user(world), "externalId": entra_user(world, KWAME)["id"]}, entra_user(world))


# -- sessions ----------------------------------------------------------------------------------------------------------


@makes("S-07")
def token_older_than_the_cut_off(world: World) -> Evidence:
    token = mint(world, "wresult", DANA, {"authnInstant": "2026-01-15T07:00:00Z"}, None)
    return files(token, {**entra_user(world), "signInSessionsValidFromDateTime": "2026-01-15T08:30:00Z"})


@makes("S-05")
def recording_of_a_loop(world: World) -> Evidence:
    entries = []
    for _ in range(5):
        form = f"wa=wsignin1.0&wresult={_quoted(mint(world, 'wresult', DANA, {}, None))}"
        wauth = "http%3A%2F%2Fschemas.microsoft.com%2Fclaims%2Fmultipleauthn"
        url = f"https://acme.okta.com/app/office365/exk1/sso/wsfed/passive?wa=wsignin1.0&wtrealm=urn:federation:MicrosoftOnline&wauth={wauth}"
        for method, to, body in (("GET", url, ""), ("POST", f"{LOGIN}/login.srf", form)):
            entries.append({
                "startedDateTime": "2026-01-15T09:00:00.000Z", "request": {"method": method, "url": to, "postData": {"text": body}},
                "response": {"status": 302, "content": {}},
            })  # fmt: skip
    return files({"log": {"entries": entries}})


def _quoted(text: str) -> str:
    from urllib.parse import quote_plus

    return quote_plus(text)


@makes("S-60")
def claim_without_a_factor(world: World) -> Evidence:
    page(world)
    return files(mint(world, "wresult", DANA, {"mfa": "true"}, None), events(world)[:6])


# -- setup -------------------------------------------------------------------------------------------------------------

FEDERATION = {
    "@odata.type": "#microsoft.graph.internalDomainFederation", "displayName": "x", "issuerUri": "urn:x",
    "passiveSignInUri": "https://acme.okta.com/p", "signingCertificate": "", "preferredAuthenticationProtocol": "wsFed",
}  # fmt: skip


def federation() -> dict[str, Any]:
    from emulator.serving.files import read_fixture

    text = read_fixture("certificates/okta-acme-next.crt").decode()
    return {**FEDERATION, "signingCertificate": "".join(line for line in text.splitlines() if "-----" not in line)}


@makes("S-14")
def initial_domain(world: World) -> Evidence:
    names = {row["id"]: row for row in world.entra.get("/domains")["value"]}
    initial = next(name for name, row in names.items() if row["isInitial"])
    default = next(name for name, row in names.items() if row["isDefault"])
    if default == initial:
        assert world.entra.call("PATCH", "/domains/acme-labs.example", json={"isDefault": True}).status == 204
    return graph_error(world, "POST", f"/domains/{initial}/federationConfiguration", federation())


@makes("S-13")
def default_domain(world: World) -> Evidence:
    assert world.entra.call("PATCH", "/domains/acme-labs.example", json={"isDefault": True}).status == 204
    return graph_error(world, "POST", "/domains/acme-labs.example/federationConfiguration", federation())


@makes("S-15")
def federated_default(world: World) -> Evidence:
    return graph_error(world, "PATCH", "/domains/acme.example", {"isDefault": True})


@makes("S-19")
def unknown_tenant(world: World) -> Evidence:
    form = {
        "grant_type": "client_credentials",
        "client_id": "x",
        "client_secret": "x",
        "scope": "https://graph.microsoft.com/.default",
    }
    return files(
        Http(world.transport).request("POST", f"{LOGIN}/acmee.onmicrosoft.com/oauth2/v2.0/token", form=form).body
    )


@makes("S-25")
def unknown_licence(world: World) -> Evidence:
    body = {
        "addLicenses": [{"skuId": "00000000-0000-4000-8000-0000000000aa", "disabledPlans": []}],
        "removeLicenses": [],
    }
    return graph_error(world, "POST", f"/users/{DANA}/assignLicense", body)


@makes("S-12")
def immutable_id_exists(world: World) -> Evidence:
    anchor = entra_user(world)["onPremisesImmutableId"]
    body = {
        "accountEnabled": True, "displayName": "D", "mailNickname": "d2", "userPrincipalName": "d2@acme.example",
        "onPremisesImmutableId": anchor, "passwordProfile": {"password": "Test-only-77-Lab"},
    }  # fmt: skip
    return graph_error(world, "POST", "/users", body)


@makes("S-11")
def user_name_exists(world: World) -> Evidence:
    body = {
        "accountEnabled": True, "displayName": "D", "mailNickname": "d2", "userPrincipalName": DANA,
        "onPremisesImmutableId": "bmV3", "passwordProfile": {"password": "Test-only-77-Lab"},
    }  # fmt: skip
    return graph_error(world, "POST", "/users", body)


@makes("S-56")
def deleted_account(world: World) -> Evidence:
    assert world.entra.call("DELETE", f"/users/{entra_user(world)['id']}").status == 204
    return files(world.entra.get("/directory/deletedItems/microsoft.graph.user"))


@makes("S-38")
def page_of_somebody_unassigned(world: World) -> Evidence:
    return files(page(world, "ravi@acme.example", "Test-only-18-Lab"))


@makes("S-51")
def page_of_a_missing_app(world: World) -> Evidence:
    url = "https://acme.okta.com/app/office365/exkgone0000000000000/sso/wsfed/passive?wa=wsignin1.0&wtrealm=urn:federation:MicrosoftOnline"
    answer = Http(world.transport).request("GET", url)
    realm = Http(world.transport).request("GET", f"{LOGIN}/getuserrealm.srf?login={DANA}&xml=1")
    assert answer.status == 404
    return files(answer.body, realm.body)


@makes("S-46")
def metadata_without_windows(world: World) -> Evidence:
    key = world.spec.lab["okta"]["o365_external_key"]
    return files(Http(world.transport).request("GET", f"https://acme.okta.com/app/office365/{key}/sso/wsfed/mex").body)


@makes("S-48")
def wrong_microsoft_password(world: World) -> Evidence:
    lab = world.spec.lab["entra"]
    person = next(each for each in world.spec.lab["users"] if not each["federated"] and each["role"] == "person")
    form = {"grant_type": "password", "client_id": lab["public_client_id"], "username": person["login"], "password": "wrong",
            "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
    answer = Http(world.transport).request("POST", f"{LOGIN}/{lab['tenant_id']}/oauth2/v2.0/token", form=form)
    realm = Http(world.transport).request("GET", f"{LOGIN}/getuserrealm.srf?login={person['login']}&json=1")
    return files(answer.body, realm.body)
