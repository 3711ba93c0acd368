"""Who does multi-factor, as a table written from the sources: each need x federatedIdpMfaBehavior x claim x freshness.

Sources: graph-entra.md 2.8 (the table of behaviours, SupportsMfa), federation.md 3; seed-catalogue.md section 5 rule 1;
sign-in frequency by the provider's instant: graph-entra.md 2.8; cut-off: seed-catalogue.md PF8.
"""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator import World
from emulator.wire.browser import View
from tests.entra.login.gates import HOUR, policy, title, with_tenant
from tests.entra.login.worlds import DANA, DANA_ID, authorize_url, sign_in_federated, signins, stopping

MULTIPLE = "http://schemas.microsoft.com/claims/multipleauthn"
HOURLY = "c0000000-0000-4000-8000-000000000001"
FREQUENCY = {"signInFrequency": {"value": 1, "type": "hours", "isEnabled": True}}
BEHAVIOURS = {
    "accept": {"federatedIdpMfaBehavior": "acceptIfMfaDoneByFederatedIdp"},
    "enforce": {"federatedIdpMfaBehavior": "enforceMfaByFederatedIdp"},
    "reject": {"federatedIdpMfaBehavior": "rejectMfaByFederatedIdp"},
    "unset": {"federatedIdpMfaBehavior": None},
    "SupportsMfa true": {"federatedIdpMfaBehavior": None, "_supportsMfa": True},
    "SupportsMfa false": {"federatedIdpMfaBehavior": None, "_supportsMfa": False},
}
# (behaviour, claim) -> what happens where multi-factor is needed: row by row of graph-entra.md 2.8.
NEEDED = {
    ("accept", True): "in", ("accept", False): "microsoft",
    ("enforce", True): "in", ("enforce", False): "provider",
    ("reject", True): "microsoft", ("reject", False): "microsoft",
    ("SupportsMfa true", True): "in", ("SupportsMfa true", False): "provider",
    ("SupportsMfa false", True): "microsoft", ("SupportsMfa false", False): "microsoft",
    ("unset", True): "in", ("unset", False): "microsoft",
}  # fmt: skip
# need -> (the world's part, whether it asks for MFA): seed-catalogue.md section 5 rule 1.
NEEDS = {
    "nothing": ({}, False),
    "Conditional Access": ({"policies": (policy(),)}, True),
    "report-only": ({"policies": (policy(state="enabledForReportingButNotEnforced"),)}, False),
    "per-user enabled": ({"people": {DANA: {"perUserMfaState": "enabled"}}}, True),
    "per-user enforced": ({"people": {DANA: {"perUserMfaState": "enforced"}}}, True),
    "security defaults": ({"security_defaults": True}, True),
}
# instant -> (hours before now, a policy of an hour's sign-in frequency, sessions revoked half an hour ago; asked anew?)
INSTANTS = {
    "new": (0, False, False, False), "old, nothing asks": (2, False, False, False),
    "new, frequency": (0, True, False, False), "old, frequency": (2, True, False, True),
    "old, revoked": (2, False, True, True), "new, revoked": (0, False, True, False),
}  # fmt: skip


@pytest.fixture(
    scope="module", params=[(need, behaviour) for need in NEEDS for behaviour in BEHAVIOURS], ids=" / ".join
)
def case(request: pytest.FixtureRequest) -> Iterator[tuple[World, bool, str, bool]]:
    need, behaviour = request.param
    parts, asks = NEEDS[need]
    parts = dict(parts)
    policies = parts.pop("policies", ())
    spec = with_tenant(policies, federation=BEHAVIOURS[behaviour], **parts)
    tenant = spec["parties"]["entra:acme"]
    frequency = policy("Hourly", session=FREQUENCY, users={"includeUsers": [DANA]}, state="disabled")
    tenant["conditional_access"].append({**frequency, "id": HOURLY})
    with World(spec) as world:
        world.clock.advance(hours=3)
        world.snapshot()
        yield world, asks, behaviour, need == "security defaults"
        assert world.engine.crashes == []


def where(view: View) -> str:
    """Who has the person now, and what they are asked for."""
    if view.url.startswith("http://localhost"):
        assert "code=" in view.url, view.url
        return "in"
    if "okta" in view.url:
        asked = parse_qs(urlsplit(view.url).query)
        fresh = asked.get("wfresh") == ["0"]
        mfa = asked.get("wauth") == [MULTIPLE]
        return "provider, anew" if fresh else "provider" if mfa else "provider, for nothing"
    assert title(view) == "Keep your account secure", view.text
    return "microsoft"


@pytest.mark.parametrize("claim", [True, False], ids=["claim", "no claim"])
@pytest.mark.parametrize("instant", list(INSTANTS))
def test_the_table(case: tuple[World, bool, str, bool], claim: bool, instant: str) -> None:
    world, asks, behaviour, alone = case
    hours, frequent, revoked, anew = INSTANTS[instant]
    if frequent and alone:
        frequent = anew = False  # security defaults exclude policies: graph-entra.md 1.16
    world.restore()
    if frequent:
        world.entra.patch(f"/identity/conditionalAccess/policies/{HOURLY}", {"state": "enabled"})
    if revoked:
        world.entra.post(f"/users/{DANA_ID}/revokeSignInSessions", {})
        world.clock.advance(minutes=30)
    view = sign_in_federated(
        world, authorize_url(login_hint=DANA), browser=stopping(world), mfa=claim,
        authn_instant_ms=world.clock.now() - hours * HOUR,
    )  # fmt: skip
    expected = "provider, anew" if anew else NEEDED[behaviour, claim] if asks else "in"
    assert where(view) == expected
    record = signins(world)[-1]
    assert (record["status"]["errorCode"] == 0) == (expected == "in")
    if expected == "in":
        requirement = "multiFactorAuthentication" if asks or (claim and NEEDED[behaviour, True] == "in") else "single"
        assert record["authenticationRequirement"].startswith(requirement)
