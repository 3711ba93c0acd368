"""Multi-factor authentication at the identity provider: what its claim is worth, and who is to do it otherwise.

Source: graph-entra.md 2.8, federation.md 3: `federatedIdpMfaBehavior`, and the older SupportsMfa where that was never
set.
"""

from typing import Literal

from emulator.entra.login.claims import Identity
from emulator.entra.login.facts import Held
from emulator.entra.login.session import SSO_SESSIONS
from emulator.entra.login.tenancy import federation_for
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc

Behaviour = Literal["acceptIfMfaDoneByFederatedIdp", "enforceMfaByFederatedIdp", "rejectMfaByFederatedIdp"]
ACCEPT: Behaviour = "acceptIfMfaDoneByFederatedIdp"
ENFORCE: Behaviour = "enforceMfaByFederatedIdp"
REJECT: Behaviour = "rejectMfaByFederatedIdp"
_LEGACY: dict[object, Behaviour] = {True: ENFORCE, False: REJECT}


def behaviour_of(federation: Doc) -> Behaviour:
    """The behaviour in force: the new property, else SupportsMfa (`_supportsMfa`), else accept."""
    chosen: Behaviour | None = federation.get("federatedIdpMfaBehavior")
    return chosen or _LEGACY.get(federation.get("_supportsMfa"), ACCEPT)


def accepts(federation: Doc) -> bool:
    """Whether a claim of the provider that it did multi-factor counts."""
    return behaviour_of(federation) != REJECT


def enforced(call: Call, user: Doc) -> bool:
    """Whether the user's multi-factor is the identity provider's to do."""
    federation = federation_for(call, user["userPrincipalName"])
    return federation is not None and behaviour_of(federation) == ENFORCE


NOTHING = Held()


def methods_of(*, federated: bool, mfa: bool) -> list[str]:
    """The methods behind a first authentication, as authentication strengths name them."""
    if not federated:
        return ["password"]
    return ["federatedSingleFactor", "federatedMultiFactor"] if mfa else ["federatedSingleFactor"]


def held_in(session: Doc, who: Identity) -> Held:
    """What a session proves."""
    mfa = "mfa" in who.amr
    methods = session.get("methods") or methods_of(federated=bool(session.get("issuer")), mfa=mfa)
    at = int(session.get("mfaTime") or (who.auth_ms if mfa else 0))
    return Held(frozenset(methods), mfa, who.auth_ms, at, bool(session.get("inside")))


def held_of(call: Call, who: Identity) -> Held:
    """What the person of a token request has proven: their session tells, where it still is."""
    rows = call.store.find_all(SSO_SESSIONS, "userId", who.user["id"])
    session = next((row for row in reversed(rows) if row["authTime"] == who.auth_ms), None)
    if session is not None:
        return held_in(session, who)
    federated = federation_for(call, who.user["userPrincipalName"]) is not None
    mfa = "mfa" in who.amr
    methods = frozenset(methods_of(federated=federated, mfa=mfa))
    return Held(methods, mfa, who.auth_ms, who.auth_ms if mfa else 0)
