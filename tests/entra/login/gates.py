"""Worlds with policies, and the pages between a sign-in and the application."""

import re
from typing import Any

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.browser import Browser, View
from tests.entra.login.worlds import spec

LAB = "https://graph.microsoft.com/_lab/microsoft"
HOUR = 3_600_000


def policy(
    name: str = "MFA for all", *, grants: Doc | None = None, session: Doc | None = None, **conditions: Any
) -> Doc:
    """An enabled Conditional Access policy for everybody and everything, unless conditions say less."""
    state = conditions.pop("state", "enabled")
    return {
        "displayName": name, "state": state,
        "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                       "clientAppTypes": ["all"], **conditions},
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]} if grants is None and session is None else grants,
        "sessionControls": session,
    }  # fmt: skip


def built(*controls: str, operator: str = "OR") -> Doc:
    return {"operator": operator, "builtInControls": list(controls)}


def with_tenant(policies: tuple[Doc, ...] = (), *, federation: Doc | None = None, **more: Any) -> Doc:
    """The world file of these tests; `more` are keys of the tenant's part."""
    made = spec(**more.pop("settings", {}))
    tenant = made["parties"]["entra:acme"]
    tenant["conditional_access"] = list(policies)
    tenant["domains"][1]["federation"].update(federation or {})
    people: Doc = more.pop("people", {})
    for user in tenant["users"]:
        user.update(people.get(user["userPrincipalName"], {}))
    tenant.update(more)
    return made


def settings(world: World, **changes: Any) -> Doc:
    return dict(world.entra.patch(f"{LAB}/settings", changes))


def outbox(world: World) -> list[Doc]:
    return list(world.entra.get(f"{LAB}/outbox")["messages"])


def number_on(view: View) -> int:
    """The number that a push page shows."""
    found = re.search(rb'class="number">(\d+)<', view.answer.body)
    assert found, view.text
    return int(found[1])


def approve(world: World, browser: Browser, view: View) -> View:
    """Type the number of the page into the phone, and go on."""
    world.entra.post(f"{LAB}/outbox/{outbox(world)[-1]['id']}/answer", {"number": number_on(view)})
    return browser.submit(view.forms[0])


def title(view: View) -> str:
    found = re.search(rb"<title>([^<]*)</title>", view.answer.body)
    return found[1].decode() if found else ""
