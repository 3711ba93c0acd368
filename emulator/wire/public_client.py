"""The world's public client at the tenant: authorization code + PKCE, from the authorize URL to the tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from emulator.kernel.doc import Doc
from emulator.protocols.jose import pkce_challenge
from emulator.wire.browser import View
from emulator.wire.client import Http, Transport, doc_of

LOGIN = "https://login.microsoftonline.com"
SCOPE = "openid profile offline_access https://graph.microsoft.com/User.Read"


@dataclass(frozen=True, slots=True)
class CodeFlow:
    """One sign-in of the public client. entra: what `lab.json` says of the tenant; verifier: PKCE's."""

    entra: Doc
    verifier: str
    scope: str = SCOPE

    def url(self, login: str, asked: Mapping[str, str]) -> str:
        """Where the sign-in begins; `asked` are further authorize parameters (`prompt`, `domain_hint`)."""
        return f"{LOGIN}/{self.entra['tenant_id']}/oauth2/v2.0/authorize?" + urlencode({
            "client_id": self.entra["public_client_id"], "response_type": "code",
            "redirect_uri": self.entra["redirect_uri"], "scope": self.scope,
            "code_challenge": pkce_challenge(self.verifier), "code_challenge_method": "S256",
            "state": self.verifier[:16], "login_hint": login, **asked,
        })  # fmt: skip

    def is_reply(self, url: str) -> bool:
        """Whether a browser has arrived at the application."""
        return url.startswith(self.entra["redirect_uri"])

    @staticmethod
    def reply(view: View) -> Mapping[str, str]:
        """What reached the application: a posted form, else the query, else the fragment."""
        parts = urlsplit(view.url)
        return view.sent or dict(parse_qsl(parts.query or parts.fragment))

    def redeem(self, transport: Transport, code: str, *, client: str) -> Doc:
        """The token endpoint's answer. client: the address that asks."""
        form = {
            "grant_type": "authorization_code", "client_id": self.entra["public_client_id"], "code": code,
            "redirect_uri": self.entra["redirect_uri"], "code_verifier": self.verifier, "scope": self.scope,
            "client_info": "1",
        }  # fmt: skip
        url = f"{LOGIN}/{self.entra['tenant_id']}/oauth2/v2.0/token"
        return doc_of(Http(transport).request("POST", url, form=form, client=client))
