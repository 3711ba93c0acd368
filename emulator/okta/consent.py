"""Consent of a Microsoft tenant's administrator to Okta's two clients, as the org sees it.

Source: okta-admin-api.md 8.2, 8.3.

The consent link is Microsoft's admin-consent page. What comes back (a code, or admin_consent=True and the tenant) is
taken as said: the org does not ask Microsoft. Whether the consent is real shows at the next token, as in life, where a
service principal that was removed behind Okta's back leaves the org believing in it.
"""

from urllib.parse import urlencode

from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import job_queue, office365
from emulator.okta.app_kinds import APPS, CONSENTS
from emulator.okta.events import app_target, emit
from emulator.okta.problems import invalid

LIFE = HOUR
_CLIENTS = {office365.FEDERATION: "federation", office365.GRAPH: "provisioning"}
KINDS = tuple(_CLIENTS)


def begin(call: Call, app: Doc, kind: str) -> Doc:
    """A consent that waits for the administrator: `{authorizeUrl, state}`; one at a time of a kind."""
    for old in call.store.find_all(CONSENTS, "appId", app["id"]):
        if old["kind"] == kind:
            call.store.drop(CONSENTS, old["id"])
    state = call.ids.secret("consent", 24)
    call.store.add(CONSENTS, {"id": state, "appId": app["id"], "kind": kind, "expiresAt": iso(call.now + LIFE)})
    query = {
        "client_id": job_queue.client(call.store, _CLIENTS[kind])["client_id"], "state": state,
        "redirect_uri": f"https://{call.info['host']}{office365.CONSENT_RETURN}",
    }  # fmt: skip
    url = f"https://{office365.login_host(app)}/{office365.tenant_domain(app)}/adminconsent?{urlencode(query)}"
    return {"authorizeUrl": url, "state": state}


def finish(call: Call, app: Doc, values: dict[str, str]) -> None:
    """Take what Microsoft sent back. Raises E0000001 for an unknown state, or where the administrator declined."""
    state = values.get("state", "")
    waiting = call.store.get(CONSENTS, state) if state else None
    if waiting is None or waiting["appId"] != app["id"] or waiting["expiresAt"] <= iso(call.now):
        compared = (Compared("state", state, "query"), Compared("app", app["id"], "request path"))
        why = Why("No consent of this app waits under that state; it may be spent or have expired.", compared)
        raise invalid("state", "state: The consent request is unknown or has expired", why=why)
    agreed = values.get("code") or values.get("admin_consent", "").casefold() == "true"
    if values.get("error") or not agreed:
        sent = tuple(Compared(name, values.get(name), "query") for name in ("error", "admin_consent", "code"))
        why = Why("Microsoft did not report a consent.", sent)
        raise invalid("consent", values.get("error_description") or "Admin consent was not granted.", why=why)
    call.store.drop(CONSENTS, state)
    app.setdefault("_consent", {})[waiting["kind"]] = {"tenant": values.get("tenant"), "at": iso(call.now)}
    call.store.put(APPS, app)
    emit(call, "app.oauth2.admin.consent.grant", [app_target(app)], debug={"kind": waiting["kind"]})
