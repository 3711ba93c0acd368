"""A person's authenticator enrolments: /api/v1/users/{userId}/authenticator-enrollments.

Source: okta-admin-api.md appendix A; the vendor's SDK models. An enrolment is what Identity Engine calls the factors of
one authenticator (a telephone's text message and call are one).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.mfa import access_code, checks, enrolment
from emulator.okta.mfa.catalogue import TAC, type_of
from emulator.okta.mfa.factors import masked_number, of_user
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import users
from emulator.okta.resources.authenticators import AUTHENTICATORS

_AT = "/api/v1/users/{userId}/authenticator-enrollments"
_READ: Any = {"scope": ("okta.users.read",), "bucket": "users"}
_MANAGE: Any = {"scope": ("okta.users.manage",), "bucket": "users"}
_BODY = shapes.record(
    {
        "authenticatorId": shapes.bounded(100, least=1),
        "profile": shapes.record({"phoneNumber": shapes.bounded(100, least=1)}, needed=("phoneNumber",)),
    },
    needed=("authenticatorId", "profile"),
)
_CODE = shapes.record(
    {
        "authenticatorId": shapes.bounded(100, least=1),
        "profile": shapes.record({"multiUse": shapes.boolean, "ttl": shapes.bounded(10, least=1)}),
    },
    needed=("authenticatorId",),
)


def _enrolments(call: Call, user: Doc) -> list[list[Doc]]:
    """The user's factors, those of one authenticator together; oldest first."""
    found: dict[str, list[Doc]] = {}
    for factor in of_user(call.store, user["id"]):
        kind = type_of(factor)
        key = kind.authenticator if kind.name != "webauthn" else factor["id"]
        found.setdefault(key, []).append(factor)
    return list(found.values())


def _render(call: Call, user: Doc, factors: list[Doc]) -> Doc:
    first, key = factors[0], type_of(factors[0]).authenticator
    authenticator = next(iter(call.store.find_all(AUTHENTICATORS, "key", key)), None)
    person = f"{call.base}/api/v1/users/{user['id']}"
    links: Doc = {
        "self": {"href": f"{person}/authenticator-enrollments/{first['id']}", "hints": {"allow": ["GET", "DELETE"]}},
        "user": {"href": person, "hints": {"allow": ["GET"]}},
    }
    if authenticator is not None:
        at = f"{call.base}/api/v1/authenticators/{authenticator['id']}"
        links["authenticator"] = {"href": at, "hints": {"allow": ["GET"]}}
    shown: Doc = {
        "id": first["id"], "key": key, "type": authenticator["type"] if authenticator else None,
        "name": authenticator["name"] if authenticator else key, "status": first["status"],
        "created": first["created"], "lastUpdated": max(item["lastUpdated"] for item in factors),
    }  # fmt: skip
    number = first["profile"].get("phoneNumber")
    if number:
        whole = "phone" in call.params.get("discloseIdentifiers", "").split(",")
        shown["profile"] = {"phoneNumber": number if whole else masked_number(number)}
    return {**shown, "_links": links}


def _load(call: Call) -> tuple[Doc, list[Doc]]:
    user, id = users.load(call), call.path["enrollmentId"]
    found = next((each for each in _enrolments(call, user) if id in {item["id"] for item in each}), None)
    if found is None:
        raise not_found(id, "AuthenticatorEnrollment")
    return user, found


@operation("GET", _AT, source=DOCUMENTED, query=("discloseIdentifiers",), **_READ)
def list_enrollments(call: Call) -> list[Doc]:
    """What the user has enrolled; telephone numbers are whole with `discloseIdentifiers=phone`."""
    user = users.load(call)
    return [_render(call, user, each) for each in _enrolments(call, user)]


@operation("POST", _AT + "/phone", source=DOCUMENTED, emits=("user.mfa.factor.activate",), **_MANAGE)
def create_phone_enrollment(call: Call) -> Doc:
    """Enrol a telephone for the user, ready at once: `{authenticatorId, profile: {phoneNumber}}`."""
    user = users.load(call)
    sent: Doc = _BODY(body_object(call), "")
    _authenticator(call, sent["authenticatorId"], "phone_number")
    body = {"factorType": "sms", "provider": "OKTA", "profile": sent["profile"]}
    factor = enrolment.enrol(call, user, body, activate=True, update_phone=True)
    return _render(call, user, [factor])


@operation("POST", _AT + "/tac", source=DOCUMENTED, emits=("user.mfa.factor.activate",), **_MANAGE)
def create_tac_enrollment(call: Call) -> Doc:
    """Give the user a temporary access code, which only this answer shows: `{authenticatorId, profile?}`."""
    user = users.load(call)
    sent: Doc = _CODE(body_object(call), "")
    authenticator = _authenticator(call, sent["authenticatorId"], TAC.authenticator)
    factor, code = access_code.give(call, user, authenticator, sent.get("profile") or {})
    return {**_render(call, user, [factor]), "profile": {**factor["profile"], "tac": code}}


def _authenticator(call: Call, id: str, key: str) -> Doc:
    """The org's active authenticator of a key. Raises E0000001 for anything else."""
    found: Doc | None = call.store.get(AUTHENTICATORS, id)
    if found is not None and found["key"] == key and found["status"] == "ACTIVE":
        return found
    compared = (Compared("authenticatorId", id, "request body"),
                Compared("wanted", f"the org's active {key}", "authenticators"))  # fmt: skip
    cause = f"authenticatorId: The authenticator is not an active {_NAMES[key]}"
    raise invalid("authenticatorId", cause, why=Why("Another authenticator is enrolled here.", compared))


_NAMES = {"phone_number": "phone", TAC.authenticator: "temporary access code"}


@operation("GET", _AT + "/{enrollmentId}", source=DOCUMENTED, query=("discloseIdentifiers",), **_READ)
def get_enrollment(call: Call) -> Doc:
    """One enrolment."""
    return _render(call, *_load(call))


@operation("DELETE", _AT + "/{enrollmentId}", source=DOCUMENTED, emits=("user.mfa.factor.deactivate",), **_MANAGE)
def delete_enrollment(call: Call) -> None:
    """Remove an enrolment with all its methods."""
    user, factors = _load(call)
    for factor in factors:
        enrolment.drop(call, factor)
        checks.log_change(call, user, factor, "deactivate")
