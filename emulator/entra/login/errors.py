"""GET /error: what an AADSTS code means; `error_uri` of every JSON error points here. Source: graph-entra.md 2.1."""

from emulator.entra.login import pages
from emulator.entra.login.aadsts import CATALOGUE
from emulator.entra.login.dialect import PAGE
from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import OBSERVED, operation


@operation("GET", "/error", source=OBSERVED, **{**PAGE, "emits": ()}, query=("code",))
def look_up(call: Call) -> Answer:
    """The text of a code; without one, or for one that is not known, only the form to ask again."""
    code = call.params.get("code", "").strip().upper().removeprefix("AADSTS")
    kind = CATALOGUE.get(code) if code != "404" else None
    return pages.look_up(call, code, kind.text if kind else "")
