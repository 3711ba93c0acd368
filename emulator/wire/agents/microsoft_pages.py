"""How a scripted person answers Microsoft's own pages: multi-factor, registration, stay signed in, terms, password.

`Visit.factors` says how they prove themselves, as for the org's factors (`totp`, `push`, `sms`, `call`, `email`); what
they do differently at Microsoft is in its `microsoft`. `Visit.answers` says the rest: `{"kmsi": "yes | no | ignore",
"terms": "accept | decline", "new_password": "…", "registration": "skip", "mail": "<address to register>"}`. The
tenant's outbox stands for the phone.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

from emulator.kernel.doc import Doc
from emulator.wire.agents import Visit
from emulator.wire.agents.factors import PHONE, credential, of_app
from emulator.wire.browser import Browser, Form, View
from emulator.wire.client import Http, doc_of

Answering = Callable[[Browser, View, Visit], View | None]
_NAMES = {"microsoftAuthenticatorPush": "push", "softwareOath": "totp", "voice": "call"}
_SECRET = re.compile(rb'<strong id="secret">([A-Z2-7]+)</strong>')
_NUMBER = re.compile(rb'<p class="number">(\d+)</p>')
_REFUSED = re.compile(r"AADSTS\d+")
_SENT = ("sms", "call", "email")
_CHANGE, _TERMS, _KMSI = "/changepassword", "/termsofuse", "/kmsi"
_ASK, _PROVE = "/SAS/BeginAuth", "/SAS/ProcessAuth"
_REGISTER, _REGISTERED = "/proofup/begin", "/proofup/end"
_PAGES = (_PROVE, _REGISTERED, _REGISTER, _CHANGE, _TERMS, _KMSI)


def page_of(view: View) -> str:
    """Which of the pages it is: the end of the path that its form goes to; empty for none of them."""
    ends = {suffix for form in view.forms for suffix in _PAGES if urlsplit(form.action).path.endswith(suffix)}
    return next((suffix for suffix in _PAGES if suffix in ends), "")


def answer(browser: Browser, view: View, visit: Visit) -> View | None:
    """The next page; None where the person cannot or will not go on."""
    return _ANSWERS[page_of(view)](browser, view, visit)


def refused(view: View) -> bool:
    """Whether a page says that the last answer was wrong."""
    return bool(page_of(view)) and _REFUSED.search(view.text) is not None


def _wishes(visit: Visit) -> Mapping[str, object]:
    own = visit.factors.get("microsoft")
    return own if isinstance(own, dict) else visit.factors


def _forms(view: View, suffix: str) -> list[Form]:
    return [form for form in view.forms if urlsplit(form.action).path.endswith(suffix)]


# -- multi-factor --------------------------------------------------------------------------------------------------


def _prove(browser: Browser, view: View, visit: Visit) -> View | None:
    """Answer with the factor that the person likes best; ask for it first where another one is on the page."""
    form = _forms(view, _PROVE)[0]
    shown = _name(form.fields.get("mfaAuthMethod", ""))
    others = {_name(other.fields.get("AuthMethodId", "")): other for other in _forms(view, _ASK)}
    for wish in _wishes(visit):
        if wish == shown:
            return _respond(browser, view, form, visit, wish)
        if wish in others:
            return browser.submit(others[wish])
    return None


def _name(method: str) -> str:
    return _NAMES.get(method, method)


def _respond(browser: Browser, view: View, form: Form, visit: Visit, name: str) -> View | None:
    said = str(_wishes(visit).get(name, ""))
    if name == "push":
        return _on_phone(browser, view, form, visit, said)
    code = _code(view, visit, said)
    return browser.submit(form, {"otc": code}) if code else None


def _code(view: View, visit: Visit, said: str) -> str:
    """The code to type: computed from a secret, read from the outbox, or as said."""
    secret = _SECRET.search(view.answer.body)
    if secret is not None:
        return of_app(secret.group(1).decode(), view)
    if said == "outbox":
        codes = [str(message["code"]) for message in _messages(view, visit) if message.get("code")]
        return codes[-1] if codes else ""
    return of_app(said, view) if said and not said.isdigit() else said


def _on_phone(browser: Browser, view: View, form: Form, visit: Visit, said: str) -> View | None:
    """Answer the push on the phone, then say so on the page. A phone left alone answers nothing."""
    waiting = [message for message in _messages(view, visit) if message.get("answerable")]
    number = _NUMBER.search(view.answer.body)
    if said not in ("approve", "reject") or not waiting or number is None:
        return None
    body: Doc = {"answer": "reject"} if said == "reject" else {"number": int(number.group(1))}
    url = f"{_outbox(view)}/{waiting[-1]['id']}/answer"
    Http(visit.transport).request("POST", url, json=body, headers=credential(visit))
    return browser.submit(form)


def _outbox(view: View) -> str:
    return "{0.scheme}://{0.netloc}/_lab/microsoft/outbox".format(urlsplit(view.url))


def _messages(view: View, visit: Visit) -> list[Doc]:
    """What the tenant sent to this person, oldest first."""
    url = f"{_outbox(view)}?to={quote(visit.login)}"
    found: list[Doc] = doc_of(Http(visit.transport).request("GET", url, headers=credential(visit))).get("messages", [])
    return found


# -- registration --------------------------------------------------------------------------------------------------


def _register(browser: Browser, view: View, visit: Visit) -> View | None:
    """Choose what to register, the person's favourite first; put it off where they want that and may."""
    offered = {_name(form.fields.get("method", "")): form for form in _forms(view, _REGISTER)}
    if visit.answers.get("registration") == "skip":
        return browser.submit(offered["skip"]) if "skip" in offered else None
    for wish in _wishes(visit):
        if wish in offered:
            return browser.submit(offered[wish], _details(offered[wish], visit, wish))
    return None


def _details(form: Form, visit: Visit, wish: str) -> dict[str, str]:
    values = {"sms": visit.factors.get("phone", PHONE), "call": visit.factors.get("phone", PHONE),
              "email": visit.answers.get("mail", visit.login), "push": "Phone"}  # fmt: skip
    return {"value": str(values[wish])} if "value" in form.visible else {}


def _registered(browser: Browser, view: View, visit: Visit) -> View | None:
    """Show that the new method works."""
    form, wishes = _forms(view, _REGISTERED)[0], _wishes(visit)
    if "otc" not in form.visible:
        return _on_phone(browser, view, form, visit, str(wishes.get("push", "")))
    said = "outbox" if "outbox" in wishes.values() else next((str(wishes[n]) for n in _SENT if n in wishes), "")
    code = _code(view, visit, said)
    return browser.submit(form, {"otc": code}) if code else None


# -- the other pages -----------------------------------------------------------------------------------------------


def _stay(browser: Browser, view: View, visit: Visit) -> View | None:
    """Yes or no; most people say no."""
    wanted = {"yes": "1", "no": "3"}.get(str(visit.answers.get("kmsi", "no")))
    form = next((form for form in view.forms if form.fields.get("LoginOptions") == wanted), None)
    return browser.submit(form) if form is not None else None


def _terms(browser: Browser, view: View, visit: Visit) -> View | None:
    """Accept or decline; whoever was told neither leaves the page."""
    wanted = {"accept": "true", "decline": "false"}.get(str(visit.answers.get("terms", "")))
    form = next((form for form in view.forms if form.fields.get("accept") == wanted), None)
    return browser.submit(form) if form is not None else None


def _change(browser: Browser, view: View, visit: Visit) -> View | None:
    """The new password, where the person has thought of one."""
    new = str(visit.answers.get("new_password", ""))
    if not new:
        return None
    typed = {"currentPasswd": visit.password, "newPasswd": new, "confirmNewPasswd": new}
    return browser.submit(_forms(view, _CHANGE)[0], typed)


_ANSWERS: dict[str, Answering] = {
    _PROVE: _prove, _REGISTERED: _registered, _REGISTER: _register, _CHANGE: _change, _KMSI: _stay,
    _TERMS: _terms,
}  # fmt: skip
