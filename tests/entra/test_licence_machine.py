"""Whatever happens to users, groups and licences: the seats consumed are those of the live users' active assignments."""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from .worlds import E3, E5, F3, SPB, app_client, world

PEOPLE = [
    {"userPrincipalName": f"p{n}@acme-labs.example", "displayName": f"P{n}", "usageLocation": "US"} for n in range(4)
]
GROUPS = [{"displayName": f"G{n}"} for n in range(2)]
SKUS = st.sampled_from([E3, E5, F3, SPB])
PERSON, GROUP = st.integers(0, 3), st.integers(0, 1)


class Licences(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.world = world(users=PEOPLE, groups=GROUPS)
        self.graph = app_client(self.world)
        self.people = [item["id"] for item in self.graph.get("/users")["value"]]
        self.groups = [item["id"] for item in self.graph.get("/groups")["value"]]

    def call(self, method, path, body=None):
        answer = self.graph.call(method, path, body)
        assert answer.status < 500, answer.text()

    @rule(person=PERSON, add=st.lists(SKUS, max_size=2), remove=st.lists(SKUS, max_size=2))
    def assign(self, person, add, remove):
        body = {"addLicenses": [{"skuId": sku} for sku in add], "removeLicenses": remove}
        self.call("POST", f"/users/{self.people[person]}/assignLicense", body)

    @rule(group=GROUP, add=st.lists(SKUS, max_size=1), remove=st.lists(SKUS, max_size=1))
    def assign_group(self, group, add, remove):
        body = {"addLicenses": [{"skuId": sku} for sku in add], "removeLicenses": remove}
        self.call("POST", f"/groups/{self.groups[group]}/assignLicense", body)

    @rule(person=PERSON, group=GROUP, joins=st.booleans())
    def member(self, person, group, joins):
        url, id = f"/groups/{self.groups[group]}/members", self.people[person]
        if joins:
            self.call("POST", f"{url}/$ref", {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{id}"})
        else:
            self.call("DELETE", f"{url}/{id}/$ref")

    @rule(person=PERSON, how=st.sampled_from(["delete", "restore", "purge", "reprocess"]))
    def life(self, person, how):
        id = self.people[person]
        if how == "delete":
            self.call("DELETE", f"/users/{id}")
        elif how == "restore":
            self.call("POST", f"/directory/deletedItems/{id}/restore")
        elif how == "reprocess":
            self.call("POST", f"/users/{id}/reprocessLicenseAssignment")
        else:
            self.call("DELETE", f"/directory/deletedItems/{id}")

    @invariant()
    def seats_are_assignments(self):
        if not hasattr(self, "world"):
            return
        users = self.graph.get("/users?$select=id,assignedLicenses,licenseAssignmentStates&$top=999")["value"]
        held = Counter(item["skuId"] for user in users for item in user["assignedLicenses"])
        for sku in self.graph.get("/subscribedSkus")["value"]:
            assert sku["consumedUnits"] == held[sku["skuId"]], sku["skuPartNumber"]
            assert sku["consumedUnits"] <= sku["prepaidUnits"]["enabled"]
        for user in users:
            active = {row["skuId"] for row in user["licenseAssignmentStates"] if row["state"] == "Active"}
            assert active == {item["skuId"] for item in user["assignedLicenses"]}
        self.errors_are_told(users)

    def errors_are_told(self, users):
        for group in self.groups:
            found = self.graph.get(f"/groups/{group}?$select=hasMembersWithLicenseErrors")
            failed = {
                user["id"] for user in users for row in user["licenseAssignmentStates"]
                if row["assignedByGroup"] == group and row["state"] == "Error"
            }  # fmt: skip
            assert found["hasMembersWithLicenseErrors"] is bool(failed)
            listed = self.graph.get(f"/groups/{group}/membersWithLicenseErrors")["value"]
            assert {item["id"] for item in listed} == failed

    def teardown(self):
        if hasattr(self, "world"):
            assert self.world.engine.crashes == []
            self.world.close()


Licences.TestCase.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLicences = Licences.TestCase
