"""An authorization request, read and checked once. Source: graph-entra.md 2.5, 2.14; security.md 3 (J9 to J11).

What is wrong before the redirect URI is known to be the application's own is told to the person on a page; what is
wrong after that is told to the client at its redirect URI.
"""

import re
from dataclasses import dataclass

from emulator.entra.login import claims_request, tenancy
from emulator.entra.login.clients import Client, Platform, client_of, platform_of
from emulator.entra.login.dialect import because
from emulator.entra.login.optional_claims import named_by
from emulator.entra.login.replies import ReplyTo
from emulator.entra.login.scopes import Asked, read_v1, read_v2
from emulator.entra.resources.users import USERS
from emulator.kernel.call import Call
from emulator.kernel.doc import dig
from emulator.kernel.problems import Compared, Problem, Why

KNOWN = (
    "client_id", "response_type", "redirect_uri", "scope", "response_mode", "state", "nonce", "code_challenge",
    "code_challenge_method", "prompt", "login_hint", "username", "domain_hint", "whr", "max_age", "resource",
    "client_info", "client-request-id", "claims", "sid",
)  # fmt: skip
"""The parameters that are acted on. Others (mkt, x-client-SKU...) are ignored and noted."""
PROMPTS = ("none", "login", "select_account", "consent")
MODES = ("query", "fragment", "form_post")
_TYPES = (
    frozenset({"code"}), frozenset({"id_token"}), frozenset({"code", "id_token"}), frozenset({"id_token", "token"}),
    frozenset({"token"}), frozenset({"code", "id_token", "token"}), frozenset({"code", "token"}),
)  # fmt: skip
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Request:
    """A valid authorization request. raw: its parameters as received (what the flow state keeps)."""

    where: tenancy.Tenancy
    v2: bool
    client: Client
    platform: Platform
    reply: ReplyTo
    types: frozenset[str]
    asked: Asked
    raw: dict[str, str]
    device: str = ""
    """The device code's row where no browser waits for the answer."""

    @property
    def prompt(self) -> str:
        return self.raw.get("prompt", "")

    @property
    def hint(self) -> str:
        """The user name that the client knows already."""
        return (self.raw.get("login_hint") or self.raw.get("username") or "").strip()

    @property
    def domain_hint(self) -> str:
        return (self.raw.get("domain_hint") or self.raw.get("whr") or "").strip().lower()

    @property
    def max_age_s(self) -> int | None:
        text = self.raw.get("max_age", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def read(call: Call, given: dict[str, str], *, v2: bool) -> Request:
    """Check the parameters of an authorization request; a Problem goes to the page or to the client, as it should."""
    where = tenancy.resolve(call)
    raw = {name: given[name] for name in KNOWN if name in given}
    id = named_by(raw.get("login_hint", ""))  # the opaque value of the optional claim login_hint
    named = call.store.get(USERS, id) if id else None
    if named is not None:
        raw["login_hint"] = named["userPrincipalName"]
    ignored = sorted(set(given) - set(KNOWN))
    if ignored:
        call.note(f"ignored parameters: {', '.join(ignored)}")
    if not raw.get("client_id"):
        raise missing("client_id")
    client = client_of(call, raw["client_id"], where)
    if not raw.get("redirect_uri"):
        raise Problem(
            "900971",
            why=because("An authorization request names its redirect URI.", ("redirect_uri", "absent", "request")),
        )
    platform = platform_of(client, raw["redirect_uri"])
    types = frozenset(raw.get("response_type", "").split())
    mode = raw.get("response_mode", "")
    reply = ReplyTo(raw["redirect_uri"], mode if mode in MODES else _default_mode(types), raw.get("state"))
    try:
        claims_request.read(call, raw.get("claims", ""))
        _check_types(client, raw, types)
        _check_pkce(raw)
        _check_prompt(raw)
        asked = _asked(call, raw, v2=v2)
    except Problem as problem:
        problem.extra.setdefault("render", reply.refuse)
        raise
    return Request(where, v2, client, platform, reply, types, asked, raw)


def missing(name: str) -> Problem:
    """900144 for a parameter that must be there."""
    return Problem("900144", name, why=because("A required parameter is missing.", (name, "absent", "request")))


def _default_mode(types: frozenset[str]) -> str:
    return "fragment" if types & {"id_token", "token"} else "query"


def _check_types(client: Client, raw: dict[str, str], types: frozenset[str]) -> None:
    if not types:
        raise missing("response_type")
    given = Compared("response_type", raw["response_type"], "request")
    if types not in _TYPES:
        raise Problem("70005", raw["response_type"], why=Why("No such response type.", (given,)))
    for name, setting, code in (
        ("id_token", "enableIdTokenIssuance", "700054"),
        ("token", "enableAccessTokenIssuance", "700051"),
    ):
        enabled = bool(dig(client.app, f"web.implicitGrantSettings.{setting}"))
        if name in types and not enabled:
            compared = (given, Compared(setting, enabled, f"application {client.name}"))
            raise Problem(code, why=Why("The application does not allow this response type.", compared))
    mode = raw.get("response_mode", "")
    if mode and (mode not in MODES or (mode == "query" and types != {"code"})):
        compared = (given, Compared("response_mode", mode, "request"))
        raise Problem("70007", mode, why=Why("Tokens are not sent in this response mode.", compared))
    if "id_token" in types and not raw.get("nonce"):
        raise missing("nonce")


def _check_pkce(raw: dict[str, str]) -> None:
    challenge, method = raw.get("code_challenge", ""), raw.get("code_challenge_method", "plain")
    if not challenge:
        return
    if method not in ("S256", "plain"):
        raise Problem(
            "50149",
            why=because(
                "No such code challenge method.",
                ("code_challenge_method", method, "request"),
                ("known", "S256, plain", "RFC 7636"),
            ),
        )
    if _CHALLENGE.fullmatch(challenge) is None:
        raise Problem(
            "501491",
            why=because(
                "The code challenge has a wrong size or characters.",
                ("length", len(challenge), "code_challenge"),
                ("allowed", "43 to 128 unreserved characters", "RFC 7636"),
            ),
        )


def _check_prompt(raw: dict[str, str]) -> None:
    prompt = raw.get("prompt", "")
    if prompt and prompt not in PROMPTS:
        raise Problem(
            "90023",
            "Unsupported 'prompt' value.",
            why=because(
                "No such prompt here.", ("prompt", prompt, "request"), ("known", ", ".join(PROMPTS), "this tenant")
            ),
        )


def _asked(call: Call, raw: dict[str, str], *, v2: bool) -> Asked:
    if not v2:
        return read_v1(call, raw.get("resource", ""), raw.get("scope", ""))
    if raw.get("resource"):
        raise Problem(
            "901002",
            why=because(
                "The v2.0 endpoint takes scopes, not resources.",
                ("resource", raw["resource"], "request"),
                ("endpoint", "v2.0", "request path"),
            ),
        )
    return read_v2(call, raw.get("scope", ""))
