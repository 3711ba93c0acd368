"""Settings of the org: its profile, footer, communication, access of Okta's support, bounced addresses.

Source: okta-admin-api.md 16, appendices A and B (the shapes are the vendor's schemas; none of them was recorded).
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, HOUR, iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.app_values import texts, url
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp, text_of
from emulator.okta.problems import not_found
from emulator.okta.profiles import is_email
from emulator.okta.resources.org import render
from emulator.okta.tokens import ORG, org

_AT = "/api/v1/org"
_READ, _MANAGE = ("okta.orgs.read",), ("okta.orgs.manage",)
_ADDRESSES = ("website", "endUserSupportHelpURL")
_TEXTS = ("companyName", "phoneNumber", "supportPhoneNumber", "address1", "address2", "city", "state", "country",
          "postalCode")  # fmt: skip
_EMPTY = ("phoneNumber", "supportPhoneNumber", *_ADDRESSES)
"""What is empty text, not null, where nobody set it."""
_MOST = 100
_SUPPORT_HOURS, _EXTENSION_HOURS = 8, 24


def _keep(call: Call, **changes: object) -> Doc:
    found = org(call)
    found.update(changes)
    call.store.put(ORG, found)
    return found


def _links(call: Call, **links: tuple[str, str]) -> Doc:
    return {
        name: {"href": f"{call.base}{_AT}/{path}", "hints": {"allow": [method]}}
        for name, (path, method) in links.items()
    }


# -- the org's profile -------------------------------------------------------------------------------------------------


@operation("POST", _AT, source=DOCUMENTED, scope=_MANAGE)
def update_org(call: Call) -> Doc:
    """Change single fields of the org's profile."""
    return _changed(call, body_object(call), whole=False)


@operation("PUT", _AT, source=DOCUMENTED, scope=_MANAGE)
def replace_org(call: Call) -> Doc:
    """Replace the org's profile; what is left out becomes as it is in a new org: empty (observed), or null."""
    return _changed(call, body_object(call), whole=True)


def _changed(call: Call, body: Doc, *, whole: bool) -> Doc:
    changes: Doc = {}
    for name in (*_TEXTS, *_ADDRESSES):
        if name in body or whole:
            value = url(body, name) if name in _ADDRESSES and body.get(name) else text_of(body, name)
            if value is not None and len(value) > 1024:
                raise bad(name, f"{name}: The field is too long", name, f"{len(value)} characters", "At most 1024.")
            changes[name] = "" if value is None and name in _EMPTY else value
    if "companyName" in changes:
        changes["companyName"] = needed_text(body, "companyName", most=_MOST)
    return render(call, _keep(call, **changes, lastUpdated=stamp(call.now)))


# -- footer, communication ---------------------------------------------------------------------------------------------


def _preferences(call: Call) -> Doc:
    return {
        "showEndUserFooter": org(call).get("_footer", True),
        "_links": _links(
            call, hideEndUserFooter=("preferences/hideEndUserFooter", "POST"),
            showEndUserFooter=("preferences/showEndUserFooter", "POST"),
        ),
    }  # fmt: skip


@operation("GET", _AT + "/preferences", source=DOCUMENTED, scope=_READ)
def get_preferences(call: Call) -> Doc:
    """Whether the end-user pages show Okta's footer."""
    return _preferences(call)


@operation("POST", _AT + "/preferences/hideEndUserFooter", source=DOCUMENTED, scope=_MANAGE, body="none")
def hide_footer(call: Call) -> Doc:
    """Hide Okta's footer."""
    _keep(call, _footer=False)
    return _preferences(call)


@operation("POST", _AT + "/preferences/showEndUserFooter", source=DOCUMENTED, scope=_MANAGE, body="none")
def show_footer(call: Call) -> Doc:
    """Show Okta's footer."""
    _keep(call, _footer=True)
    return _preferences(call)


def _communication(call: Call) -> Doc:
    out = bool(org(call).get("_optedOut", False))
    name = "optIn" if out else "optOut"
    links = _links(call, **{name: (f"privacy/oktaCommunication/{name}", "POST")})
    return {"optOutEmailUsers": out, "_links": links}


@operation("GET", _AT + "/privacy/oktaCommunication", source=DOCUMENTED, scope=_READ)
def get_communication(call: Call) -> Doc:
    """Whether Okta writes to the org's users."""
    return _communication(call)


@operation("POST", _AT + "/privacy/oktaCommunication/optIn", source=DOCUMENTED, scope=_MANAGE, body="none")
def opt_in(call: Call) -> Doc:
    """Let Okta write to the org's users."""
    _keep(call, _optedOut=False)
    return _communication(call)


@operation("POST", _AT + "/privacy/oktaCommunication/optOut", source=DOCUMENTED, scope=_MANAGE, body="none")
def opt_out(call: Call) -> Doc:
    """Okta no longer writes to the org's users."""
    _keep(call, _optedOut=True)
    return _communication(call)


# -- Okta's support ----------------------------------------------------------------------------------------------------


def _support(call: Call) -> Doc:
    until = org(call).get("_supportUntil")
    enabled = until is not None and parse_iso(until) > call.now
    at = "privacy/oktaSupport"
    links = {"extend": (f"{at}/extend", "POST"), "revoke": (f"{at}/revoke", "POST")} if enabled else {
        "grant": (f"{at}/grant", "POST")
    }  # fmt: skip
    return {
        "support": "ENABLED" if enabled else "DISABLED", "expiration": until if enabled else None,
        "_links": _links(call, **links),
    }  # fmt: skip


@operation("GET", _AT + "/privacy/oktaSupport", source=DOCUMENTED, scope=_READ)
def get_support(call: Call) -> Doc:
    """Whether Okta's support may sign in as an administrator, and until when."""
    return _support(call)


@operation(
    "POST", _AT + "/privacy/oktaSupport/grant", source=DOCUMENTED, scope=_MANAGE, body="none",
    emits=("support.org.update",),
)  # fmt: skip
def grant_support(call: Call) -> Doc:
    """Let Okta's support in for eight hours."""
    return _support_until(call, call.now + _SUPPORT_HOURS * HOUR)


@operation(
    "POST", _AT + "/privacy/oktaSupport/extend", source=DOCUMENTED, scope=_MANAGE, body="none",
    emits=("support.org.update",),
)  # fmt: skip
def extend_support(call: Call) -> Doc:
    """Let it in for 24 hours more. Raises 400 where it is not in."""
    shown = _support(call)
    if shown["support"] != "ENABLED":
        why = Why("Only access that was given is extended.", (Compared("support", shown["support"], "the org"),))
        raise Problem("E0000001", "oktaSupport", causes=("Support access is not enabled",), why=why)
    return _support_until(call, parse_iso(shown["expiration"]) + _EXTENSION_HOURS * HOUR)


@operation(
    "POST", _AT + "/privacy/oktaSupport/revoke", source=DOCUMENTED, scope=_MANAGE, body="none",
    emits=("support.org.update",),
)  # fmt: skip
def revoke_support(call: Call) -> Doc:
    """Shut Okta's support out."""
    return _support_until(call, None)


def _support_until(call: Call, until: int | None) -> Doc:
    found = _keep(call, _supportUntil=None if until is None else iso(min(until, call.now + 30 * DAY)))
    emit(call, "support.org.update", [target("Org", found["id"], name=found["companyName"])])
    return _support(call)


@operation("GET", _AT + "/privacy/oktaSupport/cases", source=DOCUMENTED, scope=_READ)
def list_cases(call: Call) -> Doc:
    """Cases that the org has open with Okta's support; they are opened elsewhere, so there are none."""
    return {"supportCases": []}


@operation("PATCH", _AT + "/privacy/oktaSupport/cases/{caseNumber}", source=DOCUMENTED, scope=_MANAGE)
def update_case(call: Call) -> Doc:
    """Change the access that goes with a case. Raises 404: no case is open."""
    raise not_found(call.path["caseNumber"], "OktaSupportCase")


# -- Aerial ------------------------------------------------------------------------------------------------------------


def _aerial(call: Call, given: Doc) -> Doc:
    links = _links(call, revoke=("privacy/aerial/revoke", "POST"))
    return {**given, "_links": links}


@operation("GET", _AT + "/privacy/aerial", source=DOCUMENTED, scope=_MANAGE)
def get_aerial(call: Call) -> Doc:
    """The Okta Aerial account that may manage the org. Raises 404 without one."""
    given = org(call).get("_aerial")
    if given is None:
        raise not_found(org(call)["id"], "OrgAerialConsent")
    return _aerial(call, given)


@operation("POST", _AT + "/privacy/aerial/grant", source=DOCUMENTED, scope=_MANAGE)
def grant_aerial(call: Call) -> Doc:
    """Let an Aerial account manage the org: `{accountId}`."""
    account = needed_text(body_object(call), "accountId")
    given = {"accountId": account, "grantedBy": call.caller.id, "grantedDate": stamp(call.now)}
    _keep(call, _aerial=given)
    return _aerial(call, given)


@operation("POST", _AT + "/privacy/aerial/revoke", source=DOCUMENTED, scope=_MANAGE)
def revoke_aerial(call: Call) -> Doc:
    """End that: `{accountId}`. Raises 404 for another account."""
    account, given = needed_text(body_object(call), "accountId"), org(call).get("_aerial")
    if given is None or given["accountId"] != account:
        raise not_found(account, "OrgAerialConsent")
    _keep(call, _aerial=None)
    return {"_links": _links(call, grant=("privacy/aerial/grant", "POST"))}


# -- bounced addresses -------------------------------------------------------------------------------------------------


@operation("POST", _AT + "/email/bounces/remove-list", source=DOCUMENTED, scope=_MANAGE)
def remove_bounces(call: Call) -> Doc:
    """Take addresses off the bounce list; answers with those that are no addresses."""
    addresses = texts(body_object(call), "emailAddresses")
    return {
        "errors": [
            {"emailAddress": item[:320], "reason": "Invalid email address. The provided email address is not valid"}
            for item in addresses if not is_email(item)
        ]
    }  # fmt: skip
