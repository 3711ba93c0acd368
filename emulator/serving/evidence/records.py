"""JSON documents as evidence: log rows of both sides, errors, and the objects that decide a sign-in or a push."""

from collections.abc import Callable
from typing import Any

from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.serving.evidence.immutable import describe, form_of
from emulator.serving.evidence.model import Piece, cut
from emulator.serving.evidence.texts import explained, note_text

Reader = Callable[[Doc, str], Piece]


def record_piece(doc: Doc, where: str) -> Piece | None:
    """The piece that a JSON object is; None when it is nothing that we know."""
    for wanted, reader in _READERS:
        if wanted(doc):
            return reader(doc, where)
    return None


def _has(*names: str) -> Callable[[Doc], bool]:
    return lambda doc: all(name in doc for name in names)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> Doc:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Doc]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _instant(value: Any) -> int | None:
    try:
        return parse_iso(value) if isinstance(value, str) and value else None
    except ValueError:
        return None


# -- Okta ---------------------------------------------------------------------------------------------------------


def _event(doc: Doc, where: str) -> Piece:
    outcome, debug = _dict(doc.get("outcome")), _dict(_dict(doc.get("debugContext")).get("debugData"))
    targets, actor, client = _list(doc.get("target")), _dict(doc.get("actor")), _dict(doc.get("client"))
    agent = _text(_dict(client.get("userAgent")).get("rawUserAgent"))
    reason = _text(outcome.get("reason"))
    rule = next((_text(each.get("displayName")) for each in targets if "Rule" in _text(each.get("type"))), "")
    app = next((_text(each.get("displayName")) for each in targets if each.get("type") == "AppInstance"), "")
    piece = Piece("Okta System Log event", where, {
        "eventType": doc.get("eventType"), "result": outcome.get("result"), "reason": cut(reason) or None,
        "message": doc.get("displayMessage"), "published": doc.get("published"), "actor": actor.get("alternateId"),
        "targets": [f"{each.get('type')}: {each.get('displayName')}" for each in targets], "userAgent": agent or None,
        "requestUri": debug.get("requestUri"), "ip": client.get("ipAddress"),
    }, at_ms=_instant(doc.get("published")))  # fmt: skip
    rule = rule or _text(debug.get("rule"))
    for name, value in {
        "okta.event": doc.get("eventType"), "okta.result": outcome.get("result"), "okta.rule": rule or None,
        "okta.app": app or None, "okta.uri": debug.get("requestUri"), "okta.agent": agent or None,
        "okta.client_type": debug.get("clientType"), "okta.actor": actor.get("alternateId"),
        "okta.session": _dict(doc.get("authenticationContext")).get("externalSessionId"),
        "okta.factor": debug.get("factor"), "okta.ip": client.get("ipAddress"),
    }.items():  # fmt: skip
        piece.add(name, value)
    texts = [reason, _text(doc.get("displayMessage")), _text(debug.get("errorMessage")), _text(debug.get("error"))]
    note_text(piece, " | ".join(text for text in texts if text))
    _changes(piece, debug, targets)
    return piece


def _changes(piece: Piece, debug: Doc, targets: list[Doc]) -> None:
    """What an update changed, where the event says so: an immutable id going from a value to nothing is a clue."""
    shown = [_dict(each.get("changeDetails") or each.get("detailEntry")) for each in targets]
    for each in [*shown, debug]:
        before, after = _dict(each.get("from")), _dict(each.get("to"))
        if "immutableId" in before or "immutableId" in after:
            piece.shown["immutableIdChange"] = {"from": before.get("immutableId"), "to": after.get("immutableId")}
            if before.get("immutableId") and not after.get("immutableId"):
                piece.add("appuser.immutable_id_lost", "yes")


def _okta_error(doc: Doc, where: str) -> Piece:
    causes = [_text(each.get("errorSummary")) for each in _list(doc.get("errorCauses"))]
    piece = Piece("Okta API error", where, {"errorCode": doc["errorCode"], "errorSummary": doc["errorSummary"],
                                            "errorCauses": causes, "errorId": doc.get("errorId")})  # fmt: skip
    piece.add("okta.error", doc["errorCode"])
    note_text(piece, " | ".join([_text(doc["errorSummary"]), *causes]))
    return piece


def _task(doc: Doc, where: str) -> Piece:
    piece = Piece(
        "Okta task",
        where,
        {name: doc.get(name) for name in ("type", "status", "message", "errorCode", "created")},
        at_ms=_instant(doc.get("lastUpdated") or doc.get("created")),
    )
    piece.add("task.type", doc.get("type"))
    piece.add("task.code", doc.get("errorCode"))
    note_text(piece, _text(doc.get("message")))
    return piece


def _app_user(doc: Doc, where: str) -> Piece:
    profile, credentials = _dict(doc.get("profile")), _dict(doc.get("credentials"))
    immutable = profile.get("immutableId") if "immutableId" in profile else None
    piece = Piece("Okta app user (assignment)", where, {
        "userName": credentials.get("userName"), "immutableId": describe(_text(immutable)),
        "externalId": doc.get("externalId"), "status": doc.get("status"), "syncState": doc.get("syncState"),
        "licenses": profile.get("licenses"),
    })  # fmt: skip
    piece.config["app_user"] = {"userName": credentials.get("userName"), "immutableId": _text(immutable),
                                "externalId": doc.get("externalId"), "id": doc.get("id")}  # fmt: skip
    for name, value in {
        "appuser.user_name": credentials.get("userName"), "appuser.immutable_id": _text(immutable),
        "appuser.immutable_id_form": form_of(_text(immutable)), "appuser.external_id": doc.get("externalId") or "",
        "appuser.status": doc.get("status"), "appuser.sync_state": doc.get("syncState"),
    }.items():  # fmt: skip
        piece.add(name, value)
    if "licenses" in profile:
        piece.add("appuser.licences", len(profile["licenses"] or ()))
    note_text(
        piece,
        " | ".join(_text(each) for each in (doc.get("lastSyncError"), _dict(doc.get("_error")).get("message")) if each),
    )
    return piece


def _app(doc: Doc, where: str) -> Piece:
    settings = _dict(_dict(doc.get("settings")).get("app"))
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


def _mapping(doc: Doc, where: str) -> Piece:
    rules = {name: _text(_dict(rule).get("expression")) for name, rule in _dict(doc["properties"]).items()}
    piece = Piece("Okta profile mapping", where, {"properties": rules})
    for name, expression in rules.items():
        piece.add(f"mapping.{name}", expression)
    note_text(piece, " | ".join(f"{name}: {expression}" for name, expression in rules.items()))
    return piece


# -- Microsoft ------------------------------------------------------------------------------------------------------


def _graph_error(doc: Doc, where: str) -> Piece:
    error = doc["error"]
    inner = _dict(error.get("innerError"))
    piece = Piece("Graph error", where, {"code": error.get("code"), "message": cut(_text(error.get("message"))),
                                         "requestId": inner.get("request-id"), "date": inner.get("date")},
                  at_ms=_instant(inner.get("date")))  # fmt: skip
    piece.add("graph.code", error.get("code"))
    note_text(piece, _text(error.get("message")))
    return piece


def _oauth_error(doc: Doc, where: str) -> Piece:
    piece = Piece("token endpoint error", where, {
        "error": doc["error"], "suberror": doc.get("suberror"), "description": cut(_text(doc.get("error_description"))),
        "traceId": doc.get("trace_id"), "correlationId": doc.get("correlation_id"),
    }, at_ms=_instant(_text(doc.get("timestamp")).replace(" ", "T").rstrip("Z") or None))  # fmt: skip
    piece.add("oauth.error", doc["error"])
    piece.add("oauth.suberror", doc.get("suberror"))
    note_text(piece, _text(doc.get("error_description")))
    known = {fact.value for fact in piece.facts if fact.name == "aadsts"}
    codes = doc.get("error_codes")
    for code in codes if isinstance(codes, list) else []:
        if str(code) not in known:
            piece.add("aadsts", str(code))
            piece.shown.setdefault("codes", []).append(explained(str(code)))
    return piece


def _signin(doc: Doc, where: str) -> Piece:
    status = _dict(doc.get("status"))
    code = str(status.get("errorCode", ""))
    policies = _list(doc.get("appliedConditionalAccessPolicies"))
    piece = Piece("Entra sign-in log row", where, {
        "user": doc.get("userPrincipalName"), "app": doc.get("appDisplayName"), "clientApp": doc.get("clientAppUsed"),
        "code": code, "reason": status.get("failureReason"), "details": status.get("additionalDetails"),
        "conditionalAccess": doc.get("conditionalAccessStatus"), "created": doc.get("createdDateTime"),
        "policies": [f"{each.get('displayName')}: {each.get('result')}" for each in policies],
    }, at_ms=_instant(doc.get("createdDateTime")))  # fmt: skip
    if code not in ("", "0"):
        piece.add("aadsts", code)
        piece.shown["codes"] = [explained(code)]
    for name, value in {
        "signin.code": code, "signin.app": doc.get("appDisplayName"), "signin.client_app": doc.get("clientAppUsed"),
        "signin.upn": doc.get("userPrincipalName"), "signin.ca": doc.get("conditionalAccessStatus"),
        "signin.requirement": doc.get("authenticationRequirement"), "signin.issuer": doc.get("tokenIssuerName"),
        "signin.agent": doc.get("userAgent"), "signin.resource": doc.get("resourceDisplayName"),
        "signin.ip": doc.get("ipAddress"), "signin.token_type": doc.get("incomingTokenType"),
    }.items():  # fmt: skip
        piece.add(name, value or None)
    for each in policies:
        if each.get("result") in ("failure", "interrupted", "notSatisfied"):
            piece.add("signin.policy", f"{each.get('displayName')}: {each.get('result')}")
    note_text(
        piece, " | ".join(filter(None, (_text(status.get("failureReason")), _text(status.get("additionalDetails")))))
    )
    return piece


def _audit(doc: Doc, where: str) -> Piece:
    piece = Piece("Entra audit log row", where, {
        "activity": doc.get("activityDisplayName"), "result": doc.get("result"), "reason": doc.get("resultReason"),
        "at": doc.get("activityDateTime"), "targets": [each.get("userPrincipalName") or each.get("displayName")
                                                       for each in _list(doc.get("targetResources"))],
    }, at_ms=_instant(doc.get("activityDateTime")))  # fmt: skip
    piece.add("audit.activity", doc.get("activityDisplayName"))
    piece.add("audit.result", doc.get("result"))
    by = _dict(_dict(doc.get("initiatedBy")).get("app")).get("displayName")
    piece.add("audit.by", by)
    note_text(piece, _text(doc.get("resultReason")))
    return piece


def federation(doc: Doc, where: str) -> Piece:
    """An internalDomainFederation (or what a listing of one says)."""
    keep = (
        "issuerUri",
        "passiveSignInUri",
        "activeSignInUri",
        "preferredAuthenticationProtocol",
        "federatedIdpMfaBehavior",
    )
    piece = Piece("federation of a domain", where, {name: doc.get(name) for name in keep if doc.get(name) is not None})
    for name in ("signingCertificate", "nextSigningCertificate"):
        if doc.get(name):
            piece.shown[name] = certificate(_text(doc[name]))
    piece.config["federation"] = doc
    piece.add("federation.issuer", doc.get("issuerUri"))
    piece.add("federation.mfa", doc.get("federatedIdpMfaBehavior"))
    return piece


def certificate(text: str) -> Doc:
    """A certificate in words."""
    from emulator.kernel.clock import iso
    from emulator.protocols.x509 import parse_certificate

    try:
        found = parse_certificate(text)
    except ValueError as error:
        return {"problem": str(error)}
    return {"subject": found.subject, "thumbprint": found.thumbprint_sha1, "notBefore": iso(found.not_before_ms),
            "notAfter": iso(found.not_after_ms)}  # fmt: skip


def domain(doc: Doc, where: str) -> Piece:
    """A domain of the tenant."""
    keep = ("id", "authenticationType", "isDefault", "isInitial", "isVerified")
    piece = Piece("domain", where, {name: doc.get(name) for name in keep if name in doc})
    for name, key in (("domain.id", "id"), ("domain.type", "authenticationType"), ("domain.default", "isDefault"),
                      ("domain.initial", "isInitial"), ("domain.verified", "isVerified")):  # fmt: skip
        piece.add(name, doc.get(key))
    return piece


def graph_user(doc: Doc, where: str) -> Piece:
    """A user of the tenant; `onPremisesImmutableId` is only judged where it was asked for."""
    keep = (
        "id",
        "userPrincipalName",
        "accountEnabled",
        "onPremisesSyncEnabled",
        "signInSessionsValidFromDateTime",
        "usageLocation",
    )
    piece = Piece("Entra user", where, {name: doc[name] for name in keep if name in doc})
    if "onPremisesImmutableId" in doc:
        value = _text(doc["onPremisesImmutableId"])
        piece.shown["onPremisesImmutableId"] = describe(value)
        piece.add("user.immutable_id", value)
        piece.add("user.immutable_id_form", form_of(value))
    piece.config["user"] = doc
    for name, key in (("user.upn", "userPrincipalName"), ("user.enabled", "accountEnabled"), ("user.id", "id"),
                      ("user.synced", "onPremisesSyncEnabled"), ("user.deleted", "deletedDateTime"),
                      ("user.usage_location", "usageLocation")):  # fmt: skip
        piece.add(name, doc.get(key))
    if isinstance(doc.get("assignedLicenses"), list):
        piece.add("user.licences", len(doc["assignedLicenses"]))
    cut_off = _instant(doc.get("signInSessionsValidFromDateTime"))
    piece.add("user.cutoff", cut_off)
    return piece


def _graph_group(doc: Doc, where: str) -> Piece:
    keep = ("displayName", "mailEnabled", "securityEnabled", "groupTypes", "onPremisesSyncEnabled")
    piece = Piece("Entra group", where, {name: doc.get(name) for name in keep})
    piece.add("group.mail", doc.get("mailEnabled"))
    piece.add("group.security", doc.get("securityEnabled"))
    return piece


def _sku(doc: Doc, where: str) -> Piece:
    units = _dict(doc.get("prepaidUnits"))
    free = int(units.get("enabled") or 0) - int(doc.get("consumedUnits") or 0)
    piece = Piece(
        "licence (subscribed SKU)",
        where,
        {"sku": doc["skuPartNumber"], "status": doc.get("capabilityStatus"), "free": free},
    )
    piece.add("sku.free", free)
    piece.add("sku.status", doc.get("capabilityStatus"))
    return piece


def _realm(doc: Doc, where: str) -> Piece:
    kind = doc.get("NameSpaceType") or doc.get("account_type")
    keep = ("Login", "DomainName", "domain_name", "AuthURL", "federation_protocol", "federation_metadata_url")
    piece = Piece("realm answer", where, {"type": kind, **{name: doc[name] for name in keep if name in doc}})
    piece.add("realm.type", kind)
    piece.add("realm.auth_url", doc.get("AuthURL") or doc.get("federation_active_auth_url"))
    return piece


def _jwks(doc: Doc, where: str) -> Piece:
    piece = Piece("key set (JWKS)", where, {"kids": [each.get("kid") for each in _list(doc["keys"])]})
    piece.config["jwks"] = _list(doc["keys"])
    return piece


def _why(doc: Doc, where: str) -> Piece:
    piece = Piece("why of a lab", where, {"rule": doc["rule"], "compared": doc["compared"], "hint": doc.get("hint")})
    note_text(piece, " | ".join([_text(doc["rule"]), _text(doc.get("hint"))]))
    return piece


def _message(doc: Doc, where: str) -> Piece:
    """A journal or trace row, or any other object that carries a text with a code."""
    piece = Piece(
        "record",
        where,
        {name: cut(value) for name, value in list(doc.items())[:20] if isinstance(value, str | int | bool)},
    )
    note_text(piece, " | ".join(value for value in doc.values() if isinstance(value, str)))
    return piece


_OAUTH = {"error_description", "error_codes"}
_READERS: list[tuple[Callable[[Doc], bool], Reader]] = [
    (_has("eventType", "outcome"), _event),
    (_has("errorCode", "errorSummary"), _okta_error),
    (lambda doc: isinstance(doc.get("error"), dict) and "code" in doc["error"], _graph_error),
    (lambda doc: isinstance(doc.get("error"), str) and bool(_OAUTH & set(doc)), _oauth_error),
    (lambda doc: isinstance(doc.get("status"), dict) and "errorCode" in doc["status"], _signin),
    (_has("activityDisplayName"), _audit),
    (_has("issuerUri"), federation),
    (lambda doc: "profile" in doc and "userName" in _dict(doc.get("credentials")), _app_user),
    (lambda doc: isinstance(doc.get("message"), str) and "type" in doc and "status" in doc, _task),
    (lambda doc: "signOnMode" in doc and "settings" in doc, _app),
    (lambda doc: isinstance(doc.get("properties"), dict) and "source" in doc and "target" in doc, _mapping),
    (_has("skuPartNumber", "consumedUnits"), _sku),
    (lambda doc: "userPrincipalName" in doc and "appliedConditionalAccessPolicies" not in doc, graph_user),
    (_has("onPremisesImmutableId"), graph_user),
    (_has("authenticationType", "isDefault"), domain),
    (_has("mailEnabled", "securityEnabled"), _graph_group),
    (lambda doc: "NameSpaceType" in doc or "account_type" in doc, _realm),
    (lambda doc: "kty" in next(iter(_list(doc.get("keys"))), {}), _jwks),
    (_has("rule", "compared"), _why),
]  # fmt: skip


def any_record(doc: Doc, where: str) -> Piece:
    """The piece of an object that no reader knows."""
    return _message(doc, where)
