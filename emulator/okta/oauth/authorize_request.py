"""An authorization request, read and checked. Source: RFC 6749 4.1.1, OpenID Connect core 3.1.2.1, RFC 7636.

Descriptions without a source are inferred.
"""

from dataclasses import dataclass

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem
from emulator.okta.oauth.clients import Client, refused_grant
from emulator.okta.oauth.errors import invalid_request, stop

_MODES = ("query", "fragment", "form_post")
_PROMPTS = ("none", "login", "consent", "login consent")
_CHALLENGE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the client wants. mode: how the answer goes back; max_age_s: how old a sign-in may be."""

    redirect: str
    response_type: str
    mode: str
    state: str | None
    nonce: str | None
    prompt: tuple[str, ...]
    max_age: str | None
    challenge: str | None
    method: str | None
    session_token: str
    sent_mode: str | None
    foreign: tuple[str, ...]

    @property
    def wants(self) -> set[str]:
        """What the answer carries: `code`, `token`, `id_token`."""
        found = set(self.response_type.split())
        return found if found <= {"code", "token", "id_token"} else set()

    @property
    def max_age_s(self) -> int | None:
        return int(self.max_age) if self.max_age else None

    @staticmethod
    def read(form: Doc, redirect: str) -> "Asked":
        """Nothing is checked yet: even a refusal must know how to go back."""
        sent, kind = form.get("response_mode"), str(form.get("response_type") or "")
        usual = "fragment" if {"token", "id_token"} & set(kind.split()) else "query"
        return Asked(
            redirect, kind, sent if sent in _MODES else usual, form.get("state"),
            form.get("nonce"), tuple(str(form.get("prompt") or "").split()), form.get("max_age") or None,
            form.get("code_challenge") or None, form.get("code_challenge_method") or None,
            str(form.get("sessionToken") or ""), sent, tuple(n for n in ("request", "request_uri") if form.get(n)),
        )  # fmt: skip


def checked(client: Client, asked: Asked) -> None:
    """Raises what goes back to the client: invalid_request, unsupported_response_type, unauthorized_client."""
    if not asked.state:
        text = "The authentication request has an invalid 'state' parameter."
        raise invalid_request(text, Compared("state", asked.state, "query"), rule="Okta wants a state.")
    if not asked.response_type:
        text = "The authentication request has an invalid 'response_type' parameter."
        raise invalid_request(text, Compared("response_type", None, "query"))
    _check_type(client, asked)
    if asked.sent_mode is not None and asked.sent_mode not in _MODES:
        text = "The authentication request has an unsupported response_mode parameter."
        raise invalid_request(text, Compared("response_mode", asked.sent_mode[:100], "query"))
    if asked.foreign:
        text = "The authentication request must not have a request object."
        code = "request_not_supported" if "request" in asked.foreign else "request_uri_not_supported"
        raise stop(code, text, Compared(asked.foreign[0], "given", "query"), rule="Request objects are not emulated.")
    _check_prompt(asked)
    _check_pkce(client, asked)


def _check_type(client: Client, asked: Asked) -> None:
    """The response types of the client: `code`, tokens (implicit), or both (hybrid)."""
    own: list[str] = list(client.settings.get("response_types") or ["code"])
    if not asked.wants or len(asked.wants) != len(asked.response_type.split()) or not asked.wants <= set(own):
        known = ", ".join(own)
        text = f"The response type is not supported by the authorization server. Configured response types: [{known}]"
        compared = Compared("response_type", asked.response_type[:100], "query")
        raise stop("unsupported_response_type", text, compared, Compared("response_types", known, client.app["label"]))
    needed = ("authorization_code", "code" in asked.wants), ("implicit", bool(asked.wants - {"code"}))
    for grant, wanted in needed:
        if wanted and grant not in client.grant_types:
            raise refused_grant(client, grant)
    if asked.wants != {"code"} and asked.sent_mode == "query":
        text = "The response mode 'query' isn't supported for a response type that carries tokens."
        raise invalid_request(text, Compared("response_mode", "query", "query"))
    if "id_token" in asked.wants and not asked.nonce:
        text = "The authentication request has an invalid 'nonce' parameter."
        raise invalid_request(text, Compared("nonce", None, "query"), rule="An ID token repeats the request's nonce.")


def _check_prompt(asked: Asked) -> None:
    if asked.prompt and " ".join(asked.prompt) not in _PROMPTS:
        text = "The authentication request has an invalid 'prompt' parameter."
        raise invalid_request(text, Compared("prompt", " ".join(asked.prompt)[:100], "query"))
    age = asked.max_age
    if age is not None and (not age.isascii() or not age.isdigit() or len(age) > 9):
        text = "The authentication request has an invalid 'max_age' parameter."
        raise invalid_request(text, Compared("max_age", age[:100], "query"))


def _check_pkce(client: Client, asked: Asked) -> None:
    challenge, method = asked.challenge, asked.method
    if "code" not in asked.wants:
        return
    if challenge is None:
        if client.is_public:
            raise _no_pkce("PKCE code challenge is required when the token endpoint authentication method is 'NONE'.")
        if client.credentials.get("pkce_required"):
            raise _no_pkce("PKCE code challenge is required by the application.")
        return
    if method != "S256":
        text = "The 'code_challenge_method' must be 'S256'."
        raise invalid_request(text, Compared("code_challenge_method", str(method)[:100], "query"))
    if not 43 <= len(challenge) <= 128 or not set(challenge) <= _CHALLENGE:
        text = "The 'code_challenge' is not valid."
        raise invalid_request(text, Compared("code_challenge", challenge[:140], "query"))


def _no_pkce(text: str) -> Problem:
    return invalid_request(text, Compared("code_challenge", None, "query"))
