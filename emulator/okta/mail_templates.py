"""The mails that an org sends, as data: name, what its text must hold, the stock subject and text; and how a text is
filled in.

Source: the vendor's list of email templates and its documentation of variables. The stock texts are our own; which
variables a template cannot do without is inferred from its purpose.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape

from emulator.kernel.doc import Doc
from emulator.store import Column, Kind

CUSTOMIZATIONS = Kind(
    "email_customizations", (Column("_brandId"), Column("_template"), Column("_of")), settled=True
)  # fmt: skip
SETTINGS = Kind("email_settings", (Column("_brandId"),), settled=True)
LANGUAGES = (
    "cs", "da", "de", "el", "en", "es", "fi", "fr", "hu", "id", "it", "ja", "ko", "ms", "nb", "nl-NL", "pl", "pt-BR",
    "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of mail. needs: its text holds at least one of these variables. everybody: it may not go to
    administrators alone (documented for these)."""

    subject: str
    text: str
    needs: tuple[str, ...] = ()
    everybody: bool = False


_ACTIVATION = ("activationLink", "activationToken")
_RESET = ("resetPasswordLink", "resetPasswordToken", "recoveryToken")
_UNLOCK = ("unlockAccountLink", "unlockAccountToken", "recoveryToken")
_CODE = ("verificationToken", "emailVerificationLink", "verificationLink")
_WELCOME = "An account was made for you at ${org.name}. Set it up here: ${activationLink}"
_PASSWORD = "Somebody asked for a new password for ${user.login}. Choose one here: ${resetPasswordLink}"
_DENIED = "Somebody asked for a new password for ${user.login}, which ${org.name} does not allow. Ask your help desk."
_OPEN = "Somebody asked to unlock ${user.login}. Do so here: ${unlockAccountLink}"
_VERIFY = "Your verification code for ${org.name} is ${verificationToken}."
_REVIEW = "There is news of an access review at ${org.name}. See ${baseURL}."

TEMPLATES: Mapping[str, Template] = {
    "UserActivation": Template("Welcome to ${org.name}", _WELCOME, _ACTIVATION),
    "ADUserActivation": Template("Welcome to ${org.name}", _WELCOME, _ACTIVATION),
    "LDAPUserActivation": Template("Welcome to ${org.name}", _WELCOME, _ACTIVATION),
    "RegistrationActivation": Template("Activate your account at ${org.name}", _WELCOME, _ACTIVATION),
    "RegistrationEmailVerification": Template("Confirm your address for ${org.name}", _VERIFY, _CODE),
    "ForgotPassword": Template("Reset your password for ${org.name}", _PASSWORD, _RESET),
    "ADForgotPassword": Template("Reset your password for ${org.name}", _PASSWORD, _RESET),
    "LDAPForgotPassword": Template("Reset your password for ${org.name}", _PASSWORD, _RESET),
    "ForgotPasswordDenied": Template("Your password was not reset", _DENIED),
    "ADForgotPasswordDenied": Template("Your password was not reset", _DENIED),
    "LDAPForgotPasswordDenied": Template("Your password was not reset", _DENIED),
    "PasswordResetByAdmin": Template("Your password was reset", _PASSWORD, _RESET),
    "SelfServiceUnlock": Template("Unlock your account at ${org.name}", _OPEN, _UNLOCK),
    "ADSelfServiceUnlock": Template("Unlock your account at ${org.name}", _OPEN, _UNLOCK),
    "LDAPSelfServiceUnlock": Template("Unlock your account at ${org.name}", _OPEN, _UNLOCK),
    "SelfServiceUnlockOnUnlockedAccount": Template(
        "Your account is not locked", "Somebody asked to unlock ${user.login}, which is not locked."
    ),
    "AccountLockout": Template("Your account is locked", "${user.login} is locked at ${org.name}."),
    "EmailChallenge": Template("Your code for ${org.name}", _VERIFY, _CODE),
    "EmailFactorVerification": Template("Your code for ${org.name}", _VERIFY, _CODE),
    "OktaVerifyActivation": Template(
        "Set up Okta Verify", "Set up Okta Verify for ${org.name} here: ${activationLink}", ()
    ),
    "PasswordChanged": Template(
        "Your password was changed", "The password of ${user.login} at ${org.name} was changed.", everybody=True
    ),
    "NewSignOnNotification": Template(
        "New sign-in to ${org.name}", "${user.login} signed in from a new device.", everybody=True
    ),
    "AuthenticatorEnrolled": Template(
        "A security method was set up", "A security method of ${user.login} was set up.", everybody=True
    ),
    "AuthenticatorReset": Template(
        "A security method was removed", "A security method of ${user.login} was removed.", everybody=True
    ),
    "ChangeEmailConfirmation": Template(
        "Confirm your new address", "Confirm your new address for ${org.name}: ${verificationLink}", everybody=True
    ),
    "EmailChangeConfirmation": Template(
        "Your address was changed", "The address of ${user.login} at ${org.name} was changed."
    ),
    "PendingEmailChange": Template(
        "Your address is about to change", "Somebody asked to change the address of ${user.login}."
    ),
    "MyAccountChangeConfirmation": Template(
        "Your account was changed", "The account ${user.login} at ${org.name} was changed."
    ),
    "IGAReviewerNotification": Template("An access review waits for you", _REVIEW),
    "IGAReviewerPendingNotification": Template("An access review still waits for you", _REVIEW),
    "IGAReviewerEndNotification": Template("An access review ends", _REVIEW),
    "IGAReviewerReassigned": Template("An access review is yours now", _REVIEW),
}  # fmt: skip

_REFERENCE = re.compile(
    r"\$(?P<quiet>!?)(?:\{f:escapeHtml\((?P<safe>[A-Za-z][\w.]*)\)\}|\{(?P<braced>[A-Za-z][\w.]*)\}"
    r"|(?P<bare>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*))"
)
_TAGS = re.compile(r"<[^<>]*>")


def names_in(text: str) -> set[str]:
    """The variables that a text refers to."""
    return {found["safe"] or found["braced"] or found["bare"] for found in _REFERENCE.finditer(text)}


def filled(text: str, values: Mapping[str, str], *, html: bool) -> str:
    """A text with its variables filled in; what is not known stays as it is written, or goes where it is quiet (`$!`).

    html: values are escaped, because people choose their own names.
    # Differs: only references are understood, no other part of the vendor's template language.
    """

    def value(found: re.Match[str]) -> str:
        known = values.get(found["safe"] or found["braced"] or found["bare"])
        if known is None:
            return "" if found["quiet"] else found[0]
        return escape(known) if html else known

    return _REFERENCE.sub(value, text)


def plain(html: str) -> str:
    """A mail's text without its markup, on one line."""
    return " ".join(unescape(_TAGS.sub(" ", html)).split())


def stock(name: str) -> Doc:
    """The stock content of a template."""
    found = TEMPLATES[name]
    return {"subject": found.subject, "body": f"<!DOCTYPE html><html><body><p>{found.text}</p></body></html>"}


def chosen(rows: list[Doc], language: str | None) -> Doc | None:
    """The customization for a language: its own, else one of the same tongue, else the default one."""
    wanted = (language or "").replace("_", "-").casefold()
    tongue = wanted.partition("-")[0]
    for row in rows:
        if row["language"].casefold() == wanted:
            return row
    for row in rows:
        if tongue and row["language"].casefold().partition("-")[0] == tongue:
            return row
    return next((row for row in rows if row["isDefault"]), None)
