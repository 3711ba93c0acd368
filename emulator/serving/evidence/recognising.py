"""From bytes to pieces: what a file is, however it was carried (a form field, base64, deflated, a URL, a page)."""

import base64
import binascii
import re
import zlib
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.protocols import jose
from emulator.serving.evidence import hars, markup, microsoft_records, records, texts
from emulator.serving.evidence.model import Piece, cut

_MOST_BYTES = 256 * 1024 * 1024
_MOST_PIECES = 5_000
_DEPTH = 5
_JWT = re.compile(r"[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")
_INSIDE = re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")
_CARRIED = ("wresult", "SAMLResponse", "SAMLRequest", "assertion", "id_token", "access_token")
_TIMES = ("iat", "nbf", "exp", "auth_time")


def recognise(data: bytes, where: str) -> list[Piece]:
    """The pieces of one file. LabError when it is empty or too large."""
    if len(data) > _MOST_BYTES:
        raise LabError(f"{where} is larger than {_MOST_BYTES >> 20} MiB.", hint="Cut it down to what matters.")
    text = _as_text(data)
    if not text.strip():
        raise LabError(f"{where} is empty.", hint="Give a token, an error text, a log row or a HAR.")
    return of_text(text, where)[:_MOST_PIECES]


def _as_text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # what PowerShell's redirection writes
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


def of_text(text: str, where: str, depth: int = _DEPTH) -> list[Piece]:
    """The pieces of a text."""
    stripped = text.strip()
    if depth <= 0 or not stripped:
        return []
    if stripped[0] in "{[":
        found = _json(stripped)
        if found is not None:
            return of_json(found, where, depth)
        lines = _json_lines(stripped)
        if lines:
            return [piece for n, line in enumerate(lines, 1) for piece in of_json(line, f"{where}:{n}", depth - 1)]
    if stripped.startswith("<"):
        return _of_markup(stripped, where, depth)
    if _JWT.fullmatch(stripped):
        piece = jwt_piece(stripped, where)
        if piece is not None:
            return [piece]
    unwrapped = _unwrapped(stripped, where, depth)
    if unwrapped:
        return unwrapped
    if "-----BEGIN CERTIFICATE" in stripped or stripped.startswith("MII"):
        return [_certificate(stripped, where)]
    rows = texts.table(text)
    if rows:
        return [_row(row, f"{where}, row {n}") for n, row in enumerate(rows, 1)]
    return _of_plain(stripped, where)


def _of_plain(text: str, where: str) -> list[Piece]:
    """Text, and the tokens that stand in it."""
    piece = texts.text_piece(text, where)
    listed = piece.shown.get("values")
    if listed:
        made = records.record_piece(texts.as_document(listed), where)
        if made is not None:
            return [made]
    inside = [jwt_piece(found, f"{where}, inside the text") for found in _INSIDE.findall(text)[:20]]
    return [piece, *(each for each in inside if each is not None)]


def _of_markup(text: str, where: str, depth: int) -> list[Piece]:
    if not markup.is_html(text):
        return markup.xml_pieces(text.encode(), where)
    fields = markup.hidden_fields(text)
    carried = [
        piece for name in _CARRIED if fields.get(name)
        for piece in of_text(fields[name], f"{where}, form field {name}", depth - 1)
    ]  # fmt: skip
    return carried or [markup.page_piece(text, where)]


# -- carriers -------------------------------------------------------------------------------------------------------


def _unwrapped(text: str, where: str, depth: int) -> list[Piece]:
    """Pieces inside a form body, a URL, percent-encoding, base64 or deflate; [] when it is none of them."""
    if " " not in text and ("&" in text or "=" in text or "://" in text):
        fields = _fields(text)
        found = [
            piece for name in _CARRIED if fields.get(name)
            for piece in of_text(fields[name], f"{where}, field {name}", depth - 1)
        ]  # fmt: skip
        if found or fields.get("wa") or "error_description" in fields:
            return found + ([hars.asked(fields, text, where)] if fields.get("wa") or not found else [])
    if text.startswith(("%3C", "%7B")):
        return of_text(unquote_plus(text), where, depth - 1)
    plain = _unpacked(text)
    return of_text(plain, where, depth - 1) if plain is not None else []


def _fields(text: str) -> dict[str, str]:
    try:
        body = urlsplit(text) if "://" in text[:12] else None
        pairs = parse_qsl(body.query or body.fragment if body else text, keep_blank_values=True, max_num_fields=500)
    except ValueError:
        return {}
    return dict(pairs)


def _unpacked(text: str) -> str | None:
    """Base64 (either alphabet) of XML, JSON or a page, deflated or not."""
    compact = "".join(text.split()).rstrip("=")
    if len(compact) < 24 or not re.fullmatch(r"[A-Za-z0-9+/_-]+", compact):
        return None
    try:
        data = base64.b64decode(compact.replace("-", "+").replace("_", "/") + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    for candidate in (data, _inflated(data)):
        if candidate is not None and candidate.lstrip()[:1] in (b"<", b"{"):
            return candidate.decode("utf-8", "replace")
    return None


def _inflated(data: bytes) -> bytes | None:
    inflater = zlib.decompressobj(-15)
    try:
        return inflater.decompress(data, 4 * 1024 * 1024)
    except zlib.error:
        return None


# -- JSON -----------------------------------------------------------------------------------------------------------


def _json(text: str) -> Any | None:
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _json_lines(text: str) -> list[Any]:
    lines = [line for line in text.splitlines() if line.strip()]
    found = [_json(line) for line in lines[:_MOST_PIECES]]
    return found if len(found) > 1 and all(isinstance(each, dict | list) for each in found) else []


def of_json(value: Any, where: str, depth: int) -> list[Piece]:
    """The pieces of a JSON value: a HAR, a list of rows, one row, or an object that holds some."""
    if depth <= 0:
        return []
    if isinstance(value, list):
        return [
            piece for n, item in enumerate(value[:_MOST_PIECES]) for piece in of_json(item, f"{where}[{n}]", depth - 1)
        ]
    if not isinstance(value, dict):
        return of_text(value, where, depth - 1) if isinstance(value, str) else []
    if isinstance(value.get("log"), dict) and isinstance(value["log"].get("entries"), list):
        return hars.pieces(value["log"]["entries"], where, lambda text, at: of_text(text, at, depth - 1))
    piece = records.record_piece(value, where)
    if piece is not None:
        return [piece]
    inside = [
        each for name, item in list(value.items())[:200] if isinstance(item, list | dict)
        for each in of_json(item, f"{where}.{name}", depth - 1)
    ]  # fmt: skip
    tokens = [
        each for name in _CARRIED if isinstance(value.get(name), str)
        for each in of_text(value[name], f"{where}.{name}", depth - 1)
    ]  # fmt: skip
    return inside + tokens or [records.any_record(value, where)]


def _row(row: Doc, where: str) -> Piece:
    """A row of an exported table under the names of the API."""
    folded = {str(name).strip().lower().replace(" ", "").replace("_", ""): value for name, value in row.items() if name}

    def pick(*names: str) -> str:
        return next((str(folded[name]) for name in names if folded.get(name)), "")

    if pick("eventtype"):
        doc: Doc = {
            "eventType": pick("eventtype"),
            "published": pick("timestamp", "published"),
            "displayMessage": pick("displaymessage", "eventinfo"),
            "outcome": {
                "result": pick("outcome.result", "outcomeresult", "result"),
                "reason": pick("outcome.reason", "outcomereason", "reason"),
            },
            "actor": {"alternateId": pick("actor.alternateid", "actoralternateid")},
            "debugContext": {"debugData": {"requestUri": pick("requesturi", "debugcontext.debugdata.requesturi")}},
        }
        return records.record_piece(doc, where) or texts.text_piece(str(row), where)
    code = pick("sign-inerrorcode", "signinerrorcode", "errorcode", "status.errorcode")
    doc = {
        "createdDateTime": pick("date(utc)", "date", "createddatetime"),
        "userPrincipalName": pick("username", "userprincipalname", "user"),
        "appDisplayName": pick("application", "appdisplayname"),
        "clientAppUsed": pick("clientapp", "clientappused"),
        "status": {
            "errorCode": code or ("0" if pick("status").lower() == "success" else ""),
            "failureReason": pick("failurereason"),
        },
        "conditionalAccessStatus": pick("conditionalaccess"),
        "authenticationRequirement": pick("authenticationrequirement"),
        "ipAddress": pick("ipaddress"),
        "appliedConditionalAccessPolicies": [],
    }
    return records.record_piece(doc, where) or texts.text_piece(str(row), where)


# -- tokens and certificates ----------------------------------------------------------------------------------------


def jwt_piece(text: str, where: str) -> Piece | None:
    """A JWT taken apart; None when it only looks like one."""
    try:
        found = jose.read_unverified(text)
    except jose.TokenRejected as error:
        if text.count(".") != 2 or not text.startswith("ey"):
            return None
        piece = Piece("JWT", where, {"problem": error.reason, **error.details}, token=text.encode())
        piece.add("token.problem", error.reason)
        return piece
    times = {name: _time(found.claims.get(name)) for name in _TIMES if name in found.claims}
    piece = Piece(
        "JWT",
        where,
        {"header": dict(found.header), "claims": {k: cut(v) for k, v in found.claims.items()}, "times": times},
        token=text.encode(),
    )
    claims = found.claims
    for name, value in {
        "jwt.issuer": claims.get("iss"),
        "jwt.audience": claims.get("aud"),
        "jwt.upn": claims.get("upn") or claims.get("preferred_username"),
        "jwt.tenant": claims.get("tid"),
        "jwt.scopes": claims.get("scp"),
        "jwt.app": claims.get("appid") or claims.get("azp"),
    }.items():
        piece.add(name, value)
    methods = claims.get("amr")
    if isinstance(methods, list):
        piece.add("jwt.amr", " ".join(map(str, methods)))
    return piece


def _time(value: Any) -> str:
    ok = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 253_402_300_800
    return iso(int(value) * 1000) if ok else f"no time: {value!r}"


def _certificate(text: str, where: str) -> Piece:
    shown = microsoft_records.certificate(text)
    piece = Piece("certificate", where, shown)
    if "thumbprint" in shown:
        piece.config["certificate"] = text
    return piece
