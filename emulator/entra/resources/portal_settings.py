"""Settings that Microsoft's portals have and Graph has not: /_lab/microsoft/settings. Ours.

Self-service password reset, keep-me-signed-in, the MFA mandate for administration portals, trusted addresses of the old
MFA service, how many rounds a federated sign-in may take; and Exchange Online's switches for old protocols, which the
scripted mail clients read (`GET /_lab/microsoft/settings`).
"""

from collections.abc import Callable
from typing import Any

from emulator.entra.audit import audit, target
from emulator.entra.problems import invalid
from emulator.entra.resources import authentication_methods_policy as policy
from emulator.entra.resources import groups
from emulator.entra.tokens import TENANT, tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import inferred, operation

PATH = "/_lab/microsoft/settings"
_OURS: dict[str, Any] = {"source": inferred("ours: the portals have no public API for these"), "auth": "none"}
PROTOCOLS = ("pop", "imap", "smtp", "activeSync")
# Differs: Microsoft shows the keep-me-signed-in page by default; here it is hidden until a world or a call shows it, so
# that a sign-in is one page shorter. The MFA mandate covers the portals, not what command-line tools change.
# Differs: Exchange Online has refused basic authentication since 2022; here each protocol is allowed until it is
# switched off.
DEFAULTS: Doc = {
    "adminPortalMfa": True, "federationRounds": 6, "keepMeSignedIn": "hidden", "skipMfaInsideNetwork": False,
    "replayProtection": True,
    "selfServicePasswordReset": {"enabled": "none", "registrationRequired": True},
    "exchangeOnline": {
        "modernAuthentication": True, "basicAuthentication": dict.fromkeys(PROTOCOLS, True),
    },
}  # fmt: skip


def read(call: Call, name: str) -> Any:
    """A setting of the tenant, with its default."""
    return (tenant(call).get("_settings") or {}).get(name, DEFAULTS[name])


def must_register(call: Call, user: Doc) -> bool:
    """Whether self-service password reset makes the user register security information at sign-in."""
    required = bool(read(call, "selfServicePasswordReset").get("registrationRequired", True))
    return required and policy.may_reset(call.store, user["id"])


@operation("GET", PATH, **_OURS)
def get_settings(call: Call) -> Doc:
    """All of them, as they are in force."""
    return _shown(call)


def _shown(call: Call) -> Doc:
    shown: Doc = {}
    for name, default in DEFAULTS.items():
        value = read(call, name)
        shown[name] = {**default, **value} if isinstance(default, dict) else value
    basic = {**DEFAULTS["exchangeOnline"]["basicAuthentication"], **shown["exchangeOnline"]["basicAuthentication"]}
    shown["exchangeOnline"] = {**shown["exchangeOnline"], "basicAuthentication": basic}
    shown["selfServicePasswordReset"]["enabled"] = call.store.all(policy.METHODS_POLICY)[0]["_selfServiceReset"]
    return shown


@operation("PATCH", PATH, emits=("Set company information",), **_OURS)
def update_settings(call: Call) -> Doc:
    """Change some of them; the answer is all of them. Password reset is for `all`, `none`, or a group's name."""
    unknown = sorted(set(call.body) - set(DEFAULTS))
    if unknown:
        raise _bad(unknown[0], call.body[unknown[0]], f"Settings: {', '.join(DEFAULTS)}.")
    for name, value in call.body.items():
        _CHECKS[name](call, name, value)
    old = tenant(call)
    settings = dict(old.get("_settings") or {})
    shown = _shown(call)
    for name, value in call.body.items():
        settings[name] = _merged(shown[name], value) if isinstance(value, dict) else value
    scope = settings.get("selfServicePasswordReset", {}).pop("enabled", None)
    if scope is not None:
        row = call.store.all(policy.METHODS_POLICY)[0]
        call.store.put(policy.METHODS_POLICY, {**row, "_selfServiceReset": scope})
    new = {**old, "_settings": settings}
    call.store.put(TENANT, new)
    call.memo["tenant"] = new
    audit(call, "Set company information", [target("Other", new, changed={})])
    return _shown(call)


def _merged(old: Doc, new: Doc) -> Doc:
    return {**old, **{key: {**old[key], **value} if isinstance(value, dict) else value for key, value in new.items()}}


def _bad(name: str, value: Any, rule: str) -> Exception:
    return invalid(
        name, "TenantSettings", value if isinstance(value, str | int | bool) else str(value)[:200], rule=rule
    )


def _flag(call: Call, name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise _bad(name, value, f"{name} is true or false.")


def _rounds(call: Call, name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 50:
        raise _bad(name, value, "1 to 50 rounds.")


def _keep(call: Call, name: str, value: Any) -> None:
    if value not in ("hidden", "shown"):
        raise _bad(name, value, "keepMeSignedIn is hidden or shown.")


def _object(name: str, value: Any, known: tuple[str, ...]) -> Doc:
    if not isinstance(value, dict) or set(value) - set(known):
        raise _bad(name, value, f"{name} is an object of {', '.join(known)}.")
    return value


def _reset(call: Call, name: str, value: Any) -> None:
    given = _object(name, value, ("enabled", "registrationRequired"))
    _flag(call, "registrationRequired", given.get("registrationRequired", True))
    scope = given.get("enabled", "none")
    known = isinstance(scope, str) and (scope in ("all", "none") or groups.by_name(call.store, scope) is not None)
    if not known:
        raise _bad("enabled", scope, "all, none, or the name of a group.")


def _exchange(call: Call, name: str, value: Any) -> None:
    given = _object(name, value, ("modernAuthentication", "basicAuthentication"))
    _flag(call, "modernAuthentication", given.get("modernAuthentication", True))
    for protocol, allowed in _object("basicAuthentication", given.get("basicAuthentication", {}), PROTOCOLS).items():
        _flag(call, protocol, allowed)


_CHECKS: dict[str, Callable[[Call, str, Any], None]] = {
    "adminPortalMfa": _flag, "federationRounds": _rounds, "keepMeSignedIn": _keep, "skipMfaInsideNetwork": _flag,
    "replayProtection": _flag, "selfServicePasswordReset": _reset, "exchangeOnline": _exchange,
}  # fmt: skip
