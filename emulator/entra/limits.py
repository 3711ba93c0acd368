"""What calls cost at Graph, and the documented budgets of resource units. Source: graph-entra.md 1.6.

Every answer says what it cost; calls are only refused where the world's `limits` setting says so. Budgets are counted
in fixed windows, per application and process.
"""

from collections.abc import Mapping

from emulator.entra.resources.user_store import USERS
from emulator.kernel.call import Call
from emulator.kernel.clock import SECOND
from emulator.kernel.problems import Compared, Problem, Why

# Path prefixes and tails to resource units; whatever is not named costs 1.
_TAILS: Mapping[str, int] = {
    "/members": 3, "/transitiveMembers": 5, "/domainNameReferences": 4, "/getByIds": 3, "/checkMemberGroups": 4,
    "/getMemberGroups": 2, "/memberOf": 2, "/licenseDetails": 2, "/appRoleAssignments": 2,
}  # fmt: skip
_SETS: Mapping[str, int] = {
    "users": 2,
    "applications": 2,
    "subscribedSkus": 3,
    "contracts": 3,
    "oauth2PermissionGrants": 2,
}
# (fewest users, units in ten seconds): the size of the tenant decides.
_SIZES = ((500, 8_000), (50, 5_000), (0, 3_500))
READ_WINDOW, WRITE_WINDOW, REPORT_WINDOW = 10 * SECOND, 150 * SECOND, 10 * SECOND
WRITES, REPORTS = 3_000, 5
_COUNTED = "graph users"


def cost(call: Call) -> int:
    """Resource units of a call."""
    operation = call.operation
    if operation.method != "GET" and operation.writes:
        return 1
    parts = operation.path.split("/")
    units = next((number for tail, number in _TAILS.items() if operation.path.endswith(tail)), 0)
    units = units or (_SETS.get(parts[2], 1) if len(parts) > 2 else 1)
    params = {name.lower(): value for name, value in call.exchange.params()} if call.exchange.query else {}
    units -= "$select" in params
    units += "$expand" in params
    units -= params.get("$top", "999").isdigit() and int(params.get("$top", "999")[:4] or 0) < 20
    return max(1, units)


def limit(call: Call) -> None:
    """Count a call against the budgets of its application. Raises 429 where limits are on."""
    setting = call.settings.get("limits", "off")
    if setting == "off" or call.operation.parts:  # the parts of a batch count, not the batch
        return
    given = setting if isinstance(setting, dict) else {}
    app = str(call.caller.extra.get("appId") or "")
    if call.operation.path.startswith("/v1.0/auditLogs"):
        _take(call, "reports", app, 1, int(given.get("graph.reports", REPORTS)), REPORT_WINDOW)
        return
    if call.operation.writes:
        _take(call, "writes", app, 1, int(given.get("graph.writes", WRITES)), WRITE_WINDOW)
    most = int(given.get("graph.units", 0)) or _units(call)
    _take(call, "units", app, cost(call), most, READ_WINDOW)


def _units(call: Call) -> int:
    """The budget of the tenant's size, looked at once in a window."""
    at, users = call.counters.get(_COUNTED, (-READ_WINDOW, 0))
    if call.now - at >= READ_WINDOW:
        users = call.store.count(USERS)
        call.counters[_COUNTED] = (call.now, users)
    return next(units for least, units in _SIZES if users >= least)


def _take(call: Call, name: str, app: str, units: int, most: int, window: int) -> None:
    key = ("graph", name, app)
    start, used = call.counters.get(key, (call.now, 0))
    if call.now - start >= window:
        start, used = call.now, 0
    if used + units <= most:
        call.counters[key] = (start, used + units)
        share = (used + units) / most
        if share > 0.8:
            call.headers.append(("x-ms-throttle-limit-percentage", f"{share:.1f}"))
        return
    wait = max(1, -(-(start + window - call.now) // SECOND))
    information = {
        "writes": "WriteLimitExceeded",
        "units": "ResourceUnitLimitExceeded",
        "reports": "RequestLimitExceeded",
    }
    kind = "ReadWrite" if name != "writes" else "Write"
    headers = (
        ("Retry-After", str(wait)), ("x-ms-throttle-information", information[name]),
        ("x-ms-throttle-scope", f"Tenant_Application/{kind}/{app}/{call.info.get('tenant', '')}"),
    )  # fmt: skip
    compared = (Compared(name, used + units, f"application {app}"), Compared("limit", most, "world limits"))
    why = Why("The application has used up its budget of this window.", compared, f"Wait {wait} seconds.")
    raise Problem("throttled", headers=headers, inner={"code": "429"}, why=why)
