"""Webhooks: /subscriptions. A receiver proves itself first: it echoes a token. Source: Microsoft's pages on it.

Only receivers on loopback and on emulated or allowed hosts are reached (`serving/outward.py`).
"""

import re
from urllib.parse import quote, urlsplit

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity
from emulator.entra.odata import ODataError, split_path
from emulator.entra.permissions import holds
from emulator.entra.problems import not_found
from emulator.entra.queries import Shape
from emulator.entra.resources.notifications import NOTIFICATIONS, SUBSCRIPTIONS
from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why, not_emulated

ANY = (
    "User.Read.All", "User.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All",
    "Directory.ReadWrite.All", "User.Read", "Directory.AccessAsUser.All",
)  # fmt: skip
READS = {
    "users": (
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    ),
    "groups": (
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    ),
}
LONGEST = 41_760 * MINUTE
CHANGES = ("created", "updated", "deleted")
TLS = ("v1_0", "v1_1", "v1_2", "v1_3")
MOST_PER_APP = 100
SHAPE = Shape("subscription", "subscriptions", SUBSCRIPTIONS)
_READ_ONLY = ("applicationId", "creatorId")
_LIMITS = {"clientState": 128, "notificationUrl": 4096, "resource": 4096}


def _refused(text: str, name: str, value: object, rule: str) -> Problem:
    return Problem("bad_subscription", text, why=Why(rule, (Compared(name, value, "request body"),)))


def _load(call: Call) -> Doc:
    """A live subscription of the calling application. Raises 404."""
    found = call.store.get(SUBSCRIPTIONS, call.path["id"].lower())
    mine = found is not None and found["applicationId"] == call.caller.extra.get("appId")
    if found is None or not mine or parse_iso(found["expirationDateTime"]) <= call.now:
        raise not_found(call.path["id"], what="live subscription of this application")
    return dict(found)


@operation("GET", "/v1.0/subscriptions", source=DOCUMENTED, scope=ANY)
def list_subscriptions(call: Call) -> Collection:
    """The live subscriptions of the calling application."""
    rows = call.store.find_all(SUBSCRIPTIONS, "applicationId", call.caller.extra.get("appId"))
    live = [row for row in rows if parse_iso(row["expirationDateTime"]) > call.now]
    return queries.of_documents(call, live, resource="subscription", context="subscriptions", shape=SHAPE)


@operation("GET", "/v1.0/subscriptions/{id}", source=DOCUMENTED, scope=ANY)
def get_subscription(call: Call) -> Entity:
    """One subscription."""
    return queries.entity(call, SHAPE, _load(call))


@operation("POST", "/v1.0/subscriptions", source=DOCUMENTED, status=201, scope=ANY, commit="manual")
def create_subscription(call: Call) -> Entity:
    """Subscribe to changes of users or groups, once the receiver has echoed the validation token."""
    body = bodies.checked(call.body, SHAPE.resource, shown_only=_READ_ONLY, limits=_LIMITS)
    for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
        if not body.get(name):
            raise _refused(f"The property '{name}' is required.", name, None, f"A subscription has a {name}.")
    entity_set, object_id = _resource(call, body["resource"])
    row = _row(call, body)
    row.update(_set=entity_set, _object=object_id)
    for name in ("notificationUrl", "lifecycleNotificationUrl"):
        if row[name]:
            _handshake(call, name, row[name])
    with call.commit():
        held = call.store.find_all(SUBSCRIPTIONS, "applicationId", row["applicationId"])
        if len(held) >= MOST_PER_APP:
            compared = (Compared("subscriptions", len(held), "this application"),)
            raise Problem("subscription_limit", why=Why("An application has a limited number of them.", compared))
        row["id"] = call.ids.guid("subscription")
        call.store.add(SUBSCRIPTIONS, row)
    return queries.entity(call, SHAPE, row, location=f"/subscriptions/{row['id']}")


def _row(call: Call, body: Doc) -> Doc:
    changes = [item.strip().lower() for item in body["changeType"].split(",")]
    if not set(changes) <= set(CHANGES):
        raise _refused("Invalid value specified for property 'changeType' of resource 'Subscription'.", "changeType",
                       body["changeType"], f"changeType: {', '.join(CHANGES)}.")  # fmt: skip
    if body.get("latestSupportedTlsVersion", "v1_2") not in TLS:
        raise _refused(
            "Invalid latestSupportedTlsVersion.",
            "latestSupportedTlsVersion",
            body["latestSupportedTlsVersion"],
            f"One of {', '.join(TLS)}.",
        )
    if body.get("includeResourceData"):
        text = "Resource data is not supported for this resource."
        raise Problem("bad_subscription", text, why=not_emulated("Notifications with resource data"))
    row = {
        "id": "", "resource": body["resource"], "applicationId": call.caller.extra.get("appId"),
        "changeType": ",".join(changes), "clientState": body.get("clientState"),
        "notificationUrl": body["notificationUrl"], "notificationQueryOptions": None,
        "lifecycleNotificationUrl": body.get("lifecycleNotificationUrl"), "expirationDateTime": "",
        "creatorId": call.caller.id, "includeResourceData": None,
        "latestSupportedTlsVersion": body.get("latestSupportedTlsVersion", "v1_2"), "encryptionCertificate": None,
        "encryptionCertificateId": None, "notificationUrlAppId": body.get("notificationUrlAppId"),
    }  # fmt: skip
    row["expirationDateTime"] = _expiry(call, body["expirationDateTime"])
    for name in ("notificationUrl", "lifecycleNotificationUrl"):
        if row[name]:
            _check_url(name, str(row[name]))
    return row


def _expiry(call: Call, text: str) -> str:
    at = parse_iso(text)
    if at <= call.now:
        raise _refused(
            "Subscription expiration can only be in the future.", "expirationDateTime", text, f"Now is {iso(call.now)}."
        )
    if at > call.now + LONGEST:
        text_of = "Subscription expiration can only be 41760 minutes in the future."
        raise _refused(text_of, "expirationDateTime", text, "Users and groups are watched for 29 days at most.")
    return text


def _check_url(name: str, url: str) -> None:
    """https; on loopback plain http does as well."""
    # Differs: Microsoft takes https only; a receiver on this machine may speak plain http.
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    local = host in ("localhost", "127.0.0.1", "::1")
    if not host or parts.scheme not in (("https", "http") if local else ("https",)):
        raise _refused(f"{name} must be an absolute https URL.", name, url, "The receiver is reached over https.")


def _resource(call: Call, text: str) -> tuple[str, str]:
    """Entity set and object id ("" for all) of what is watched; the caller must be able to read it."""
    try:
        parts = [segment.text for segment in split_path(text.partition("?")[0])]
    except ODataError:
        parts = []
    parts = [part for part in parts if part.lower() not in ("v1.0", "beta")]
    name = parts[0].lower() if parts else ""
    if name == "me" and len(parts) == 1 and call.caller.kind == "user":
        name, parts = "users", ["users", call.caller.id]
    if name not in READS or len(parts) > 2:
        why = (
            not_emulated(f"Change notifications of {text[:80]!r}")
            if re.match(r"/?\w", text)
            else Why("It is a path of Graph.")
        )
        raise Problem("bad_subscription", f"Resource '{text[:200]}' is not supported for subscriptions.", why=why)
    own = len(parts) == 2 and parts[1].lower() == call.caller.id and holds(call, "User.Read")
    if not own and not holds(call, *READS[name]):
        compared = (Compared("permissions held", " ".join(sorted(call.caller.scopes or ())), "token"),
                    Compared("any one of", " ".join(READS[name]), name))  # fmt: skip
        raise Problem("denied", why=Why("Watching needs the permission to read.", compared))
    return name, parts[1].lower() if len(parts) == 2 else ""


def _handshake(call: Call, name: str, url: str) -> None:
    """The receiver answers 200 with the token as plain text. Raises 400."""
    token = f"Validation: Testing client application reachability for subscription Request-Id: {call.request_id}"
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, f"validationToken={quote(token)}") if part)
    headers = {
        "host": parts.netloc,
        "content-type": "text/plain; charset=utf-8",
        "user-agent": "MSGraph",
        "accept": "text/plain",
    }
    sent = Exchange("POST", parts.scheme, parts.netloc, parts.path or "/", query, headers)
    answer = call.outbound(sent) if call.outbound is not None else None
    if answer is not None and answer.status == 200 and answer.text().strip() == token:
        return
    compared = (
        Compared(name, url, "request body"),
        Compared("status", answer.status if answer else "no answer", "receiver"),
        Compared("echoed", answer.text()[:120] if answer else None, "receiver"),
    )
    hint = "Receivers on loopback, on hosts of this world and on hosts given with --allow-host are reached."
    why = Why("The receiver answers 200 with the validationToken of the query as plain text.", compared, hint)
    raise Problem("subscription_validation", why=why)


@operation("PATCH", "/v1.0/subscriptions/{id}", source=DOCUMENTED, scope=ANY)
def update_subscription(call: Call) -> Entity:
    """Renew a subscription, or move its receiver; the answer is the whole of it."""
    row = _load(call)
    fixed = (*_READ_ONLY, "resource", "changeType", "clientState")
    body = bodies.checked(call.body, SHAPE.resource, shown_only=fixed, limits=_LIMITS)
    if body.get("expirationDateTime"):
        row["expirationDateTime"] = _expiry(call, body["expirationDateTime"])
    if body.get("notificationUrl"):
        _check_url("notificationUrl", body["notificationUrl"])
        row["notificationUrl"] = body["notificationUrl"]
    call.store.put(SUBSCRIPTIONS, row)
    return queries.entity(call, SHAPE, row)


@operation("POST", "/v1.0/subscriptions/{id}/reauthorize", source=DOCUMENTED, scope=ANY, body="optional_json")
def reauthorize(call: Call) -> None:
    """Confirm that the application still wants to watch."""
    _load(call)


@operation("DELETE", "/v1.0/subscriptions/{id}", source=DOCUMENTED, scope=ANY)
def delete_subscription(call: Call) -> None:
    """Watch no more; what was not delivered yet is dropped."""
    row = _load(call)
    call.store.drop(SUBSCRIPTIONS, row["id"])
    for owed in call.store.all(NOTIFICATIONS):
        if owed["subscription"] == row["id"]:
            call.store.drop(NOTIFICATIONS, owed["id"])
