"""Signing out of the org: the org's own address, the federation's sign-out address, and WS-Federation's two actions.

Source: okta-admin-api.md 6.2 and federation.md 3. A `wreply` is never followed: no reply address is configured.
"""

from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta import custom_domains
from emulator.okta.resources import sign_out_pages
from emulator.okta.sso import flow, gate, pages, slo
from emulator.protocols.html import redirect


@operation(
    "GET", "/login/signout", source=DOCUMENTED, bucket="login", query=("fromURI",),
    emits=("user.session.end", "user.authentication.slo"),
    **pages.as_page(),
)  # fmt: skip
def sign_out(call: Call) -> Answer:
    """End the session; `fromURI` may name a page of this org to go on to."""
    wanted = call.params.get("fromURI", "")
    back_to = flow.local(call, wanted) if wanted else None
    if back_to is None:
        return finish(call)
    return slo.go_on(call, back_to)


@operation(
    "GET", "/app/{appName}/{externalKey}/sso/wsfed/signout", source=DOCUMENTED, bucket="wsfed.passive",
    query=("wa", "wreply"), emits=("user.session.end", "user.authentication.slo"), **pages.as_page(),
)  # fmt: skip
def federation_sign_out(call: Call) -> Answer:
    """Where Microsoft's sign-out leads: ends the org session and says so."""
    app = gate.application(call)
    if app is None or app["signOnMode"] not in ("SAML_1_1", "WS_FEDERATION"):
        gate.office365(call)
    return finish(call)


def finish(call: Call, *, besides: str = "") -> Answer:
    """End the session and show the page of `/login/signout`. besides: id of the app where the sign-out began."""
    if call.params.get("wreply"):
        call.note("wreply was ignored: sign-out leads to no address of the request's choosing.")
    left = slo.leave(call, None, besides=besides)
    if left is not None:
        return left
    elsewhere = sign_out_pages.sign_out_page(call.store, custom_domains.brand_of(call)).get("url")
    if elsewhere:
        return redirect(elsewhere, headers=call.headers)
    return pages.show(call, pages.notice("You have signed out", "You can close this window."))
