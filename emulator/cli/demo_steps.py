"""The demo's steps, run by `tenantlab demo` in a process whose environment points clients at the lab.

Unmodified `okta`, `msal` and `requests` do the work; the scripted browser stands in for the person. Each step checks
what it sees; the first one that is not as it should be ends the demo with exit code 1.
"""

import asyncio
import os
import sys
from typing import Any

import orjson

from emulator.kernel.clock import monotonic
from emulator.kernel.doc import Doc, dig
from emulator.scenario.show import render
from emulator.scenario.timeline import timeline
from emulator.serving.lab import Remote, find
from emulator.wire.browser import Browser, View
from emulator.wire.client import Http, json_of

GRAPH = "https://graph.microsoft.com"
SCOPES = ["User.Read"]
LICENCE = "SPE_E3"
PASSWORD = "Test-only-4711!"


class Unexpected(Exception):
    """A step did not go as it should."""


def expect(condition: object, text: str) -> None:
    if not condition:
        raise Unexpected(text)


class Demo:
    """The steps in order, and what they found."""

    def __init__(self, *, quiet: bool) -> None:
        self.info = find()
        self.lab = Remote(self.info)
        self.entra: Doc = self.info["entra"]
        self.app_id: str = self.info["okta"]["o365_app_id"]
        self.login = (
            f"demo.person.{os.environ.get('TENANTLAB_DEMO_SEED', '1')}@{self.entra['federated_domain']}".lower()
        )
        self.found: Doc = {"login": self.login}
        self.quiet = quiet
        self.number = 0

    def say(self, text: str = "") -> None:
        if not self.quiet:
            print(text, flush=True)

    def step(self, text: str) -> None:
        self.number += 1
        self.say(f"\n{self.number}. {text}")

    def run(self) -> None:
        okta, tenant = self.info["hosts"]["okta"], self.entra["tenant_id"]
        self.say(f"World {self.info['world']!r}: Okta org {okta}, Entra tenant {tenant}")
        user_id = asyncio.run(self.create_and_assign())
        self.wait_for_connector(user_id)
        self.sign_in_with_code()
        self.read_graph()
        self.passwords()
        self.break_one_value(user_id)
        self.show_timeline()

    # -- 1: a person, through the okta SDK ----------------------------------------------------------------------

    async def create_and_assign(self) -> str:
        from okta.client import Client
        from okta.models import AppUserAssignRequest, CreateUserRequest

        self.step("okta SDK: create a person and assign Microsoft Office 365")
        async with Client() as client:
            profile = {
                "firstName": "Demo",
                "lastName": "Person",
                "email": self.login,
                "login": self.login,
                "countryCode": "US",
            }
            request = CreateUserRequest.from_dict(
                {"profile": profile, "credentials": {"password": {"value": PASSWORD}}}
            )
            user, _, error = await client.create_user(request, activate=True)
            expect(error is None, f"create_user: {error}")
            assignment = {"id": user.id, "scope": "USER", "profile": {"licenses": [LICENCE]}}
            app_user, _, error = await client.assign_user_to_application(
                self.app_id, AppUserAssignRequest.from_dict(assignment)
            )
            expect(error is None, f"assign_user_to_application: {error}")
        self.say(f"   {user.id}  {self.login}  {user.status.value if hasattr(user.status, 'value') else user.status}")
        self.found["immutableId"] = app_user.profile.get("immutableId")
        self.say(f"   assigned; immutableId {self.found['immutableId']}, licence {LICENCE}")
        expect(self.found["immutableId"], "the assignment has no immutable id")
        return str(user.id)

    # -- 2: the connector ---------------------------------------------------------------------------------------

    def okta(self, method: str, path: str, json: Any = None) -> Any:
        headers = {"authorization": f"SSWS {self.info['okta']['token']}"}
        http = Http(self.lab.transport, base=f"https://{self.info['hosts']['okta']}", headers=headers)
        answer = http.request(method, path, json=json)
        expect(answer.status < 400, f"{method} {path}: {answer.status} {answer.text()[:300]}")
        return json_of(answer)

    def wait_for_connector(self, user_id: str) -> None:
        self.step("connector: provision the person in Microsoft")
        ends = monotonic() + 20
        while True:
            app_user = self.okta("GET", f"/api/v1/apps/{self.app_id}/users/{user_id}")
            if app_user["syncState"] == "SYNCHRONIZED":
                break
            expect(app_user["syncState"] != "ERROR", "the push failed; see Dashboard > Tasks")
            expect(monotonic() < ends, f"still {app_user['status']}/{app_user['syncState']} after 20 s")
            self.lab.control("POST", "sync?budget=PT1S")
        self.found["externalId"] = app_user["externalId"]
        self.say(f"   {app_user['status']}, externalId {app_user['externalId']} (the object id in Entra)")
        expect(app_user["externalId"], "no object id came back")

    # -- 3: msal and the browser --------------------------------------------------------------------------------

    def msal_app(self) -> Any:
        import msal

        authority = f"https://login.microsoftonline.com/{self.entra['tenant_id']}"
        return msal.PublicClientApplication(self.entra["public_client_id"], authority=authority)

    def start_flow(self, app: Any) -> Doc:
        where = {"redirect_uri": self.entra["redirect_uri"], "login_hint": self.login, "response_mode": "form_post"}
        flow: Doc = app.initiate_auth_code_flow(SCOPES, **where)
        return flow

    def browse(self, url: str) -> View:
        """The person in a browser: type the name if asked, then sign in at Okta."""
        browser = Browser(self.lab.transport)
        redirect = self.entra["redirect_uri"]
        browser.stop_at = lambda target: target.startswith(redirect)
        view = browser.get(url)
        for _ in range(4):
            form = next((form for form in view.forms if form.visible), None)
            if form is None:
                break
            secrets = {name for name in form.visible if name in ("password", "passwd")}
            values = {name: PASSWORD if name in secrets else self.login for name in form.visible}
            view = browser.submit(form, values)
        return view

    def sign_in_with_code(self) -> None:
        self.step("msal: authorization code + PKCE, through the browser: Microsoft → Okta → Microsoft")
        app = self.msal_app()
        flow = self.start_flow(app)
        view = self.browse(flow["auth_uri"])
        expect(view.url.startswith(self.entra["redirect_uri"]), f"the browser ended at {view.url}: {view.text[:300]}")
        result = app.acquire_token_by_auth_code_flow(flow, view.sent)
        expect("access_token" in result, str(result.get("error_description")))
        claims = result["id_token_claims"]
        self.token = result["access_token"]
        expect(claims["oid"] == self.found["externalId"], "the token is for another object")
        self.say(f"   id token for {claims['preferred_username']}, oid {claims['oid']}")

    def read_graph(self) -> None:
        import requests

        self.step("requests: /me and the licences from Microsoft Graph")
        headers = {"Authorization": f"Bearer {self.token}"}
        me = requests.get(f"{GRAPH}/v1.0/me", headers=headers, timeout=30)
        expect(me.status_code == 200, f"/me: {me.status_code} {me.text[:300]}")
        expect(me.json()["userPrincipalName"] == self.login, "another person's /me")
        details = requests.get(f"{GRAPH}/v1.0/me/licenseDetails", headers=headers, timeout=30)
        expect(details.status_code == 200, f"licenseDetails: {details.status_code} {details.text[:300]}")
        held = [item["skuPartNumber"] for item in details.json()["value"]]
        expect(held == [LICENCE], f"licences {held}")
        self.say(f"   {me.json()['displayName']}, licences {', '.join(held)}")

    # -- 4: user name and password ------------------------------------------------------------------------------

    def passwords(self) -> None:
        service = next(item for item in self.info["users"] if item["role"] == "service" and item["federated"])
        self.step("msal: user name + password (realm → MEX → WS-Trust → bearer grant)")
        result = self.msal_app().acquire_token_by_username_password(service["login"], service["password"], SCOPES)
        expect("access_token" in result, f"the service account: {result.get('error_description')}")
        self.say(f"   {service['login']}: allowed")
        try:
            result = self.msal_app().acquire_token_by_username_password(self.login, PASSWORD, SCOPES)
        except RuntimeError as error:
            self.say(f"   {self.login}: denied ({str(error)[:90]}...)")
        else:
            raise Unexpected(f"{self.login} got a token by password: {sorted(result)}")
        refusal = self.last_refusal("okta", path="/sso/wsfed/")
        self.say(f"   why: {refusal['why']['rule']}")
        for item in refusal["why"].get("compared", ()):
            self.say(f"        {item['name']} = {item['value']!r}  ({item['where']})")
        self.found["deniedBy"] = refusal["why"]

    def last_refusal(self, party: str, *, code: str | None = None, path: str = "") -> Doc:
        """The newest refusal of a party; the connector may have been refused something else meanwhile."""
        rows = self.lab.control("GET", "journal?stream=refusal&limit=5000")["rows"]
        found = [
            row
            for row in rows
            if row["party"].startswith(party) and path in row["doc"]["path"] and code in (None, row["doc"]["code"])
        ]
        expect(found, f"no such refusal of {party} is on record")
        return dict(found[-1])

    # -- 5: one value wrong -------------------------------------------------------------------------------------

    def break_one_value(self, user_id: str) -> None:
        self.step("one value wrong: another immutableId in Okta, and the same sign-in again")
        wrong = "bm90LXRoZS1zYW1lLXZhbHVl"
        path = f"/api/v1/apps/{self.app_id}/users/{user_id}"
        self.okta("POST", path, {"profile": {"immutableId": wrong}})
        app = self.msal_app()
        flow = self.start_flow(app)
        view = self.browse(flow["auth_uri"])
        expect("AADSTS51004" in view.text, f"expected AADSTS51004, saw {view.url}: {view.text[:300]}")
        refusal = self.last_refusal("entra", code="51004")
        values = {item["value"] for item in refusal["why"]["compared"]}
        expect({wrong, self.found["immutableId"]} <= values, f"the why names {values}")
        self.say("   AADSTS51004, because:")
        self.say(f"   {refusal['why']['rule']}")
        for item in refusal["why"]["compared"]:
            self.say(f"        {item['name']} = {item['value']!r}  ({item['where']})")
        self.found["brokenBy"] = refusal["why"]

    def show_timeline(self) -> None:
        hops = self.lab.control("GET", "tape?limit=5000")["hops"]
        hops = [
            hop
            for hop in hops
            if not hop["request"]["url"].partition("?")[0].endswith(("/jobs/lease", "/step", "/ack"))
        ]
        rows = self.lab.control("GET", "journal?limit=5000")["rows"]
        lines = timeline(hops, rows)
        self.found["timeline"] = len(lines)
        self.step("what each side saw")
        self.say(render(lines))
        self.say(
            f"\nDone: {self.found['login']}  immutableId {self.found['immutableId']}  object {self.found['externalId']}"
        )


def main() -> int:
    as_json = "--json" in sys.argv
    demo = Demo(quiet=as_json)
    try:
        demo.run()
    except Unexpected as error:
        print(f"\ntenantlab demo: step {demo.number} is not as it should be: {error}", file=sys.stderr)
        print("  hint: `tenantlab up`, then `tenantlab logs both`, shows both sides.", file=sys.stderr)
        return 1
    if as_json:
        missing = [key for key in ("immutableId", "externalId") if not dig(demo.found, key)]
        print(orjson.dumps({"ok": not missing, **demo.found}).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
