"""Verification by the relying party itself: a token is presented to the running world, and its answer is read.

A wresult goes to login.srf, an assertion to the token endpoint's bearer grant, a JWT to Graph's /organization. What
is reported is the world's own decision with its own reason; presenting a token uses it up where replay is refused.
"""

import re

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.wire.client import Http, Transport, doc_of, json_of

_CODE = re.compile(r"AADSTS\d+: [^<\n]*")


def verify(transport: Transport, data: bytes, *, tenant: str) -> Doc:
    """Present a token: `{accepted, problem, why, status}`. LabError when it is no token that can be presented."""
    text = data.decode("utf-8", "replace").strip()
    http = Http(transport)
    if re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]*", text):
        headers = {"authorization": f"Bearer {text}"}
        return _read(http, http.request("GET", "https://graph.microsoft.com/v1.0/organization", headers=headers))
    if "RequestSecurityTokenResponse" in text and "Envelope" not in text:
        form = {"wa": "wsignin1.0", "wresult": text}
        return _read(http, http.request("POST", "https://login.microsoftonline.com/login.srf", form=form))
    found = re.search(r"<saml:Assertion\b.*</saml:Assertion>", text, re.DOTALL)
    if found is None:
        raise LabError("This is no token that can be presented.", hint="Give a wresult, a WS-Trust answer or a JWT.")
    return _bearer(http, found[0], tenant)


def _bearer(http: Http, assertion: str, tenant: str) -> Doc:
    import base64

    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
        "assertion": base64.urlsafe_b64encode(assertion.encode()).decode(),
        "client_id": "14d82eec-204b-4c2f-b7e8-296a70dab67e", "scope": "https://graph.microsoft.com/.default openid",
    }  # fmt: skip
    return _read(http, http.request("POST", f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token", form=form))


def _read(http: Http, answer: Answer) -> Doc:
    body = doc_of(answer)
    problem = body.get("error_description") or ((body.get("error") or {}) and body["error"].get("message"))
    if not body:
        found = _CODE.search(answer.text())
        problem = found[0] if found else None
    refused = answer.status >= 400 or bool(problem)
    why = None
    url = answer.header("x-lab-why")
    if url:
        shown = json_of(http.request("GET", url))
        why = shown.get("why") if isinstance(shown, dict) else None
    return {"accepted": not refused, "status": answer.status, "problem": problem if refused else None, "why": why}
