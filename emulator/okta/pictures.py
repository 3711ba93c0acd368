"""Pictures that people upload: the part `file` of a multipart form, its size and its type.

Source: okta-admin-api.md 1.6, 5 (`uploadLogo`); the vendor's documentation of themes. The texts of refusals that no
source shows are inferred.
"""

import base64
from email.parser import BytesParser
from email.policy import HTTP

from emulator.kernel.call import Call
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.problems import invalid

KINDS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8"}
ICON = {"image/png": KINDS["image/png"], "image/x-icon": b"\x00\x00\x01\x00"}


def form_file(call: Call) -> bytes:
    """The form's file. Raises E0000019 for another kind of body, E0000028 without a file."""
    kind = call.exchange.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        compared = (Compared("Content-Type", kind[:100], "request header"),)
        raise Problem("E0000019", why=Why("A picture comes as multipart/form-data.", compared))
    head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1", "replace")
    form = BytesParser(policy=HTTP).parsebytes(head + call.body)
    for item in form.iter_parts() if form.is_multipart() else ():
        if item.get_param("name", header="content-disposition") == "file":
            data = item.get_payload(decode=True)
            return data if isinstance(data, bytes) else b""
    raise Problem("E0000028", why=Why("The form has no part named file.", (Compared("parts", "none", "request body"),)))


def type_of(data: bytes, kinds: dict[str, bytes]) -> str | None:
    """The media type of a picture by its first bytes, among some."""
    return next((kind for kind, mark in kinds.items() if data.startswith(mark)), None)


def checked(data: bytes, *, kinds: dict[str, bytes], most_kb: int) -> str:
    """The media type of an uploaded picture. Raises E0000001 for another type and for its size."""
    kind = type_of(data, kinds)
    if kind is None:
        names = ", ".join(name.removeprefix("image/").upper() for name in kinds)
        why = Why(f"The file is none of {names}.", (Compared("first bytes", data[:8].hex(), "request body"),))
        raise invalid("file", f"file: The file must be in one of these formats: {names}", why=why)
    size = -(-len(data) // 1024)
    if size > most_kb:
        compared = (Compared("kB", size, "request body"), Compared("most", most_kb, "the picture"))
        cause = f"Your selected image is {size:,}kB, which exceeds the {most_kb:,}kB limit"
        raise invalid("file", cause, why=Why("The picture is too large.", compared))
    return kind


def kept(call: Call, data: bytes, kind: str, *, instead_of: str | None) -> str:
    """The id of the picture, stored in place of another."""
    from emulator.okta.resources.app_logos import LOGOS

    if instead_of:
        call.store.drop(LOGOS, instead_of)
    id = str(call.ids.okta("fs0"))
    call.store.add(LOGOS, {"id": id, "type": kind, "_data": base64.b64encode(data).decode()})
    return id


def url(call: Call, id: str) -> str:
    return f"{call.base}/bc/image/fileStoreRecord?id={id}"
