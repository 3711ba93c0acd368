"""Firing tokens at the tenant, and what must hold of every answer."""

import base64
import re
import time
from dataclasses import dataclass
from typing import Any

from emulator import World
from emulator.kernel.exchange import Answer
from emulator.protocols import jose
from emulator.wire.client import Http, doc_of

LOGIN = "https://login.microsoftonline.com"
BEARER = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
TOO_LARGE = {413, 431}
SECONDS = 3.0
CODES = {
    "50008",
    "5000811",
    "5000820",
    "500089",
    "500081",
    "500082",
    "50107",
    "20001",
    "20012",
    "7500514",
    "90020",
    "51004",
    "500133",
}


@dataclass(frozen=True)
class Shot:
    """One token's answer: who is signed in (None: nobody), the AADSTS code, the why."""

    answer: Answer
    who: str | None
    code: str | None
    why: dict[str, Any] | None
    seconds: float


def fire(world: World, kind: str, token: str | bytes) -> Shot:
    """Post a token where its kind belongs: login.srf, the bearer grant, or Graph."""
    data = token if isinstance(token, bytes) else token.encode("utf-8", "surrogatepass")
    http = Http(world.transport)
    started = time.process_time()
    if kind == "wresult":
        answer = http.request(
            "POST", f"{LOGIN}/login.srf", form={"wa": "wsignin1.0", "wresult": data.decode("utf-8", "replace")}
        )
    elif kind == "saml2":
        answer = http.request("POST", f"{LOGIN}/login.srf", form={"SAMLResponse": base64.b64encode(data).decode()})
    elif kind == "assertion":
        lab = world.spec.lab["entra"]
        form = {"grant_type": BEARER, "assertion": base64.urlsafe_b64encode(data).decode().rstrip("="),
                "client_id": lab["public_client_id"], "scope": "openid https://graph.microsoft.com/User.Read"}  # fmt: skip
        answer = http.request("POST", f"{LOGIN}/{lab['tenant_id']}/oauth2/v2.0/token", form=form)
    else:
        answer = http.request(
            "GET", "https://graph.microsoft.com/v1.0/me", headers={"authorization": f"Bearer {data.decode()}"}
        )
    seconds = time.process_time() - started
    found = re.search(r"AADSTS(\d+)", answer.text())
    return Shot(answer, _who(kind, answer), found[1] if found else None, why_of(world, answer), seconds)


def _who(kind: str, answer: Answer) -> str | None:
    if answer.status >= 400:
        return None
    if kind == "assertion":
        return str(jose.read_unverified(doc_of(answer)["access_token"]).claims["upn"])
    if kind in ("wresult", "saml2"):
        cookie = answer.header("set-cookie")
        found = re.search(r"[\w.'-]+@[\w.-]+", answer.text())
        return found[0] if cookie and found else "somebody"
    return str(doc_of(answer)["userPrincipalName"])


def why_of(world: World, answer: Answer) -> dict[str, Any] | None:
    url = answer.header("x-lab-why") or ""
    return world.why(url.rpartition("/")[2]) if url else None


def check_refused(name: str, shot: Shot) -> None:
    """Nobody is in; the refusal is one of the vendor's, quick, and says why with the values compared."""
    assert shot.who is None, name
    check_any(name, shot)
    if shot.answer.status in TOO_LARGE:
        assert re.search(r"\d", shot.answer.text()), name
        return
    assert shot.why is not None and shot.why["rule"] and shot.why["compared"], name
    assert all(item["where"] for item in shot.why["compared"]), name


def check_any(name: str, shot: Shot) -> None:
    """What holds of every answer to a hostile token."""
    assert shot.seconds < SECONDS, (name, shot.seconds)
    assert shot.answer.status < 500, name
    assert "Traceback" not in shot.answer.text() and "root:x:" not in shot.answer.text(), name
    if shot.who is None:
        assert not shot.answer.all_headers("set-cookie"), name
