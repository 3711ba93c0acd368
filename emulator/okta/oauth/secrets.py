"""Client secrets: `_clientSecret` of an app is the one it shows; `_secrets` are all of them, once there are several.

Source: okta-admin-api.md appendix A (credentials/secrets). At most two at a time (documented for Okta's clients).
"""

import hashlib

from emulator.kernel.doc import Doc
from emulator.kernel.ids import base62

MOST = 2


def secrets_of(app: Doc) -> list[Doc]:
    """Every secret of an app, oldest first. The first one an app gets has no row of its own yet."""
    shown = app.get("_clientSecret")
    if not shown:
        return []
    rows = [dict(row) for row in app.get("_secrets", ())]
    if any(row["client_secret"] == shown for row in rows):
        return rows
    # A secret that a PUT of the app has set takes the place of the one it had set before.
    rows = [row for row in rows if not row.get("_ofApp")]
    at = app["lastUpdated"] if app.get("_secrets") else app["created"]
    first = {
        "id": "ocs" + base62(hashlib.sha256(f"{app['id']}/{shown}".encode()).digest(), 14) + app["id"][-3:],
        "created": at, "lastUpdated": at, "secret_hash": secret_hash(shown), "client_secret": shown,
        "status": "ACTIVE", "_ofApp": True,
    }  # fmt: skip
    return [first, *rows]


def live_secrets(app: Doc) -> list[str]:
    """The secrets that prove the client."""
    return [row["client_secret"] for row in secrets_of(app) if row["status"] == "ACTIVE"]


def keep(app: Doc, rows: list[Doc]) -> None:
    """Give an app its secrets; it shows the newest active one."""
    app["_secrets"] = rows
    live = [row for row in rows if row["status"] == "ACTIVE"]
    app["_clientSecret"] = (live or rows)[-1]["client_secret"]


def secret_hash(secret: str) -> str:
    """How the list of secrets names one without showing it."""
    return hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
