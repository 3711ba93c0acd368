"""A person's factors: the documents, and how the API shows them. Source: okta-admin-api.md 14, appendix C.

Stored beside the wire shape: `_userId`; `_secret` (base32) and `_counter` (the last one used) of codes; `_answer`
(scrypt) of a question; `_device`: `valid`, or `invalid` for a phone that lost its keys, so that no push reaches it.
"""

import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.passwords import hash_password
from emulator.okta.links import link
from emulator.okta.mfa.catalogue import QUESTIONS, FactorType, type_of
from emulator.okta.params import stamp
from emulator.store import Column, Kind

FACTORS = Kind("factors", (Column("_userId"), Column("status")))
ACTIVE, PENDING = "ACTIVE", "PENDING_ACTIVATION"
VALID, INVALID = "valid", "invalid"


def of_user(store: Any, user_id: str, *, status: str | None = None) -> list[Doc]:
    """A user's factors, oldest first."""
    found: list[Doc] = store.find_all(FACTORS, "_userId", user_id)
    return [item for item in found if status is None or item["status"] == status]


def active(store: Any, user_id: str) -> list[Doc]:
    """The factors that a user can answer with. Shared: not to be changed in place."""
    found: list[Doc] = store.steady(("factors of", user_id), lambda: of_user(store, user_id, status=ACTIVE))
    return found


def new_factor(kind: FactorType, user_id: str, profile: Doc, *, id: str, now: int, status: str) -> Doc:
    """A factor document."""
    at = stamp(now)
    return {
        "id": id, "factorType": kind.name, "provider": kind.provider, "vendorName": kind.vendor, "status": status,
        "created": at, "lastUpdated": at, "profile": profile, "_userId": user_id, "_device": VALID,
    }  # fmt: skip


def put_answer(factor: Doc, answer: str, salt: str) -> None:
    """Keep the answer of a question like a password, whatever its case."""
    factor["_answer"] = hash_password(answer.strip().casefold(), salt)


def question_profile(name: str) -> Doc:
    return {"question": name, "questionText": QUESTIONS[name]}


def home(call: Call, factor: Doc) -> str:
    """The factor's own address."""
    return f"{call.base}/api/v1/users/{factor['_userId']}/factors/{factor['id']}"


def render(call: Call, factor: Doc) -> Doc:
    """The factor as lists and single reads show it; the hints of a pending one name no DELETE (observed)."""
    at, kind = home(call, factor), type_of(factor)
    links: Doc = {}
    if factor["status"] == PENDING:
        if kind.sends:
            links["resend"] = [{"name": kind.name, **link(f"{at}/resend", "POST")}]
        if kind.name == "push":
            links["poll"] = link(f"{at}/lifecycle/activate/poll", "POST")
        else:
            links["activate"] = link(f"{at}/lifecycle/activate", "POST")
    if kind.name == "question":
        links["questions"] = link(f"{at.rpartition('/')[0]}/questions", "GET")
    links["self"] = link(at, "GET", *(() if factor["status"] == PENDING else ("DELETE",)))
    links["user"] = link(f"{call.base}/api/v1/users/{factor['_userId']}", "GET")
    if factor["status"] == ACTIVE and kind.name != "question" and not kind.pages_only:
        links["verify"] = link(f"{at}/verify", "POST")
    return {**public(factor), "_links": links}


def in_transaction(call: Call, factor: Doc, *, at: str) -> Doc:
    """The factor as a sign-in transaction shows it: who has only a password learns no whole number or address."""
    kind = type_of(factor)
    shown: Doc = {
        "id": factor["id"], "factorType": kind.name, "provider": kind.provider, "vendorName": kind.vendor,
        "profile": masked(factor["profile"]),
    }  # fmt: skip
    if factor["status"] == ACTIVE:
        shown["_links"] = {"verify": link(f"{at}/factors/{factor['id']}/verify", "POST")}
    return shown


def masked(profile: Doc) -> Doc:
    """A factor's profile with most of a telephone number or mail address crossed out, as the vendor's examples do."""
    shown = {key: value for key, value in profile.items() if key != "keys"}
    if shown.get("phoneNumber"):
        shown["phoneNumber"] = masked_number(shown["phoneNumber"])
    if shown.get("email"):
        shown["email"] = masked_mail(shown["email"])
    return shown


def masked_number(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    prefix = "+" + digits[: max(1, len(digits) - 10)]
    return f"{prefix} XXX-XXX-{digits[-4:]}"


def masked_mail(address: str) -> str:
    name, at, domain = address.partition("@")
    return f"{name[:1]}...{name[-1:]}{at}{domain}"


def forget(call: Call, user_id: str) -> list[Doc]:
    """Delete every factor of a user."""
    dropped: list[Doc] = call.store.drop_where(FACTORS, "_userId", user_id)
    return dropped
