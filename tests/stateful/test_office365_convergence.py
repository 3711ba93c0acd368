"""Whatever happens, a quiet sync leaves org and tenant agreeing: assignments, edits on both sides, faults, crashes, time."""

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator import World
from emulator.kernel.doc import Doc
from emulator.office365.connector import Connector
from emulator.wire.client import Unreachable
from tests.office365.test_world import Cut, Dying
from tests.office365.worlds import AGENT, HOST, Estate, person, spec

PEOPLE = ("dana@acme.example", "sam@acme.example", "kim@acme.example")
LICENCES = ((), ("SPB",), ("FLOW_FREE",), ("FLOW_FREE", "SPB"))
who = st.sampled_from(PEOPLE)


def small() -> Doc:
    given = spec()
    given["parties"]["okta:acme"]["users"].append(person("Kim", "Aoki"))
    tenant = given["parties"]["entra:acme"]
    tenant["skus"] = [{"skuPartNumber": "SPB", "enabled": 50}, {"skuPartNumber": "FLOW_FREE", "enabled": 2}]
    return given


class Convergence(RuleBasedStateMachine):
    """A random life of three people; at every quiet point both sides are compared."""

    @initialize()
    def begin(self) -> None:
        self.world = World(small())
        self.estate = Estate(self.world)
        self.estate.federate("acme.example")
        self.estate.provision()
        ids = 'hasDirectoryUser()?findDirectoryUser().externalId:user.getInternalProperty("id")'
        self.estate.map(immutableId=ids)
        self.world.sync()
        self.creations = 0

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.faults.clear()
            self.quiet()
            self.agree()
            assert self.world.engine.crashes == []
            self.world.close()

    # -- what people do -------------------------------------------------------------------------------------------

    def _row(self, login: str) -> Doc | None:
        user = self.estate.okta.get(f"/api/v1/users/{login}")["id"]
        answer = self.world.okta.call("GET", f"/api/v1/apps/{self.estate.app}/users/{user}")
        return None if answer.status == 404 else self.estate.app_user(login)

    @rule(login=who, licences=st.sampled_from(LICENCES))
    def assign_or_edit(self, login: str, licences: tuple[str, ...]) -> None:
        if self._row(login) is None:
            self.estate.assign(login, licenses=list(licences))
        else:
            user = self.estate.okta.get(f"/api/v1/users/{login}")["id"]
            body = {"profile": {"licenses": list(licences)}}
            self.estate.okta.post(f"/api/v1/apps/{self.estate.app}/users/{user}", body)

    @rule(login=who)
    def unassign(self, login: str) -> None:
        if self._row(login) is not None:
            user = self.estate.okta.get(f"/api/v1/users/{login}")["id"]
            self.estate.okta.delete(f"/api/v1/apps/{self.estate.app}/users/{user}")

    @rule(login=who, name=st.sampled_from(("Lund", "Aoki", "Reyes")))
    def rename(self, login: str, name: str) -> None:
        self.estate.okta.post(f"/api/v1/users/{login}", {"profile": {"lastName": name}})

    @rule(login=who, name=st.sampled_from(("Other", "Else")))
    def edit_at_microsoft(self, login: str, name: str) -> None:
        self._at_microsoft("PATCH", f"/users/{login}", {"surname": name})

    @rule(login=who)
    def licence_at_microsoft(self, login: str) -> None:
        sku = next(row for row in self.estate.entra.get("/subscribedSkus")["value"] if row["skuPartNumber"] == "SPB")
        body = {"addLicenses": [{"skuId": sku["skuId"], "disabledPlans": []}], "removeLicenses": []}
        self._at_microsoft("POST", f"/users/{login}/assignLicense", body)

    def _at_microsoft(self, method: str, path: str, body: Doc) -> None:
        """What an administrator tries there, faults and refusals included."""
        with suppress(Unreachable):
            self.world.entra.call(method, path, body)

    @rule(action=st.sampled_from(("BLOCK_SIGN_IN", "BLOCK_SIGN_IN_REMOVE_LICENSES_AFTER_GRACE")))
    def choose_menu(self, action: str) -> None:
        self.estate.menu(action, 2)

    # -- what goes wrong ------------------------------------------------------------------------------------------

    @rule(status=st.sampled_from((429, 503)), times=st.integers(1, 2))
    def microsoft_refuses(self, status: int, times: int) -> None:
        self.world.faults.add(
            service="graph", path="/v1.0/users*", status=status, retry_after="PT20S", first=times
        )  # fmt: skip

    @rule(times=st.integers(1, 2), when=st.sampled_from((True, "answer")))
    def connections_drop(self, times: int, when: object) -> None:
        self.world.faults.add(service="graph", path="/v1.0/users*", drop=when, first=times)

    @rule(after=st.integers(2, 9))
    def connector_dies(self, after: int) -> None:
        transport = Cut(self.world.transport, after)
        try:
            Connector(transport, org=f"https://{HOST}", agent_token=AGENT).run_once()
        except (Dying, Unreachable):
            return

    @rule(minutes=st.sampled_from((1, 6, 60, 2 * 24 * 60)))
    def time_passes(self, minutes: int) -> None:
        self.world.clock.advance(minutes=minutes)

    @rule()
    def sync(self) -> None:
        self.world.sync()

    # -- what must hold -------------------------------------------------------------------------------------------

    def quiet(self) -> None:
        """Sync until nothing is due now or soon, then bring everybody in line once, as an administrator would."""
        self._drain()
        self.estate.okta.post("/api/internal/v1/tasks/retry", {"appId": self.estate.app})
        self.estate.okta.post(f"/api/internal/v1/apps/{self.estate.app}/sync")
        self._drain()

    def _drain(self) -> None:
        for _ in range(30):
            done = self.world.sync()
            if done["next_due"] is None:
                return
            self.world.clock.advance(minutes=10)

    def agree(self) -> None:
        tasks = {task["user"]["login"]: task for task in self.estate.tasks() if task["user"]}
        people = self.estate.entra.get("/users?$top=999&$select=id,userPrincipalName,onPremisesImmutableId")["value"]
        names = [item["userPrincipalName"].casefold() for item in people]
        assert len(names) == len(set(names))
        anchors = [item["onPremisesImmutableId"] for item in people if item["onPremisesImmutableId"]]
        assert len(anchors) == len(set(anchors))
        for login in PEOPLE:
            row = self._row(login)
            if row is None:
                continue
            if row["syncState"] == "ERROR":
                assert login in tasks, login
                continue
            assert row["syncState"] == "SYNCHRONIZED", (login, row)
            self._same(login, row)
        created = self.estate.audits().count("Add user")
        assert created <= len(PEOPLE)  # nobody is made twice: accounts are blocked here, never deleted

    def _same(self, login: str, row: Doc) -> None:
        found: Any = self.estate.entra.get(
            f"/users/{row['externalId']}?$select=userPrincipalName,surname,accountEnabled,onPremisesImmutableId"
        )
        profile = row["profile"]
        assert found["userPrincipalName"] == row["credentials"]["userName"] == login
        assert found["surname"] == profile["lastName"]
        assert found["onPremisesImmutableId"] == profile["immutableId"]
        assert found["accountEnabled"] is True
        assert self.estate.skus(row["externalId"]) == sorted(profile["licenses"] or [])

    @invariant()
    def nothing_crashed(self) -> None:
        if hasattr(self, "world"):
            assert self.world.engine.crashes == []


TestConvergence = Convergence.TestCase
TestConvergence.settings = settings(
    max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
