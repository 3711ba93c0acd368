"""What every grant at the token endpoint does alike: parameters, scopes, the answer. Source: graph-entra.md 2.3."""

from dataclasses import dataclass

from emulator.entra.login.claims import Identity, client_info, id_token, user_access_token
from emulator.entra.login.clients import Client, client_of
from emulator.entra.login.dialect import because
from emulator.entra.login.request import missing
from emulator.entra.login.scopes import Asked, granted, read_v1, read_v2
from emulator.entra.login.tenancy import Tenancy
from emulator.entra.login.tickets import SPA_MS, refresh_row
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request: where it was sent, and its form."""

    where: Tenancy
    v2: bool
    form: dict[str, str]

    def need(self, name: str) -> str:
        """A parameter that must be there. Raises 900144."""
        value = self.form.get(name, "")
        if not value:
            raise missing(name)
        return value

    def client(self, call: Call) -> Client:
        """The application that asks: `client_id`, which client_secret_basic may carry."""
        return client_of(call, self.form.get("client_id") or _basic_user(call) or self.need("client_id"), self.where)

    def asked(self, call: Call, *, scope: str = "", resource: str = "") -> Asked:
        """The resource and scopes of the request, or those of the grant."""
        if self.v2:
            return read_v2(call, self.form.get("scope") or scope)
        return read_v1(call, self.form.get("resource") or resource, self.form.get("scope") or scope)


def _basic_user(call: Call) -> str:
    from base64 import b64decode

    scheme, _, value = call.exchange.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def refuse_shared(request: TokenRequest, *names: str) -> None:
    """Raises 9001023 on endpoints that a grant does not work on."""
    if request.where.segment in names:
        raise Problem(
            "9001023",
            why=because(
                "The grant needs a tenant-specific endpoint, or /organizations.",
                ("path", request.where.segment, "request"),
                ("grant_type", request.form.get("grant_type"), "request"),
            ),
        )


def user_answer(
    call: Call, request: TokenRequest, client: Client, asked: Asked, who: Identity, *,
    acr: str, nonce: str = "", session: str = "", family: str = "", until: int | None = None, spa: bool = False,
) -> tuple[Doc, Doc | None]:  # fmt: skip
    """The answer with a person's tokens, and the row of its refresh token (None: none was asked for).

    family: ties refresh tokens to the grant they came from. until: when the refresh token ends if it does not slide.
    """
    scp = granted(call, client, who.user, asked)
    access, lifetime = user_access_token(call, client, asked, who, scp=scp, acr=acr, session=session)
    if request.v2:
        answer: Doc = {
            "token_type": "Bearer",
            "scope": asked.written(scp),
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
        }
    else:
        answer = {"token_type": "Bearer", "scope": " ".join(scp), **v1_times(call, asked, lifetime)}
    answer["access_token"] = access
    row: Doc | None = None
    if "offline_access" in asked.oidc:
        if spa and until is None:
            until = call.now + SPA_MS
        kept = {
            "scope": request.form.get("scope", ""), "resource": "" if request.v2 else asked.name, "session": session,
            "spa": spa, "public": acr == "0", "foci": client.family,
        }  # fmt: skip
        answer["refresh_token"], row = refresh_row(call, who, client.id, family=family, asked=kept, until=until)
        if client.family:
            answer["foci"] = "1"
        if spa and until is not None:
            answer["refresh_token_expires_in"] = max(0, (until - call.now) // 1000)
    if "openid" in asked.oidc:
        answer["id_token"] = id_token(call, client, who, v2=request.v2, nonce=nonce, session=session, oidc=asked.oidc)
    if request.form.get("client_info") == "1":
        answer["client_info"] = client_info(call, who.user)
    return answer, row


def written(request: TokenRequest, answer: Doc) -> Doc:
    """An answer as it is sent: the v1 endpoint writes numbers as text, but for one that came later."""
    if request.v2:
        return answer
    return {
        key: str(value) if isinstance(value, int) and key != "refresh_token_expires_in" else value
        for key, value in answer.items()
    }


def v1_times(call: Call, asked: Asked, lifetime: int) -> Doc:
    """What only v1 answers say."""
    now = call.now // 1000
    return {
        "expires_in": lifetime, "ext_expires_in": lifetime, "expires_on": now + lifetime, "not_before": now,
        "resource": asked.audience,
    }  # fmt: skip
