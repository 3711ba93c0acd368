"""XML and HTML as evidence: tokens in their carriers, requests, faults, realm answers, error pages, posted forms."""

import html
import re
from typing import TYPE_CHECKING

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.protocols import saml11, saml20, xmlparse
from emulator.protocols.saml import AssertionRejected
from emulator.protocols.xmldsig_shape import SAML11, SAML20
from emulator.serving.evidence.immutable import describe, form_of
from emulator.serving.evidence.model import Piece, cut
from emulator.serving.evidence.texts import note_text

if TYPE_CHECKING:
    from lxml.etree import _Element

_LIMIT = 4 * 1024 * 1024
_HIDDEN = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*("([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_TAG = re.compile(r"(?s)<(script|style)\b.*?</\1\s*>|<[^>]+>")
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title>")


# -- HTML ---------------------------------------------------------------------------------------------------------


def is_html(text: str) -> bool:
    """Whether it is a page, not XML."""
    return bool(re.match(r"(?is)\s*(<!doctype\s+html|<html)", text))


def hidden_fields(text: str) -> dict[str, str]:
    """The values of a page's hidden form fields."""
    found: dict[str, str] = {}
    for tag in _HIDDEN.findall(text):
        attributes = {m[0].lower(): m[2] or m[3] or m[4] for m in _ATTRIBUTE.findall(tag)}
        if "name" in attributes:
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return found


def page_piece(text: str, where: str) -> Piece:
    """A page of either side: its title and what a person can read on it."""
    title = _TITLE.search(text)
    # Microsoft's pages hold their message in a script; keep what follows the code there, too.
    scripted = " ".join(re.findall(r"AADSTS\d+:[^\"<\\]*", text))
    shown_text = " ".join(html.unescape(_TAG.sub(" ", text)).split())
    said = shown_text if scripted in shown_text else f"{shown_text} {scripted}"
    piece = Piece("page", where, {"title": html.unescape(title[1]).strip() if title else "", "text": cut(said)})
    piece.add("page.title", piece.shown["title"])
    note_text(piece, said)
    return piece


# -- XML ----------------------------------------------------------------------------------------------------------


def xml_pieces(data: bytes, where: str) -> list[Piece]:
    """What an XML document is and says. Never empty."""
    try:
        document = xmlparse.parse(data, limit=_LIMIT)
    except xmlparse.XmlRejected as error:
        piece = Piece("XML that no relying party accepts", where, {"problem": error.reason, **error.details})
        piece.add("xml.problem", error.reason)
        piece.token = data if b"Assertion" in data else None
        if piece.token is None:
            note_text(piece, data.decode("utf-8", "replace"))
        return [piece]
    root = document.root
    name = xmlparse.local_name(root.tag)
    if next(root.iter(f"{{{SAML11}}}Assertion", f"{{{SAML20}}}Assertion"), None) is not None:
        return [_token(data, root, name, where)]
    if name in ("RealmInfo", "AuthnRequest", "LogoutRequest", "EntityDescriptor", "definitions", "Envelope"):
        return [_NAMED[name](root, where)]
    piece = Piece("XML", where, {"root": str(root.tag), "text": cut(_text(root))})
    note_text(piece, _text(root))
    return [piece]


def _text(element: "_Element") -> str:
    return " ".join(" ".join(str(part) for part in element.itertext()).split())


def _token(data: bytes, root: "_Element", name: str, where: str) -> Piece:
    carriers = {
        "RequestSecurityTokenResponse": "wresult (RSTR)", "RequestSecurityTokenResponseCollection": "WS-Trust answer",
        "Envelope": "WS-Trust answer (SOAP)", "Response": "SAML 2.0 Response",
    }  # fmt: skip
    old = next(root.iter(f"{{{SAML11}}}Assertion"), None)
    version = "saml11" if old is not None else "saml20"
    element = old if old is not None else next(root.iter(f"{{{SAML20}}}Assertion"))
    sort = carriers.get(name, "SAML 1.1 assertion" if version == "saml11" else "SAML 2.0 assertion")
    piece = Piece(sort, where, {"kind": version, "carrier": name, "assertions": _count(root)}, token=data)
    try:
        found = saml11.read(element) if version == "saml11" else saml20.read(element)
    except AssertionRejected as error:
        piece.shown["problem"] = {"reason": error.reason, **error.details}
        piece.add("token.problem", error.reason)
        return piece
    piece.shown.update(assertion(found))
    _token_facts(piece, found)
    return piece


def _count(root: "_Element") -> int:
    return sum(1 for _ in root.iter("{*}Assertion"))


def assertion(found: saml11.Assertion11 | saml20.Assertion20) -> Doc:
    """An assertion as plain values."""
    shown: Doc = {
        "issuer": found.issuer, "assertionId": found.assertion_id, "issued": iso(found.issued_ms),
        "notBefore": iso(found.not_before_ms), "notOnOrAfter": iso(found.not_on_or_after_ms),
        "audience": found.audience, "immutableId": found.immutable_id, "immutableIdMeans": describe(found.immutable_id),
        "upn": found.upn, "authenticated": iso(found.authn_instant_ms), "multiFactor": found.mfa,
    }  # fmt: skip
    if isinstance(found, saml11.Assertion11):
        shown["nameIdentifier"], shown["authenticationMethod"] = found.name_identifier, found.authn_method
        names = [(f"{each.namespace}/{each.name}", each.values) for each in found.attributes]
    else:
        shown.update(
            nameId=found.name_id, authenticationMethod=found.authn_context, recipient=found.recipient,
            inResponseTo=found.in_response_to or None, confirmedUntil=iso(found.confirmation_until_ms),
        )  # fmt: skip
        names = [(each.name, each.values) for each in found.attributes]
    shown["attributes"] = [{"name": name, "values": list(values)} for name, values in names]
    return shown


def _token_facts(piece: Piece, found: saml11.Assertion11 | saml20.Assertion20) -> None:
    upn_domain = found.upn.rpartition("@")[2].lower()
    issuer = found.issuer
    for name, value in {
        "token.kind": piece.shown["kind"], "token.issuer": issuer, "token.upn": found.upn,
        "token.immutable_id": found.immutable_id, "token.immutable_id_form": form_of(found.immutable_id),
        "token.mfa": found.mfa, "token.authn_instant": found.authn_instant_ms, "token.upn_domain": upn_domain,
        "token.audience": found.audience,
    }.items():  # fmt: skip
        piece.add(name, value)
    domain = issuer.partition(":")[0].lower() if "//" not in issuer and ":" in issuer else ""
    if domain and upn_domain and upn_domain != domain and not upn_domain.endswith("." + domain):
        piece.add("token.issuer_domain", "other than the user name's")
        piece.shown["note"] = f"The issuer is of {domain}, the user name of {upn_domain}."


def _realm(root: "_Element", where: str) -> Piece:
    shown = {xmlparse.local_name(each.tag): each.text or "" for each in xmlparse.elements(root)}
    piece = Piece("realm answer", where, shown)
    piece.add("realm.type", shown.get("NameSpaceType"))
    piece.add("realm.auth_url", shown.get("AuthURL"))
    return piece


def _request(root: "_Element", where: str) -> Piece:
    shown = {name: root.get(name, "") for name in ("ID", "Destination", "IssueInstant", "ForceAuthn") if root.get(name)}
    return Piece("SAML request", where, {"message": xmlparse.local_name(root.tag), **shown})


def _metadata(root: "_Element", where: str) -> Piece:
    keys = [_text(each).replace(" ", "") for each in root.iter("{*}X509Certificate")]
    piece = Piece("federation metadata", where, {"entityID": root.get("entityID", ""), "certificates": len(keys)})
    if keys and root.get("entityID"):
        piece.config["metadata"] = {"issuerUri": root.get("entityID"), "certificates": keys}
    return piece


def _mex(root: "_Element", where: str) -> Piece:
    addresses = [_text(each) for each in root.iter("{http://www.w3.org/2005/08/addressing}Address")]
    piece = Piece("WS-Trust metadata (MEX)", where, {"endpoints": sorted(set(addresses))})
    windows = any("windows" in address.lower() for address in addresses) or "NegotiateAuthentication" in _tags(root)
    piece.add("mex.windows_transport", windows)
    piece.add("mex.endpoints", len(set(addresses)))
    return piece


def _tags(root: "_Element") -> set[str]:
    return {xmlparse.local_name(each.tag) for each in root.iter("*")}


def _envelope(root: "_Element", where: str) -> Piece:
    fault = next(root.iter("{*}Fault"), None)
    if fault is None:
        names = _tags(root)
        piece = Piece("WS-Trust request" if "RequestSecurityToken" in names else "SOAP message", where, {})
        user = next((each.text or "" for each in root.iter("{*}Username")), "")
        piece.shown.update(user=user, windowsTransport="UsernameToken" not in names)
        piece.add("wstrust.request", "yes")
        return piece
    values = [_text(each).rpartition(":")[2] for each in fault.iter("{*}Value")]
    reason = _text(next(fault.iter("{*}Text", "{*}faultstring"), fault))
    piece = Piece("SOAP fault", where, {"codes": values, "reason": reason})
    piece.add("soap.fault", values[-1] if values else "")
    note_text(piece, reason)
    return piece


_NAMED = {
    "RealmInfo": _realm, "AuthnRequest": _request, "LogoutRequest": _request, "EntityDescriptor": _metadata,
    "definitions": _mex, "Envelope": _envelope,
}  # fmt: skip
