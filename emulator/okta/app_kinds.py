"""Stored types of applications and what hangs off them; the resources that own them show them under their names."""

from emulator.store import Column, Kind

CLIENT_ID = "credentials.oauthClient.client_id"
APPS = Kind(
    "apps",
    (
        Column("name"), Column("label", fold=True), Column("status"), Column("signOnMode"), Column("created"),
        Column("_key", unique=True), Column("_policyId"), Column("credentials.signing.kid"),
        Column(CLIENT_ID, unique=True),
    ),
    settled=True,
)  # fmt: skip
APP_KEYS = Kind("app_keys", (Column("_appId"),), settled=True)
APP_USERS = Kind(
    "app_users",
    (
        Column("appId"), Column("userId"), Column("externalId"), Column("status"), Column("syncState"),
        Column("credentials.userName", fold=True),
    ),
    together=(("appId", "userId"),),
)  # fmt: skip
APP_GROUPS = Kind("app_groups", (Column("appId"), Column("groupId")), together=(("appId", "groupId"),), settled=True)
MAPPINGS = Kind("mappings", (Column("source.id"), Column("target.id")), settled=True)
CONNECTIONS = Kind("connections", settled=True)
CAPABILITIES = Kind("app_capabilities", settled=True)
LICENSES = Kind("license_catalogues")
MICROSOFT_CLIENTS = Kind("microsoft_clients", settled=True)
CONSENTS = Kind("pending_consents", (Column("appId"),))
JOBS = Kind(
    "jobs",
    (
        Column("key"), Column("state"), Column("kind"), Column("appId"), Column("notBefore", kind="number"),
        Column("operationId"),
    ),
)  # fmt: skip
TASKS = Kind("tasks", (Column("appId"), Column("userId"), Column("status"), Column("_key")))
OPERATIONS = Kind("app_operations", (Column("appId"),))
POLICIES = Kind("policies", (Column("type"), Column("status"), Column("name")), settled=True)
POLICY_RULES = Kind(
    "policy_rules", (Column("policyId"), Column("priority", kind="number"), Column("status")), settled=True
)
FEDERATED_CLAIMS = Kind("federated_claims", (Column("_appId"),), settled=True)
ACCESS_REQUESTS = Kind("access_requests", (Column("appId"), Column("requesterId"), Column("status")))
ENTITLEMENTS = Kind("entitlements", (Column("appId"),), settled=True)
BUNDLES = Kind("entitlement_bundles", (Column("appId"),), settled=True)
GRANTS = Kind("governance_grants", (Column("appId"), Column("userId")))
AWAITED_MANAGERS = Kind("awaited_managers", (Column("key"), Column("appId")))
REQUESTING, RESOURCE = "requestingAppInstanceId", "resourceAppInstanceId"
CROSS_APP_ACCESS = Kind("app_connections", (Column(REQUESTING), Column(RESOURCE)), together=((REQUESTING, RESOURCE),))
"""Which app may ask which other one's resources, by the ids of both ends."""
SERVICE_ACCOUNTS = Kind("service_accounts", (Column("_appId"),))
"""Accounts at an app that no one person owns."""
