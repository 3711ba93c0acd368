"""The Flask app around the pipeline: one catch-all rule builds the exchange. For WSGI servers and Flask's test client.

The embedded server hands requests straight to the pipeline instead; a contract test compares the two.
"""

from flask import Flask, Response, request

from emulator.kernel.exchange import Answer
from emulator.serving.delivery import half, hold
from emulator.serving.edge import Refused, from_werkzeug
from emulator.serving.listen import Entry, respond

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def broken_off(answer: Answer) -> Response:
    """An answer whose body ends before it is complete, and the connection with it."""
    headers = [*answer.headers, ("Content-Length", str(len(answer.body))), ("Connection", "close")]
    response = Response(half(answer), answer.status, headers)
    response.automatically_set_content_length = False
    return response


def make_app(entry: Entry, service: str = "front") -> Flask:
    """A WSGI app for one service of a world (`front` chooses by Host)."""
    app = Flask("tenantlab", static_folder=None)
    app.url_map.merge_slashes = False

    def answer(path: str = "") -> Response:
        try:
            exchange = from_werkzeug(request)
            found = respond(entry, exchange, service)
        except Refused as refused:
            found = refused.answer()
        if not found.plain:
            hold(found, request.environ.get("werkzeug.socket"))
        if found.cut:
            return broken_off(found)
        return Response(found.body, found.status, found.headers)

    for rule in ("/", "/<path:path>"):
        app.add_url_rule(rule, rule, answer, methods=_METHODS, provide_automatic_options=False, strict_slashes=False)
    return app
