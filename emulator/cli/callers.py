"""As whom `tenantlab call` calls: the world's administrator, one of its people, an application, or a credential."""

from urllib.parse import urlencode

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.clients import ApiClient, ApiError, GraphHttp, directory_client, entra_client, okta_client
from emulator.serving.lab import Remote
from emulator.serving.visitor import Visitor
from emulator.wire.client import Http, doc_of

_GRAPH = "https://graph.microsoft.com/.default"
_HINT = "Give a person's login, an application as ID:SECRET, or a whole credential such as 'Bearer eyJ…'."


def client_for(side: str, lab: Remote, who: str | None) -> ApiClient:
    """A client of one side. who: a login, `client id:secret`, `Bearer …` or `SSWS …`; None: the administrator."""
    if who is None:
        return _administrator(side, lab)
    if side == "directory":
        raise LabError("The directory is only asked as its administrator.", hint="Leave --as out.")
    base, prefix = _place(side, lab)
    if who.partition(" ")[0].casefold() in ("bearer", "ssws", "dpop"):
        return ApiClient(Http(lab.transport, base=base, headers={"authorization": who}), prefix=prefix)
    if "@" in who and side == "okta":
        return ApiClient(Http(lab.transport, base=base, headers={"cookie": _session(lab, base, who)}), prefix=prefix)
    if "@" in who:
        headers = {"authorization": f"Bearer {_token(lab, who)}"}
        return ApiClient(Http(lab.transport, base=base, headers=headers), prefix=prefix)
    return _application(side, lab, who)


def _administrator(side: str, lab: Remote) -> ApiClient:
    info, transport = lab.info, lab.transport
    try:
        if side == "okta":
            return okta_client(transport, info, info["hosts"]["okta"])
        if side == "entra":
            return entra_client(transport, info)
        host = next(name for name in lab.control("GET", "health")["hosts"] if name.startswith("dc."))
        return directory_client(transport, host)
    except ApiError as error:
        raise LabError(
            f"No token could be had: {error}.", hint="Is this world's `lab` section complete?", exit_code=3
        ) from error
    except StopIteration:
        raise LabError("This world has no directory.", hint="Use `--world acme`.") from None


def _place(side: str, lab: Remote) -> tuple[str, str]:
    host = lab.info["hosts"]["okta" if side == "okta" else "graph"]
    if host is None:
        raise LabError(f"This world has no {side}.", hint="Use `--world acme`.")
    return f"https://{host}", "" if side == "okta" else "/v1.0"


def _person(lab: Remote, who: str) -> tuple[str, str]:
    """A person's login and password: `login` of one whom the lab knows, or `login:password`."""
    login, _, password = who.partition(":")
    known = (item["password"] for item in lab.info["users"] if item["login"].casefold() == login.casefold())
    found = password or next(known, "")
    if not found:
        raise LabError(f"The lab knows no password for {login}.", hint=f"Give it: --as {login}:PASSWORD")
    return login, found


def _session(lab: Remote, base: str, who: str) -> str:
    """The cookie of a session at the org, as after signing in there with a password."""
    login, password = _person(lab, who)
    http = Http(lab.transport, base=base)
    signed = http.request("POST", "/api/v1/authn", json={"username": login, "password": password})
    found = doc_of(signed)
    if found.get("status") != "SUCCESS":
        told = found.get("errorSummary") or found.get("status") or signed.status
        raise LabError(f"{login} is not signed in by a password: {told}.", hint="`tenantlab logs okta` tells why.")
    query = urlencode({"token": found["sessionToken"], "redirectUrl": base + "/app/UserHome"})
    answer = http.request("GET", f"/login/sessionCookieRedirect?{query}")
    cookies = [value.partition(";")[0] for value in answer.all_headers("set-cookie")]
    return "; ".join(value for value in cookies if value.startswith("sid="))


def _token(lab: Remote, who: str) -> str:
    """A Graph token of a person, as after signing in with a browser, at Microsoft or at Okta."""
    login, password = _person(lab, who)
    signed = Visitor(lab.transport, lab.info).sign_in(login, password, scope=_GRAPH)
    if not signed.ok:
        told = " ".join(signed.text.split())[:200] or signed.reply.get("error_description", "no token came")
        raise LabError(f"{login} could not sign in: {told}", hint="`tenantlab logs both` tells why.")
    return str(signed.tokens["access_token"])


def _application(side: str, lab: Remote, who: str) -> ApiClient:
    id, colon, secret = who.partition(":")
    if not colon or not secret:
        raise LabError(f"{who!r} is nobody.", hint=_HINT)
    if side == "okta":
        raise LabError(
            "Okta's API takes no client secret: applications use private_key_jwt.",
            hint="Give a token: --as 'Bearer …'.",
        )
    entra: Doc = {**lab.info["entra"], "client_id": id, "client_secret": secret}
    return ApiClient(GraphHttp(lab.transport, entra), prefix="/v1.0")
