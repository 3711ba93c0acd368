"""Office 365 apps for the tests of this room: as requests, as seeds, and the connector's side of the job port."""

from contextlib import contextmanager
from typing import Any

import orjson

from emulator import World
from emulator.kernel.doc import Doc
from tests.okta import worlds

APP_ID, KEY = "0oaoffice3650000x7ab", "exkoffice3650000x7ab"
APP = f"/api/v1/apps/{APP_ID}"
INTERNAL = f"/api/internal/v1/apps/{APP_ID}"
CLIENTS = {
    "federation": {"client_id": "11111111-0000-4000-8000-000000000001", "client_secret": "federation-secret"},
    "provisioning": {"client_id": "11111111-0000-4000-8000-000000000002", "client_secret": "provisioning-secret"},
}
CONSENT_TEXT = "In order to continue using WS-FED Auto for SSO, you must grant admin consent."


def request(**more: Any) -> Doc:
    """The recorded request that adds an office365 app (okta-admin-api.md 6.1)."""
    body: Doc = {
        "name": "office365", "label": "Microsoft Office 365", "signOnMode": "AUTO_LOGIN",
        "credentials": {"userName": "", "userNameTemplate": {"template": "user.login", "type": "CUSTOM"}},
        "accessibility": {"selfService": False},
        "settings": {
            "app": {
                "domain": "acme.example", "domains": [], "msftTenant": "acme", "requireAdminConsent": False,
                "windowsTransportEnabled": False, "wsFedConfigureType": "AUTO",
            },
            "notes": {"admin": None, "enduser": None},
        },
    }  # fmt: skip
    return body | more


def seeded(**more: Any) -> Doc:
    """An app that federates and provisions."""
    app: Doc = {
        "id": APP_ID, "key": KEY, "name": "office365", "label": "Microsoft Office 365", "signOnMode": "SAML_1_1",
        "settings": {"app": {
            "msftTenant": "acme", "domain": "acme.example",
            "domains": [{"name": "acme.example", "federated": True, "isDefault": False}],
        }},
        "consent": {"federation": True, "provisioning": True},
        "provisioning": {"type": "PROFILE_SYNC", "create": True, "update": True, "deactivate": True},
        "signing_key": "certificates/okta-acme-saml",
    }  # fmt: skip
    return app | more


@contextmanager
def made(*, org: Doc | None = None, **app: Any):
    """A world with the app above; `app` changes its spec, `org` the org's."""
    with worlds.world(apps=[seeded(**app)], microsoft_clients=CLIENTS, **(org or {})) as world:
        yield world
        assert world.engine.crashes == [], world.engine.crashes[-1]


def answer(world: World, path: str, body: Doc) -> tuple[int, Doc]:
    """One call of the job port, as status and body."""
    headers = {"authorization": f"Bearer {worlds.AGENT}"}
    got = world.okta.call("POST", f"/_lab/agent/jobs{path}", body, headers=headers)
    return got.status, orjson.loads(got.body)


def lease(world: World, **body: Any) -> list[Doc]:
    status, found = answer(world, "/lease", body)
    assert status == 200
    return found["jobs"]


def ack(world: World, job: Doc, outcome: str = "done", **report: Any) -> None:
    status, body = answer(world, f"/{job['id']}/ack", {"lease": job["lease"]["token"], "outcome": outcome, **report})
    assert (status, body) == (200, {}), body


def work(world: World, *, external_id: str | None = None) -> list[Doc]:
    """Lease and finish every due job; users get `external_id`, or one of their own."""
    done: list[Doc] = []
    while jobs := lease(world):
        for job in jobs:
            given = external_id or f"ms-{job['subject'].get('userName')}"
            ack(world, job, app_user={"externalId": given} if job["kind"] == "user.push" else None)
            done.append(job)
    return done


def assign(world: World, user_id: str, **more: Any) -> Doc:
    found: Doc = world.okta.post(f"{APP}/users", {"id": user_id, "scope": "USER", **more})
    return found


def app_user(world: World, user_id: str) -> Doc:
    found: Doc = world.okta.get(f"{APP}/users/{user_id}")
    return found


def to_app(world: World) -> str:
    """The path of the mapping from Okta users to the app's."""
    [item] = world.okta.get(f"/api/v1/mappings?targetId={APP_ID}")
    return f"/api/v1/mappings/{item['id']}"
