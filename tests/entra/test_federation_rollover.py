"""A federation's certificate that expires: the tenant finds the next one in the metadata, and lets it take over in time."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols.keys import SigningKey, load_signing_key, make_signing_key
from emulator.wire.client import Http, json_of
from tests.entra.login.devices import private_key
from tests.entra.login.worlds import DANA, LOGIN, SPEC, TENANT, load, post_srf, refusal, spec, wresult

ISSUER = f"https://sts.windows.net/{TENANT}/"
METADATA = f"{LOGIN}/{TENANT}/federationmetadata/2007-06/federationmetadata.xml"
"""The one federation metadata document that a world of a tenant alone has stands for the provider's."""
START = 1_768_467_600_000
PROVIDER = load("entra-signing-a")


def ending(days: int) -> SigningKey:
    """The provider's old key, with a certificate that expires so many days from the world's beginning."""
    own = private_key("okta-acme-saml")
    return load_signing_key(*make_signing_key("sts", not_before_ms=START - 86_400_000, days=days + 1, private=own))


def world_of(days: int = 60, **federation: Any) -> World:
    made = spec()
    made["parties"]["entra:acme"]["domains"][1]["federation"].update(
        {
            "signingCertificate": ending(days).certificate_b64,
            "issuerUri": ISSUER,
            "metadataExchangeUri": METADATA,
            **federation,
        }
    )
    return World(made)


@pytest.fixture
def world() -> Iterator[World]:
    with world_of() as made:
        yield made
        assert made.engine.crashes == []


def shown(world: World) -> Doc:
    return dict(world.entra.get("/domains/acme.example/federationConfiguration")["value"][0])


def ran(world: World) -> list[str]:
    return [item["kind"] for item in world.sync()["ran"]]


def who(world: World, key: SigningKey, **more: Any) -> str:
    """Who is signed in by a token of that key, or the code of the refusal."""
    token = wresult(world, key=key, issuer=ISSUER, **more)
    view = post_srf(world, token)
    return DANA if DANA in view.text else refusal(world, view)[0]


def test_the_next_certificate_is_found_thirty_days_ahead_and_takes_over_at_the_end(world: World) -> None:
    before = shown(world)
    assert ran(world) == [] and before["signingCertificateUpdateStatus"] is None
    world.clock.advance(days=29)
    assert ran(world) == []
    world.clock.advance(days=2)
    assert ran(world) == ["graph.rollover"] and ran(world) == []
    found = shown(world)
    assert found["signingCertificate"] == before["signingCertificate"]
    assert found["nextSigningCertificate"] == PROVIDER.certificate_b64
    assert found["signingCertificateUpdateStatus"]["certificateUpdateResult"] == "Success"
    assert who(world, ending(60), assertion_id="_a") == DANA == who(world, PROVIDER, assertion_id="_b")
    world.clock.advance(days=30)
    assert ran(world)[0] == "graph.rollover"
    taken = shown(world)
    assert taken["signingCertificate"] == PROVIDER.certificate_b64
    assert who(world, ending(60), assertion_id="_c") == "5000811"
    assert who(world, PROVIDER, assertion_id="_d") == DANA
    activities = [row["type"] for row in world.journal(stream="directoryAudits")]
    assert activities == ["Set federation settings on domain"] * 2
    assert ran(world) == []


def test_the_check_is_repeated_daily_while_there_is_none() -> None:
    with world_of(10, metadataExchangeUri="https://login.microsoftonline.com/nowhere") as world:
        assert ran(world) == ["graph.rollover"]
        assert shown(world)["signingCertificateUpdateStatus"]["certificateUpdateResult"] == "Failure"
        first = shown(world)["signingCertificateUpdateStatus"]["lastRunDateTime"]
        assert ran(world) == []
        world.clock.advance(days=1)
        assert ran(world) == ["graph.rollover"]
        assert shown(world)["signingCertificateUpdateStatus"]["lastRunDateTime"] > first
        row = shown(world)
        assert row["nextSigningCertificate"] is None
        world.entra.patch(
            f"/domains/acme.example/federationConfiguration/{row['id']}", {"metadataExchangeUri": METADATA}
        )
        world.clock.advance(
            days=12
        )  # by now it has expired: a key is used all the same, and the next one is still found
        assert who(world, ending(10)) == DANA
        assert ran(world)[0] == "graph.rollover"
        assert world.engine.crashes == []


def test_a_next_certificate_that_was_set_by_hand_takes_over_without_metadata() -> None:
    following = load("okta-acme-next").certificate_b64
    with world_of(20, metadataExchangeUri=None, nextSigningCertificate=following) as world:
        assert who(world, load("okta-acme-next"), assertion_id="_a") == DANA
        world.clock.advance(days=21)
        world.sync()
        assert shown(world)["signingCertificate"] == following and shown(world)["nextSigningCertificate"] is None
        assert who(world, ending(20), assertion_id="_b") == "5000811"
        assert world.engine.crashes == []


def test_another_issuers_metadata_is_not_taken() -> None:
    with world_of(10, issuerUri="https://another.example/") as world:
        assert ran(world) == ["graph.rollover"]
        assert shown(world)["nextSigningCertificate"] is None
        assert shown(world)["signingCertificateUpdateStatus"]["certificateUpdateResult"] == "Failure"
        assert world.engine.crashes == []


@pytest.mark.parametrize(
    "address", ["https://example.com/metadata", "https://169.254.169.254/", "https://login.microsoftonline.com:1/x"]
)
def test_nobody_outside_is_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("the lab knocks at a stranger's door"))
    with world_of(10, metadataExchangeUri=address, passiveSignInUri=address) as world:
        assert ran(world) == ["graph.rollover"]
        assert shown(world)["nextSigningCertificate"] is None
        assert world.engine.crashes == []


def test_the_check_can_be_asked_for(world: World) -> None:
    http = Http(world.transport)
    answer = http.request("POST", "https://graph.microsoft.com/_lab/microsoft/federations/acme.example/rollover")
    assert answer.status == 200 and json_of(answer)["certificateUpdateResult"] == "Success"
    for name in ("acme-labs.example", "nowhere.example"):
        missing = http.request("POST", f"https://graph.microsoft.com/_lab/microsoft/federations/{name}/rollover")
        assert missing.status == 404


def test_fixtures_that_last_are_left_alone() -> None:
    assert SPEC["parties"]["entra:acme"]["domains"][1]["federation"]["signingCertificate"]
    with World(spec()) as world:
        assert world.sync() == {"ran": [], "quiet": True, "next_due": None}
