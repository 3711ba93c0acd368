"""How much of a rate limit a token or client may use: /api/v1/principal-rate-limits.

Source: the vendor's SDK 3 and recordings of it. Every API token has its share from its making (observed); a client has
one when somebody sets it. What a share does: rate_shares.py. A token's goes with the token.

# Differs: requests at the same time are not counted, so the concurrency percentage is kept and changes nothing.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import matches
from emulator.okta import filters, search, shapes
from emulator.okta.app_kinds import APPS
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.rate_shares import SHARES
from emulator.okta.resources.rate_limit_settings import CHANGED
from emulator.okta.tokens import API_TOKENS, org

_AT = "/api/v1/principal-rate-limits"
_ONE = _AT + "/{principalRateLimitId}"
_READ: Any = {"scope": ("okta.principalRateLimits.read",)}
_MANAGE: Any = {"scope": ("okta.principalRateLimits.manage",), "emits": (CHANGED,)}
_TOKEN, _CLIENT = "SSWS_TOKEN", "OAUTH_CLIENT"
_HALF = {"defaultPercentage": 50, "defaultConcurrencyPercentage": 50}
_percentages = dict.fromkeys(_HALF, shapes.whole(0, 100))
_fields = shapes.record(
    {"principalId": shapes.bounded(100, least=1), "principalType": shapes.one_of(_TOKEN, _CLIENT), **_percentages},
    needed=("principalId", "principalType"),
)


def _at(moment: str) -> str:
    """A time as it is shown here: without its thousandths (observed)."""
    return moment.partition(".")[0] + "Z"


def _of_token(call: Call, token: Doc) -> Doc:
    """A token's share: what somebody set, or what it began with."""
    found: Doc | None = call.store.find(SHARES, "principalId", token["id"])
    return found or _new(call, "prl" + token["id"][3:], token["id"], _TOKEN, token["userId"], token["created"])


def _new(call: Call, id: str, principal: str, kind: str, by: str, at: str) -> Doc:
    return {
        "id": id, "orgId": org(call)["id"], "principalId": principal, "principalType": kind, **_HALF,
        "lastUpdate": _at(at), "lastUpdatedBy": by, "createdDate": _at(at), "createdBy": by,
    }  # fmt: skip


def _all(call: Call, kind: str) -> list[Doc]:
    if kind == _TOKEN:
        return [_of_token(call, token) for token in call.store.all(API_TOKENS)]
    found: list[Doc] = call.store.find_all(SHARES, "principalType", _CLIENT)
    return found


def _load(call: Call) -> Doc:
    id = call.path["principalRateLimitId"]
    for share in (*_all(call, _TOKEN), *_all(call, _CLIENT)):
        if share["id"] == id:
            return share
    raise not_found(id, "PrincipalRateLimit")


@operation("GET", _AT, source=OBSERVED, query=("filter", "after", "limit"), **_READ)
def list_shares(call: Call) -> list[Doc]:
    """The shares that a `filter` on `principalType` finds, and on `principalId` where it names one."""
    asked = search.asked(call, "principalRateLimits")
    named = filters.take_equal(asked[0], frozenset({"principalType"}))[0] if asked else {}
    kind = named.get("principalType", "")
    if asked is None or kind not in (_TOKEN, _CLIENT):
        why = Why("filter names one kind of principal.", (Compared("filter", call.params.get("filter"), "query"),))
        raise Problem("E0000031", causes=("Invalid filter.",), why=why)
    return [share for share in _all(call, kind) if matches(asked[0], share)]


@operation("POST", _AT, source=DOCUMENTED, status=201, **_MANAGE)
def create_share(call: Call) -> Doc:
    """Give a client its share; a token has one already, so it is refused (observed)."""
    sent: Doc = _fields(body_object(call), "")
    principal, kind = sent["principalId"], sent["principalType"]
    if call.store.get(API_TOKENS if kind == _TOKEN else APPS, principal) is None:
        raise not_found(principal, "Token" if kind == _TOKEN else "OAuth2Client")
    if kind == _TOKEN or call.store.find(SHARES, "principalId", principal) is not None:
        why = Why("The principal has its share already.", (Compared("principalId", principal, "request body"),))
        raise invalid("principalRateLimitMediated", why=why)
    share = _new(call, call.ids.okta("prl"), principal, kind, call.caller.id, stamp(call.now)) | sent
    return _kept(call, share)


@operation("GET", _ONE, source=OBSERVED, **_READ)
def get_share(call: Call) -> Doc:
    """One share."""
    return _load(call)


@operation("PUT", _ONE, source=OBSERVED, **_MANAGE)
def replace_share(call: Call) -> Doc:
    """Set a share's percentages; what is left out stays."""
    share, sent = _load(call), _fields(body_object(call), "")
    for name in ("principalId", "principalType"):
        if sent[name] != share[name]:
            raise shapes.bad(name, sent[name], allowed=share[name])
    return _kept(call, {**share, **sent, "lastUpdate": _at(stamp(call.now)), "lastUpdatedBy": call.caller.id})


def _kept(call: Call, share: Doc) -> Doc:
    call.store.save(SHARES, share)
    emit(call, CHANGED, [target("PrincipalRateLimit", share["id"], name=share["principalId"])])
    return share
