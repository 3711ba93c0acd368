"""Kerberos tickets that computers of a domain bring: is one for the org, whose key opens it, when is it from?

Source: seed-catalogue.md 1.3 (silent activation: a service principal name, AES only); RFC 4120 3.2.3 for the checks and
their names, in its order.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.events import client_address
from emulator.okta.oauth import once
from emulator.okta.resources import desktop_sso
from emulator.okta.resources.zones import zones_of
from emulator.protocols import kerberos

_SKEW = 5 * MINUTE


class Rejected(Exception):
    """A ticket that nobody gets in with. instance: no directory of the org was there to take it."""

    def __init__(self, why: Why, *, instance: bool = True) -> None:
        super().__init__(why.rule)
        self.why, self.instance = why, instance


@dataclass(frozen=True, slots=True)
class Shown:
    """Who came, by the name that the directory knows; and how the org proves that it opened their ticket."""

    name: str
    answer: str


def shown(call: Call, token: str) -> Shown:
    """Who brings what stands behind `Negotiate`, once everything about it holds. Raises Rejected."""
    directories = desktop_sso.switched_on(call.store)
    if not directories:
        compared = (Compared("directories", 0, "the org"),)
        raise Rejected(Why("No directory of the org has desktop single sign-on.", compared), instance=False)
    try:
        request = kerberos.read(token)
        held = _directory(call, request, directories)
        content = kerberos.opened(bytes.fromhex(held["keys"][str(request.kind)]), request)
        at, more = kerberos.authenticated(content, request)
    except kerberos.TicketRejected as error:
        hint = "Is the service account's password at the org the one in the directory, and its name the same?"
        compared = (Compared("error", error.problem, "ticket"),)
        raise Rejected(Why(f"The ticket cannot be read: {error.reason}.", compared, hint)) from error
    _in_time(call, content, at)
    seen = f"authenticator {hashlib.sha256(request.authenticator).hexdigest()}"
    if not once.first(call, seen, at + 2 * _SKEW):
        raise Rejected(Why("The ticket has been used before.", (
            Compared("error", "KRB_AP_ERR_REPEAT", "ticket"), Compared("ctime", iso(at), "authenticator"),
        )))  # fmt: skip
    confounder = call.ids.derive(f"reply {call.request_id}", 16)
    answer = kerberos.replied(content, at=at, more=more, confounder=confounder) if request.mutual else ""
    return Shown(content.client, answer)


def _directory(call: Call, request: kerberos.Request, held: list[Doc]) -> Doc:
    """The directory that a ticket is from, with its keys; it has to be for the org, and sealed with AES."""
    wanted = desktop_sso.service_name(call.info)
    if request.service.casefold() != wanted.casefold():
        raise _no("The ticket is for another service.", Compared("sname", request.service[:200], "ticket"),
                  Compared("servicePrincipalName", wanted, "the org"))  # fmt: skip
    found = next((each for each in held if each["realm"] == request.realm), None)
    if found is None:
        known = ", ".join(each["realm"] for each in held)
        raise _no("The ticket is of a realm that the org has no directory for (KRB_AP_ERR_NOT_US).",
                  Compared("realm", request.realm[:200], "ticket"), Compared("realms", known, "the org"))  # fmt: skip
    if request.kind not in kerberos.AES_BITS:
        raise _no("The ticket is not sealed with AES.", Compared("etype", request.kind, "ticket"),
                  Compared("wanted", " or ".join(map(str, kerberos.AES_BITS)), "the org"),
                  hint="Let the service account support AES 128 or AES 256 in the directory.")  # fmt: skip
    _in_zone(call, found)
    return found


def _in_zone(call: Call, held: Doc) -> None:
    """Where zones are named, the computer comes from one of them."""
    allowed = held.get("networkZones")
    address = client_address(call)
    if not allowed or any(zone["id"] in allowed for zone in zones_of(call.store, address)):
        return
    raise _no("Desktop single sign-on is for some network zones, and the computer is in none of them.",
              Compared("address", address, "request"), Compared("networkZones", allowed, "the directory"))  # fmt: skip


def _in_time(call: Call, content: kerberos.Ticket, at: int) -> None:
    now: Any = Compared("now", iso(call.now), "world clock")
    hint = "The clocks of the domain and of the world may be five minutes apart."
    if abs(at - call.now) > _SKEW:
        raise _no("The clocks are too far apart (KRB_AP_ERR_SKEW).", Compared("ctime", iso(at), "authenticator"), now,
                  hint=hint)  # fmt: skip
    if content.begins > call.now + _SKEW:
        raise _no("The ticket is not valid yet (KRB_AP_ERR_TKT_NYV).",
                  Compared("starttime", iso(content.begins), "ticket"), now, hint=hint)  # fmt: skip
    if content.ends < call.now - _SKEW:
        raise _no("The ticket has expired (KRB_AP_ERR_TKT_EXPIRED).", Compared("endtime", iso(content.ends), "ticket"),
                  now, hint="The computer gets another one when it reaches a domain controller.")  # fmt: skip


def _no(rule: str, *compared: Compared, hint: str = "") -> Rejected:
    return Rejected(Why(rule, compared, hint))
