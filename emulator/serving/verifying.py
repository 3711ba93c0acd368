"""Verification by the relying party itself: a token is presented to the running world, and its answer is read.

A wresult goes to login.srf, a SAML response too, an assertion to the token endpoint's bearer grant, a JWT to Graph's
/organization. What is reported is the world's own decision with its own reason, and beside it every check one by one
against the tenant's own configuration; presenting a token uses it up where replay is refused.
"""

import base64
import re
from typing import Any
from urllib.parse import quote

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.serving import explain
from emulator.serving.evidence import recognising
from emulator.serving.evidence.model import Known, Piece
from emulator.wire.client import Http, Transport, Unreachable, doc_of, json_of

_CODE = re.compile(r"AADSTS\d+: [^<\n]*")
_LOGIN = "https://login.microsoftonline.com"
_ASSERTION = re.compile(r"<(saml:)?Assertion\b.*</\1?Assertion>", re.DOTALL)
_BEARER = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
_CLIENT = "14d82eec-204b-4c2f-b7e8-296a70dab67e"


def verify(transport: Transport, data: bytes, *, tenant: str, entra: Any = None, now_ms: int | None = None) -> Doc:
    """Present a token: `{accepted, problem, why, status, checks}`. LabError when it is no token that can be presented.

    entra: the world's Graph client, for the configuration to check against; without it only the decision is reported.
    """
    text = data.decode("utf-8", "replace").strip()
    piece = _token(data)
    checks: list[Doc] = []
    if piece is not None and entra is not None and now_ms is not None:
        explain.check(piece, _known(Http(transport), entra, piece, tenant=tenant, now_ms=now_ms))
        checks = [check.to_doc() for check in piece.checks]
    decided = _present(Http(transport), text, tenant)
    return {**decided, "checks": checks}


def _token(data: bytes) -> Piece | None:
    try:
        pieces = recognising.recognise(data, "the token")
    except LabError:
        return None
    return next((piece for piece in pieces if piece.token is not None), None)


def _known(http: Http, entra: Any, piece: Piece, *, tenant: str, now_ms: int) -> Known:
    """What the tenant's configuration says: federations, the users whom the token could mean, the key set."""
    clock = "the world's clock"
    if piece.sort == "JWT":
        keys = json_of(http.request("GET", f"{_LOGIN}/{tenant}/discovery/v2.0/keys"))
        return Known(now_ms, clock, jwks=tuple(keys.get("keys", ())), complete=True)
    domains = [each["id"] for each in entra.get("/domains")["value"] if each["authenticationType"] == "Federated"]
    federations = []
    for domain in domains:
        rows = doc_of(entra.call("GET", f"/domains/{domain}/federationConfiguration")).get("value") or []
        federations += [{**row, "domain": domain} for row in rows]
    return Known(now_ms, clock, tuple(federations), tuple(_users(entra, piece)), complete=True)


def _users(entra: Any, piece: Piece) -> list[Doc]:
    fields = "id,userPrincipalName,onPremisesImmutableId,accountEnabled,signInSessionsValidFromDateTime"
    wanted = [("onPremisesImmutableId", piece.get("token.immutable_id")), ("userPrincipalName", piece.get("token.upn"))]
    found: dict[str, Doc] = {}
    for name, value in wanted:
        if value:
            literal = quote(value.replace("'", "''"), safe="")
            rows = doc_of(entra.call("GET", f"/users?$filter={name}%20eq%20'{literal}'&$select={fields}")).get("value")
            found.update({row["id"]: row for row in rows or ()})
    return list(found.values()) or [{"onPremisesImmutableId": None, "userPrincipalName": ""}]


# -- presenting ------------------------------------------------------------------------------------------------------


def _present(http: Http, text: str, tenant: str) -> Doc:
    if re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]*", text):
        headers = {"authorization": f"Bearer {text}"}
        return _ask(http, "GET", "https://graph.microsoft.com/v1.0/organization", headers=headers)
    if "RequestSecurityTokenResponse" in text and "Envelope" not in text:
        return _ask(http, "POST", f"{_LOGIN}/login.srf", form={"wa": "wsignin1.0", "wresult": text})
    if re.search(r"<(\w+:)?Response\b", text):
        form = {"SAMLResponse": base64.b64encode(text.encode()).decode()}
        return _ask(http, "POST", f"{_LOGIN}/login.srf", form=form)
    found = _ASSERTION.search(text)
    if found is None:
        raise LabError(
            "This is no token that can be presented.",
            hint="Give a wresult, a SAML response, a WS-Trust answer, a SAML 1.1 assertion or a JWT.",
        )
    form = {
        "grant_type": _BEARER, "assertion": base64.urlsafe_b64encode(found[0].encode()).decode(), "client_id": _CLIENT,
        "scope": "https://graph.microsoft.com/.default openid",
    }  # fmt: skip
    return _ask(http, "POST", f"{_LOGIN}/{tenant}/oauth2/v2.0/token", form=form)


def _ask(http: Http, method: str, url: str, **sent: Any) -> Doc:
    try:
        return _read(http, http.request(method, url, **sent))
    except Unreachable as error:
        raise LabError(
            f"The token could not be presented: {error}.", hint="It may be too large for any server."
        ) from error


def _read(http: Http, answer: Answer) -> Doc:
    body = doc_of(answer)
    problem = body.get("error_description") or ((body.get("error") or {}) and body["error"].get("message"))
    if not body:
        found = _CODE.search(answer.text())
        problem = found[0] if found else None
        if answer.status >= 400 and not problem:
            problem = answer.text().strip()[:200]
    refused = answer.status >= 400 or bool(problem)
    why = None
    url = answer.header("x-lab-why")
    if url:
        shown = json_of(http.request("GET", url))
        why = shown.get("why") if isinstance(shown, dict) else None
    return {"accepted": not refused, "status": answer.status, "problem": problem if refused else None, "why": why}
