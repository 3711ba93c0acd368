"""Subscriptions are bought and lapse: what the tenant has changes, and nobody loses what they hold."""

from emulator import World
from tests.office365.worlds import spec

AT = "/_lab/microsoft/subscriptions"


def test_bought_changed_and_ended() -> None:
    with World(spec()) as world:
        entra = world.entra
        bought = entra.ask("PUT", f"{AT}/VISIOCLIENT", {"enabled": 3})
        assert (bought["skuPartNumber"], bought["prepaidUnits"]["enabled"], bought["consumedUnits"]) == (
            "VISIOCLIENT", 3, 0,
        )  # fmt: skip
        held = {item["skuPartNumber"]: item for item in entra.get("/subscribedSkus")["value"]}
        assert held["VISIOCLIENT"]["servicePlans"] and held["VISIOCLIENT"]["capabilityStatus"] == "Enabled"
        assert entra.ask("PUT", f"{AT}/visioclient", {"enabled": 7})["prepaidUnits"]["enabled"] == 7
        assert entra.ask("PUT", f"{AT}/SPB", {"capabilityStatus": "Warning"})["prepaidUnits"]["enabled"] == 5
        assert entra.call("DELETE", f"{AT}/VISIOCLIENT").status == 204
        assert "VISIOCLIENT" not in {item["skuPartNumber"] for item in entra.get("/subscribedSkus")["value"]}


def test_what_is_refused() -> None:
    with World(spec()) as world:
        entra = world.entra
        assert entra.call("PUT", f"{AT}/NO_SUCH", {}).status == 404
        assert entra.call("DELETE", f"{AT}/VISIOCLIENT").status == 404
        for body in ({"enabled": "many"}, {"enabled": -1}, {"enabled": True}, {"capabilityStatus": "Gone"}):
            answer = entra.call("PUT", f"{AT}/SPB", body)
            assert answer.status == 400 and answer.header("x-lab-why")
        admin = entra.get("/users/admin@acme.onmicrosoft.com")["id"]
        entra.patch(f"/users/{admin}", {"usageLocation": "NL"})
        sku = next(item["skuId"] for item in entra.get("/subscribedSkus")["value"] if item["skuPartNumber"] == "SPB")
        entra.post(f"/users/{admin}/assignLicense", {"addLicenses": [{"skuId": sku}], "removeLicenses": []})
        assert entra.call("DELETE", f"{AT}/SPB").status == 400
