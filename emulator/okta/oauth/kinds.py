"""Stored types of authorization: servers and what hangs off them, grants, codes, tokens, one-time values.

Names that clients choose are kept as they are sent. Secrets (codes, refresh tokens) are kept as digests only.
"""

from emulator.store import Column, Kind

SERVERS = Kind("auth_servers", (Column("name"), Column("status")), settled=True)
SERVER_KEYS = Kind("auth_server_keys", (Column("_server"),), settled=True)
"""`_server` "" is the org authorization server. The private key is derived from the kid and the org's secret."""
SCOPES = Kind("auth_server_scopes", (Column("_server"), Column("name")), together=(("_server", "name"),), settled=True)
CLAIMS = Kind("auth_server_claims", (Column("_server"),), settled=True)
POLICIES = Kind("auth_server_policies", (Column("_server"),), settled=True)
RULES = Kind("auth_server_rules", (Column("_policy"),), settled=True)
RESOURCE_KEYS = Kind("auth_server_resource_keys", (Column("_server"),), settled=True)
TRUST = Kind("auth_server_trust", (Column("_server"), Column("_trusted")), settled=True)
"""One row per server that another one trusts, by both ids."""
GRANTS = Kind("scope_grants", (Column("clientId"), Column("userId"), Column("scopeId")), settled=True)
CODES = Kind("auth_codes", (Column("_until", kind="number"),))
DEVICE_CODES = Kind("device_codes", (Column("_until", kind="number"), Column("_user")))
"""Devices that wait for a person, by digest of the device code; `_user` is the digest of the code to type."""
GUESSES = Kind("device_code_guesses", (Column("_until", kind="number"),))
"""How often a session has typed a code that no device waits for."""
REFRESH = Kind("refresh_tokens", (Column("clientId"), Column("userId"), Column("_server")))
"""One row per refresh token, through all its rotations (`oar...`)."""
VALUES = Kind("refresh_values", (Column("_token"), Column("_until", kind="number")))
"""The texts that a refresh token has had, by digest; `spent` says since when one is no longer good."""
REVOKED = Kind("revoked_tokens", (Column("_until", kind="number"),), settled=True)
"""Ids (`jti`) of access tokens that were revoked before their time; and families (`oar...`)."""
SEEN = Kind("seen_tokens", (Column("_until", kind="number"),))
"""One-time ids of client assertions and DPoP proofs, until they expire."""
