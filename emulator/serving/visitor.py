"""A person in a browser: signs in to an application of the world the way people do, and gets its tokens.

`world.browser.sign_in("dana@acme.example")` types the name and the world's test password wherever a page asks, stops
at the application's redirect address, and redeems the code there (authorization code + PKCE).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from emulator.kernel.doc import Doc
from emulator.kernel.ids import base64url, scramble
from emulator.kernel.problems import LabError
from emulator.wire.browser import Browser, View
from emulator.wire.client import Transport
from emulator.wire.public_client import SCOPE, CodeFlow

_PASSWORD_FIELDS = {"password", "passwd"}
_MOST_PAGES = 6


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a sign-in ended: the last page, the answer that reached the application, and the tokens it got for it."""

    view: View
    reply: Mapping[str, str] = field(default_factory=dict)
    tokens: Doc = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the application got an access token."""
        return "access_token" in self.tokens

    @property
    def text(self) -> str:
        """What the person sees at the end."""
        return self.view.text


class Visitor(Browser):
    """A browser that knows the world's people and its public client."""

    def __init__(self, transport: Transport, lab: Doc, **more: str) -> None:
        super().__init__(transport, **more)
        self._lab = lab
        self._flows = 0

    def sign_in(self, login: str, password: str | None = None, *, scope: str = SCOPE, **asked: str) -> SignIn:
        """Sign in to the world's public client; `asked` are further authorize parameters (`prompt`, `domain_hint`).

        LabError when the world names no password for `login` and none is given, or no public client.
        """
        entra = self._lab.get("entra") or {}
        if not entra.get("public_client_id"):
            raise LabError("This world names no public client.", hint="Give `lab.entra.public_client_id`.")
        password = password if password is not None else self._password(login)
        flow = CodeFlow(entra, self._verifier(login), scope)
        self.stop_at = flow.is_reply
        view = self._answer_pages(self.get(flow.url(login, asked)), login, password)
        if not flow.is_reply(view.url):
            return SignIn(view)
        reply = flow.reply(view)
        tokens = flow.redeem(self.http.transport, reply["code"], client=self.client) if "code" in reply else {}
        return SignIn(view, reply, tokens)

    def _answer_pages(self, view: View, login: str, password: str) -> View:
        """Type the name and the password where asked; stop when a page asks again."""
        asked: set[tuple[str, frozenset[str]]] = set()
        for _ in range(_MOST_PAGES):
            form = next((form for form in view.forms if form.visible), None)
            if form is None:
                return view
            question = (urlsplit(form.action).netloc, frozenset(form.visible))
            if question in asked:
                return view
            asked.add(question)
            view = self.submit(form, {name: password if name in _PASSWORD_FIELDS else login for name in form.visible})
        return view

    def _password(self, login: str) -> str:
        for person in self._lab.get("users", ()):
            if person["login"].casefold() == login.casefold():
                return str(person["password"])
        raise LabError(f"The world names no password for {login}.", hint="Give one: sign_in(login, password).")

    def _verifier(self, login: str) -> str:
        """A PKCE verifier that repeats with the same sign-ins: nothing here needs to be secret."""
        self._flows += 1
        return base64url(scramble(b"tenantlab visitor", login, self._flows, 32))
