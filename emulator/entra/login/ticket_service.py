"""RST2.srf and extSTS.srf: the ticket service of clients from before OAuth. Source: graph-entra.md 2.10 (b), (c).

A password of a managed domain, or the assertion of a federated user, is worth an opaque compact ticket; a password of a
federated domain is refused. No service of this emulator takes the ticket: what can be seen is whether a policy lets
such a client in (`other` clients in Conditional Access), and the sign-in in the log.
"""

from typing import Any

from emulator.entra.login import requirements
from emulator.entra.login.aadsts import CATALOGUE
from emulator.entra.login.access import check_assigned
from emulator.entra.login.claims import Identity
from emulator.entra.login.clients import client_of
from emulator.entra.login.dialect import because, error_doc
from emulator.entra.login.federated import Accepted, accept_saml11, claim
from emulator.entra.login.passwords import check_password
from emulator.entra.login.scopes import read_v1
from emulator.entra.login.tenancy import federation_for, resolve
from emulator.entra.signins import FEDERATED, PASSWORD, Attempt
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY
from emulator.kernel.exchange import Answer
from emulator.kernel.ids import base64url
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Problem
from emulator.protocols import ticket_service
from emulator.protocols.wstrust import CONTENT_TYPE
from emulator.protocols.xmlparse import XmlRejected

OFFICE = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
"""Microsoft Office: whom such a client is taken for (inferred; the request names no application)."""
FEDERATED_PASSWORD = "Direct login to WLID is not allowed for this federated namespace"
_FAILED = ("wst:FailedAuthentication", "Authentication Failure", "0x80048821")
_INNER = {"50126": "0x80041012", "50034": "0x80041034", "50059": "0x80041034"}
_OTHER_INNER = "0x80048800"
_CLIENT_APP = "Other clients"
_PROBLEM = ("wst:InvalidRequest", "Invalid Request", "0x80048820")


def _refuse(call: Call, problem: Problem) -> Answer:
    """Every refusal is a fault; HTTP 200, as clients of this service read the fault and not the status (inferred)."""
    if problem.code not in CATALOGUE:
        problem.code = "50000"
    subcode, reason, value = _PROBLEM if problem.code == "20012" else _FAILED
    doc = error_doc(call, problem)
    message = str(problem.extra.get("passport") or doc["error_description"])
    inner = str(problem.extra.get("inner") or _INNER.get(problem.code, _OTHER_INNER))
    body = ticket_service.fault(subcode, reason, value=value, inner=inner, message=message)
    return Answer(200, [*call.headers, ("Content-Type", CONTENT_TYPE)], body)


_AT: Any = {"auth": "none", "raw": True, "body": "bytes", "commit": "manual", "emits": ("Sign-in activity",)}


@operation("POST", "/rst2.srf", source=inferred("the answer is known by sight, its ticket is opaque"), **_AT)
@operation("POST", "/extsts.srf", source=inferred("as rst2.srf"), **_AT)
def ticket(call: Call) -> Answer:
    """A compact ticket for a password or an assertion, or a fault."""
    try:
        return _issued(call)
    except Problem as problem:
        problem.extra["render"] = lambda call, problem, doc: _refuse(call, problem)
        raise


def _issued(call: Call) -> Answer:
    try:
        request = ticket_service.read(call.exchange.body)
    except XmlRejected as error:
        compared = tuple((name, value, "request") for name, value in error.details.items())
        why = because(f"The request cannot be read: {error.reason}.", *compared or (("body", "XML", "request"),))
        raise Problem("20012", why=why) from error
    client = client_of(call, OFFICE, resolve(call))
    attempt = Attempt(
        "interactiveUser", protocol="none", client_app=_CLIENT_APP, user_name=request.username, app=client.app,
        method=FEDERATED if request.asserted else PASSWORD,
    )  # fmt: skip
    with attempt.watched(call):
        asked = read_v1(call, "", "")
        attempt.resource = asked.resource
        accepted = None
        if request.asserted:
            accepted = accept_saml11(call, request.document, attempt, within=ticket_service.ASSERTION_PATHS)
        who = accepted.who if accepted is not None else _by_password(call, request.username, request.password, attempt)
        check_assigned(call, client, who.user)
        requirements.enforce(call, client, asked, who, flow="legacy")
        _log(call, accepted, attempt)
    secret = base64url(call.ids.derive(f"compact ticket {call.request_id}", 48))
    body = ticket_service.answer(
        f"t=EwC{secret}&p=", applies_to=request.applies_to, created_ms=call.now, expires_ms=call.now + DAY
    )
    return Answer(200, [*call.headers, ("Content-Type", CONTENT_TYPE)], body)


def _by_password(call: Call, name: str, password: str, attempt: Attempt) -> Identity:
    federation = federation_for(call, name)
    if federation is not None:
        shown = ("authenticationType", "Federated", str(federation["domain"]))
        why = because("A federated domain's passwords are not taken here.", ("user name", name, "request"), shown,
                      hint="Get an assertion at the identity provider's active endpoint first.")  # fmt: skip
        raise Problem("50126", why=why, passport=FEDERATED_PASSWORD, inner="0x80047860")
    return check_password(call, name, password, attempt)


def _log(call: Call, accepted: Accepted | None, attempt: Attempt) -> None:
    with call.commit():
        if accepted is not None:
            claim(call, accepted)
        attempt.succeed(call)
