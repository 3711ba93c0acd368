"""A user's factors: /api/v1/users/{userId}/factors. Source: okta-admin-api.md 14, appendix C (Factor list, enrolment).

Activation and verification are in `factor_verify.py`.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.okta import access
from emulator.okta.links import link
from emulator.okta.mfa import allowed, checks, enrolment, phones
from emulator.okta.mfa.catalogue import BY_KEY, QUESTIONS, TAC, TYPES, FactorType, type_of
from emulator.okta.mfa.factors import (
    ACTIVE,
    FACTORS,
    INVALID,
    VALID,
    new_factor,
    of_user,
    put_answer,
    question_profile,
    render,
)
from emulator.okta.params import body_object, flag
from emulator.okta.problems import not_found
from emulator.okta.resources import users
from emulator.protocols import otp

__all__ = ["FACTORS", "load"]
SEED_RANK = 40
AT = "/api/v1/users/{userId}/factors"
READ: Any = {"scope": access.READ_USERS, "bucket": "factors"}
MANAGE: Any = {"scope": ("okta.users.manage",), "bucket": "factors"}
_NO_FACTORS = ("STAGED", "DEPROVISIONED")


def load(call: Call) -> tuple[Doc, Doc]:
    """The user and the factor that the path names. Raises 404."""
    user = access.only_self(call, users.load(call))
    found = call.store.get(FACTORS, call.path["factorId"])
    if found is None or found["_userId"] != user["id"] or type_of(found) is TAC:
        raise not_found(call.path["factorId"], "UserFactor")
    return user, found


@operation("GET", AT, source=OBSERVED, **READ)
def list_factors(call: Call) -> list[Doc]:
    """The factors that the user has enrolled, pending ones included; access codes are not among them (inferred)."""
    user = access.only_self(call, users.load(call))
    return [render(call, factor) for factor in of_user(call.store, user["id"]) if type_of(factor) is not TAC]


@operation("GET", AT + "/catalog", source=OBSERVED, **READ)
def list_catalog(call: Call) -> list[Doc]:
    """The factors that the user may enrol, by their enrolment policy, with what is enrolled already."""
    user = access.only_self(call, users.load(call))
    found = allowed.enrolment(call, user)
    mine = {(item["factorType"], item["provider"]): item for item in of_user(call.store, user["id"])}
    return [
        _supported(call, user, TYPES[place], says, mine.get(place))
        for place, says in found.allowed.items() if says != allowed.NOT_ALLOWED and not TYPES[place].pages_only
    ]  # fmt: skip


def _supported(call: Call, user: Doc, kind: FactorType, says: str, factor: Doc | None) -> Doc:
    at = f"{call.base}/api/v1/users/{user['id']}/factors"
    links: Doc = {"questions": link(f"{at}/questions", "GET")} if kind.name == "question" else {}
    links["enroll"] = link(at, "POST")
    shown: Doc = {
        "factorType": kind.name, "provider": kind.provider, "vendorName": kind.vendor, "_links": links,
        "status": factor["status"] if factor else "NOT_SETUP", "enrollment": says,
    }  # fmt: skip
    if kind.name in ("sms", "call") and factor is not None:
        phone = {"id": factor["id"], "profile": factor["profile"], "status": factor["status"]}
        shown["_embedded"] = {"phones": [phone]}
    return shown


@operation("GET", AT + "/questions", source=OBSERVED, **READ)
def list_questions(call: Call) -> list[Doc]:
    """The questions that a user may choose from."""
    access.only_self(call, users.load(call))
    return [question_profile(name) for name in QUESTIONS]


@operation(
    "POST", AT, source=OBSERVED, query=("updatePhone", "templateId", "tokenLifetimeSeconds", "activate"),
    emits=("user.mfa.factor.activate",), **MANAGE,
)  # fmt: skip
def enroll_factor(call: Call) -> Doc:
    """Enrol a factor; unless it is ready at once, it waits for its activation."""
    user = _with_factors(call)
    factor = enrolment.enrol(
        call, user, body_object(call), activate=flag(call, "activate", False),
        update_phone=flag(call, "updatePhone", False),
    )  # fmt: skip
    return enrolment.shown(call, factor)


@operation("GET", AT + "/{factorId}", source=OBSERVED, **READ)
def get_factor(call: Call) -> Doc:
    """One factor."""
    return render(call, load(call)[1])


@operation("PUT", AT + "/{factorId}", source=OBSERVED, emits=("user.mfa.factor.update",), **MANAGE)
def replace_factor(call: Call) -> Doc:
    """Another question and answer: `{profile: {question, answer}}`. Kinds but questions are refused (inferred)."""
    user, factor = load(call)
    enrolment.replace_question(call, user, factor, body_object(call))
    return render(call, factor)


@operation(
    "DELETE", AT + "/{factorId}", source=OBSERVED, query=("removeRecoveryEnrollment",),
    emits=("user.mfa.factor.deactivate",), **MANAGE,
)  # fmt: skip
def unenroll_factor(call: Call) -> None:
    """Remove a factor, so that the user may enrol it anew; a number stays, unless it goes too."""
    forget = flag(call, "removeRecoveryEnrollment", False)
    user, factor = load(call)
    enrolment.drop(call, factor)
    phones.leave(call, user, factor, forget=forget)
    checks.log_change(call, user, factor, "deactivate")


def _with_factors(call: Call) -> Doc:
    user = users.load(call)
    if user["status"] in _NO_FACTORS:
        compared = (Compared("status", user["status"], f"user {user['profile']['login']}"),)
        raise Problem("E0000038", why=Why("Only users who have been activated have factors.", compared))
    return user


# -- the world file ---------------------------------------------------------------------------------------------------


def seed(seeding: Seeding) -> None:
    """`factors` of the `users` items: `[{type: push, id?, deviceState: invalid}]`.

    `type` is a key of Classic (okta_push, google_otp...) or a `factorType` of Okta's. Further keys by type: `phone`
    (sms, call), `email`, `question` and `answer`, `secret` (base32: codes of apps and fobs; made up where absent).
    """
    for spec in seeding.spec.get("users", ()):
        user = users.by_login(seeding.store, spec["login"]) if spec.get("factors") else None
        for given in spec.get("factors", ()):
            if user is not None:
                _plant(seeding, user, given)


def _plant(seeding: Seeding, user: Doc, given: Doc) -> None:
    name = str(given.get("type", ""))
    kind = BY_KEY.get(name) or BY_KEY.get(f"okta_{name}") or TYPES.get((name, "OKTA"))
    kind = kind or TYPES.get((name, "FIDO"))
    if kind is None or kind.pages_only:
        raise LabError(
            f"user {user['profile']['login']!r}: there is no factor {name!r}.",
            hint=f"Known: {', '.join(BY_KEY)}.",
        )
    if kind.name in ("webauthn", "token:hardware"):
        raise LabError(
            f"user {user['profile']['login']!r}: a security key cannot be given in a world file.",
            hint="Enrol it through the API or the pages: its private key is in the authenticator.",
        )
    id = given.get("id") or seeding.ids.okta(kind.prefix)
    factor = new_factor(kind, user["id"], _profile(user, kind, given), id=id, now=seeding.now, status=ACTIVE)
    if kind.code:
        factor["_secret"] = given.get("secret") or otp.encoded(seeding.ids.secret("factor-secret", 32).encode()[:20])
    if kind.name == "question":
        put_answer(factor, str(given.get("answer", "")), seeding.ids.secret("salt", 12))
    factor["_device"] = INVALID if given.get("deviceState", VALID) == INVALID else VALID
    seeding.store.add(FACTORS, factor)


def _profile(user: Doc, kind: FactorType, given: Doc) -> Doc:
    if kind.name in ("sms", "call"):
        return {"phoneNumber": str(given.get("phone") or user["profile"].get("mobilePhone") or "+15555550100")}
    if kind.name == "email":
        return {"email": given.get("email") or user["profile"]["email"]}
    if kind.name == "question":
        return question_profile(str(given.get("question", "disliked_food")))
    phone: Doc = {"deviceType": "SmartPhone_IPhone", "name": given.get("name", "Lab phone"), "platform": "IOS",
                  "version": "18.0.0"} if kind.name == "push" else {}  # fmt: skip
    return {"credentialId": user["profile"]["login"], **phone}
