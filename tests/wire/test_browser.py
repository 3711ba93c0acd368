"""The scripted browser: cookies by host, redirects, automatic forms, loops."""

import pytest

from emulator.kernel.exchange import Answer, Exchange
from emulator.wire.browser import Browser, LoopDetected
from emulator.wire.client import InProcess, Unreachable

HTML = ("Content-Type", "text/html; charset=utf-8")


def site(exchange: Exchange) -> Answer | None:
    if exchange.host == "a.example":
        if exchange.path == "/start":
            return Answer(302, [("Location", "https://b.example/form"), ("Set-Cookie", "s=1; Path=/; HttpOnly")])
        if exchange.path == "/loop":
            return Answer(302, [("Location", "/loop")])
        if exchange.path == "/end":
            return Answer(
                200, [HTML], f"<p>cookie {exchange.headers.get('cookie')} body {exchange.body.decode()}</p>".encode()
            )
        if exchange.path == "/clear":
            return Answer(200, [HTML, ("Set-Cookie", "s=; Max-Age=0")], b"<p>gone</p>")
    if exchange.host == "b.example":
        body = (
            b'<form data-auto-submit method="post" action="https://a.example/end">'
            b'<input type="hidden" name="wctx" value="a&amp;b"><button>Go</button></form>'
        )
        if exchange.path == "/form":
            return Answer(200, [HTML], body)
        if exchange.path == "/login":
            return Answer(
                200,
                [HTML],
                b'<form method="post" action="/done"><input name="user"><input type="password" name="pw"></form>',
            )
        if exchange.path == "/done":
            return Answer(200, [HTML], exchange.body)
    return None


@pytest.fixture
def browser():
    return Browser(InProcess(site))


def test_redirect_automatic_post_and_cookies(browser):
    view = browser.get("https://a.example/start")
    assert view.url == "https://a.example/end"
    assert view.text == "cookie s=1 body wctx=a%26b"
    assert [v.status for v in browser.history] == [302, 200, 200]
    assert browser.jar["b.example"] == {}


def test_forms_wait_for_a_person(browser):
    view = browser.get("https://b.example/login")
    assert browser.fill(view, {"user": "dana", "pw": "x y"}).answer.body == b"user=dana&pw=x+y"
    with pytest.raises(LookupError, match="no form with"):
        browser.fill(view, {"other": "1"})


def test_loops_end_and_other_hosts_are_out_of_reach(browser):
    with pytest.raises(LoopDetected):
        browser.get("https://a.example/loop")
    with pytest.raises(Unreachable):
        browser.get("https://elsewhere.example/")


def test_it_stops_where_told_and_forgets_expired_cookies(browser):
    browser.stop_at = lambda url: url.startswith("https://a.example/end")
    assert browser.get("https://a.example/start").url == "https://a.example/end"
    browser.stop_at = lambda url: False
    browser.get("https://a.example/clear")
    assert browser.jar["a.example"] == {}
