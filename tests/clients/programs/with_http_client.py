import http.client
import json
from urllib.parse import urlencode, urlsplit

from shared import DOMAINS, FORM, OTHER, TOKEN, bearer, refused, told


def ask(method, url, body=None, headers=None):
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.netloc, timeout=20)
    try:
        connection.request(method, parts.path, body, headers or {})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


form = {"Content-Type": "application/x-www-form-urlencoded"}
token = ask("POST", TOKEN, urlencode(FORM), form)["access_token"]
told(ask("GET", DOMAINS, headers=bearer(token)))
refused(lambda: ask("GET", OTHER))
