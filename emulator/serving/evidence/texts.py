"""Text as people paste it: messages with AADSTS codes, Okta's task messages, PowerShell listings, tables."""

import csv
import io
import re
from typing import Any

from emulator.kernel.doc import Doc
from emulator.serving.evidence.model import Piece, cut

AADSTS = re.compile(r"AADSTS\s?(\d{5,8})\b")
_BARE_CODE = re.compile(r"(?i)\b(?:error\s*code|sign-?in error code|errorcode)\s*[\"']?\s*[:=]?\s*[\"']?(\d{5,7})\b")
_ENVELOPE = re.compile(
    r'httpStatusCode=(?P<status>\d+)\s+errorCode=(?P<code>\S+)\s+errorMessage="(?P<message>.*?)"'
    r"(?:.*?method=(?P<method>\S+))?(?:\s+url=(?P<url>\S+))?", re.DOTALL,
)  # fmt: skip
_FRAME = re.compile(r"Automatic (?P<stage>[a-z ]+?) of (?:user|group) (?P<who>.+?) to app (?P<app>.+?) failed")
_LISTING = re.compile(r"^[ \t]*([A-Za-z][A-Za-z0-9_ .-]{1,40}?)[ \t]*:[ \t]?(.*)$", re.MULTILINE)
_FIELDS = {"Trace ID": "traceId", "Request Id": "traceId", "Correlation ID": "correlationId", "Timestamp": "timestamp"}
_STAMP = re.compile(r"Timestamp:\s*(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2})Z?")


def note_text(piece: Piece, text: str) -> None:
    """Facts of any human text: itself, its AADSTS codes, a push error's parts."""
    piece.add("text", text)
    codes = list(dict.fromkeys(AADSTS.findall(text)))
    for code in codes:
        piece.add("aadsts", code)
    found = _ENVELOPE.search(text)
    if found:
        for name in ("status", "code", "message", "method", "url"):
            piece.add(f"push.{name}", found[name])
        piece.shown["graphError"] = {name: value for name, value in found.groupdict().items() if value}
    frame = _FRAME.search(text)
    if frame:
        piece.add("push.stage", frame["stage"])
        piece.shown["push"] = frame.groupdict()
    if codes:
        piece.shown["codes"] = [explained(code) for code in codes]
    stamp = _STAMP.search(text)
    if stamp and piece.at_ms is None:
        from emulator.kernel.clock import parse_iso

        piece.at_ms = parse_iso(stamp[1].replace(" ", "T"))


def explained(code: str) -> Doc:
    """An AADSTS code with its published text."""
    from emulator.entra.login.aadsts import CATALOGUE

    known = CATALOGUE.get(code)
    return {"code": f"AADSTS{code}", "text": known.text if known else "not in the published table that we hold"}


def text_piece(text: str, where: str) -> Piece:
    """A piece for text that is nothing more special."""
    listed = listing(text)
    sort = "listing" if listed else "AADSTS text" if AADSTS.search(text) else "Okta task message" if (
        _FRAME.search(text) or "received error" in text) else "text"  # fmt: skip
    piece = Piece(sort, where, {"text": cut(text.strip())})
    note_text(piece, text)
    if "aadsts" not in {fact.name for fact in piece.facts}:
        for code in dict.fromkeys(_BARE_CODE.findall(text)):
            piece.add("aadsts", code)
            piece.shown.setdefault("codes", []).append(explained(code))
    if listed:
        piece.shown = {**piece.shown, "values": listed}
    return piece


def listing(text: str) -> Doc:
    """`Name : value` lines as PowerShell's Format-List prints them; empty when the text is no listing."""
    lines = [line for line in text.splitlines() if line.strip()]
    found = dict(_LISTING.findall(text))
    wanted = {"ImmutableId", "OnPremisesImmutableId", "UserPrincipalName", "IssuerUri", "SigningCertificate",
              "PassiveLogOnUri", "SupportsMfa", "FederatedIdpMfaBehavior", "Authentication", "AuthenticationType",
              "IsDefault", "IsInitial", "StsRefreshTokensValidFrom"}  # fmt: skip
    folded = {name.strip().lower() for name in found}
    if len(found) * 2 < len(lines) or not folded & {name.lower() for name in wanted}:
        return {}
    return {name.strip(): value.strip() for name, value in found.items()}


_NAMES = {
    "immutableid": "onPremisesImmutableId", "onpremisesimmutableid": "onPremisesImmutableId",
    "userprincipalname": "userPrincipalName", "issueruri": "issuerUri", "signingcertificate": "signingCertificate",
    "nextsigningcertificate": "nextSigningCertificate", "passivelogonuri": "passiveSignInUri",
    "passivesigninuri": "passiveSignInUri", "activelogonuri": "activeSignInUri",
    "federatedidpmfabehavior": "federatedIdpMfaBehavior", "isdefault": "isDefault", "isinitial": "isInitial",
    "authentication": "authenticationType", "authenticationtype": "authenticationType", "name": "id", "id": "id",
    "stsrefreshtokensvalidfrom": "signInSessionsValidFromDateTime", "accountenabled": "accountEnabled",
    "signinsessionsvalidfromdatetime": "signInSessionsValidFromDateTime", "displayname": "displayName",
    "isverified": "isVerified", "domainname": "domain",
}  # fmt: skip


def as_document(listed: Doc) -> Doc:
    """A listing under Graph's names, so that it reads like the document it was printed from."""
    made: Doc = {}
    for name, value in listed.items():
        known = _NAMES.get(name.lower())
        if known is not None:
            made[known] = {"true": True, "false": False}.get(value.lower(), value)
    if str(listed.get("SupportsMfa", "")).lower() == "true":
        made.setdefault("federatedIdpMfaBehavior", "enforceMfaByFederatedIdp")
    return made


def table(text: str) -> list[dict[str, Any]]:
    """Rows of a CSV export of either side's log; empty when it is none."""
    head = text.partition("\n")[0]
    if head.count(",") < 4 or not re.search(
        r"(?i)eventtype|event_type|sign-in error code|createdDateTime|correlation id", head
    ):
        return []
    return [dict(row) for row in csv.DictReader(io.StringIO(text)) if row]
