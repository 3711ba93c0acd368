"""One-time tokens that let a person set a password: activation and recovery links. Source: okta-admin-api.md 3.2, 15.

Only a digest is kept. A token is spent by deleting its row, so it has one winner.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.okta import mails, password_policy
from emulator.okta.tokens import digest, org
from emulator.store import Column, Kind

RECOVERY_TOKENS = Kind("recovery_tokens", (Column("userId"),))
ACTIVATION, RECOVERY, UNLOCK, VERIFICATION = "ACTIVATION", "RECOVERY", "UNLOCK", "VERIFICATION"
LIFETIME = 7 * DAY
"""Of an activation link. Inferred: the vendor's default, which an org may change."""
_TEMPLATE = {
    ACTIVATION: ("UserActivation", "activation"), RECOVERY: ("ForgotPassword", "resetPassword"),
    UNLOCK: ("SelfServiceUnlock", "unlockAccount"),
}  # fmt: skip
_SOURCES = {"ACTIVE_DIRECTORY": "AD", "LDAP": "LDAP"}
_PAGE = {
    ACTIVATION: "welcome/{}", RECOVERY: "signin/reset-password/{}", UNLOCK: "unlock/{}",
    VERIFICATION: "tokens/{}/verify",
}  # fmt: skip
"""Observed, but for the unlocking."""


def new_token(call: Call, user: Doc, purpose: str) -> str:
    """A fresh token for the user; earlier ones of theirs stop working."""
    call.store.drop_where(RECOVERY_TOKENS, "userId", user["id"])
    token = call.ids.secret_text("recovery", 20)
    row = {
        "id": digest(token),
        "userId": user["id"],
        "purpose": purpose,
        "expiresAt": iso(call.now + _lifetime(call, user, purpose)),
    }
    call.store.add(RECOVERY_TOKENS, row)
    return token


def _lifetime(call: Call, user: Doc, purpose: str) -> int:
    """A recovery link's is the password policy's."""
    if purpose in (ACTIVATION, VERIFICATION):
        return LIFETIME
    email = password_policy.recovery_factors(call, user)["okta_email"]
    return int(email["properties"]["recoveryToken"]["tokenLifetimeMinutes"]) * MINUTE


def url(call: Call, token: str, purpose: str) -> str:
    """The link that a mail to the user would carry."""
    return f"{call.base}/{_PAGE[purpose].format(token)}"


def mail(call: Call, user: Doc, token: str, purpose: str) -> None:
    """Put the mail that carries the link into the outbox, as the brand's template has it."""
    link, company = url(call, token, purpose), org(call)["companyName"]
    about = {ACTIVATION: "activate your account", RECOVERY: "reset your password", UNLOCK: "unlock your account"}
    text = f"Follow the link to {about[purpose]} at {company}: {link}"
    template, named = _TEMPLATE[purpose]
    source = _SOURCES.get(user["credentials"]["provider"]["type"], "")
    known = {f"{named}Link": link, f"{named}Token": token, "recoveryToken": token}
    mails.send(call, user, source + template, text, known=known, link=link, token=token)


def spend(call: Call, token: str) -> Doc | None:
    """`{userId, purpose}` of a token that is now used up; None when it is unknown, spent or expired."""
    row: Doc | None = call.store.drop(RECOVERY_TOKENS, digest(token))
    if row is None or row["expiresAt"] < iso(call.now):
        return None
    return row


def forget(call: Call, user: Doc) -> None:
    """Make the user's open links useless."""
    call.store.drop_where(RECOVERY_TOKENS, "userId", user["id"])
