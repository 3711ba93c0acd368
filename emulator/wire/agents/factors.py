"""How a scripted person answers factor challenges: what they know, what their phone receives, what their app shows.

`Visit.factors` says: `{"totp": "<secret or code>", "push": "approve | reject | ignore", "sms": "outbox", "call":
"outbox", "email": "outbox", "question": "<answer>", "hotp": "<code>", "yubikey": "<passcode>", "tac": "<code>",
"phone": "<number>", "fastpass": "owner | device"}`. Its order is the order of choice. The org's outbox stands for the
phone.
"""

import re
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

from emulator.kernel.doc import Doc
from emulator.protocols import otp
from emulator.wire.agents import Visit, fastpass
from emulator.wire.browser import Browser, Form, View
from emulator.wire.client import Http, doc_of

PATH = "/signin/factor"
_NAMES = {
    "token:hardware": "yubikey",
    "token:software:totp": "totp",
    "token:hotp": "hotp",
    fastpass.TYPE: fastpass.NAME,
}
_SENT = ("sms", "call", "email")
_SECRET = re.compile(rb'<code id="secret">([A-Z2-7]+)</code>')
PHONE = "+14155550123"


def asked(view: View) -> bool:
    """Whether the page is a step of the org's factor pages."""
    return any(urlsplit(form.action).path == PATH for form in view.forms)


def answer(browser: Browser, view: View, visit: Visit) -> View | None:
    """The next page; None where the person cannot or will not go on."""
    forms = [form for form in view.forms if urlsplit(form.action).path == PATH and "action" in form.fields]
    chosen = _chosen([form for form in forms if form.fields["action"] in ("choose", "enrol")], visit)
    if chosen is not None:
        return browser.submit(chosen, _details(chosen, visit))
    form = next((form for form in forms if form.fields["action"] in ("verify", "activate")), None)
    if form is None:
        return None
    if form.fields.get("factorType") == fastpass.TYPE:
        return fastpass.send(browser, form, visit) if fastpass.NAME in visit.factors else None
    if form.fields.get("factorType") == "push":
        return _push(browser, form, visit)
    code = _code(view, form, visit)
    name = "answer" if "answer" in form.visible else "passCode"
    return browser.submit(form, {name: code, "rememberDevice": ""}) if code else None


def _chosen(forms: list[Form], visit: Visit) -> Form | None:
    """The form of the first factor that the person has, in their order of choice."""
    for name in visit.factors:
        for form in forms:
            if _name(form) == name:
                return form
    return None


def _name(form: Form) -> str:
    kind = form.fields.get("factorType", "")
    return _NAMES.get(kind, kind)


def _details(form: Form, visit: Visit) -> Doc:
    """What an enrolment asks for first."""
    if "phoneNumber" in form.visible:
        return {"phoneNumber": str(visit.factors.get("phone", PHONE))}
    if "answer" in form.visible:
        return {"question": "disliked_food", "answer": str(visit.factors["question"])}
    return {}


def _code(view: View, form: Form, visit: Visit) -> str:
    """The code or answer to type; empty where there is none."""
    name = _name(form)
    shown = _SECRET.search(view.answer.body)
    if shown is not None:
        return of_app(shown.group(1).decode(), view)
    said = str(visit.factors.get(name, ""))
    if name in _SENT:
        return _from_outbox(view, visit, name) if said == "outbox" else said
    return of_app(said, view) if name == "totp" and said and not said.isdigit() else said


def of_app(secret: str, view: View) -> str:
    """The code that an authenticator app shows at the servers' time."""
    date = view.answer.header("date")
    now = int(parsedate_to_datetime(date).timestamp() * 1000) if date else 0
    return otp.totp(otp.decoded(secret), now)


def _from_outbox(view: View, visit: Visit, kind: str) -> str:
    found = [message for message in _messages(view.url, visit) if message["kind"] == kind]
    return str(found[-1].get("code", "")) if found else ""


def _push(browser: Browser, form: Form, visit: Visit) -> View | None:
    """Answer on the phone, then say so on the page. A phone that got nothing, or is left alone, answers nothing."""
    state, wish = form.fields.get("push", ""), str(visit.factors.get("push", "ignore"))
    if state == "SUCCESS":
        return browser.submit(form)
    if state != "WAITING" or wish == "ignore":
        return None
    url = form.action
    found = [message for message in _messages(url, visit) if message["kind"] == "push"]
    if not found:
        return None
    body: Doc = {"answer": wish}
    if wish == "approve" and form.fields.get("number"):
        body["number"] = form.fields["number"]
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    path = f"{origin}/_lab/outbox/{found[-1]['id']}/answer"
    Http(visit.transport).request("POST", path, json=body, headers=credential(visit))
    return browser.submit(form)


def _messages(url: str, visit: Visit) -> list[Doc]:
    """What is in the outbox of the org behind a page, for this person."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    path = f"{origin}/_lab/outbox?to={quote(visit.login)}"
    answer = Http(visit.transport).request("GET", path, headers=credential(visit))
    found: list[Doc] = doc_of(answer).get("messages", [])
    return found


def credential(visit: Visit) -> dict[str, str]:
    token = visit.lab.get("control_token")
    return {"authorization": f"Bearer {token}"} if token else {}
