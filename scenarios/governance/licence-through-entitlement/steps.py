"""A grant names ids; this looks them up by the licence's part number."""

from typing import Any


def grant(stage: Any, *, entitlements: list[dict[str, Any]], licence: str, person: str, app: str) -> Any:
    """Grant one licence to one person."""
    row = next(item for item in entitlements if item["externalValue"] == "licenses")
    value = next(item for item in row["values"] if item["externalValue"] == licence)
    return stage.okta.post(
        "/governance/api/v1/grants",
        {
            "grantType": "CUSTOM",
            "targetPrincipal": {"externalId": person, "type": "OKTA_USER"},
            "target": {"externalId": app, "type": "APPLICATION"},
            "entitlements": [{"id": row["id"], "values": [{"id": value["id"]}]}],
        },
    )
