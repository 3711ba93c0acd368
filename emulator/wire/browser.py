"""A scripted browser: cookies by host, redirects, forms that post themselves, and forms that it is told to fill.

It runs no scripts; a form whose page would submit it by script is recognised by `data-auto-submit` or by having only
hidden fields. Every page it saw stays in `history`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from emulator.kernel.exchange import Answer
from emulator.wire.client import Http, Transport

USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
)
_MOST_HOPS = 30


@dataclass(slots=True)
class Form:
    """A form on a page: where it goes, its fields, and whether a script would send it at once."""

    action: str
    method: str
    fields: dict[str, str]
    visible: set[str] = field(default_factory=set)
    automatic: bool = False


@dataclass(slots=True)
class View:
    """What the browser shows: the last URL, its answer, and the forms on it.

    Where the browser was told to stop before sending, `sent` is what it would have posted.
    """

    url: str
    answer: Answer
    forms: list[Form]
    sent: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def text(self) -> str:
        """The page's text without mark-up."""
        if not self.answer.body or b"<" not in self.answer.body[:1000]:
            return self.answer.text()
        root = html.fromstring(self.answer.body)
        texts = [
            text
            for part in root.iter(etree.Element)
            for text in (part.text if part.tag not in ("style", "script") else None, part.tail)
            if text
        ]
        return " ".join(" ".join(texts).split())


class LoopDetected(Exception):
    """More redirects and automatic posts than a browser would put up with."""


class Browser:
    """One browser profile. `client` is its address as the servers see it; `own` what it tells a host about itself
    beside the usual headers; `tokens` the refresh tokens that applications of the same device keep, by user name."""

    def __init__(self, transport: Transport, *, user_agent: str = USER_AGENT, client: str = "127.0.0.1") -> None:
        self.http = Http(transport, headers={"user-agent": user_agent, "accept": "text/html,application/xhtml+xml"})
        self.client = client
        self.jar: dict[str, dict[str, str]] = {}
        self.history: list[View] = []
        self.stop_at: Callable[[str], bool] = lambda url: False
        self.tokens: dict[str, str] = {}
        self.own: Callable[[str], Mapping[str, str]] = lambda host: {}

    def get(self, url: str) -> View:
        """Open a URL and follow redirects and automatic posts until something needs a person."""
        return self._settle("GET", url, None)

    def submit(self, form: Form, values: Mapping[str, str] | None = None) -> View:
        """Send a form with some fields filled in."""
        return self._settle(form.method, form.action, {**form.fields, **(values or {})})

    def fill(self, view: View, values: Mapping[str, str]) -> View:
        """Fill the first form of the page that has all the named fields. LookupError when none has."""
        for form in view.forms:
            if set(values) <= set(form.fields):
                return self.submit(form, values)
        raise LookupError(f"no form with {sorted(values)} at {view.url}: {view.text[:200]}")

    def _settle(self, method: str, url: str, fields: Mapping[str, str] | None) -> View:
        for _ in range(_MOST_HOPS):
            if self.stop_at(url):
                return self._remember(View(url, Answer(0), [], dict(fields or {})))
            view = self._remember(self._load(method, url, fields))
            location = view.answer.header("location")
            if view.status in (301, 302, 303, 307, 308) and location:
                if view.status in (301, 302, 303):
                    method, fields = "GET", None
                url = urljoin(url, location)
                continue
            automatic = next((form for form in view.forms if form.automatic), None)
            if automatic is None:
                return view
            method, url, fields = automatic.method, automatic.action, automatic.fields
        raise LoopDetected(f"still going after {_MOST_HOPS} hops, last at {url}")

    def _load(self, method: str, url: str, fields: Mapping[str, str] | None) -> View:
        host = urlsplit(url).netloc
        cookies = self.jar.setdefault(host, {})
        headers = dict(self.own(host))
        if cookies:
            headers["cookie"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
        if method == "GET":
            answer = self.http.request("GET", url, headers=headers, client=self.client)
        else:
            if self.history:
                headers["origin"] = "{0.scheme}://{0.netloc}".format(urlsplit(self.history[-1].url))
            answer = self.http.request(method, url, form=dict(fields or {}), headers=headers, client=self.client)
        for line in answer.all_headers("set-cookie"):
            self._keep(cookies, line)
        return View(url, answer, forms_of(url, answer))

    @staticmethod
    def _keep(cookies: dict[str, str], line: str) -> None:
        pair, *attributes = line.split(";")
        name, _, value = pair.strip().partition("=")
        gone = any(item.strip().lower() == "max-age=0" for item in attributes)
        if gone or not value:
            cookies.pop(name, None)
        else:
            cookies[name] = value

    def _remember(self, view: View) -> View:
        self.history.append(view)
        return view


def forms_of(url: str, answer: Answer) -> list[Form]:
    """The forms of an HTML page, with absolute actions."""
    if "html" not in (answer.header("content-type") or "") or not answer.body:
        return []
    found = []
    for element in html.fromstring(answer.body).iter("form"):
        fields: dict[str, str] = {}
        visible: set[str] = set()
        for item in element.iter("input", "select", "textarea", "button"):
            name = item.get("name")
            if not name:
                continue
            kind = (item.get("type") or "text").lower()
            fields.setdefault(name, item.get("value") or item.text or "")
            if item.tag != "button" and kind not in ("hidden", "submit"):
                visible.add(name)
        automatic = bool(fields) and not visible and element.get("data-auto-submit") is not None
        action = urljoin(url, element.get("action") or url)
        found.append(Form(action, (element.get("method") or "get").upper(), fields, visible, automatic))
    return found
