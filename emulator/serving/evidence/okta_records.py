"""What Okta says in JSON, as evidence: events, errors, tasks, and the objects that decide a push or a sign-in."""

from emulator.kernel.doc import Doc
from emulator.serving.evidence.fields import instant, items, mapping, text
from emulator.serving.evidence.immutable import describe, form_of
from emulator.serving.evidence.model import Piece, cut
from emulator.serving.evidence.texts import note_text


def event(doc: Doc, where: str) -> Piece:
    """A System Log event."""
    outcome, debug = mapping(doc.get("outcome")), mapping(mapping(doc.get("debugContext")).get("debugData"))
    targets, actor, client = items(doc.get("target")), mapping(doc.get("actor")), mapping(doc.get("client"))
    agent = text(mapping(client.get("userAgent")).get("rawUserAgent"))
    reason = text(outcome.get("reason"))
    rule = next((text(each.get("displayName")) for each in targets if "Rule" in text(each.get("type"))), "")
    app = next((text(each.get("displayName")) for each in targets if each.get("type") == "AppInstance"), "")
    piece = Piece("Okta System Log event", where, {
        "eventType": doc.get("eventType"), "result": outcome.get("result"), "reason": cut(reason) or None,
        "message": doc.get("displayMessage"), "published": doc.get("published"), "actor": actor.get("alternateId"),
        "targets": [f"{each.get('type')}: {each.get('displayName')}" for each in targets], "userAgent": agent or None,
        "requestUri": debug.get("requestUri"), "ip": client.get("ipAddress"),
    }, at_ms=instant(doc.get("published")))  # fmt: skip
    rule = rule or text(debug.get("rule"))
    for name, value in {
        "okta.event": doc.get("eventType"), "okta.result": outcome.get("result"), "okta.rule": rule or None,
        "okta.app": app or None, "okta.uri": debug.get("requestUri"), "okta.agent": agent or None,
        "okta.client_type": debug.get("clientType"), "okta.actor": actor.get("alternateId"),
        "okta.session": mapping(doc.get("authenticationContext")).get("externalSessionId"),
        "okta.factor": debug.get("factor"), "okta.ip": client.get("ipAddress"),
    }.items():  # fmt: skip
        piece.add(name, value)
    texts = [reason, text(doc.get("displayMessage")), text(debug.get("errorMessage")), text(debug.get("error"))]
    note_text(piece, " | ".join(text for text in texts if text))
    _changes(piece, debug, targets)
    return piece


def _changes(piece: Piece, debug: Doc, targets: list[Doc]) -> None:
    """What an update changed, where the event says so: an immutable id going from a value to nothing is a clue."""
    shown = [mapping(each.get("changeDetails") or each.get("detailEntry")) for each in targets]
    for each in [*shown, debug]:
        before, after = mapping(each.get("from")), mapping(each.get("to"))
        if "immutableId" in before or "immutableId" in after:
            piece.shown["immutableIdChange"] = {"from": before.get("immutableId"), "to": after.get("immutableId")}
            if before.get("immutableId") and not after.get("immutableId"):
                piece.add("appuser.immutable_id_lost", "yes")


def okta_error(doc: Doc, where: str) -> Piece:
    """An error of the org's API."""
    causes = [text(each.get("errorSummary")) for each in items(doc.get("errorCauses"))]
    piece = Piece("Okta API error", where, {"errorCode": doc["errorCode"], "errorSummary": doc["errorSummary"],
                                            "errorCauses": causes, "errorId": doc.get("errorId")})  # fmt: skip
    piece.add("okta.error", doc["errorCode"])
    note_text(piece, " | ".join([text(doc["errorSummary"]), *causes]))
    return piece


def task(doc: Doc, where: str) -> Piece:
    """A task of the dashboard."""
    piece = Piece(
        "Okta task",
        where,
        {name: doc.get(name) for name in ("type", "status", "message", "errorCode", "created")},
        at_ms=instant(doc.get("lastUpdated") or doc.get("created")),
    )
    piece.add("task.type", doc.get("type"))
    piece.add("task.code", doc.get("errorCode"))
    note_text(piece, text(doc.get("message")))
    return piece


def app_user(doc: Doc, where: str) -> Piece:
    """A person's assignment to an app."""
    profile, credentials = mapping(doc.get("profile")), mapping(doc.get("credentials"))
    immutable = profile.get("immutableId") if "immutableId" in profile else None
    piece = Piece("Okta app user (assignment)", where, {
        "userName": credentials.get("userName"), "immutableId": describe(text(immutable)),
        "externalId": doc.get("externalId"), "status": doc.get("status"), "syncState": doc.get("syncState"),
        "licenses": profile.get("licenses"),
    })  # fmt: skip
    piece.config["app_user"] = {"userName": credentials.get("userName"), "immutableId": text(immutable),
                                "externalId": doc.get("externalId"), "id": doc.get("id")}  # fmt: skip
    for name, value in {
        "appuser.user_name": credentials.get("userName"), "appuser.immutable_id": text(immutable),
        "appuser.immutable_id_form": form_of(text(immutable)), "appuser.external_id": doc.get("externalId") or "",
        "appuser.status": doc.get("status"), "appuser.sync_state": doc.get("syncState"),
    }.items():  # fmt: skip
        piece.add(name, value)
    if "licenses" in profile:
        piece.add("appuser.licences", len(profile["licenses"] or ()))
    note_text(
        piece,
        " | ".join(
            text(each) for each in (doc.get("lastSyncError"), mapping(doc.get("_error")).get("message")) if each
        ),
    )
    return piece


def app(doc: Doc, where: str) -> Piece:
    """An app instance."""
    settings = mapping(mapping(doc.get("settings")).get("app"))
    keep = ("wsFedConfigureType", "domain", "msftTenant", "windowsTransportEnabled", "office365ProvisioningType")
    piece = Piece(
        "Okta app",
        where,
        {
            "name": doc.get("name"),
            "label": doc.get("label"),
            "status": doc.get("status"),
            "signOnMode": doc.get("signOnMode"),
            **{name: settings.get(name) for name in keep},
        },
    )
    for name, value in {
        "app.name": doc.get("name"), "app.mode": doc.get("signOnMode"), "app.wsfed": settings.get("wsFedConfigureType"),
        "app.provisioning": settings.get("office365ProvisioningType"), "app.tenant": settings.get("msftTenant"),
        "app.windows_transport": settings.get("windowsTransportEnabled"),
    }.items():  # fmt: skip
        piece.add(name, value)
    return piece


def profile_mapping(doc: Doc, where: str) -> Piece:
    """A profile mapping."""
    rules = {name: text(mapping(rule).get("expression")) for name, rule in mapping(doc["properties"]).items()}
    piece = Piece("Okta profile mapping", where, {"properties": rules})
    for name, expression in rules.items():
        piece.add(f"mapping.{name}", expression)
    note_text(piece, " | ".join(f"{name}: {expression}" for name, expression in rules.items()))
    return piece
