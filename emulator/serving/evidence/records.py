"""JSON documents as evidence: log rows of both sides, errors, and the objects that decide a sign-in or a push."""

from collections.abc import Callable

from emulator.kernel.doc import Doc
from emulator.serving.evidence import microsoft_records as microsoft
from emulator.serving.evidence import okta_records as okta
from emulator.serving.evidence.fields import items, mapping, text
from emulator.serving.evidence.model import Piece, cut
from emulator.serving.evidence.texts import note_text

Reader = Callable[[Doc, str], Piece]


def record_piece(doc: Doc, where: str) -> Piece | None:
    """The piece that a JSON object is; None when it is nothing that we know."""
    for wanted, reader in _READERS:
        if wanted(doc):
            return reader(doc, where)
    return None


def _has(*names: str) -> Callable[[Doc], bool]:
    return lambda doc: all(name in doc for name in names)


def _why(doc: Doc, where: str) -> Piece:
    piece = Piece("why of a lab", where, {"rule": doc["rule"], "compared": doc["compared"], "hint": doc.get("hint")})
    note_text(piece, " | ".join([text(doc["rule"]), text(doc.get("hint"))]))
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
    (_has("eventType", "outcome"), okta.event),
    (_has("errorCode", "errorSummary"), okta.okta_error),
    (lambda doc: isinstance(doc.get("error"), dict) and "code" in doc["error"], microsoft.graph_error),
    (lambda doc: isinstance(doc.get("error"), str) and bool(_OAUTH & set(doc)), microsoft.oauth_error),
    (lambda doc: isinstance(doc.get("status"), dict) and "errorCode" in doc["status"], microsoft.signin),
    (_has("activityDisplayName"), microsoft.audit),
    (_has("issuerUri"), microsoft.federation),
    (lambda doc: "profile" in doc and "userName" in mapping(doc.get("credentials")), okta.app_user),
    (lambda doc: isinstance(doc.get("message"), str) and "type" in doc and "status" in doc, okta.task),
    (lambda doc: "signOnMode" in doc and "settings" in doc, okta.app),
    (lambda doc: isinstance(doc.get("properties"), dict) and "source" in doc and "target" in doc, okta.profile_mapping),
    (_has("skuPartNumber", "consumedUnits"), microsoft.sku),
    (lambda doc: "userPrincipalName" in doc and "appliedConditionalAccessPolicies" not in doc, microsoft.graph_user),
    (_has("onPremisesImmutableId"), microsoft.graph_user),
    (_has("authenticationType", "isDefault"), microsoft.domain),
    (_has("mailEnabled", "securityEnabled"), microsoft.graph_group),
    (lambda doc: "NameSpaceType" in doc or "account_type" in doc, microsoft.realm),
    (lambda doc: "kty" in next(iter(items(doc.get("keys"))), {}), microsoft.jwks),
    (_has("rule", "compared"), _why),
]  # fmt: skip


def any_record(doc: Doc, where: str) -> Piece:
    """The piece of an object that no reader knows."""
    return _message(doc, where)
