"""Streams of security events to others: /api/v1/ssf, and what the org says of itself as a transmitter.

Source: the vendor's SDK models and API pages (one stream a client, ten an org); Shared Signals Framework 1.0. Inferred:
the audience is the origin of the receiver's address, and a client may verify its stream as often as it likes.
"""

from typing import Any
from urllib.parse import urlsplit

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import hook_delivery, shapes
from emulator.okta.oauth.servers import canonical
from emulator.okta.params import body_object
from emulator.okta.problems import forbidden, invalid, not_found
from emulator.okta.signal_streams import STREAMS, SUPPORTED, delivered

MOST = 10
METHODS = ("https://schemas.openid.net/secevent/risc/delivery-method/push", "urn:ietf:rfc:8935")
_AT = "/api/v1/ssf/stream"
_READ: Any = {"scope": ("okta.ssf.read",), "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.ssf.manage",), "source": DOCUMENTED}
_delivery = shapes.record(
    {
        "method": shapes.one_of(*METHODS), "authorization_header": shapes.bounded(8192),
        "endpoint_url": shapes.matching(r"(?=.{1,2048}$)https?://[^\s/]+(/\S*)?", "addresses of a receiver"),
    },
    needed=("method", "endpoint_url"),
)  # fmt: skip
_FIELDS: dict[str, shapes.Read] = {
    "delivery": _delivery, "events_requested": shapes.many(shapes.bounded(256, least=1), 50),
    "format": shapes.one_of("iss_sub"),
}  # fmt: skip
_NEEDED = ("delivery", "events_requested")
_SET_BY_US = ("aud", "events_delivered", "events_supported", "iss", "min_verification_interval", "stream_id")
_verification = shapes.record({"stream_id": shapes.text, "state": shapes.bounded(1024)}, needed=("stream_id",))


@operation("GET", "/.well-known/ssf-configuration", source=DOCUMENTED, auth="none")
def get_ssf_configuration(call: Call) -> Doc:
    """The org as a transmitter: its issuer, its keys, and where streams are made."""
    at = f"{canonical(call)}{_AT}"
    return {
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}], "configuration_endpoint": at,
        "default_subjects": "ALL", "delivery_methods_supported": list(METHODS), "issuer": canonical(call),
        "jwks_uri": f"{canonical(call)}/oauth2/v1/keys", "spec_version": "1_0-ID3", "status_endpoint": f"{at}/status",
        "verification_endpoint": f"{at}/verification",
    }  # fmt: skip


def _render(call: Call, stream: Doc) -> Doc:
    return {
        "aud": stream["aud"], "delivery": stream["delivery"], "events_delivered": delivered(stream),
        "events_requested": stream["events_requested"], "events_supported": list(SUPPORTED),
        "format": stream["format"], "iss": canonical(call), "min_verification_interval": 0, "stream_id": stream["id"],
    }  # fmt: skip


def _client(call: Call) -> str:
    """The client behind the request's access token. Raises 403 for an API token, which belongs to no client."""
    found = call.caller.extra.get("client")
    if not isinstance(found, str):
        told = Compared("credential", "API token", "request")
        raise forbidden(Why("Streams belong to the client of an OAuth 2.0 access token.", (told,)))
    return found


def _own(call: Call, id: object = None) -> Doc:
    """The caller's stream, or 404 where there is none, or `id` is another one's."""
    found: Doc | None = call.store.find(STREAMS, "_client", _client(call))
    if found is None or id not in (None, found["id"]):
        raise not_found(str(id if id is not None else _client(call))[:100], "SsfStream")
    return found


def _read(body: Doc, *, needed: tuple[str, ...]) -> Doc:
    """What a body sets. Raises E0000001, also where it asks for nothing that there is."""
    sent: Doc = shapes.record(_FIELDS, needed=needed)(body, "")
    asked = sent.get("events_requested")
    if asked is not None and not set(asked) & set(SUPPORTED):
        compared = (
            Compared("events_requested", asked[:5], "request body"), Compared("supported", SUPPORTED, "the org"),
        )  # fmt: skip
        cause = "events_requested: must contain at least one supported event type"
        raise invalid("events_requested", cause, why=Why("A stream delivers something.", compared))
    return sent


def _with(stream: Doc, sent: Doc) -> Doc:
    made = {**stream, **sent}
    parts = urlsplit(made["delivery"]["endpoint_url"])
    return {**made, "aud": f"{parts.scheme}://{parts.netloc}"}


@operation("GET", _AT, query=("stream_id",), **_READ)
def get_ssf_streams(call: Call) -> Doc | list[Doc]:
    """The caller's stream: alone where `stream_id` names it, else in a list."""
    id = call.params.get("stream_id")
    if id is not None:
        return _render(call, _own(call, id))
    found = call.store.find(STREAMS, "_client", _client(call))
    return [] if found is None else [_render(call, found)]


@operation("POST", _AT, status=201, **_MANAGE)
def create_ssf_stream(call: Call) -> Doc:
    """Make the caller's stream; it gets what happens from now."""
    client, sent = _client(call), _read(body_object(call), needed=_NEEDED)
    before = call.store.find(STREAMS, "_client", client)
    if before is not None:
        why = Why("A client has one stream.", (Compared("stream_id", before["id"], f"client {client}"),))
        raise Problem("E0000195", "A stream already exists for this client", why=why)
    count = len(call.store.all(STREAMS))
    if count >= MOST:
        why = Why(f"An org has at most {MOST} streams.", (Compared("streams", count, "the org"),))
        raise invalid("stream", f"The maximum of {MOST} SSF streams has been reached.", why=why)
    bare = {"id": call.ids.okta("esc"), "_client": client, "_verify": [], "_after": hook_delivery.newest(call.store)}
    made = _with({**bare, "format": "iss_sub"}, sent)
    call.store.add(STREAMS, made)
    return _render(call, made)


@operation("PUT", _AT, **_MANAGE)
def replace_ssf_stream(call: Call) -> Doc:
    """Say anew what the stream delivers, and where to."""
    return _changed(call, _NEEDED)


@operation("PATCH", _AT, **_MANAGE)
def update_ssf_stream(call: Call) -> Doc:
    """Change what the body names."""
    return _changed(call, ())


def _changed(call: Call, needed: tuple[str, ...]) -> Doc:
    body = body_object(call)
    stream = _own(call, body.get("stream_id"))
    shown = _render(call, stream)
    for name in _SET_BY_US:
        if body.get(name, shown[name]) != shown[name]:
            compared = (Compared(name, body[name], "request body"), Compared(name, shown[name], "the stream"))
            raise invalid(name, f"{name}: is read-only", why=Why("The org sets it.", compared))
    made = _with(stream, _read(body, needed=needed))
    call.store.put(STREAMS, made)
    return _render(call, made)


@operation("DELETE", _AT, query=("stream_id",), **_MANAGE)
def delete_ssf_stream(call: Call) -> None:
    """End the caller's stream."""
    call.store.drop(STREAMS, _own(call, call.params.get("stream_id"))["id"])


@operation("GET", _AT + "/status", query=("stream_id",), **_READ)
def get_ssf_stream_status(call: Call) -> Doc:
    """Whether the stream delivers; it always does."""
    id = call.params.get("stream_id")
    if id is None:
        raise shapes.blank("stream_id")
    return {"stream_id": _own(call, id)["id"], "status": "enabled"}


@operation("POST", _AT + "/verification", status=204, **_MANAGE)
def verify_ssf_stream(call: Call) -> None:
    """Send the receiver a verification event, with the `state` that it wants to see again."""
    sent: Doc = _verification(body_object(call), "")
    stream = _own(call, sent["stream_id"])
    stream["_verify"] = [*stream["_verify"], sent.get("state")][-20:]
    call.store.put(STREAMS, stream)
