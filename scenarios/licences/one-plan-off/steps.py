"""What the console of Microsoft would do by hand."""

from typing import Any


def plan_off(stage: Any, *, user: str, held: dict[str, Any], plan: str) -> None:
    """Switch one plan of a licence off at Microsoft."""
    off = [item["servicePlanId"] for item in held["servicePlans"] if item["servicePlanName"] == plan]
    body = {"addLicenses": [{"skuId": held["skuId"], "disabledPlans": off}], "removeLicenses": []}
    stage.entra.post(f"/v1.0/users/{user}/assignLicense", body)
