"""The tenant's logs: /auditLogs/directoryAudits and /auditLogs/signIns, read from the journal.

Source: graph-entra.md 1.19. Rows are written by entra/audit.py and entra/signins.py.
"""

from collections.abc import Callable, Iterator
from typing import Any

from emulator.entra import queries
from emulator.entra.audit import STREAM as AUDITS
from emulator.entra.graph import Collection, Entity, version
from emulator.entra.odata import QueryOptions, properties
from emulator.entra.pages import Cursor
from emulator.entra.problems import invalid, not_found
from emulator.entra.resources import skus
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import And, Compare, Node, matches
from emulator.store import journal

SIGN_INS = "signIns"
PROVISIONING = "provisioning"
MOST = 1000
_BATCH = 500
READERS = {
    "roles": ("Reports Reader", "Security Reader", "Security Administrator", "Global Reader", "Security Operator"),
    "denied": "report_denied", "denied_role": "report_role",
}  # fmt: skip
_LIST: dict[str, Any] = {"source": DOCUMENTED, "paging": Paging(MOST, MOST, "$top"), "extra": READERS}
_ONE: dict[str, Any] = {"source": DOCUMENTED, "extra": READERS}


@operation("GET", "/v1.0/auditLogs/directoryAudits", **_LIST)
def list_audits(call: Call) -> Collection:
    """Changes of the directory, newest first."""
    return _listed(call, AUDITS, "directoryAudit", "activityDateTime")


@operation("GET", "/v1.0/auditLogs/directoryAudits/{id}", **_ONE)
def get_audit(call: Call) -> Entity:
    """One change."""
    return _one(call, AUDITS, "directoryAudit")


@operation("GET", "/v1.0/auditLogs/signIns", **_LIST)
def list_sign_ins(call: Call) -> Collection:
    """Sign-ins, newest first; the tenant needs Entra ID P1 or P2."""
    _premium(call)
    return _listed(call, SIGN_INS, "signIn", "createdDateTime")


@operation("GET", "/v1.0/auditLogs/signIns/{id}", **_ONE)
def get_sign_in(call: Call) -> Entity:
    """One sign-in."""
    _premium(call)
    return _one(call, SIGN_INS, "signIn")


_JUDGE: dict[str, Any] = {
    "source": DOCUMENTED, "scope": ("IdentityRiskEvent.ReadWrite.All",),
    "extra": {"roles": ("Security Operator", "Security Administrator"), "denied": "risk_denied"},
}  # fmt: skip


@operation("POST", "/v1.0/auditLogs/signIns/confirmCompromised", **_JUDGE, emits=("ConfirmSigninCompromised",))
def confirm_compromised(call: Call) -> None:
    """These sign-ins were somebody else's: their users are at high risk."""
    _judge(call, "ConfirmSigninCompromised", ("high", "confirmedCompromised", "adminConfirmedSigninCompromised"))


@operation("POST", "/v1.0/auditLogs/signIns/confirmSafe", **_JUDGE, emits=("ConfirmSigninSafe",))
def confirm_safe(call: Call) -> None:
    """These sign-ins were their users' own."""
    _judge(call, "ConfirmSigninSafe", ("none", "confirmedSafe", "adminConfirmedSigninSafe"))


@operation("POST", "/v1.0/auditLogs/signIns/dismiss", **_JUDGE, emits=("DismissUser",))
def dismiss(call: Call) -> None:
    """The risk of these sign-ins is none of the organization's concern."""
    _judge(call, "DismissUser", ("none", "dismissed", "adminDismissedRiskForSignIn"))


def _judge(call: Call, activity: str, risk: tuple[str, str, str]) -> None:
    """Set the risk of the users of some sign-ins; sign-ins that the log does not have change nothing."""
    from emulator.entra.resources import identity_protection, users

    _premium(call)
    ids = call.body.get("requestIds")
    if not isinstance(ids, list) or not ids or not all(isinstance(id, str) for id in ids):
        raise invalid("requestIds", "SignIn", ids, rule="requestIds is a list of ids of sign-ins.")
    named = {id.casefold() for id in ids}
    people = {doc.get("userId") for _, doc in _rows(call, SIGN_INS, 0, newest_first=True) if doc["id"] in named}
    for id in sorted(id for id in people if id):
        user = call.store.get(users.USERS, id)
        if user is not None:
            identity_protection.set_risk(call, user, *risk)
            logged(call, activity, "User", user)


@operation("GET", "/v1.0/auditLogs/provisioning", **_LIST)
def list_provisioning(call: Call) -> Collection:
    """What Microsoft's own provisioning service did: nothing, as none of its jobs runs in this tenant."""
    _premium(call)
    return _listed(call, PROVISIONING, "provisioningObjectSummary", "activityDateTime")


def _premium(call: Call) -> None:
    if not skus.has_plan(call.store, "AAD_PREMIUM", "AAD_PREMIUM_P2"):
        held = ", ".join(sku["skuPartNumber"] for sku in call.store.all(skus.SKUS)) or "none"
        compared = (
            Compared("subscribed SKUs", held, "subscribedSkus"),
            Compared("plan needed", "AAD_PREMIUM", call.operation.name),
        )
        hint = "`tenantlab logs` and GET /_lab/journal show the sign-ins all the same."
        raise Problem(
            "not_premium", why=Why("Sign-in logs need a subscription with Entra ID P1 or P2.", compared, hint)
        )


def _listed(call: Call, stream: str, resource: str, when: str) -> Collection:
    wanted = queries.options(call, resource, most=MOST)
    size = wanted.top or MOST
    for path, _ in wanted.orderby:
        if path != (when,):
            compared = (Compared("$orderby", "/".join(path), "query"), Compared("admitted", when, call.operation.name))
            text = f"Unsupported sort property '{'/'.join(path)}' for '{resource}'."
            raise Problem("unsupported_query", text, why=Why("Logs are ordered by time only.", compared))
    newest_first = not wanted.orderby or wanted.orderby[0][1]
    found: list[tuple[int, Doc]] = []
    start = Cursor.read(wanted.skiptoken).seq
    for row in _rows(call, stream, start, newest_first=newest_first, about=_about(wanted.filter)):
        if _visible(call, row[1]) and (wanted.filter is None or matches(wanted.filter, row[1], fold=True)):
            found.append(row)
            if len(found) > size:
                break
    following = Cursor(found[size - 1][0]).text() if len(found) > size else None
    context = f"auditLogs/{stream}"
    return Collection(context, [_shown(call, resource, doc, wanted) for _, doc in found[:size]], following)


def _visible(call: Call, doc: Doc) -> bool:
    """v1.0 has interactive sign-ins of users only; beta has those of applications and refresh tokens too."""
    return version(call) != "v1.0" or "interactiveUser" in doc.get("signInEventTypes", ("interactiveUser",))


def _about(node: Node | None) -> str | None:
    """An id that every row of the answer is about, where the filter says so: rows are indexed by those."""
    parts = node.items if isinstance(node, And) else [node]
    for part in parts:
        match part:
            case Compare(("userId",) | ("appId",) | ("servicePrincipalId",), "eq", str(value)):
                return value.lower()
    return None


def _rows(
    call: Call, stream: str, start: int, *, newest_first: bool, about: str | None = None
) -> Iterator[tuple[int, Doc]]:
    """Rows of a stream with their numbers, beyond `start` (0: from the end that comes first)."""
    at = start
    while True:
        before = (at or None) if newest_first else None
        batch = journal.read(
            call.store.database, party=call.party, stream=stream, after=0 if newest_first else at, before=before,
            limit=_BATCH, newest_first=newest_first, about=about,
        )  # fmt: skip
        for row in batch:
            yield row["n"], row["doc"]
        if len(batch) < _BATCH:
            return
        at = batch[-1]["n"]


def _shown(call: Call, resource: str, doc: Doc, wanted: QueryOptions) -> Doc:
    """The record as its version has it: what only beta knows (how and by whom a token was issued) stays out of v1.0."""
    if wanted.select:
        return {name: doc.get(name) for name in wanted.select}
    if version(call) != "v1.0":
        return public(doc)
    known = properties(resource)
    return {name: value for name, value in public(doc).items() if name.lower() in known}


def _one(call: Call, stream: str, resource: str) -> Entity:
    wanted = queries.options(call, resource)
    same: Callable[[Doc], bool] = lambda doc: doc["id"].casefold() == call.path["id"].casefold()  # noqa: E731
    for _, doc in _rows(call, stream, 0, newest_first=True):
        if same(doc):
            return Entity(f"auditLogs/{stream}/$entity", _shown(call, resource, doc, wanted))
    raise not_found(call.path["id"], what="log record")
