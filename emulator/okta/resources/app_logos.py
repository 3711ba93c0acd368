"""Logos of apps: POST /api/v1/apps/{appId}/logo, and the picture itself.

Source: okta-admin-api.md 1.6, 5 (`uploadLogo`).

The size limit is documented; the address of the stored picture is the vendor's, the refusals' texts are inferred.
"""

import base64

from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import pictures
from emulator.okta.events import app_target, emit
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import apps
from emulator.store import Kind

LOGOS = Kind("app_logos")
_PICTURE = inferred("where the vendor keeps uploaded pictures is seen in the Location of an upload only")
MOST_BYTES = 1024 * 1024


@operation(
    "POST", "/api/v1/apps/{appId}/logo", source=DOCUMENTED, scope=("okta.apps.manage",), bucket="apps.get",
    body="bytes", status=201, emits=("application.configuration.update_logo",),
)  # fmt: skip
def upload_logo(call: Call) -> Answer:
    """Take a PNG, JPG, GIF or SVG picture under 1 MB from a multipart form's `file`: 201 with its Location."""
    app = apps.load(call)
    data = _sized(pictures.form_file(call))
    kind = picture_type(data)
    id = call.ids.okta("fs0")
    if app.get("_logoId"):
        call.store.drop(LOGOS, app["_logoId"])
    call.store.add(LOGOS, {"id": id, "type": kind, "_data": base64.b64encode(data).decode()})
    app["_logoId"], app["_logoType"] = id, kind
    apps.touch(call, app)
    emit(call, "application.configuration.update_logo", [app_target(app)])
    return Answer(201, [*call.headers, ("Location", f"{call.base}/bc/image/fileStoreRecord?id={id}")])


@operation("GET", "/bc/image/fileStoreRecord", source=_PICTURE, auth="none", query=("id",))
def get_picture(call: Call) -> Answer:
    """An uploaded picture."""
    found = call.store.get(LOGOS, call.params.get("id", ""))
    if found is None:
        raise not_found(call.params.get("id", "")[:60], "FileStoreRecord")
    # A picture may be an SVG with scripts: it never runs here.
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    headers = [("Content-Type", found["type"]), ("Content-Security-Policy", policy)]
    return Answer(200, [*call.headers, *headers], base64.b64decode(found["_data"]))


def _sized(data: bytes) -> bytes:
    if not 0 < len(data) < MOST_BYTES:
        why = Why("A logo has less than 1 MB.", (Compared("bytes", len(data), "request body"),))
        raise invalid("file", "file: The file must be smaller than 1 MB", why=why)
    return data


def picture_type(data: bytes) -> str:
    """The media type of a picture, by its first bytes. Raises E0000001."""
    kind = pictures.type_of(data, pictures.KINDS)
    if kind is not None:
        return kind
    if b"<svg" in data[:1024].lower():
        return "image/svg+xml"
    why = Why("The file is no PNG, JPG, GIF or SVG.", (Compared("first bytes", data[:8].hex(), "request body"),))
    raise invalid("file", "file: The file must be a PNG, JPG, GIF or SVG image", why=why)
