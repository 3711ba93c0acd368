"""HAR recordings: the exchanges that matter for a federated sign-in or a push, and the loops between the two sides."""

import base64
import binascii
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.serving.evidence.model import Piece
from emulator.serving.evidence.texts import note_text

Inner = Callable[[str, str], list[Piece]]
_MOST_BODY = 4 * 1024 * 1024
_HOSTS = (
    "okta.com",
    "oktapreview.com",
    "okta-emea.com",
    "okta-gov.com",
    "okta.mil",
    "microsoftonline.com",
    "graph.microsoft.com",
    "microsoftonline.us",
    "graph.microsoft.us",
    "microsoftonline.de",
    "live.com",
    "microsoft.com",
    "office.com",
)
_LOOP = 3


def pieces(entries: list[Any], where: str, inner: Inner) -> list[Piece]:
    """A summary of the recording first, then what stood in its requests and answers, in order."""
    flow = _Flow()
    found: list[Piece] = []
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, dict):
            found += _entry(entry, f"{where}, entry {number}", inner, flow)
    return [flow.piece(len(entries), where, found), *found]


class _Flow:
    """What went back and forth."""

    def __init__(self) -> None:
        self.steps: list[Doc] = []
        self.passive = 0
        self.wauth = 0
        self.wfresh = 0
        self.hosts: set[str] = set()
        self.codes: list[str] = []
        self.posts = 0
        self.got_code = False
        self.registering = False
        self.missing = False

    def piece(self, count: int, where: str, found: list[Piece]) -> Piece:
        tokens = [each for each in found if each.token is not None and each.get("token.kind")]
        without = sum(each.get("token.mfa") == "no" for each in tokens)
        loop = self.passive >= _LOOP and not self.got_code
        piece = Piece(
            "HAR",
            where,
            {
                "entries": count,
                "steps": self.steps[:60],
                "roundTripsToOkta": self.passive,
                "askedForMultiFactor": self.wauth,
                "tokens": len(tokens),
                "tokensWithoutMultiFactor": without,
                "endedWithCode": self.got_code,
                "loop": loop,
            },
        )
        for name, value in {
            "har.passive": self.passive,
            "har.wauth": self.wauth,
            "har.wfresh": self.wfresh,
            "har.posts": self.posts,
            "har.loop": loop,
            "har.tokens": len(tokens),
            "har.no_mfa_tokens": without,
            "har.ended": self.got_code,
            "har.registration": self.registering,
            "har.app_missing": self.missing,
        }.items():
            piece.add(name, value)
        instants = {each.get("token.authn_instant") for each in tokens}
        if len(tokens) >= _LOOP:
            piece.add("har.same_authn_instant", len(instants) == 1)
        return piece


def _entry(entry: Doc, where: str, inner: Inner, flow: _Flow) -> list[Piece]:
    request, response = _dict(entry.get("request")), _dict(entry.get("response"))
    url = _split(str(request.get("url") or ""))
    host = (url.hostname or "").lower()
    if not any(host == name or host.endswith("." + name) for name in _HOSTS) and not _redirected_code(
        url.query, url.fragment
    ):
        return []
    at = _instant(entry.get("startedDateTime"))
    method, status = str(request.get("method") or "GET"), response.get("status")
    query = _pairs(url.query)
    form = _form(_dict(request.get("postData")))
    _count(flow, url.path, host, query, form)
    flow.missing = flow.missing or (status == 404 and "/sso/wsfed/" in url.path)
    flow.steps.append(
        {
            "at": entry.get("startedDateTime"),
            "request": f"{method} {url.scheme}://{url.netloc}{url.path}",
            "status": status,
        }
    )
    found = [
        each
        for name in ("wresult", "SAMLResponse", "assertion")
        if form.get(name)
        for each in inner(form[name], f"{where}, posted {name}")
    ]
    found += _answer(response, where, inner, status, host)
    if query.get("wa") and "wsfed/passive" in url.path:
        found.append(asked(query, f"{url.scheme}://{url.netloc}{url.path}", where))
    for piece in found:
        piece.at_ms = at if at is not None else piece.at_ms
    return found


def _pairs(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=500))
    except ValueError:
        return {}


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _count(flow: _Flow, path: str, host: str, query: dict[str, str], form: dict[str, str]) -> None:
    if path.endswith("/sso/wsfed/passive") and query.get("wa") == "wsignin1.0":
        flow.passive += 1
        flow.wauth += "multipleauthn" in query.get("wauth", "")
        flow.wfresh += "wfresh" in query
    flow.posts += path == "/login.srf" and bool(form.get("wresult") or form.get("SAMLResponse"))
    flow.got_code = flow.got_code or ("code" in query and "state" in query) or ("code" in form and "state" in form)
    flow.registering = (
        flow.registering or "passwordreset" in host or "/proofup" in path or "SSPR" in path or "ProofUp" in path
    )


def _redirected_code(query: str, fragment: str) -> bool:
    return "code=" in query + fragment and "state=" in query + fragment


def _answer(response: Doc, where: str, inner: Inner, status: Any, host: str) -> list[Piece]:
    """What the answer's body says, where it is a refusal, a page of either side, or a document we know."""
    text = _body(_dict(response.get("content")))
    if not text.strip():
        return []
    lowered = text[:200_000]
    wanted = (
        (isinstance(status, int) and status >= 400)
        or "AADSTS" in lowered
        or "Login Failure" in lowered
        or "not assigned to this application" in lowered
        or "wsse:FailedAuthentication" in lowered
        or "RealmInfo" in lowered
        or '"NameSpaceType"' in lowered
        or '"account_type"' in lowered
        or '"issuerUri"' in lowered
        or '"onPremisesImmutableId"' in lowered
        or '"eventType"' in lowered
    )
    if not wanted:
        return []
    found = inner(text, f"{where}, answer of {host}")
    for piece in found:
        if isinstance(status, int):
            piece.add("http.status", status)
    return [piece for piece in found if piece.sort != "text" or piece.get("aadsts")]


def asked(fields: dict[str, str], url: str, where: str) -> Piece:
    """A WS-Federation request, or a redirect with an error, taken apart."""
    keep = ("wa", "wtrealm", "wfresh", "wauth", "username", "login_hint", "error", "error_description")
    piece = Piece(
        "sign-in request" if fields.get("wa") else "redirect with an error",
        where,
        {"url": url.partition("?")[0], **{name: fields[name] for name in keep if name in fields}},
    )
    if "multipleauthn" in fields.get("wauth", ""):
        piece.add("request.wauth", "multipleauthn")
    piece.add("request.wfresh", fields.get("wfresh"))
    note_text(piece, fields.get("error_description", ""))
    return piece


def _form(posted: Doc) -> dict[str, str]:
    if isinstance(posted.get("params"), list) and posted["params"]:
        pairs = [each for each in posted["params"] if isinstance(each, dict)]
        return {str(each.get("name")): _decoded(str(each.get("value") or "")) for each in pairs}
    text = posted.get("text")
    if not isinstance(text, str) or "=" not in text or text.lstrip()[:1] in "<{" or len(text) > _MOST_BODY:
        return {}
    return _pairs(text)


def _decoded(value: str) -> str:
    """Browsers differ in whether `params` hold encoded values."""
    from urllib.parse import unquote_plus

    return unquote_plus(value) if "%3C" in value or "%2B" in value or "%3D" in value else value


def _body(content: Doc) -> str:
    text = content.get("text")
    if not isinstance(text, str) or len(text) > _MOST_BODY:
        return ""
    if content.get("encoding") != "base64":
        return text
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _dict(value: Any) -> Doc:
    return value if isinstance(value, dict) else {}


def _instant(value: Any) -> int | None:
    try:
        return parse_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None
