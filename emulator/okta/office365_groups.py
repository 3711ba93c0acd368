"""Active Directory groups under Universal Sync: they go to the tenant as they are, with the members who have accounts.

Source: seed-catalogue.md 1.2 and A.0 (security groups only under Universal Sync). When they go is inferred: after an
import from Active Directory, a Force Sync, a change to the type, and when somebody has an account.
# Differs: contacts, distribution lists and resource mailboxes are not sent; the org imports none.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import job_queue, office365, provisioning
from emulator.okta.app_kinds import APP_USERS, APPS
from emulator.okta.directory_users import ad_instances
from emulator.okta.office365_attributes import UNIVERSAL_SYNC

KIND = "group.sync"


def settle(call: Call, app: Doc) -> None:
    """Ask the connector to bring the tenant's copies of the groups in line, where the app sends any."""
    if not sends(app) or not ad_instances(call.store):
        return
    subject = {"appId": app["id"], "groupId": None, "displayName": "Active Directory groups"}
    job_queue.enqueue(call, KIND, key=f"adgroups:{app['id']}", subject=subject, desired={}, app=app)


def settle_all(call: Call) -> None:
    """The same for every app."""
    for app in call.store.find_all(APPS, "name", "office365"):
        settle(call, app)


def sends(app: Doc) -> bool:
    """Whether the app sends groups of Active Directory."""
    kind = office365.provisioning_type(app)
    return kind == UNIVERSAL_SYNC and provisioning.provisions(app) and bool((app.get("_sync") or {}).get("login"))


def desired(store: Any, app: Doc) -> Doc:
    """`{groups: [{anchor, displayName, description, members: [anchors]}]}`; made when the job is leased."""
    from emulator.okta import import_groups
    from emulator.okta.resources import groups

    found = []
    for instance in ad_instances(store):
        for group in import_groups.imported(store, instance["id"]):
            ids = [f"{app['id']}.{user_id}" for user_id in groups.member_ids(store, group["id"])]
            rows = [row for row in store.get_many(APP_USERS, ids) if row["externalId"]]
            anchors = sorted({str(row["profile"]["immutableId"]) for row in rows if row["profile"].get("immutableId")})
            found.append({
                "anchor": group["_externalId"], "displayName": group["profile"]["name"],
                "description": group["profile"].get("description"), "members": anchors,
            })  # fmt: skip
    return {"groups": found}
