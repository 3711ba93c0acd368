"""WS-Federation for applications other than Office 365: the Template WS-Fed app and SharePoint (On-Premises).

Source: federation.md 1 and okta-admin-api.md appendix B (`WsFederationApplicationSettingsApplication`). Replies go to
a configured address; with `wReplyOverride` also to another path of the same origin. How statements and groups are
written is inferred.
"""

import hashlib
from urllib.parse import urlsplit

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.ids import as_guid
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.app_saml import ISSUER
from emulator.okta.app_types import SAML11 as SAML_1_1
from emulator.okta.app_types import WSFED
from emulator.okta.events import app_target, app_user_target, emit
from emulator.okta.oauth.custom_claims import matcher
from emulator.okta.resources import apps
from emulator.okta.sso import fresh, gate, pages, saml_claims, signout, visit
from emulator.protocols import saml, saml11, wsfed
from emulator.protocols.metadata import federation_metadata
from emulator.protocols.xmldsig_shape import SAML11

_NAMES = {"template_wsfed": WSFED, "sharepoint_onpremise": SAML_1_1}
_IDENTITY = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
_USER_NAMES = {"username": ("name",), "upn": ("upn",), "upnAndUsername": ("upn", "name")}
_METADATA = "/FederationMetadata/2007-06/{externalKey}/FederationMetadata.xml"


def speaks(app: Doc) -> bool:
    """Whether the app's WS-Federation endpoint is this one."""
    return app["name"] in _NAMES


def realm(app: Doc) -> str:
    """What the application calls itself: `urn:okta:app:{key}` unless the app says otherwise."""
    return str(app["settings"]["app"].get("realm") or f"urn:okta:app:{app['_key']}")


def issuer(app: Doc) -> str:
    return ISSUER.replace("${org.externalKey}", app["_key"])


def passive(call: Call) -> Answer:
    """GET passive of such an app: sign in, or out of the org, as `wa` says."""
    app = gate.signing(call, _NAMES[call.path["appName"]]) if call.path["appName"] in _NAMES else None
    if app is None:
        raise gate.absent(call, Why("No app has that name.", (Compared("app", call.path["appName"], "path"),)))
    try:
        request = wsfed.PassiveRequest.parse(call.params)
    except wsfed.PassiveRejected as error:
        raise _bad(call, f"The request makes no sense: {error.reason}.", error.field, error.found) from error
    if request.wa != wsfed.SIGN_IN:
        return signout.finish(call)
    if request.wtrealm != realm(app):
        known = Compared("realm", realm(app), f"app {app['label']}")
        raise _bad(call, "The app signs people in to one realm only.", "wtrealm", request.wtrealm[:200], known)
    reply = _reply(call, app, request.wreply)
    where = f"/app/{app['name']}/{app['_key']}/sso/wsfed/passive?{fresh.own_query(call)}"
    found = visit.person(call, where, again=request.fresh)
    if isinstance(found, Answer):
        return found
    return respond(call, app, *found, where=where, wctx=request.wctx, reply=reply)


def respond(call: Call, app: Doc, session: Doc, user: Doc, *, where: str, wctx: str = "", reply: str = "") -> Answer:
    """The form for the application, or the page that asks for more or refuses."""
    found = visit.enter(call, app, session, user, where=where)
    if isinstance(found, Answer):
        return found
    made = _assertion(call, app, user, found)
    xml = saml11.issue(made, apps.signing_key(call.store, app))
    result = wsfed.rstr(
        xml, created_ms=made.issued_ms, expires_ms=made.not_on_or_after_ms, realm=realm(app),
        assertion_id=made.assertion_id,
    )  # fmt: skip
    targets = [app_target(app), app_user_target(found.app_user, user)]
    emit(call, "user.authentication.sso", targets, why=found.admitted.decision.why,
         debug={"signOnMode": "WS-Fed"})  # fmt: skip
    form = wsfed.auto_post_fields(result, wctx, action=reply or reply_address(app))
    return pages.hand_over(call, f"Signing in to {app['label']}", form.action, list(form.fields))


def reply_address(app: Doc) -> str:
    """Where answers go: `wReplyURL`; SharePoint's is `_trust/` of its site."""
    settings = app["settings"]["app"]
    own = app["settings"].get("signOn", {}).get("ssoAcsUrlOverride")
    return str(own or settings.get("wReplyURL") or f"{str(settings.get('siteURL') or '').rstrip('/')}/_trust/")


def _reply(call: Call, app: Doc, wanted: str) -> str:
    """The reply address that a request may choose: the same origin as the configured one, where the app allows it."""
    ours = reply_address(app)
    if not wanted or wanted == ours:
        return ours
    if not app["settings"]["app"].get("wReplyOverride"):
        call.note("wreply was ignored: the app does not let requests override the reply address.")
        return ours
    if _origin(wanted) is None or _origin(wanted) != _origin(ours):
        # Differs: the vendor lets a request name any address here; ours never leaves the configured origin.
        known = Compared("wReplyURL", ours, f"app {app['label']}")
        raise _bad(call, "wreply leads to another origin than the configured one.", "wreply", wanted[:200], known)
    return wanted


def _origin(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or any(char in url for char in "\\ \r\n\t"):
        return None
    return parts.scheme, parts.netloc.lower()


def _assertion(call: Call, app: Doc, user: Doc, found: visit.Visit) -> saml11.Assertion11:
    settings, overrides = app["settings"]["app"], app["settings"].get("signOn") or {}
    number = as_guid(hashlib.blake2b(f"{call.request_id}/assertion".encode(), digest_size=16).digest())
    name = str(found.app_user["credentials"]["userName"])
    return saml11.Assertion11(
        assertion_id=f"_{number}", issuer=issuer(app), issued_ms=call.now, not_before_ms=call.now - saml.BEFORE_MS,
        not_on_or_after_ms=call.now + saml.LIFETIME_MS,
        audience=str(overrides.get("audienceOverride") or settings.get("audienceRestriction") or realm(app)),
        name_identifier=name, attributes=_attributes(call, app, user, found.app_user, name),
        authn_method=str(settings.get("authnContextClassRef") or saml.PASSWORD_PROTECTED_TRANSPORT),
        authn_instant_ms=found.authenticated_ms, name_format=str(settings.get("nameIDFormat") or saml11.UNSPECIFIED),
    )  # fmt: skip


def _attributes(call: Call, app: Doc, user: Doc, app_user: Doc, name: str) -> tuple[saml11.Attribute, ...]:
    """User names as the app asks for them, its statements `name|value|namespace`, and groups that its filter fits."""
    settings = app["settings"]["app"]
    kinds = _USER_NAMES.get(settings.get("usernameAttribute") or "username", ())
    found = [saml11.Attribute(_IDENTITY, kind, (name,)) for kind in kinds]
    for line in str(settings.get("attributeStatements") or "").replace("\n", ",").split(","):
        title, _, rest = line.strip().partition("|")
        template, _, space = rest.partition("|")
        values = saml_claims.texts(call, app, user, app_user, template) if title and template else []
        if values:
            found.append(saml11.Attribute(space.strip().rstrip("/") or _IDENTITY, title.strip(), tuple(values)))
    groups = _groups(call, app, user)
    if groups:
        space, _, title = str(settings.get("groupName") or _ROLE).rpartition("/")
        found.append(saml11.Attribute(space or _IDENTITY, title, groups))
    return tuple(found)


def _groups(call: Call, app: Doc, user: Doc) -> tuple[str, ...]:
    """The person's groups in the format asked for; a group of no directory has its name only."""
    settings = app["settings"]["app"]
    if not settings.get("groupFilter"):
        return ()
    fits, wanted = matcher("REGEX", str(settings["groupFilter"])), settings.get("groupValueFormat") or "samAccountName"
    rows = [row["profile"] for row in saml_claims.groups_of(call, user) if fits(row["profile"]["name"])]
    return tuple(sorted(str(profile.get(wanted) or profile["name"]) for profile in rows))


@operation("GET", _METADATA, source=DOCUMENTED, bucket="wsfed.passive", **pages.as_page())
def metadata(call: Call) -> Answer:
    """Federation metadata of such an app, by its key."""
    app = gate.application(call)
    if app is None or not speaks(app):
        why = Why("No WS-Federation template app has that key.", (Compared("key", call.path["externalKey"], "path"),))
        raise gate.absent(call, why)
    app = gate.in_use(call, app, _NAMES[app["name"]])
    body = federation_metadata(
        issuer(app), certificates=[apps.signing_key(call.store, app).certificate_b64], token_types=(SAML11,),
        passive_url=f"https://{call.info['host']}/app/{app['name']}/{app['_key']}/sso/wsfed/passive",
        claim_types=(f"{_IDENTITY}/name", f"{_IDENTITY}/upn"),
    )  # fmt: skip
    return Answer(200, [*call.headers, ("Content-Type", "application/xml; charset=utf-8")], body)


def _bad(call: Call, rule: str, name: str, found: str, *more: Compared) -> Exception:
    what = pages.notice("Bad request", "This is not a sign-in request that the application understands.")
    return pages.stop(call, "E0000003", what, status=400, why=Why(rule, (Compared(name, found, "query"), *more)))
