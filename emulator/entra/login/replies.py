"""Answers to the client's redirect URI: query, fragment, or a form that posts itself. Source: graph-entra.md 2.5."""

from dataclasses import dataclass
from urllib.parse import urlencode

from emulator.entra.login import pages
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem
from emulator.protocols.html import redirect


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """A redirect URI, checked against the application, and how it wants its answer (query, fragment, form_post)."""

    uri: str
    mode: str = "query"
    state: str | None = None

    def send(self, call: Call, fields: dict[str, str]) -> Answer:
        """The browser's way to the client, with `state` as the client sent it."""
        pairs = [(key, value) for key, value in fields.items() if key != "session_state"]
        if self.state is not None:
            pairs.append(("state", self.state))
        if "session_state" in fields:
            pairs.append(("session_state", fields["session_state"]))
        if self.mode == "form_post":
            return pages.auto_post(call, self.uri, dict(pairs))
        joint = "#" if self.mode == "fragment" else "&" if "?" in self.uri else "?"
        target = f"{self.uri}{joint}{urlencode(pairs)}"
        return pages.go_on(call, target) if _from_other_page(call) else redirect(target)

    def refuse(self, call: Call, problem: Problem, doc: Doc) -> Answer:
        """The refusal as the client gets it (`render` of a Problem)."""
        fields = {"error": doc["error"], "error_description": doc["error_description"], "error_uri": doc["error_uri"]}
        if doc.get("suberror"):
            fields["error_subcode"] = doc["suberror"]
        return self.send(call, fields)


def _from_other_page(call: Call) -> bool:
    """Whether a browser came here by a form of another origin's page, an identity provider's.

    Chromium holds that page's `form-action` against every redirect that follows, and no provider can list the
    redirect URIs of our applications. Such a browser says so in its fetch metadata; others follow a redirect.
    """
    headers = call.exchange.headers
    arrived = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-site") != "same-origin"
    return arrived and call.exchange.method == "POST"
