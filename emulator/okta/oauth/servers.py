"""Authorization servers as values: the org's own, and the custom ones by id. Their keys, issuer and audience.

Source: okta-admin-api.md 2. Issuers are state and part of tokens, so they carry the org's canonical name.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.ids import Ids
from emulator.okta.oauth.kinds import SCOPES, SERVER_KEYS, SERVERS
from emulator.okta.params import stamp
from emulator.okta.problems import not_found
from emulator.protocols import derived_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ORG_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access", "groups")
DEFAULT_ID = "default"


@dataclass(frozen=True, slots=True)
class Server:
    """One authorization server. id: "" for the org's own. path: where its endpoints live."""

    id: str
    issuer: str
    audience: str
    path: str
    doc: Doc

    @property
    def is_org(self) -> bool:
        return not self.id


def canonical(call: Call) -> str:
    """The org's own address, as issuers have it."""
    return f"https://{call.info['host']}"


def org_server(call: Call) -> Server:
    issuer = canonical(call)
    return Server("", issuer, issuer, "/oauth2", {})


def custom_server(call: Call, doc: Doc) -> Server:
    return Server(doc["id"], issuer_of(call, doc), doc["audiences"][0], f"/oauth2/{doc['id']}", doc)


def issuer_of(call: Call, doc: Doc) -> str:
    return f"{canonical(call)}/oauth2/{doc['id']}"


def by_path(call: Call) -> Server:
    """The server whose endpoint was called. Raises 404 for an id that names none, or one that is INACTIVE."""
    id = call.path.get("authServerId")
    if id is None:
        return org_server(call)
    doc = call.store.get(SERVERS, id)
    if doc is None or doc["status"] != "ACTIVE":
        raise not_found(id, "AuthorizationServer")
    return custom_server(call, doc)


def by_issuer(call: Call, issuer: object) -> Server | None:
    """The server of that issuer; None when it is not one of this org's."""
    if issuer == canonical(call):
        return org_server(call)
    start = f"{canonical(call)}/oauth2/"
    doc = (
        call.store.get(SERVERS, issuer[len(start) :]) if isinstance(issuer, str) and issuer.startswith(start) else None
    )
    return custom_server(call, doc) if doc is not None else None


def new_key(ids: Ids, now: int, *, server: str, status: str) -> Doc:
    """A signing key of a server as it is stored; its private half is derived when it is first needed."""
    kid = ids.text("oauthKey", 43)
    return {"id": kid, "kid": kid, "status": status, "created": stamp(now), "_server": server}


def private_key(ids: Ids, kid: str) -> "RSAPrivateKey":
    """The private half of a server's key."""
    return derived_keys.derived(ids.derive(f"oauth.{kid}"))


def keys_of(store: Any, server: str) -> list[Doc]:
    """A server's keys in the order ACTIVE, NEXT, EXPIRED."""
    rank = {"ACTIVE": 0, "NEXT": 1, "EXPIRED": 2}
    return sorted(store.find_all(SERVER_KEYS, "_server", server), key=lambda item: rank[item["status"]])


def signing_kid(store: Any, server: Server) -> str:
    """The kid that the server signs with now."""
    return str(keys_of(store, server.id)[0]["kid"])


def scope_names(store: Any, server: Server) -> list[str]:
    """The scopes that a server itself defines (the org's: without `okta.*`)."""
    if server.is_org:
        return list(ORG_SCOPES)
    return [row["name"] for row in store.find_all(SCOPES, "_server", server.id)]
