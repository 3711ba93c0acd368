"""Operations that an app's connector works on: /api/internal/v1/operations. Source: okta-admin-api.md 19."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.okta import app_operations, reach
from emulator.okta.app_kinds import OPERATIONS
from emulator.okta.console import UI_ONLY
from emulator.okta.problems import not_found

__all__ = ["OPERATIONS"]


@operation(
    "GET", "/api/internal/v1/operations/{operationId}", source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get"
)
def get_operation(call: Call) -> Doc:
    """One operation: `{id, type, status PENDING|SUCCESS|FAILED, result, _links.self}`."""
    found = call.store.get(OPERATIONS, call.path["operationId"])
    if found is None:
        raise not_found(call.path["operationId"], "Operation")
    reach.require(call, app=found["appId"])
    return app_operations.render(call, found)
