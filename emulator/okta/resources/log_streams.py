"""Log streams: /api/v1/logStreams, where an org sends its System Log. Source: the vendor's SDK models and recordings.

# Differs: nothing is sent anywhere. The events that an active stream would carry are those of `GET /api/v1/logs`.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import lists, search, shapes
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found, taken
from emulator.okta.shapes import one_of, record
from emulator.store import Column, Duplicate, Kind

STREAMS = Kind("log_streams", (Column("name", unique=True), Column("status"), Column("type")), settled=True)
AWS, SPLUNK = "aws_eventbridge", "splunk_cloud_logstreaming"
_AT = "/api/v1/logStreams"
_READ: Any = {"scope": ("okta.logStreams.read",)}
_MANAGE: Any = {"scope": ("okta.logStreams.manage",)}
_REGIONS = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip


_HOST = shapes.matching(r"(?=.{17,116}$)([A-Za-z0-9-]+\.)+splunkcloud(gc|fed)?\.com", "hosts below splunkcloud.com")
_TOKEN = shapes.matching(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "tokens of Splunk's HTTP event collector"
)
_EDITION = one_of("aws", "aws_govcloud", "gcp")
_SETTINGS: dict[str, shapes.Read] = {
    AWS: record(
        {
            "accountId": shapes.matching(r"[0-9]{12}", "twelve digits"),
            "eventSourceName": shapes.matching(r"[A-Za-z0-9.\-_]{1,75}", "letters, digits, dots, dashes, underscores"),
            "region": one_of(*_REGIONS),
        },
        needed=("accountId", "eventSourceName", "region"),
    ),
    SPLUNK: record({"edition": _EDITION, "host": _HOST, "token": _TOKEN}, needed=("edition", "host", "token")),
}
_CHANGED = record({"edition": _EDITION, "host": _HOST}, needed=("edition", "host"))
_HEAD = record({"type": one_of(AWS, SPLUNK), "name": shapes.bounded(255, least=1)}, needed=("type", "name"))


def _render(call: Call, item: Doc) -> Doc:
    at = f"{call.base}{_AT}/{item['id']}"
    action = "deactivate" if item["status"] == "ACTIVE" else "activate"
    settings = {name: value for name, value in item["settings"].items() if name != "token"}
    return {**public(item), "settings": settings, "_links": {
        "self": {"href": at, "method": "GET"}, action: {"href": f"{at}/lifecycle/{action}", "method": "POST"},
    }}  # fmt: skip


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(STREAMS, call.path["logStreamId"])
    if found is None:
        raise not_found(call.path["logStreamId"], "LogStream")
    return found


def _stored(call: Call, item: Doc, write: Any) -> Doc:
    try:
        write(STREAMS, item)
    except Duplicate as error:
        raise taken("name", item["name"]) from error
    return _render(call, item)


@operation("GET", _AT, source=DOCUMENTED, paging=Paging(20, 200), query=("filter", "after", "limit"), **_READ)
def list_log_streams(call: Call) -> Listing:
    """Log streams, all or by `filter` (type, status)."""
    where, keep = search.compiled(call, STREAMS, "logStreams")
    return lists.listing(call, STREAMS, _render, where=where, keep=keep)


@operation("POST", _AT, source=DOCUMENTED, **_MANAGE)
def create_log_stream(call: Call) -> Doc:
    """Make a log stream; it is ACTIVE at once."""
    body, now = body_object(call), stamp(call.now)
    head: Doc = _HEAD(body, "")
    settings: Doc = record({"settings": _SETTINGS[head["type"]]}, needed=("settings",))(body, "")
    made = {"id": call.ids.okta("0oa"), **head, "status": "ACTIVE", "created": now, "lastUpdated": now, **settings}
    return _stored(call, made, call.store.add)


@operation("GET", _AT + "/{logStreamId}", source=DOCUMENTED, **_READ)
def get_log_stream(call: Call) -> Doc:
    """One log stream."""
    return _render(call, _load(call))


@operation("PUT", _AT + "/{logStreamId}", source=DOCUMENTED, **_MANAGE)
def replace_log_stream(call: Call) -> Doc:
    """Rename a stream; of the settings only Splunk's host and edition change, a token never."""
    item, body = _load(call), body_object(call)
    head: Doc = _HEAD(body, "")
    if head["type"] != item["type"]:
        compared = (Compared("type", head["type"], "request body"), Compared("type", item["type"], "the stream"))
        raise invalid("type", "type: cannot be changed", why=Why("A stream keeps its type.", compared))
    item["name"], item["lastUpdated"] = head["name"], stamp(call.now)
    if item["type"] == SPLUNK:
        sent: Doc = record({"settings": _CHANGED}, needed=("settings",))(body, "")
        item["settings"] = {**item["settings"], **sent["settings"]}
    return _stored(call, item, call.store.put)


@operation("DELETE", _AT + "/{logStreamId}", source=DOCUMENTED, **_MANAGE)
def delete_log_stream(call: Call) -> None:
    """Delete a log stream."""
    call.store.drop(STREAMS, _load(call)["id"])


@operation("POST", _AT + "/{logStreamId}/lifecycle/activate", source=DOCUMENTED, body="none", **_MANAGE)
def activate_log_stream(call: Call) -> bytes:
    """Let a stream carry events again. The answer is empty (observed)."""
    return _switched(call, "ACTIVE")


@operation("POST", _AT + "/{logStreamId}/lifecycle/deactivate", source=DOCUMENTED, body="none", **_MANAGE)
def deactivate_log_stream(call: Call) -> bytes:
    """Stop a stream. The answer is empty (observed)."""
    return _switched(call, "INACTIVE")


def _switched(call: Call, status: str) -> bytes:
    _stored(call, {**_load(call), "status": status, "lastUpdated": stamp(call.now)}, call.store.put)
    return b""
