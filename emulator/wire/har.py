"""The tape as an HTTP archive (HAR 1.2), which browsers' tools and `tenantlab explain` read. Secrets are masked.

Times are world time, which has no durations; what a fault rule held back says so in its headers.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from emulator.kernel.doc import Doc
from emulator.wire.tape import Hop, masked

_BASE64 = "base64:"


def archive(hops: Iterable[Hop]) -> Doc:
    """The exchanges, each with its number, request id and reason as custom fields."""
    creator = {"name": "tenantlab", "version": "1"}
    return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": [_entry(hop) for hop in hops]}}


def _entry(hop: Hop) -> Doc:
    doc = masked(hop.to_doc())
    request, response = doc["request"], doc["response"]
    sent = {name.lower(): value for name, value in request["headers"]}
    got = {name.lower(): value for name, value in response["headers"]}
    query = parse_qsl(urlsplit(request["url"]).query, keep_blank_values=True)
    entry: Doc = {
        "startedDateTime": doc["at"], "time": 0, "cache": {}, "timings": {"send": 0, "wait": 0, "receive": 0},
        "request": {
            "method": request["method"], "url": request["url"], "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": _pairs(request["headers"]), "queryString": _pairs(query), "headersSize": -1,
            "bodySize": len(hop.request_body),
        },
        "response": {
            "status": response["status"], "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": _pairs(response["headers"]), "redirectURL": got.get("location", ""), "headersSize": -1,
            "bodySize": len(hop.response_body), "content": _content(response["body"], got, len(hop.response_body)),
        },
        "_n": doc["n"], "_party": doc["party"], "_operation": doc["operation"], "_requestId": doc["requestId"],
        "_why": doc["why"],
    }  # fmt: skip
    if request["body"]:
        entry["request"]["postData"] = {"mimeType": sent.get("content-type", ""), "text": request["body"]}
    return entry


def _pairs(items: Iterable[Iterable[str]]) -> list[Doc]:
    return [{"name": name, "value": value} for name, value in items]


def _content(text: str, headers: dict[str, str], size: int) -> Doc:
    made = {"size": size, "mimeType": headers.get("content-type", "")}
    if text.startswith(_BASE64):
        return {**made, "text": text.removeprefix(_BASE64), "encoding": "base64"}
    return {**made, "text": text}
