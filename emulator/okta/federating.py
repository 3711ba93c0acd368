"""Automatic WS-Federation: which domains an Office 365 app federates, as jobs.

Source: okta-admin-api.md 6.2, 19; seed-catalogue.md 1.1.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import job_queue, office365, office365_types
from emulator.okta.app_kinds import APPS


def configuration(call: Call, app: Doc, domain: str) -> Doc:
    """The federation settings of a domain as Microsoft Graph takes them."""
    from emulator.okta.mfa import claims
    from emulator.okta.resources import apps

    urls = office365.endpoints(call.info["host"], app)
    return {
        "displayName": app["label"], "issuerUri": office365.issuer_of_domain(app, domain),
        "passiveSignInUri": urls["passive"], "activeSignInUri": urls["active"], "metadataExchangeUri": urls["mex"],
        "signOutUri": urls["signout"], "signingCertificate": apps.signing_key(call.store, app).certificate_b64,
        "preferredAuthenticationProtocol": "wsFed", **apps.next_key(call.store, app),
        # Inferred: what Okta writes when its MFA is switched on for Microsoft; otherwise it leaves the value alone.
        **({"federatedIdpMfaBehavior": "enforceMfaByFederatedIdp"} if claims.flags(app)["supportsMfa"] else {}),
    }  # fmt: skip


def federate(call: Call, app: Doc, domain: str, *, operation_id: str | None = None) -> None:
    """Ask the connector to point a domain of the tenant at this app."""
    _ask(call, "domain.federate", app, domain, operation_id, configuration=configuration(call, app, domain))


def unfederate(call: Call, app: Doc, domain: str, *, operation_id: str | None = None) -> None:
    """Ask the connector to make a domain Managed again."""
    issuer = office365.issuer_of_domain(app, domain)
    _ask(call, "domain.unfederate", app, domain, operation_id, issuerUri=issuer)


def _ask(call: Call, kind: str, app: Doc, domain: str, operation_id: str | None, **desired: Any) -> None:
    job_queue.enqueue(
        call, kind, key=f"domain:{app['id']}:{domain}", subject={"appId": app["id"], "operationId": operation_id},
        desired={"domain": domain, **desired}, app=app, operation_id=operation_id,
    )  # fmt: skip


def mode_changed(call: Call, before: Doc, app: Doc) -> None:
    """Leaving WS-Federation de-federates the domains of an automatic app; coming back federates those chosen before."""
    if not office365.is_office365(app):
        return
    office365_types.changed(call, before, app)
    was, now = _automatic(before), _automatic(app)
    if was and now and before["credentials"]["signing"] != app["credentials"]["signing"]:
        key_changed(call, app)
    if was and not now and before["signOnMode"] != app["signOnMode"]:
        for name in office365.federated_domains(before):
            unfederate(call, before, name)
    if now and not was:
        for item in app["settings"]["app"]["domains"]:
            if not item.get("federated"):
                federate(call, app, item["name"])


def key_changed(call: Call, app: Doc) -> None:
    """An automatic app has a further key, or signs with another one: its domains are told, so that nobody notices."""
    if office365.is_office365(app) and _automatic(app):
        for name in office365.federated_domains(app):
            federate(call, app, name)


def app_gone(call: Call, app: Doc) -> None:
    """Deleting an automatic app takes its federation with it; a manual one stays federated."""
    if office365.is_office365(app) and _automatic(app):
        for name in office365.federated_domains(app):
            unfederate(call, app, name)


def _automatic(app: Doc) -> bool:
    return app["signOnMode"] == "SAML_1_1" and office365.automatic(app)


def settled(call: Call, app_id: str, domain: str, *, federated: bool) -> None:
    """Record in `settings.app.domains` what the connector has done."""
    app = call.store.get(APPS, app_id)
    if app is None:
        return
    domains = app["settings"]["app"]["domains"]
    found = next((item for item in domains if item["name"].casefold() == domain.casefold()), None)
    if found is None:
        found = {"name": domain, "federated": federated, "isDefault": False}
        domains.append(found)
    found["federated"] = federated
    call.store.put(APPS, app)


def forgotten(call: Call, app_id: str, domain: str) -> None:
    """A domain that the administrator took off the list leaves it when it is Managed again."""
    app = call.store.get(APPS, app_id)
    if app is not None:
        kept = [item for item in app["settings"]["app"]["domains"] if item["name"].casefold() != domain.casefold()]
        app["settings"]["app"]["domains"] = kept
        call.store.put(APPS, app)
