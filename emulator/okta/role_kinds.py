"""Stored types of administration: who has which role, custom roles, resource sets."""

from emulator.store import Column, Kind

ROLES = Kind("role_assignments", (Column("userId"), Column("principal"), Column("_binding")), settled=True)
"""`principal`: the user, group or client; `userId`: the same for users. `_role` is what the API shows; `_groups` and
`_apps` are targets."""
CUSTOM_ROLES = Kind("custom_roles", (Column("label", fold=True, unique=True),), settled=True)
RESOURCE_SETS = Kind("resource_sets", (Column("label", fold=True, unique=True),), settled=True)
SET_RESOURCES = Kind("resource_set_resources", (Column("_set"),), settled=True)
BINDINGS = Kind("role_bindings", (Column("_set"), Column("_role")), together=(("_set", "_role"),), settled=True)
