"""A small org and a small tenant, strangers to each other: what they share is made through their APIs, as in life."""

from typing import Any

import orjson

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.client import Http

HOST = "acme.okta.com"
AGENT = "agent-token-for-tests"
ADMIN = "00uadminacme0000000x"
TENANT = "5d0c1c2e-2222-4222-8222-222222222222"
FEDERATION_CLIENT = "f0000000-0000-4000-8000-000000000001"
PROVISIONING_CLIENT = "f0000000-0000-4000-8000-000000000002"
MAIL_CLIENT = "f0000000-0000-4000-8000-000000000003"
LAB_APP = "a0000000-0000-4000-8000-000000000001"
PASSWORD = "Tr4ining-pass"
DANA_GUID = "3q2+7wECAwQFBgcICQoLDA=="
PROVISIONING = [
    "User.ReadWrite.All", "Group.ReadWrite.All", "GroupMember.ReadWrite.All", "Organization.Read.All",
    "Application.Read.All", "RoleManagement.ReadWrite.Directory", "Directory.Read.All",
]  # fmt: skip
E3 = "6fd2c87f-b296-42f0-b197-1e91e994b900"


def person(first: str, last: str, **more: Any) -> Doc:
    login = f"{first.lower()}@acme.example"
    return {"login": login, "email": login, "firstName": first, "lastName": last, "password": PASSWORD, **more}


def spec() -> Doc:
    """A fresh world specification."""
    return {
        "world": "office365-room",
        "clock": "2026-01-15T09:00:00Z",
        "lab": {
            "okta": {"token": "00lab-administrators-token", "agent_token": AGENT},
            "entra": {"tenant_id": TENANT, "client_id": LAB_APP, "client_secret": "secret-of-the-lab"},
        },
        "parties": {"okta:acme": _org(), "entra:acme": _tenant()},
    }


def _org() -> Doc:
    return {
        "org": {"id": "00oacme000000000000x", "subdomain": "acme", "host": HOST, "companyName": "Acme"},
        "agent_token": AGENT,
        "tokens": [{"name": "lab", "user": ADMIN, "token": "00lab-administrators-token"}],
        "groups": [{"name": "Sales"}],
        "users": [
            person("Ada", "Min", id=ADMIN, admin="SUPER_ADMIN"),
            person("Dana", "Reyes", groups=["Sales"], profile={"countryCode": "NL"}),
            person("Sam", "Okoro"),
        ],
        "directories": [
            {
                "id": "0oadirectory000000x7",
                "label": "corp.acme.example",
                "domain": "corp.acme.example",
                "users": [
                    {
                        "user": "dana@acme.example",
                        "externalId": DANA_GUID,
                        "profile": {"samAccountName": "dana", "msExchUsageLocation": "NL"},
                    }
                ],
            }
        ],
        "microsoft_clients": {
            "federation": {"client_id": FEDERATION_CLIENT, "client_secret": "federation-secret"},
            "provisioning": {"client_id": PROVISIONING_CLIENT, "client_secret": "provisioning-secret"},
        },
        "workflow_clients": {"office365mail": {"client_id": MAIL_CLIENT, "client_secret": "mail-secret"}},
    }


def _tenant() -> Doc:
    def client(id: str, name: str, secret: str, permissions: list[str] | str, **more: Any) -> Doc:
        return {"appId": id, "displayName": name, "secret": secret, "application_permissions": permissions, **more}

    federation = ["Domain.ReadWrite.All", "RoleManagement.ReadWrite.Directory"]
    return {
        "tenant": {"id": TENANT, "displayName": "Acme"},
        "signing_keys": [{"use": "active", "files": "certificates/entra-signing-a"}],
        "domains": [
            {"id": "acme.onmicrosoft.com", "isInitial": True, "isDefault": True},
            {"id": "acme.example"},
            {"id": "acme-labs.example"},
            {"id": "new.example", "isVerified": False},
        ],
        "skus": [{"skuPartNumber": "ENTERPRISEPACK", "enabled": 1}, {"skuPartNumber": "SPB", "enabled": 5},
                 {"skuPartNumber": "FLOW_FREE", "enabled": 9}],
        "users": [
            {
                "userPrincipalName": "admin@acme.onmicrosoft.com",
                "displayName": "Ada Min",
                "password": "Correct-Horse-1",
                "roles": ["Global Administrator"],
            }
        ],
        "applications": [
            client(LAB_APP, "Lab", "secret-of-the-lab", "all"),
            client(
                FEDERATION_CLIENT, "Okta Graph API Client - Federation", "federation-secret", federation,
                external=True, delegated=["User.Read"], redirectUris={"web": [_RETURN]},
            ),
            client(
                PROVISIONING_CLIENT, "Okta Microsoft Graph Client", "provisioning-secret", PROVISIONING,
                external=True, redirectUris={"web": [_RETURN]},
            ),
            client(
                MAIL_CLIENT, "Office 365 Mail for Okta Workflows", "mail-secret", [], external=True,
                delegated=["User.Read", "Mail.ReadWrite", "Mail.Send"],
                redirectUris={"web": [f"https://{HOST}/api/internal/v1/workflows/connections/callback"]},
            ),
        ],
    }  # fmt: skip


_RETURN = f"https://{HOST}/api/internal/v1/office365/consent/callback"


class Estate:
    """A world with an Office 365 app, and what its administrators do by hand, one method each."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.okta, self.entra = world.okta, world.entra
        self.app = self.okta.post(
            "/api/v1/apps",
            {
                "name": "office365", "label": "Microsoft Office 365", "signOnMode": "AUTO_LOGIN",
                "settings": {"app": {"domain": "acme.example", "msftTenant": "acme"}},
            },
        )["id"]  # fmt: skip

    def consent(self, kind: str) -> None:
        """The tenant's administrator signs in at Microsoft and accepts; the org takes the answer."""
        asked = self.okta.post(f"/api/internal/v1/apps/{self.app}/office365/consent", {"kind": kind})
        browser = self.world.browser
        browser.stop_at = lambda url: url.startswith(_RETURN)
        view = browser.get(asked["authorizeUrl"])
        for _ in range(4):
            if view.url.startswith(_RETURN):
                break
            form = view.forms[0]
            answers = {
                "login": "admin@acme.onmicrosoft.com",
                "loginfmt": "admin@acme.onmicrosoft.com",
                "passwd": "Correct-Horse-1",
            }
            view = browser.submit(form, {name: value for name, value in answers.items() if name in form.fields})
        query = view.url.partition("?")[2]
        self.okta.post(f"/api/v1/apps/office365/{self.app}/oauth2/callback?{query}")

    def federate(self, *names: str) -> Doc:
        """Switch to WS-Federation and choose domains; answers the settled operation."""
        self.consent("FEDERATION")
        whole = self.okta.get(f"/api/v1/apps/{self.app}")
        self.okta.put(f"/api/v1/apps/{self.app}", {**whole, "signOnMode": "SAML_1_1"})
        return self.choose(*names)

    def choose(self, *names: str) -> Doc:
        """Fetch and Select: federate these and no others."""
        return self.operation("PUT", "office365/domains", {"names": list(names)})

    def provision(self) -> None:
        """Consent, switch provisioning on, create, update and deactivate users, fetch the licences."""
        connection = f"/api/v1/apps/{self.app}/connections/default"
        self.okta.post(connection, {"profile": {"authScheme": "OAUTH2"}})
        self.consent("GRAPH")
        self.okta.post(connection + "/lifecycle/activate")
        on = {"status": "ENABLED"}
        capabilities = {"create": {"lifecycleCreate": on}, "update": {"profile": on, "lifecycleDeactivate": on}}
        self.okta.put(f"/api/v1/apps/{self.app}/features/USER_PROVISIONING", capabilities)
        self.operation("POST", "metadata/refresh")

    def change(self, *, mode: str | None = None, **settings: Any) -> Doc:
        """Save the app with other settings of settings.app, or another sign-on mode; answers the app."""
        whole = self.okta.get(f"/api/v1/apps/{self.app}")
        whole["settings"]["app"] |= settings
        found: Doc = self.okta.put(f"/api/v1/apps/{self.app}", {**whole, **({"signOnMode": mode} if mode else {})})
        self.world.sync()
        return found

    def capabilities(self, **update: Any) -> None:
        """Change the update part of the USER_PROVISIONING feature."""
        self.okta.put(f"/api/v1/apps/{self.app}/features/USER_PROVISIONING", {"update": update})

    def menu(self, action: str, days: int = 0) -> None:
        """Choose what happens to people who leave."""
        body = {"action": action, "gracePeriodDays": days}
        self.okta.put(f"/api/internal/v1/apps/{self.app}/office365/deprovisioning", body)

    def edit(self, login: str, **body: Any) -> Doc:
        """Edit an assignment with the pencil."""
        user = self.okta.get(f"/api/v1/users/{login}")
        found: Doc = self.okta.post(f"/api/v1/apps/{self.app}/users/{user['id']}", body)
        self.world.sync()
        return found

    def unassign(self, login: str) -> None:
        user = self.okta.get(f"/api/v1/users/{login}")
        self.okta.delete(f"/api/v1/apps/{self.app}/users/{user['id']}")
        self.world.sync()

    def profile(self, who: str, /, **profile: Any) -> None:
        """Change an Okta user's profile."""
        self.okta.post(f"/api/v1/users/{who}", {"profile": profile})
        self.world.sync()

    def map(self, **expressions: str | None) -> None:
        """Set (None: remove) expressions of the mapping to the app."""
        mappings = self.okta.get(f"/api/v1/mappings?targetId={self.app}")
        [id] = [item["id"] for item in mappings if item["target"]["id"] == self.app]
        properties = {
            name: None if text is None else {"expression": text, "pushStatus": "PUSH"}
            for name, text in expressions.items()
        }
        self.okta.post(f"/api/v1/mappings/{id}", {"properties": properties})

    def attribute(self, name: str, **item: Any) -> None:
        """Add a custom attribute to the app's profile."""
        found = {"title": name, "type": "string", "required": False, **item}
        body = {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {name: found}}}}
        self.okta.post(f"/api/v1/meta/schemas/apps/{self.app}/default", body)

    def group(self, name: str, *logins: str) -> str:
        """A new Okta group with members."""
        made = self.okta.post("/api/v1/groups", {"profile": {"name": name, "description": f"All of {name}"}})
        for login in logins:
            user = self.okta.get(f"/api/v1/users/{login}")
            self.okta.put(f"/api/v1/groups/{made['id']}/users/{user['id']}")
        return str(made["id"])

    def assign_group(self, id: str, **body: Any) -> None:
        self.okta.put(f"/api/v1/apps/{self.app}/groups/{id}", body)
        self.world.sync()

    def retry(self) -> None:
        """Retry every failed task of the app."""
        self.okta.post("/api/internal/v1/tasks/retry", {"appId": self.app})
        self.world.sync()

    def skus(self, upn: str) -> list[str]:
        """Part numbers that a Microsoft user holds."""
        found = self.entra.get(f"/users/{upn}/licenseDetails")["value"]
        return sorted(item["skuPartNumber"] for item in found)

    def roles(self, upn: str) -> list[str]:
        found = self.entra.get(f"/users/{upn}/memberOf")["value"]
        return sorted(item["displayName"] for item in found if item["@odata.type"].endswith("directoryRole"))

    def graph_calls(self, since: int = 0) -> list[tuple[str, str]]:
        """Method and path of what the connector sent to Graph after a number of the tape."""
        return [
            (hop.method, hop.url.partition("/v1.0")[2])
            for hop in self.world.tape
            if hop.n > since
            and hop.service == "graph"
            and "Okta-Office365" in dict(hop.request_headers).get("user-agent", "")
        ]

    def mark(self) -> int:
        """The tape's present end."""
        return self.world.tape[-1].n

    def bodies(self, since: int, method: str, end: str) -> list[Doc]:
        """JSON bodies that the connector sent to Graph paths with that end."""
        return [
            orjson.loads(hop.request_body)
            for hop in self.world.tape
            if hop.n > since and hop.service == "graph" and hop.method == method and hop.url.endswith(end)
            and "Okta-Office365" in dict(hop.request_headers).get("user-agent", "")
        ]  # fmt: skip

    def ropc(self, login: str, password: str) -> Doc:
        """A sign-in by name and password at Microsoft: the token answer, or the error's."""
        form = {
            "grant_type": "password", "client_id": "1b730954-1685-4b74-9bfd-dac224a7b894", "username": login,
            "password": password, "scope": "https://graph.microsoft.com/.default",
        }  # fmt: skip
        url = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
        answer = Http(self.world.transport).request("POST", url, form=form)
        found: Doc = orjson.loads(answer.body)
        return found

    def operation(self, method: str, path: str, body: Doc | None = None) -> Doc:
        """Ask for connector work, let it run, and answer the operation."""
        asked = self.okta.ask(method, f"/api/internal/v1/apps/{self.app}/{path}", body)
        self.world.sync()
        found: Doc = self.okta.get(f"/api/internal/v1/operations/{asked['id']}")
        return found

    def assign(self, login: str, **profile: Any) -> Doc:
        user = self.okta.get(f"/api/v1/users/{login}")
        found: Doc = self.okta.post(
            f"/api/v1/apps/{self.app}/users", {"id": user["id"], "scope": "USER", "profile": profile}
        )
        return found

    def app_user(self, login: str) -> Doc:
        user = self.okta.get(f"/api/v1/users/{login}")
        found: Doc = self.okta.get(f"/api/v1/apps/{self.app}/users/{user['id']}")
        return found

    def microsoft(self, upn: str) -> Doc:
        select = (
            "id,accountEnabled,userPrincipalName,displayName,surname,onPremisesImmutableId,usageLocation,"
            "assignedLicenses,licenseAssignmentStates"
        )
        found: Doc = self.entra.get(f"/users/{upn}?$select={select}")
        return found

    def events(self, prefix: str = "app") -> list[tuple[str, str]]:
        """The org's log rows of connector events, oldest first."""
        rows = self.okta.get("/api/v1/logs?limit=1000")
        told = ("application.provision", "app.office365")
        return [
            (row["eventType"], row["outcome"]["result"])
            for row in rows
            if row["eventType"].startswith(told) and row["eventType"].startswith(prefix)
        ]

    def audits(self) -> list[str]:
        """The tenant's directory audit activities."""
        return [row["activityDisplayName"] for row in self.entra.get("/auditLogs/directoryAudits")["value"]]

    def tasks(self) -> list[Doc]:
        found: list[Doc] = self.okta.get("/api/internal/v1/tasks")
        return found
