"""A sign-in transaction as POST /authn shows it. Source: okta-admin-api.md 15, appendix C (Authn success)."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import authn_states, password_policy
from emulator.okta.links import link
from emulator.okta.mfa import challenges, devices, enrolment, factors, journey, security_key
from emulator.okta.mfa.catalogue import type_of
from emulator.okta.mfa.journey import Journey

AT = "/api/v1/authn"


def success(trip: Journey) -> Doc:
    """SUCCESS: a session token for what was proved."""
    call, row = trip.call, trip.row
    journey.signed_in(trip)
    token, expires = authn_states.new_session_token(
        call, trip.user, row["proofs"], remembered=bool(row.get("remembered")), device=row["device"]
    )
    return {
        "expiresAt": expires, "status": "SUCCESS", **_relay(trip), "sessionToken": token,
        "_embedded": {"user": user(trip.user)}, "_links": {"cancel": link(f"{call.base}{AT}/cancel", "POST")},
    }  # fmt: skip


def shown(trip: Journey) -> Doc:
    """The transaction at its present step."""
    if trip.status == journey.SUCCESS:
        return success(trip)
    more, embedded, links = _STEPS[trip.status](trip)
    return {
        "stateToken": trip.token, "expiresAt": trip.row["expiresAt"], "status": trip.status, **more, **_relay(trip),
        "_embedded": {"user": user(trip.user), **embedded},
        "_links": {**links, "cancel": link(f"{_at(trip)}/cancel", "POST")},
    }  # fmt: skip


def user(found: Doc) -> Doc:
    """The person, as the answers embed them."""
    profile = found["profile"]
    return {
        "id": found["id"], "passwordChanged": found["passwordChanged"], "profile": {
            "login": profile["login"], "firstName": profile["firstName"], "lastName": profile["lastName"],
            "locale": profile.get("locale") or "en_US", "timeZone": profile.get("timezone") or "America/Los_Angeles",
        },
    }  # fmt: skip


def _relay(trip: Journey) -> Doc:
    return {"relayState": trip.row["relay"]} if trip.row["relay"] else {}


def _at(trip: Journey) -> str:
    return f"{trip.call.base}{AT}"


def _next(name: str, href: str) -> Doc:
    return {"next": {"name": name, **link(href, "POST")}}


Parts = tuple[Doc, Doc, Doc]


def _policy(trip: Journey) -> Doc:
    """What the session rule says of remembering the device."""
    rule = trip.rule or {}
    signon: Doc = rule.get("actions", {}).get("signon", {})
    return {
        "allowRememberDevice": devices.may_remember(rule) if rule else False,
        "rememberDeviceLifetimeInMinutes": devices.lifetime(rule) if rule else 0,
        "rememberDeviceByDefault": bool(signon.get("rememberDeviceByDefault", False)),
        "factorsPolicyInfo": {},
    }  # fmt: skip


def _required(trip: Journey) -> Parts:
    rows = [factors.in_transaction(trip.call, item, at=_at(trip)) for item in journey.usable(trip)]
    return {}, {"factors": rows, "policy": _policy(trip)}, {}


def _challenge(trip: Journey) -> Parts:
    factor, at = _factor(trip), _at(trip)
    verify = f"{at}/factors/{factor['id']}/verify"
    links = _next("verify", verify)
    more: Doc = {}
    embedded = {"factor": factors.in_transaction(trip.call, factor, at=at), "policy": _policy(trip)}
    row = journey.open_push(trip)
    if row is not None:
        more["factorResult"] = challenges.push_state(trip.call, row)
        if more["factorResult"] == challenges.WAITING:
            links = _next("poll", verify)
        if row["number"] is not None:
            embedded["factor"]["_embedded"] = {"challenge": {"correctAnswer": row["number"]}}
    elif type_of(factor).sends:
        more["challengeType"] = "FACTOR"
    elif security_key.is_one(factor) and "_asked" in factor:
        embedded["factor"]["_embedded"] = {"challenge": security_key.request(factor)}
    return more, embedded, {**links, **_resend(factor, f"{verify}/resend"), **_previous(at)}


def _enroll(trip: Journey) -> Parts:
    at, rows = _at(trip), []
    for kind, says in journey.to_enrol(trip):
        links: Doc = {"enroll": link(f"{at}/factors", "POST")}
        if kind.name == "question":
            questions = f"{trip.call.base}/api/v1/users/{trip.user['id']}/factors/questions"
            links = {"questions": link(questions, "GET"), **links}
        rows.append({
            "factorType": kind.name, "provider": kind.provider, "vendorName": kind.vendor, "_links": links,
            "status": "NOT_SETUP", "enrollment": says,
        })  # fmt: skip
    skip = {"skip": link(f"{at}/skip", "POST")} if journey.may_skip(trip) else {}
    return {}, {"factors": rows}, skip


def _activate(trip: Journey) -> Parts:
    factor, at = _factor(trip), _at(trip)
    here = f"{at}/factors/{factor['id']}/lifecycle"
    found = factors.in_transaction(trip.call, factor, at=at)
    embedded = enrolment.activation(trip.call, factor, f"{here}/activate", send=False)
    if embedded is not None:
        found["_embedded"] = {"activation": embedded}
    more, links = {}, _next("activate", f"{here}/activate")
    if type_of(factor).name == "push":
        row = enrolment.pending_push(trip.call, factor)
        more["factorResult"] = challenges.push_state(trip.call, row) if row else challenges.TIMEOUT
        if more["factorResult"] == challenges.WAITING:
            links = _next("poll", f"{here}/activate/poll")
    return more, {"factor": found}, {**links, **_resend(factor, f"{here}/resend"), **_previous(at)}


def _factor(trip: Journey) -> Doc:
    found: Doc = trip.call.store.get(factors.FACTORS, trip.row["factorId"])
    return found


def _resend(factor: Doc, href: str) -> Doc:
    kind = type_of(factor)
    return {"resend": [{"name": kind.name, **link(href, "POST")}]} if kind.sends else {}


def _previous(at: str) -> Doc:
    return {"prev": link(f"{at}/previous", "POST")}


def _complexity(trip: Journey) -> Doc:
    found: Doc = password_policy.settings(trip.call, trip.user)["complexity"]
    return found


def _warn(trip: Journey) -> Parts:
    left = password_policy.days_left(trip.call, trip.user)
    policy = {"expiration": {"passwordExpireDays": left}, "complexity": _complexity(trip)}
    links = {**_next("changePassword", f"{_at(trip)}/credentials/change_password"),
             "skip": {"name": "skip", **link(f"{_at(trip)}/skip", "POST")}}  # fmt: skip
    return {}, {"policy": policy}, links


def _password(name: str, path: str) -> Any:
    def parts(trip: Journey) -> Parts:
        more = {"recoveryType": trip.row["recoveryType"]} if trip.row.get("recoveryType") else {}
        links = _next(name, f"{_at(trip)}/credentials/{path}")
        return more, {"policy": {"complexity": _complexity(trip)}}, links

    return parts


def _recovery(trip: Journey) -> Parts:
    question = trip.user["credentials"].get("recovery_question") or {}
    return (
        {"recoveryType": trip.row["recoveryType"]},
        {"user": {**user(trip.user), "recovery_question": {"question": question.get("question")}}},
        _next("answer", f"{_at(trip)}/recovery/answer"),
    )


def _recovery_challenge(trip: Journey) -> Parts:
    channel = str(trip.row["channel"])
    at = f"{_at(trip)}/recovery/factors/{channel}"
    more = {"factorType": channel, "recoveryType": trip.row["recoveryType"]}
    resend = {"resend": {"name": channel, **link(f"{at}/resend", "POST")}}
    return more, {}, {**_next("verify", f"{at}/verify"), **resend}


_STEPS: dict[str, Any] = {
    journey.REQUIRED: _required, journey.CHALLENGE: _challenge, journey.ENROLL: _enroll, journey.ACTIVATE: _activate,
    journey.WARN: _warn, journey.EXPIRED: _password("changePassword", "change_password"),
    journey.RESET: _password("resetPassword", "reset_password"), journey.RECOVERY: _recovery,
    journey.RECOVERY_CHALLENGE: _recovery_challenge,
}  # fmt: skip


def state_of(call: Call, token: str) -> Doc:
    """The transaction of a state token. Raises 401."""
    return shown(journey.resume(call, token))
