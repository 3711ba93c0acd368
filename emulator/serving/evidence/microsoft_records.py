"""What Microsoft says in JSON, as evidence: errors, log rows, and the objects that decide a sign-in."""

from emulator.kernel.doc import Doc
from emulator.serving.evidence.fields import instant, items, mapping, text
from emulator.serving.evidence.immutable import describe, form_of
from emulator.serving.evidence.model import Piece, cut
from emulator.serving.evidence.texts import explained, note_text


def graph_error(doc: Doc, where: str) -> Piece:
    """An error of Graph."""
    error = doc["error"]
    inner = mapping(error.get("innerError"))
    piece = Piece("Graph error", where, {"code": error.get("code"), "message": cut(text(error.get("message"))),
                                         "requestId": inner.get("request-id"), "date": inner.get("date")},
                  at_ms=instant(inner.get("date")))  # fmt: skip
    piece.add("graph.code", error.get("code"))
    note_text(piece, text(error.get("message")))
    return piece


def oauth_error(doc: Doc, where: str) -> Piece:
    """An error of a token endpoint."""
    piece = Piece("token endpoint error", where, {
        "error": doc["error"], "suberror": doc.get("suberror"), "description": cut(text(doc.get("error_description"))),
        "traceId": doc.get("trace_id"), "correlationId": doc.get("correlation_id"),
    }, at_ms=instant(text(doc.get("timestamp")).replace(" ", "T").rstrip("Z") or None))  # fmt: skip
    piece.add("oauth.error", doc["error"])
    piece.add("oauth.suberror", doc.get("suberror"))
    note_text(piece, text(doc.get("error_description")))
    known = {fact.value for fact in piece.facts if fact.name == "aadsts"}
    codes = doc.get("error_codes")
    for code in codes if isinstance(codes, list) else []:
        if str(code) not in known:
            piece.add("aadsts", str(code))
            piece.shown.setdefault("codes", []).append(explained(str(code)))
    return piece


def signin(doc: Doc, where: str) -> Piece:
    """A row of the sign-in log."""
    status = mapping(doc.get("status"))
    code = str(status.get("errorCode", ""))
    policies = items(doc.get("appliedConditionalAccessPolicies"))
    piece = Piece("Entra sign-in log row", where, {
        "user": doc.get("userPrincipalName"), "app": doc.get("appDisplayName"), "clientApp": doc.get("clientAppUsed"),
        "code": code, "reason": status.get("failureReason"), "details": status.get("additionalDetails"),
        "conditionalAccess": doc.get("conditionalAccessStatus"), "created": doc.get("createdDateTime"),
        "policies": [f"{each.get('displayName')}: {each.get('result')}" for each in policies],
    }, at_ms=instant(doc.get("createdDateTime")))  # fmt: skip
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
        piece, " | ".join(filter(None, (text(status.get("failureReason")), text(status.get("additionalDetails")))))
    )
    return piece


def audit(doc: Doc, where: str) -> Piece:
    """A row of the directory audit log."""
    piece = Piece("Entra audit log row", where, {
        "activity": doc.get("activityDisplayName"), "result": doc.get("result"), "reason": doc.get("resultReason"),
        "at": doc.get("activityDateTime"), "targets": [each.get("userPrincipalName") or each.get("displayName")
                                                       for each in items(doc.get("targetResources"))],
    }, at_ms=instant(doc.get("activityDateTime")))  # fmt: skip
    piece.add("audit.activity", doc.get("activityDisplayName"))
    piece.add("audit.result", doc.get("result"))
    by = mapping(mapping(doc.get("initiatedBy")).get("app")).get("displayName")
    piece.add("audit.by", by)
    note_text(piece, text(doc.get("resultReason")))
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
            piece.shown[name] = certificate(text(doc[name]))
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
        value = text(doc["onPremisesImmutableId"])
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
    cut_off = instant(doc.get("signInSessionsValidFromDateTime"))
    piece.add("user.cutoff", cut_off)
    return piece


def graph_group(doc: Doc, where: str) -> Piece:
    """A group."""
    keep = ("displayName", "mailEnabled", "securityEnabled", "groupTypes", "onPremisesSyncEnabled")
    piece = Piece("Entra group", where, {name: doc.get(name) for name in keep})
    piece.add("group.mail", doc.get("mailEnabled"))
    piece.add("group.security", doc.get("securityEnabled"))
    return piece


def sku(doc: Doc, where: str) -> Piece:
    """A subscription."""
    units = mapping(doc.get("prepaidUnits"))
    free = int(units.get("enabled") or 0) - int(doc.get("consumedUnits") or 0)
    piece = Piece(
        "licence (subscribed SKU)",
        where,
        {"sku": doc["skuPartNumber"], "status": doc.get("capabilityStatus"), "free": free},
    )
    piece.add("sku.free", free)
    piece.add("sku.status", doc.get("capabilityStatus"))
    return piece


def realm(doc: Doc, where: str) -> Piece:
    """An answer of home realm discovery."""
    kind = doc.get("NameSpaceType") or doc.get("account_type")
    keep = ("Login", "DomainName", "domain_name", "AuthURL", "federation_protocol", "federation_metadata_url")
    piece = Piece("realm answer", where, {"type": kind, **{name: doc[name] for name in keep if name in doc}})
    piece.add("realm.type", kind)
    piece.add("realm.auth_url", doc.get("AuthURL") or doc.get("federation_active_auth_url"))
    return piece


def jwks(doc: Doc, where: str) -> Piece:
    """A key set."""
    piece = Piece("key set (JWKS)", where, {"kids": [each.get("kid") for each in items(doc["keys"])]})
    piece.config["jwks"] = items(doc["keys"])
    return piece
