"""Seeds of YubiKeys: /api/v1/org/factors/yubikey_token/tokens. Source: Okta's Factors API as documented."""

import csv
import io
from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, dig, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import matches
from emulator.okta import lists, search, shapes
from emulator.okta.links import link
from emulator.okta.mfa import yubikeys
from emulator.okta.mfa.yubikeys import TOKENS
from emulator.okta.params import body_object, flag, stamp
from emulator.okta.problems import not_found
from emulator.okta.resources import users
from emulator.protocols import yubico_otp
from emulator.store import Duplicate

_AT = "/api/v1/org/factors/yubikey_token/tokens"
_SORTED = ("profile.email", "profile.serial", "activated", "user.id", "created", "status", "lastVerified")
_READ: Any = {"scope": ("okta.users.read",)}
_MANAGE: Any = {"scope": ("okta.users.manage",)}


def _hex(length: int) -> shapes.Read:
    return shapes.matching(rf"(?i)[0-9a-f]{{{length}}}", f"{length} hexadecimal digits")


_SEED = shapes.record(
    {
        "serialNumber": shapes.matching(r"[0-9]{1,12}", "up to 12 digits"),
        "publicId": shapes.matching(r"(?i)(?:[cbdefghijklnrtuv]{2}){1,16}", "2 to 32 letters of modhex"),
        "privateId": _hex(12), "aesKey": _hex(32),
    },
    needed=("serialNumber", "publicId", "privateId", "aesKey"),
)  # fmt: skip


def _render(call: Call, token: Doc, *, expand: bool = False) -> Doc:
    status, at = yubikeys.status_of(call.store, token), f"{call.base}{_AT}/{token['id']}"
    links: Doc = {"self": link(at, "GET") if status == yubikeys.ACTIVE else link(at, "GET", "DELETE")}
    shown: Doc = {**public(token), "status": status}
    if status == yubikeys.ACTIVE:
        person = f"{call.base}/api/v1/users/{token['_userId']}"
        links["user"] = link(person, "GET")
        links["deactivate"] = link(f"{person}/factors/{token['_factorId']}", "DELETE")
        user = call.store.get(users.USERS, token["_userId"]) if expand else None
        if user is not None:
            shown["_embedded"] = {"user": users.render_item(call, user)}
    return {**shown, "_links": links}


def _asked(call: Call, token: Doc) -> Doc:
    """What filters and orders look at."""
    user = call.store.get(users.USERS, token["_userId"]) if "_userId" in token else None
    email = user["profile"]["email"] if user else None
    status = yubikeys.status_of(call.store, token)
    return {
        **token,
        "status": status,
        "user": {"id": token.get("_userId")},
        "profile": {**token["profile"], "email": email},
    }


@operation(
    "GET", _AT, source=DOCUMENTED, paging=Paging(20, 200),
    query=("after", "expand", "filter", "forDownload", "limit", "sortBy", "sortOrder"), **_READ,
)  # fmt: skip
def list_yubikey_tokens(call: Call) -> Listing | Answer:
    """The org's YubiKeys; `forDownload=true` as CSV."""
    found = [(token, _asked(call, token)) for token in call.store.all(TOKENS)]
    wanted = search.asked(call, "yubikeyTokens")
    if wanted is not None:
        found = [row for row in found if matches(wanted[0], row[1])]
    name, order = call.params.get("sortBy"), (call.params.get("sortOrder") or "ASC").upper()
    if (name and name not in _SORTED) or order not in ("ASC", "DESC"):
        compared = (Compared("sortBy", str(name)[:60], "query"), Compared("sortOrder", order[:60], "query"))
        why = Why(f"Tokens are in the order of {', '.join(_SORTED)}; ASC or DESC.", compared)
        raise Problem("E0000001", "sortBy", causes=("sortBy: The field is invalid",), why=why)
    if name:
        found.sort(key=lambda row: str(dig(row[1], name) or ""), reverse=order == "DESC")
    tokens = [token for token, _ in found]
    return _csv(call, tokens) if flag(call, "forDownload", False) else _page(call, tokens)


def _page(call: Call, tokens: list[Doc]) -> Listing:
    after, size = call.params.get("after"), lists.page_size(call)
    ids = [token["id"] for token in tokens]
    if after and after not in ids:
        why = Why("The cursor names no item of this list.", (Compared("after", after, "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    begin = ids.index(after) + 1 if after else 0
    expand, part = call.params.get("expand") == "user", tokens[begin : begin + size]
    shown = [_render(call, token, expand=expand) for token in part]
    return Listing(shown, ids[begin + size - 1] if begin + size < len(ids) else None)


def _csv(call: Call, tokens: list[Doc]) -> Answer:
    """Inferred: the columns are what the list shows."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("serial", "status", "created", "activated", "lastVerified", "user"))
    for token in tokens:
        row = _asked(call, token)
        rows.writerow((token["profile"]["serial"], row["status"], token["created"], token.get("activated", ""),
                       token["lastVerified"], row["profile"]["email"] or ""))  # fmt: skip
    return Answer(200, [*call.headers, ("Content-Type", "text/csv")], text.getvalue().encode())


@operation("POST", _AT, source=DOCUMENTED, **_MANAGE)
def upload_yubikey_seed(call: Call) -> Doc:
    """Upload a key's seed; the one of a key that was revoked makes way."""
    sent: Doc = _SEED(body_object(call), "")
    serial, now = sent["serialNumber"].zfill(12), stamp(call.now)
    old = call.store.find(TOKENS, "profile.serial", serial)
    if old is not None and yubikeys.status_of(call.store, old) == yubikeys.REVOKED:
        call.store.drop(TOKENS, old["id"])
    token = {
        "id": call.ids.okta("ykk"), "created": now, "lastVerified": now, "lastUpdated": now,
        "profile": {"serial": serial}, "_publicId": sent["publicId"].lower(), "_privateId": sent["privateId"].lower(),
        "_aesKey": sent["aesKey"].lower(), "_counter": -1,
    }  # fmt: skip
    assert yubico_otp.is_modhex(token["_publicId"])
    try:
        call.store.add(TOKENS, token)
    except Duplicate as error:
        compared = (Compared("serialNumber", serial, "request body"),
                    Compared("publicId", sent["publicId"], "request body"))  # fmt: skip
        cause = "serialNumber: An object with this field already exists in the current organization"
        raise Problem("E0000001", "serialNumber", causes=(cause,),
                      why=Why("The key's seed is here already.", compared)) from error  # fmt: skip
    return _render(call, token)


@operation("GET", _AT + "/{tokenId}", source=DOCUMENTED, query=("expand",), **_READ)
def get_yubikey_token(call: Call) -> Doc:
    """One YubiKey."""
    return _render(call, _load(call), expand=call.params.get("expand") == "user")


@operation(
    "DELETE", _AT + "/{tokenId}", source=inferred("the documented links allow it; its own page is not published"),
    **_MANAGE,
)  # fmt: skip
def delete_yubikey_token(call: Call) -> None:
    """Forget a key that nobody has. E0000102 (403) for one in use."""
    token = _load(call)
    if yubikeys.status_of(call.store, token) == yubikeys.ACTIVE:
        compared = (Compared("status", yubikeys.ACTIVE, f"token {token['id']}"),)
        raise Problem("E0000102", why=Why("The key is somebody's factor.", compared))
    call.store.drop(TOKENS, token["id"])


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(TOKENS, call.path["tokenId"])
    if found is None:
        raise not_found(call.path["tokenId"], "YubikeyToken")
    return found
