"""Universal logout: a person's sessions end here, and at the apps that take part.

Source: seed-catalogue.md 1.4: for Office 365 it is partial: refresh tokens end, access tokens live until they expire.
It begins by hand, or where an entity risk policy's rule says TERMINATE_ALL_SESSIONS.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.okta import job_queue, policy_walk, provisioning
from emulator.okta.app_kinds import APP_USERS, APPS, POLICIES
from emulator.okta.apps_catalog import TYPES
from emulator.okta.events import app_target, app_user_target, client_address, emit, user_target
from emulator.okta.policy_types import ENTITY_RISK
from emulator.okta.rule_subject import subject_of

KIND = "user.logout"
SCHEDULED = "user.authentication.universal_logout.scheduled"
EMITS = ("user.session.clear", SCHEDULED)
_TERMINATE = "TERMINATE_ALL_SESSIONS"


def run(call: Call, user: Doc) -> list[Doc]:
    """End a person's sessions and tokens; answers the apps that are told."""
    from emulator.okta.resources import sessions, user_sessions

    sessions.clear(call, user, always=True)
    user_sessions.drop_refresh_tokens(call, user["id"])
    told = []
    for row in call.store.find_all(APP_USERS, "userId", user["id"]):
        app = call.store.get(APPS, row["appId"])
        if not takes_part(app):
            continue
        job_queue.enqueue(
            call, KIND, key=f"logout:{row['id']}", subject=provisioning.subject(row, user), app=app,
            desired={"validFrom": iso(call.now)},
        )  # fmt: skip
        emit(call, SCHEDULED, [user_target(user), app_user_target(row, user), app_target(app)])
        told.append(app)
    return told


def takes_part(app: Doc) -> bool:
    """Whether the app is told: its universal logout is enabled, and its connection provisions."""
    on = (app.get("universalLogout") or {}).get("status") == "ENABLED"
    return on and app["status"] == "ACTIVE" and bool(app["features"]) and TYPES[app["name"]].provisioning


def risk_changed(call: Call, user: Doc) -> None:
    """A person's risk is another one: the entity risk policy's first rule that fits decides what follows."""
    subject = subject_of(call.store, user, client_address(call), call.exchange.headers.get("user-agent", ""), "browser")
    policies = [policy for policy in call.store.find_all(POLICIES, "type", ENTITY_RISK)
                if policy["status"] == "ACTIVE"]  # fmt: skip
    rule = policy_walk.walk(call.store, policies, subject).rule
    actions = ((rule or {}).get("actions") or {}).get("entityRisk") or {}
    if any(item.get("action") == _TERMINATE for item in actions.get("actions") or ()):
        run(call, user)
