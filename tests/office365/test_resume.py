"""Dying anywhere, after any exchange: the job ends in the same state, and nothing is done twice."""

from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from tests.office365.fakes import Cloud, Killed, connector, finish
from tests.office365.small_graph import E3, E5, TEAMS, direct_licence
from tests.office365.test_push import BOB, bob, push
from tests.office365.test_push_rest import role as make_role

WRITES = ("POST", "PATCH", "PUT", "DELETE")


class Fragile(Cloud):
    """Dies after the n-th exchange of any kind, the org's included: what was asked is done, the answer is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges = 0
        self.die_after: int | None = None

    def send(self, exchange: Exchange) -> Answer:
        answer = super().send(exchange)
        self.exchanges += 1
        if self.exchanges == self.die_after:
            raise Killed(f"after {exchange.method} {exchange.path}")
        return answer


def state(cloud: Cloud) -> Doc:
    """All that Microsoft holds."""
    return deepcopy({
        "users": cloud.users, "roles": cloud.roles, "managers": cloud.managers, "domains": cloud.domains,
        "configurations": cloud.configurations,
    })  # fmt: skip


def told(ack: Doc) -> list[tuple[str, str]]:
    return [(item["type"], item["outcome"]) for item in ack["events"]]


def world(
    start: str, *, licences: list[str], roles: bool, manager: bool, kind: str = "user.push"
) -> tuple[Fragile, Doc]:
    cloud = Fragile()
    cloud.add_user(userPrincipalName="ann@acme.example")
    make_role(cloud, "Helpdesk Administrator")
    if start != "absent":
        held = [direct_licence(E3, TEAMS), direct_licence(E5, group="g")]
        user = bob(cloud, licenseAssignmentStates=held, surname="Old", accountEnabled=start != "blocked")
        cloud.roles["role1"]["members"].append(user["id"])
    more: Doc = {}
    if roles:
        more["roles"] = ["Global Reader", "User Administrator"]
    if manager:
        more["manager"] = "ann@acme.example"
    return cloud, push(cloud, licenses=licences, **more)


@settings(max_examples=150, deadline=None)
@given(
    start=st.sampled_from(["absent", "there", "blocked"]),
    licences=st.lists(st.sampled_from(["ENTERPRISEPACK", "ENTERPRISEPREMIUM:TEAMS1"]), unique=True),
    roles=st.booleans(),
    manager=st.booleans(),
    deaths=st.lists(st.integers(1, 12), min_size=1, max_size=3),
)
def test_a_push_that_dies_anywhere_ends_as_if_it_had_not(
    start: str, licences: list[str], roles: bool, manager: bool, deaths: list[int]
) -> None:
    smooth, first = world(start, licences=licences, roles=roles, manager=manager)
    expected = finish(smooth, first)
    assert expected["outcome"] == "done"
    cloud, job = world(start, licences=licences, roles=roles, manager=manager)
    for death in deaths:
        cloud.die_after = cloud.exchanges + death
        try:
            connector(cloud).run_once()
        except Killed:
            cloud.now += 120_000
    cloud.die_after = None
    ack = job["ack"] or finish(cloud, job)
    assert state(cloud) == state(smooth)
    assert cloud.counted("POST", "/v1.0/users") == smooth.counted("POST", "/v1.0/users")
    assert told(ack) == told(expected)
    assert ack["app_user"] == expected["app_user"]


def test_a_push_dies_after_each_exchange_in_turn_and_no_write_is_repeated() -> None:
    smooth, first = world("absent", licences=["ENTERPRISEPACK"], roles=True, manager=True)
    finish(smooth, first)
    done_once = sorted(call for call in smooth.calls if call[0] in WRITES and "oauth2" not in call[1])
    for point in range(1, smooth.exchanges):
        cloud, job = world("absent", licences=["ENTERPRISEPACK"], roles=True, manager=True)
        cloud.die_after = point
        try:
            connector(cloud).run_once()
        except Killed:
            cloud.now += 120_000
        finish(cloud, job)
        assert sorted(call for call in cloud.calls if call[0] in WRITES and "oauth2" not in call[1]) == done_once, point
        assert state(cloud) == state(smooth)


def test_a_deprovisioning_that_dies_anywhere_tells_all_that_was_done() -> None:
    def leaver() -> tuple[Fragile, Doc]:
        cloud = Fragile()
        user = bob(cloud, licenseAssignmentStates=[direct_licence(E3)])
        subject = {"userName": BOB, "externalId": user["id"], "displayName": "Bob Builder"}
        job = cloud.enqueue(
            "user.deactivate", subject=subject, desired={"action": "BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE"}
        )
        return cloud, job

    smooth, first = leaver()
    expected = finish(smooth, first)
    for point in range(1, smooth.exchanges):
        cloud, job = leaver()
        cloud.die_after = point
        try:
            connector(cloud).run_once()
        except Killed:
            cloud.now += 120_000
        ack = finish(cloud, job)
        assert cloud.users == {}
        assert told(ack) == told(expected), point


def test_a_federation_that_dies_anywhere_is_made_once() -> None:
    for point in range(1, 8):
        cloud = Fragile()
        cloud.domains["acme.example"] = {
            "id": "acme.example",
            "isVerified": True,
            "isDefault": False,
            "authenticationType": "Managed",
        }
        desired = {
            "domain": "acme.example",
            "configuration": {"issuerUri": "acme.example:exk1", "signingCertificate": "MII"},
        }
        job = cloud.enqueue("domain.federate", subject={"appId": "0oa1", "operationId": "op1"}, desired=desired)
        cloud.die_after = point
        try:
            connector(cloud).run_once()
        except Killed:
            cloud.now += 120_000
        ack = job["ack"] or finish(cloud, job)
        assert told(ack) == [("app.office365.api.set.domain.federation.success", "SUCCESS")]
        assert ack["result"]["change"] == "created"
        assert cloud.counted("POST", "/v1.0/domains/acme.example/federationConfiguration") == 1
