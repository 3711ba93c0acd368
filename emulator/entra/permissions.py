"""Who may call what: Microsoft's published permission table, directory roles. Source: graph-entra.md 1.2 and 1.21."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.kernel.call import Call
from emulator.kernel.operations import Operation
from emulator.kernel.problems import Compared, Problem, Why

_TAIL = re.compile(r"(/\$ref|/\$count|/\$value|/\{cast\}|/\{property\}|/microsoft\.graph\.[a-z]+)$")
_ALIASES = (("/federationconfiguration/{id}", "/federationconfiguration/{configurationid}"),)


@cache
def permissions() -> dict[str, Any]:
    """Path to method to scheme to permissions, and permission ids: Microsoft's published tables."""
    first, more = (
        orjson.loads((Path(__file__).parent / "data" / name).read_bytes())
        for name in ("graph-permissions.json", "graph-permissions-more.json")
    )
    paths = {path: {**more["paths"].get(path, {}), **methods} for path, methods in first["paths"].items()}
    return {"paths": {**more["paths"], **paths}, "ids": {**more["ids"], **first["ids"]}}


@cache
def allowed(operation_path: str, method: str, scheme: str) -> frozenset[str] | None:
    """Permissions any one of which suffices; None where the table does not know the path."""
    key = _key(operation_path)
    found: set[str] = set()
    for spelling in _spellings(key):
        entry = permissions()["paths"].get(spelling, {}).get(method, {}).get(scheme)
        found.update(entry["any"] if entry else ())
    # Signing in as the user covers whatever the user may do in the directory (not its reports).
    if found and scheme == "DelegatedWork" and not key.startswith("/auditlogs"):
        found.add("Directory.AccessAsUser.All")
    return frozenset(found) or None


def _key(path: str) -> str:
    """A path as the table writes it: without what narrows or counts a list; /me reads as /users/{id}."""
    path = re.sub(r"^/(v1\.0|beta)", "", path).lower()
    while found := _TAIL.search(path):
        path = path[: found.start()]
    path = re.sub(r"\{[^}]*\}", "{id}", path)
    return "/users/{id}" + path.removeprefix("/me") if path == "/me" or path.startswith("/me/") else path


def wanted(call: Call, scheme: str) -> frozenset[str] | None:
    """What the call's operation accepts."""
    return accepted(call.operation, scheme)


def accepted(operation: Operation, scheme: str) -> frozenset[str] | None:
    """What an operation accepts: its own list, or the table's for its path or the one it is `like`.

    `like` is a path, or (method, path) where the method differs as well.
    """
    if operation.scope:
        return frozenset(operation.scope)
    method, path = _table_place(operation)
    return allowed(path, method, scheme)


def authorise(call: Call) -> None:
    """App-only: a permission in `roles`. Delegated: a permission in `scp`, and for writes a directory role."""
    if call.operation.auth == "none":
        return
    kind = "Application" if call.caller.kind == "app" else "DelegatedWork"
    needed = wanted(call, kind)
    held = call.caller.scopes or frozenset()
    if call.operation.extra.get("any"):
        return  # what it does is checked part by part
    together = frozenset(call.operation.extra.get("together", ()))
    if needed is None or held.isdisjoint(needed) or not together <= held:
        raise _denied(call, kind, held, needed, together)
    roles = call.operation.extra.get("roles")
    if call.caller.kind == "user" and roles:
        needs_role(call, *roles, code=call.operation.extra.get("denied_role", "denied"))


def _denied(
    call: Call, kind: str, held: frozenset[str], needed: frozenset[str] | None, together: frozenset[str]
) -> Problem:
    """403 in the words of the workload: `denied` of the operation's extra names the problem (default `denied`)."""
    claim = "token " + ("roles" if kind == "Application" else "scp")
    compared = [
        Compared("permissions held", " ".join(sorted(held)) or "none", claim),
        Compared("any one of", " ".join(sorted(needed or ())) or f"none for {kind}", call.operation.name),
    ]
    if together:
        compared.append(Compared("all of", " ".join(sorted(together)), call.operation.name))
    why = Why("The token holds no permission that this call accepts.", tuple(compared))
    return Problem(call.operation.extra.get("denied", "denied"), " or ".join(least(call.operation, kind)), why=why)


def least(operation: Operation, scheme: str) -> list[str]:
    """The least privileged permissions of an operation: the table's, else the first of its own list."""
    if operation.extra.get("together"):
        return list(operation.extra["together"])
    if operation.scope:
        return [operation.scope[0]]
    method, path = _table_place(operation)
    for spelling in _spellings(_key(path)):
        entry = permissions()["paths"].get(spelling, {}).get(method, {}).get(scheme)
        if entry:
            return list(entry["least"][:1] if len(entry["least"]) > 1 else entry["least"])
    return []


def _table_place(operation: Operation) -> tuple[str, str]:
    """Method and path under which the table has an operation."""
    like = operation.extra.get("like")
    if like is None:
        return operation.method, operation.path
    return like if isinstance(like, tuple) else (operation.method, like)


def _spellings(key: str) -> list[str]:
    return [key, *(key.replace(ours, theirs) for ours, theirs in _ALIASES)]


def holds(call: Call, *names: str) -> bool:
    """Whether the token carries one of these permissions."""
    return not (call.caller.scopes or frozenset()).isdisjoint(names)


def needs_permission(call: Call, *names: str) -> None:
    """Refuse unless the token carries one of these permissions, beside what the operation itself wants."""
    if not holds(call, *names):
        compared = (
            Compared("permissions held", " ".join(sorted(call.caller.scopes or ())) or "none", "token"),
            Compared("any one of", " ".join(names), call.operation.name),
        )
        raise Problem("denied", why=Why("This part of the call needs a permission of its own.", compared))


def needs_role(call: Call, *roles: str, code: str = "denied") -> None:
    """Refuse unless the signed-in user holds one of the directory roles (Global Administrator always does)."""
    held = call.caller.extra.get("roles", ())
    needed = {*roles, "Global Administrator"}
    if not needed.isdisjoint(held):
        return
    compared = (
        Compared("directory roles", ", ".join(held) or "none", "the signed-in user"),
        Compared("any one of", ", ".join(sorted(needed)), call.operation.name),
    )
    raise Problem(code, why=Why("A delegated write also needs a directory role.", compared))
