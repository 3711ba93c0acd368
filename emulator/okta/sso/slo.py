"""Single logout outwards: the applications of a session that take part are told when it ends, in the browser.

Source: Okta's pages on Single Logout (`participateSlo` of SAML apps, `participate_slo` and `frontchannel_logout_uri` of
OpenID Connect ones); OpenID Connect Front-Channel Logout; SAML 2.0 profiles 4.4. Only addresses of the apps' settings
are used. Inferred: that the org tells them in frames of its sign-out page and goes on without their answers.
"""

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.okta.app_kinds import APPS
from emulator.okta.events import app_target, emit
from emulator.okta.sso import gate, pages, saml_answer, saml_target
from emulator.okta.tokens import SESSIONS, live_session
from emulator.protocols.html import redirect
from emulator.protocols.saml20_bindings import signed_query
from emulator.protocols.saml20_idp import Statement, logout_request
from emulator.protocols.saml20_messages import encode_message
from emulator.protocols.xmldsig_messages import Algorithms, sign
from emulator.store import Column, Kind

PARTICIPANTS = Kind("slo_participants", (Column("session"),))
"""Which apps a session has been at: `{session}/{app}`, and what a LogoutRequest has to name."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One application that is told: by GET at an address, or with fields that are posted there."""

    address: str
    fields: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Onward:
    """Where the browser goes afterwards: an address, with fields to post there; "" for the page itself."""

    address: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)


def participates(app: Doc) -> bool:
    """Whether an app wants to be told."""
    if app["signOnMode"] == "OPENID_CONNECT":
        return bool(app["settings"]["oauthClient"].get("participate_slo"))
    return bool((app["settings"].get("signOn", {}).get("participateSlo") or {}).get("enabled"))


def sid_for(call: Call, app: Doc) -> str:
    """The session's id where an OpenID Connect app is told it at the end, and so knows it before; "" else."""
    wanted = participates(app) and app["settings"]["oauthClient"].get("frontchannel_logout_session_required")
    return str(call.memo.get("session_id", "")) if wanted else ""


def joined(call: Call, session_id: str, app: Doc, said: Statement | None = None) -> None:
    """Remember that a session was at an app that takes part; inside a commit."""
    if not session_id or not participates(app):
        return
    for old in call.store.page(PARTICIPANTS, limit=4).docs:
        if call.store.get(SESSIONS, old["session"]) is None:
            call.store.drop(PARTICIPANTS, old["id"])
    row: Doc = {"id": f"{session_id}/{app['id']}", "session": session_id, "app": app["id"]}
    if said is not None:
        row |= {"name": said.name_id, "format": said.name_id_format, "index": said.session_index}
    call.store.save(PARTICIPANTS, row)


def leave(call: Call, onward: Onward | None, *, besides: str = "") -> Answer | None:
    """End the session; the page that tells its apps on the way, None where there is none to tell.

    besides: id of the app that the sign-out began at, which knows already.
    """
    session = live_session(call)
    rows = call.store.find_all(PARTICIPANTS, "session", session["id"]) if session is not None else []
    frames = [frame for row in rows if row["app"] != besides for frame in _frames(call, row)]
    gate.leave(call)
    if rows:
        with call.commit():
            call.store.drop_where(PARTICIPANTS, "session", rows[0]["session"])
    return _page(call, frames, onward or Onward()) if frames else None


def go_on(call: Call, address: str, *, besides: str = "") -> Answer:
    """End the session and go to an address of ours or of an app's settings."""
    return leave(call, Onward(address), besides=besides) or redirect(address, headers=call.headers)


def _frames(call: Call, row: Doc) -> list[Frame]:
    """What tells one app; nothing where it takes part no more."""
    app: Doc | None = call.store.get(APPS, row["app"])
    if app is None or app["status"] != "ACTIVE" or not participates(app):
        return []
    emit(call, "user.authentication.slo", [app_target(app)])
    if app["signOnMode"] == "OPENID_CONNECT":
        return [_by_address(call, app, row)]
    return [_by_message(call, app, row)]


def _by_address(call: Call, app: Doc, row: Doc) -> Frame:
    settings = app["settings"]["oauthClient"]
    address = str(settings["frontchannel_logout_uri"])
    if not settings.get("frontchannel_logout_session_required"):
        return Frame(address)
    told = urlencode({"iss": f"https://{call.info['host']}", "sid": row["session"]})
    return Frame(f"{address}{'&' if '?' in address else '?'}{told}")


def _by_message(call: Call, app: Doc, row: Doc) -> Frame:
    """A signed LogoutRequest by the binding that the app has chosen."""
    settings = app["settings"]["signOn"]["participateSlo"]
    to, key, target = str(settings["logoutRequestUrl"]), saml_answer.key_of(call, app), saml_target.of(app)
    digest = target.signature if target is not None else "sha256"
    id = saml_answer.number(call, f"logout {app['id']}")
    before, after = logout_request(
        id=id, issuer=saml_target.issuer(app), issued_ms=call.now, destination=to, name_id=row["name"],
        name_id_format=row["format"], session_index=row["index"] if settings.get("sessionIndexRequired") else "",
    )  # fmt: skip
    if settings.get("bindingType") == "REDIRECT":
        query = signed_query("SAMLRequest", (before + after).encode(), relay_state="", key=key, digest=digest)
        return Frame(f"{to}{'&' if '?' in to else '?'}{query}")
    chosen = Algorithms(digest, target.digest if target is not None else "sha256")
    message = sign(before, after, reference_id=id, key=key, algorithms=chosen).encode()
    return Frame(to, [("SAMLRequest", encode_message(message))])


def _page(call: Call, frames: list[Frame], onward: Onward) -> Answer:
    origins = tuple(dict.fromkeys(_origin(frame.address) for frame in frames))
    posts = (*origins, *((_origin(onward.address),) if onward.fields else ()))
    values = {"title": "Signing out", "frames": frames, "target": onward.address, "fields": onward.fields}
    answer = pages.show(call, pages.Page("signing_out.html", values), posts_to=posts)
    answer.headers = [
        (name, f"{value}; frame-src {' '.join(origins)}" if name == "Content-Security-Policy" else value)
        for name, value in answer.headers
    ]
    return answer


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
