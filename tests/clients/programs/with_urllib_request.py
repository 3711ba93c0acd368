import json
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from shared import DOMAINS, FORM, OTHER, TOKEN, bearer, refused, told


def ask(request):
    with urlopen(request, timeout=20) as answer:
        return json.load(answer)


token = ask(Request(TOKEN, data=urlencode(FORM).encode()))["access_token"]
told(ask(Request(DOMAINS, headers=bearer(token))))
refused(lambda: ask(OTHER))
