"""The metadata exchange document of the Office 365 app. Source: federation.md 4."""

from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.okta import office365
from emulator.okta.sso import gate, pages
from emulator.protocols.mex import mex


@operation(
    "GET", "/app/{appName}/{externalKey}/sso/wsfed/mex", bucket="wsfed.active", **pages.as_page(),
    source=inferred("the path agrees with Okta's generated PowerShell; which port points where does too"),
)  # fmt: skip
def metadata_exchange(call: Call) -> Answer:
    """Where rich clients learn the active endpoints; always the org's canonical https addresses."""
    app = gate.office365(call)
    urls = office365.endpoints(call.info["host"], app)
    windows = urls["windowstransport"] if office365.takes_windows(app) else None
    headers = [*call.headers, ("Content-Type", "text/xml; charset=utf-8")]
    return Answer(200, headers, mex(urls["active"], urls["username13"], windows_url=windows))
