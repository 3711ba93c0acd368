"""What a client asks for: one resource, and scopes of it. Source: graph-entra.md 2.3, 2.4, 2.14."""

from dataclasses import dataclass, field

from emulator.entra.login.clients import Client
from emulator.entra.login.dialect import because
from emulator.entra.resources import applications, grants, service_principals
from emulator.entra.tokens import AUDIENCES, GRAPH, GRAPH_APP_ID, tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.kernel.problems import Compared, Problem, Why

OIDC = ("openid", "profile", "email", "offline_access")
DEFAULT = ".default"


@dataclass(frozen=True, slots=True)
class Asked:
    """A scope parameter, understood.

    resource: the service principal of the API. name: how the client wrote it ("" for bare Graph scopes). scopes:
    delegated permissions asked for; `default` stands for all that are granted. oidc: which of openid... were asked.
    """

    resource: Doc
    name: str
    scopes: tuple[str, ...] = ()
    default: bool = False
    oidc: frozenset[str] = field(default_factory=frozenset)

    @property
    def audience(self) -> str:
        """`aud` of a v1 token: the resource as the client named it."""
        return self.name.removesuffix("/") if self.name else str(self.resource["appId"])

    @property
    def is_graph(self) -> bool:
        return bool(self.resource["appId"] == GRAPH_APP_ID)

    def written(self, granted: list[str]) -> str:
        """The `scope` of a v2 answer: qualified as the client wrote them; the service says `.default` again."""
        prefix = f"{self.name}/" if self.name else ""
        oidc = [name for name in ("openid", "profile", "email") if name in self.oidc]
        own = [name for name in granted if name not in OIDC]
        return " ".join([*oidc, *(prefix + name for name in own), *([prefix + DEFAULT] if self.default else [])])


def read_v2(call: Call, text: str) -> Asked:
    """A v2 `scope`: one resource, or OpenID Connect scopes alone (then Graph). Raises 900144, 28000, 500011, 650053."""
    parts = text.split()
    if not parts:
        raise Problem("900144", "scope", why=because("The v2.0 endpoint needs a scope.", ("scope", text, "request")))
    oidc = frozenset(part.lower() for part in parts if part.lower() in OIDC)
    pairs = [_split(part) for part in parts if part.lower() not in OIDC]
    names = list(dict.fromkeys(name for name, _ in pairs)) or [""]
    resources = {name: resource_of(call, name or GRAPH_APP_ID) for name in names}
    if len({item["appId"] for item in resources.values()}) > 1:
        raise Problem(
            "28000",
            text,
            why=because("One token is for one resource.", ("scope", text, "request"), ("resources", names, "scope")),
        )
    scopes = tuple(scope for _, scope in pairs if scope.lower() != DEFAULT)
    default = any(scope.lower() == DEFAULT for _, scope in pairs)
    return Asked(resources[names[0]], names[0], scopes, default, oidc)


def read_v1(call: Call, resource: str, scope: str) -> Asked:
    """A v1 `resource`: all that is granted for it; without one the token is for Azure AD Graph's successor, Graph.

    A v1 client always gets an id_token and a refresh token.
    """
    oidc = frozenset({"openid", "offline_access", *(set(OIDC) & set(scope.lower().split()))})
    return Asked(resource_of(call, resource or GRAPH), resource or GRAPH, (), default=True, oidc=oidc)


def _split(part: str) -> tuple[str, str]:
    """(resource, scope): the scope is what stands behind the last slash."""
    resource, slash, scope = part.rpartition("/")
    return (resource, scope) if slash else ("", part)


def resource_of(call: Call, name: str) -> Doc:
    """The service principal of an API, by its app id or one of its names. Raises 500011."""
    found: Doc = call.store.settled(("resource", name), lambda: _resource_of(call, name))
    return found


def _resource_of(call: Call, name: str) -> Doc:
    if name in AUDIENCES:
        name = GRAPH_APP_ID
    found = service_principals.by_name(call.store, name)
    if found is None:
        here = tenant(call)["displayName"]
        why = because(
            "No service principal of the tenant has that name.",
            ("resource", name, "request"),
            ("tenant", here, "the tenant"),
        )
        raise Problem("500011", name, here, why=why)
    return found


def granted(call: Call, client: Client, user: Doc, asked: Asked) -> list[str]:
    """The delegated permissions of the token, sorted. Raises 650053 (no such scope), 65001, 65002 (no consent).

    An application may always call itself.
    """
    # Differs: Microsoft authorises its own applications for a list; here also for whatever a user could consent to.
    known: dict[str, Doc] = call.store.settled(("scopes", asked.resource["id"]), lambda: _known(asked.resource))
    for scope in asked.scopes:
        if scope.lower() not in known:
            raise unknown_scope(client, asked, scope)
    wanted = {str(known[scope.lower()]["value"]) for scope in asked.scopes}
    held = _held(call, client, user, asked)
    if client.id == asked.resource["appId"]:
        held |= {str(item["value"]) for item in known.values()}
    if client.first_party:
        held |= {name for name in wanted if known[name.lower()].get("type") == "User"}
    missing = wanted - held
    if missing or (asked.default and not held) or client.principal is None:
        raise not_consented(client, asked, missing or {DEFAULT}, held)
    return sorted((held - set(OIDC)) | (asked.oidc - {"offline_access"} if asked.is_graph else set()))


def _known(resource: Doc) -> dict[str, Doc]:
    """The enabled delegated permissions of an API by their names in lower case."""
    scopes = service_principals.scopes(resource)
    return {str(item["value"]).lower(): item for item in scopes if item.get("isEnabled", True)}


def _held(call: Call, client: Client, user: Doc, asked: Asked) -> set[str]:
    """What is granted: by consent, or by Microsoft to its own applications."""
    resource_id = str(asked.resource["appId"])
    held = set(str((client.app.get("_preauthorized") or {}).get(resource_id, "")).split())
    held |= call.store.settled(("preauthorized", client.id, resource_id), lambda: preauthorized(call, client, asked))
    if client.principal is not None:
        held |= set(grants.scopes_of(call.store, client.principal["id"], user["id"], resource_id))
    return held


def preauthorized(call: Call, client: Client, asked: Asked) -> frozenset[str]:
    """Scopes that an API's own registration gives a client (preAuthorizedApplications): nobody is asked."""
    api = None if asked.is_graph else applications.by_app_id(call.store, asked.resource["appId"])
    ids = {
        str(id)
        for item in dig(api or {}, "api.preAuthorizedApplications") or ()
        if str(item.get("appId")).lower() == client.id
        for id in item.get("delegatedPermissionIds") or ()
    }
    return frozenset(str(item["value"]) for item in service_principals.scopes(asked.resource) if item["id"] in ids)


def unknown_scope(client: Client, asked: Asked, scope: str) -> Problem:
    """Graph has more permissions than its identity part, which is all that is known here."""
    why = because(
        "The resource publishes no enabled delegated permission of that name here.",
        ("scope", scope, "request"),
        ("resource", asked.resource["displayName"], "the tenant"),
        emulated=not asked.is_graph,
    )
    return Problem("650053", client.name, scope, asked.resource["appId"], why=why)


def not_consented(client: Client, asked: Asked, missing: set[str], held: set[str]) -> Problem:
    """65001 (65002 for Microsoft's own applications), naming what is missing."""
    compared = (
        Compared("scopes without consent", sorted(missing), "request"),
        Compared("scopes granted", sorted(held), f"grants of {client.name} for {asked.resource['displayName']}"),
    )
    if client.first_party:
        why = Why("Microsoft has not authorised its application for these scopes.", compared)
        return Problem("65002", client.id, asked.resource["appId"], why=why)
    why = Why("Neither an administrator nor the user has consented to these scopes.", compared)
    return Problem("65001", client.id, client.name, why=why)
