"""What goes with a client, a person or a group: grants, refresh tokens, administrator roles."""

from typing import Any

from emulator.okta.oauth.kinds import GRANTS, POLICIES, REFRESH, VALUES
from emulator.okta.role_kinds import ROLES


def client_gone(store: Any, client_id: str) -> None:
    """Forget a deleted client; its access tokens stop counting, because their client is not found any more."""
    for kind, path in ((GRANTS, "clientId"), (ROLES, "principal")):
        store.drop_where(kind, path, client_id)
    _forget_tokens(store, "clientId", client_id)
    for policy in store.all(POLICIES):
        named = policy["conditions"]["clients"]["include"]
        if client_id in named:
            kept = [id for id in named if id != client_id]
            store.put(POLICIES, {**policy, "conditions": {"clients": {"include": kept}}})


def person_gone(store: Any, user_id: str) -> None:
    """Forget a deleted person's consents and refresh tokens."""
    store.drop_where(GRANTS, "userId", user_id)
    _forget_tokens(store, "userId", user_id)


def group_gone(store: Any, group_id: str) -> None:
    """Take the roles of a deleted group from its members.

    As a target of others it stays: a role whose last target has gone must reach nothing, not everything.
    """
    store.drop_where(ROLES, "principal", group_id)


def _forget_tokens(store: Any, path: str, value: str) -> None:
    for row in store.drop_where(REFRESH, path, value):
        store.drop_where(VALUES, "_token", row["id"])
