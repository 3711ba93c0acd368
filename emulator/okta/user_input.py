"""What a request says about a user, read and checked once: profile against the schema, credentials.

Source: okta-admin-api.md 1.4, 3.1, 3.3, 10.1. Which object a refused profile names (`newUser`, or the first attribute
at fault) is recorded for unknown attributes and inferred for the rest.
"""

from dataclasses import dataclass
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.kernel.query import Compare
from emulator.okta import imported_hashes, profiles, search
from emulator.okta.base_schema import ALWAYS
from emulator.okta.params import part, text_of
from emulator.okta.problems import invalid, taken
from emulator.okta.resources.schemas import user_attributes
from emulator.okta.user_docs import USERS

PROVIDERS = ("OKTA", "ACTIVE_DIRECTORY", "LDAP", "FEDERATION", "SOCIAL")
SHORTEST_ANSWER = 4
HOOK_TYPE = "default"
_LONGEST_QUESTION = 100


def checked_profile(call: Call, profile: Doc, before: Doc | None = None, *, type_id: str | None = None) -> Doc:
    """The profile to store: known attributes, all required ones, right values. Raises 400 or 403.

    before: the profile as it is, for attributes that may not change. type_id: the user's type, else the default one.
    """
    known = user_attributes(call.store, type_id)
    causes = profiles.unknown(known, profile)
    if causes:
        names = ", ".join(name for name in profile if name not in known)
        compared = (Compared("attribute", names, "request body"), Compared("attributes", len(known), "user schema"))
        raise invalid("newUser", *causes, why=Why("The user schema does not define the attribute.", compared))
    found = [*profiles.missing(known, profile), *profiles.mistakes(known, profile)]
    if found:
        wrong = tuple(
            Compared(name, profile.get(name), f"request body; schema: {_rule(known[name])}") for name, _ in found
        )
        why = Why("The profile does not fit the user schema.", wrong)
        raise invalid(found[0][0], *(cause for _, cause in found), why=why)
    for name, value in profile.items():
        profiles.check_mutability(name, known[name], value, (before or {}).get(name))
    _check_unique(call, known, profile, before)
    return profiles.set_only(profile, ALWAYS)


def _rule(item: Doc) -> str:
    keys = ("type", "required", "minLength", "maxLength", "minimum", "maximum", "format", "pattern", "enum")
    return ", ".join(f"{key} {item[key]}" for key in keys if item.get(key) is not None)


def _check_unique(call: Call, known: Doc, profile: Doc, before: Doc | None) -> None:
    """Custom attributes that the schema makes unique; login has its index."""
    for name, item in known.items():
        value = profile.get(name)
        if item.get("unique") != "UNIQUE_VALIDATED" or value is None or value == (before or {}).get(name):
            continue
        where, keep = search.located(call, USERS, Compare(("profile", name), "eq", value), fold=True)
        found = call.store.page(USERS, where, limit=2, keep=keep).docs
        if any((before or {}).get("login") != user["profile"]["login"] for user in found):
            raise taken(name, str(value))


@dataclass(frozen=True, slots=True)
class Credentials:
    """`credentials` of a request; None where it says nothing. hash: as it was sent, checked. hook: its type."""

    password: str | None = None
    hash: Doc | None = None
    hook: str | None = None
    question: str | None = None
    answer: str | None = None
    provider: Doc | None = None

    @property
    def any_password(self) -> bool:
        return self.password is not None or self.hash is not None or self.hook is not None

    @property
    def any(self) -> bool:
        return self.any_password or self.answer is not None


def read_credentials(body: Doc) -> Credentials:
    """`credentials` of a body. Raises 400."""
    given = part(body, "credentials") or {}
    password = part(given, "password") or {}
    recovery = part(given, "recovery_question") or {}
    sent = part(password, "hash")
    return Credentials(
        password=text_of(password, "value", "credentials.password.value"),
        hash=imported_hashes.checked(sent) if sent else None, hook=_hook(part(password, "hook")),
        question=text_of(recovery, "question", "credentials.recovery_question.question"),
        answer=text_of(recovery, "answer", "credentials.recovery_question.answer"),
        provider=part(given, "provider"),
    )  # fmt: skip


def _hook(given: Doc | None) -> str | None:
    """The type of a password import hook; there is one. Raises 400."""
    if given is None:
        return None
    kind = given.get("type")
    if kind != HOOK_TYPE:
        why = Why("A password hook is of type default.", (Compared("hook.type", kind, "credentials.password"),))
        raise invalid("password", "password.hook.type: The field is not valid", why=why)
    return HOOK_TYPE


def checked_provider(given: Doc | None) -> Doc:
    """A provider to create a user with (`provider=true`). Raises 400."""
    kind = (given or {}).get("type")
    if kind not in PROVIDERS:
        compared = (Compared("provider.type", kind, "credentials"), Compared("allowed", ", ".join(PROVIDERS), "okta"))
        why = Why("provider=true needs a provider of a known type.", compared)
        raise invalid("provider", "provider: The field is not valid", why=why)
    name = text_of(given or {}, "name", "credentials.provider.name")
    if kind in ("ACTIVE_DIRECTORY", "LDAP") and not name:
        why = Why("A directory provider is named by its domain.", (Compared("provider.name", name, "credentials"),))
        raise invalid("provider", "provider.name: The field cannot be left blank", why=why)
    return {"type": kind, "name": name or kind}


def checked_recovery(question: Any, answer: Any) -> tuple[str, str]:
    """A recovery question and its answer. Raises 400."""
    for name, value in (("question", question), ("answer", answer)):
        if not isinstance(value, str) or profiles.blank(value):
            why = Why("A recovery question comes with its answer.", (Compared(name, value, "recovery_question"),))
            raise invalid("recovery_question", f"{name}: The field cannot be left blank", why=why)
        if len(value) > _LONGEST_QUESTION:
            compared = (Compared("characters", len(value), name), Compared("at most", _LONGEST_QUESTION, "okta"))
            raise invalid("recovery_question", f"{name}: The field is too long", why=Why("It is too long.", compared))
    if len(answer.strip()) < SHORTEST_ANSWER:
        compared = (
            Compared("characters", len(answer.strip()), "answer"),
            Compared("at least", SHORTEST_ANSWER, "policy"),
        )
        text = f"answer: The security question answer must be at least {SHORTEST_ANSWER} characters in length"
        raise invalid("recovery_question", text, why=Why("The answer is too short.", compared))
    return question, answer
