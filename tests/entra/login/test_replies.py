"""How a browser gets back to the client: by a redirect, or by a page where the policy of another site's page, whose
form brought it here, would forbid the redirect (see tests/browser for the browser's side of it)."""

import html
import re

import pytest

from emulator import World
from emulator.kernel.exchange import Answer
from emulator.wire.client import Http
from tests.entra.login.worlds import (
    DANA,
    LOGIN,
    PUBLIC,
    answered,
    authorize_url,
    redeem,
    sign_in_managed,
    stopping,
    token,
    wresult,
)  # fmt: skip

BROWSER = {"sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}


def come_back(world: World, headers: dict[str, str], **asked: str) -> Answer:
    """The answer of login.srf to the provider's form, in a flow that began at authorize."""
    away = stopping(world).get(authorize_url(login_hint=DANA, **asked))
    form = {"wa": "wsignin1.0", "wresult": wresult(world), "wctx": answered(away)["wctx"]}
    return Http(world.transport).request("POST", f"{LOGIN}/login.srf", form=form, headers=headers)


def target_of(answer: Answer) -> str:
    """Where the page leads."""
    links = re.findall(r'href="(http[^"]+)"', answer.text())
    assert len(links) == 1
    return html.unescape(links[0])


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
@pytest.mark.parametrize(("mode", "joint"), [("query", "?"), ("fragment", "#")])
def test_a_browser_that_came_by_another_sites_form_gets_a_page_that_leads_on(
    world: World, site: str, mode: str, joint: str
) -> None:
    answer = come_back(world, {**BROWSER, "sec-fetch-site": site}, response_mode=mode)
    assert answer.status == 200 and "AADSTS" not in answer.text()
    assert target_of(answer).startswith(f"http://localhost:53124{joint}code=")
    assert "state=state+1%26%3C%3E" in target_of(answer)
    policy = answer.header("content-security-policy") or ""
    assert "form-action 'self';" in policy and "default-src 'none'" in policy
    assert any(line.startswith("ESTSAUTH=") for line in answer.all_headers("set-cookie"))


@pytest.mark.parametrize("headers", [{}, {**BROWSER, "sec-fetch-site": "same-origin"}, {"sec-fetch-mode": "cors"}])
def test_everybody_else_is_redirected(world: World, headers: dict[str, str]) -> None:
    answer = come_back(world, headers)
    assert answer.status == 302
    assert (answer.header("location") or "").startswith("http://localhost:53124?code=")


def test_a_link_is_followed_by_a_redirect(world: World) -> None:
    """Policies for forms say nothing about links and typed addresses."""
    url = authorize_url(prompt="none")
    answer = Http(world.transport).request("GET", url, headers=BROWSER)
    assert answer.status == 302 and "login_required" in (answer.header("location") or "")


def test_a_refresh_asks_for_what_the_code_was_for(world: World) -> None:
    """A code redeemed without `scope`, and its refresh token used without one."""
    view = sign_in_managed(stopping(world), authorize_url())
    status, body = redeem(world, view, scope="")
    assert status == 200
    form = {"grant_type": "refresh_token", "client_id": PUBLIC, "refresh_token": body["refresh_token"]}
    status, again = token(world, form)
    assert (status, again["scope"]) == (200, body["scope"])
