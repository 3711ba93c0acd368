"""AADSTS codes: text, OAuth error and HTTP status. Source: graph-entra.md 2.14. Keys are the numeric code as text."""

from emulator.kernel.problems import ProblemKind


def _code(error: str, text: str, *, status: int = 400, suberror: str = "") -> ProblemKind:
    return ProblemKind(status, text, {"error": error, **({"suberror": suberror} if suberror else {})})


CATALOGUE: dict[str, ProblemKind] = {
    "90002": _code("invalid_tenant", "Tenant '{0}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."),
    "900561": _code("invalid_request", "The endpoint only accepts {0} requests. Received a {1} request."),
    "50000": _code("server_error", "There was an error issuing a token or an issue with our sign-in service.", status=500),
    "404": _code("invalid_request", "The requested page was not found.", status=404),
}  # fmt: skip
