"""The Flask app around the pipeline: one catch-all rule builds the exchange. For WSGI servers and Flask's test client.

The embedded server hands requests straight to the pipeline instead; a contract test compares the two.
"""

from flask import Flask, Response, request

from emulator.serving.delivery import hold
from emulator.serving.edge import Refused, from_werkzeug
from emulator.serving.listen import Entry, respond

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


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
        if found.delay_ms or found.dropped:
            hold(found, request.environ.get("werkzeug.socket"))
        return Response(found.body, found.status, found.headers)

    for rule in ("/", "/<path:path>"):
        app.add_url_rule(rule, rule, answer, methods=_METHODS, provide_automatic_options=False, strict_slashes=False)
    return app
