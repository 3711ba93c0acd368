"""A person with Okta FastPass: `Visit.factors["fastpass"]` says whether they show the device that they are its owner
(`owner`), or only have it at hand (`device`). The device is `Visit.device["okta"]`."""

from urllib.parse import urljoin, urlsplit

from emulator.wire.agents import Visit, okta_verify
from emulator.wire.browser import Browser, Form, View

NAME, TYPE = "fastpass", "signed_nonce"
_BUTTON = b'formaction="'


def offer(view: View, visit: Visit) -> Form | None:
    """The sign-in page's form as its FastPass button sends it; None without the button, the device or the wish."""
    if next(iter(visit.factors), "") != NAME or not visit.device.get("okta"):
        return None
    at = view.answer.body.find(_BUTTON)
    form = next((form for form in view.forms if "password" in form.visible), None)
    if at < 0 or form is None:
        return None
    target = view.answer.body[at + len(_BUTTON) :].partition(b'"')[0].decode()
    fields = {**form.fields, "username": visit.login, "password": ""}
    return Form(urljoin(view.url, target), form.method, fields)


def send(browser: Browser, form: Form, visit: Visit) -> View:
    """Let the app on the device answer, then send the form."""
    owner = visit.factors.get(NAME) == "owner"
    okta_verify.App(browser, visit).prove(urlsplit(form.action).netloc, owner=owner)
    return browser.submit(form)
