"""Parameters of the OAuth endpoints: in the query, in a form, or (as one client was recorded) in a JSON object.

Source: okta-admin-api.md 2.2.
"""

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.kernel.problems import Compared
from emulator.okta.oauth.errors import invalid_request


def parameters(call: Call) -> Doc:
    """Name to text; the body wins over the query. Raises 400 invalid_request."""
    return {**call.params, **_body(call.body if isinstance(call.body, bytes) else b"")}


def _body(body: bytes) -> Doc:
    if body[:1] == b"{":
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            text = "The request body is neither a form nor JSON."
            raise invalid_request(text, Compared("body", f"{len(body)} bytes", "request")) from error
        return {name: str(value) for name, value in found.items() if isinstance(value, str | int)}
    try:
        return dict(Exchange("", "", "", "", body.decode("utf-8", "replace")).params())
    except ValueError as error:
        text = "The request has too many parameters."
        raise invalid_request(text, Compared("body", f"{len(body)} bytes", "request")) from error
