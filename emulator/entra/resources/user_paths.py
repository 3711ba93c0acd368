"""Operations on a user, in both spellings: under /users/{id}, and for the signed-in user under /me."""

from collections.abc import Callable
from typing import Any, TypeVar

from emulator.entra.permissions import wanted
from emulator.entra.problems import not_found
from emulator.entra.resources.user_store import USERS, by_upn
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import Source, operation
from emulator.kernel.problems import Compared, Problem, Why

F = TypeVar("F", bound=Callable[..., Any])
# These reach the signed-in user only.
_SELF = frozenset({
    "User.Read", "User.ReadWrite", "User.RevokeSessions", "openid", "profile",
    *(
        f"UserAuthMethod-{kind}.{right}"
        for kind in ("Email", "Passkey", "Password", "Phone", "TAP") for right in ("Read", "ReadWrite")
    ),
    "UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite",
})  # fmt: skip


def of_user(
    method: str, tail: str, *, source: Source, own: dict[str, Any] | None = None, **data: Any
) -> Callable[[F], F]:
    """`{method} /users/{id}{tail}` and the same under /me; own: what /me has otherwise (`{"extra": {}}`: no role)."""

    def mark(handler: F) -> F:
        operation(method, f"/v1.0/users/{{id}}{tail}", source=source, **data)(handler)
        return operation(method, f"/v1.0/me{tail}", source=source, **{**data, **(own or {})})(handler)

    return mark


def by_key(call: Call, key: str) -> Doc:
    """The live user of that id or user name. Raises 404."""
    found: Doc | None = by_upn(call.store, key) if "@" in key else call.store.get(USERS, key.lower())
    if found is None:
        raise not_found(key, what="live user")
    return found


def load(call: Call, key: str = "id") -> Doc:
    """The user that the path names (/me: who is signed in); User.Read reaches the signed-in user only."""
    caller = call.caller
    if key not in call.path:
        if caller.kind != "user":
            compared: tuple[Compared, ...] = (Compared("caller", caller.kind, "token"),)
            raise Problem("delegated_only", why=Why("/me needs a signed-in user.", compared))
        return by_key(call, caller.id)
    user = by_key(call, call.path[key])
    if caller.kind == "user" and caller.id != user["id"]:
        held = caller.scopes or frozenset()
        if held.isdisjoint((wanted(call, "DelegatedWork") or frozenset()) - _SELF):
            compared = (
                Compared("scp", " ".join(sorted(held)), "token"),
                Compared("signed-in user", caller.id, "token"),
                Compared("user", user["id"], "path"),
            )
            raise Problem("denied", why=Why("This permission covers the signed-in user only.", compared))
    return user


def is_self(call: Call, user: Doc) -> bool:
    """Whether a signed-in user works on their own object."""
    return call.caller.kind == "user" and call.caller.id == user["id"]
