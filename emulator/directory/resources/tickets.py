"""The domain controller's tickets: /_lab/directory/tickets, what Windows gets for a person who is logged on.

Source: seed-catalogue.md 1.3 (silent activation); errors are Kerberos' own names (RFC 4120).
"""

import base64
import ipaddress

from emulator.directory import objects
from emulator.directory.resources import forests, logon
from emulator.directory.resources.users import OURS, USERS, find
from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.protocols import kerberos

_LIFE = 10 * HOUR


@operation("POST", "/_lab/directory/tickets", source=OURS, auth="none", commit="manual")
def ticket(call: Call) -> Doc:
    """`{userName, password, servicePrincipalName, address?}` -> `{ok, ticket, sessionKey, client, realm, time, until}`,
    or `{ok: false, reason}`.

    address: of the computer. A name that no account has, or that several have, gets none; so does one whose account
    has no key yet: keys are made when a password is set on an account that has service principal names.
    """
    name, service = objects.required(call.body, "userName"), objects.required(call.body, "servicePrincipalName")
    password = objects.required(call.body, "password")
    if not _in_sight(call):
        return _no("KDC_UNREACHABLE")
    known = logon.verify(call, name, password)
    user = find(call.store, name)
    if not known["ok"] or user is None:
        return {**_no("KDC_ERR_PREAUTH_FAILED"), "data": known.get("data")}
    accounts = call.store.find_multi(USERS, "servicePrincipalName", service)
    if len(accounts) > 1:
        return _no("KDC_ERR_PRINCIPAL_NOT_UNIQUE")
    if not accounts or not accounts[0]["enabled"]:
        return _no("KDC_ERR_S_PRINCIPAL_UNKNOWN")
    if not isinstance(accounts[0].get("_serviceKeys"), dict):
        return _no("KDC_ERR_ETYPE_NOSUPP")
    return {"ok": True, **_issued(call, user, accounts[0], service)}


def _issued(call: Call, user: Doc, account: Doc, service: str) -> Doc:
    at = forests.controller_time(call.store, call.now)
    realm = forests.domain_of(call.store, account["userPrincipalName"]).upper()
    kind, key = _key_of(account)
    fresh = call.ids.derive(f"ticket {call.request_id}")
    content = kerberos.Ticket(user["userPrincipalName"], realm, at, at + _LIFE, fresh, kerberos.AES256)
    sealed = kerberos.ticket(key, content, service=service, kind=kind, confounder=fresh[::-1][:16])
    return {
        "ticket": base64.b64encode(sealed).decode(), "sessionKey": base64.b64encode(fresh).decode(),
        "client": content.client, "realm": realm, "time": iso(at), "until": iso(at + _LIFE),
    }  # fmt: skip


# Differs: a ticket of type RC4 is sealed as one with AES is. Who refuses it does so by its type, and does not open it.
def _key_of(account: Doc) -> tuple[int, bytes]:
    """The encryption type of an account's tickets, and its key: the strongest that it supports, RC4 if none is said."""
    supported, keys = str(account.get("msDS-SupportedEncryptionTypes") or ""), account["_serviceKeys"]
    said = int(supported[:9]) if supported.isdecimal() and supported.isascii() else 0
    kind = next((kind for kind in (kerberos.AES256, kerberos.AES128) if said & kerberos.AES_BITS[kind]), None)
    return kind or kerberos.RC4, bytes.fromhex(keys[str(kind or kerberos.AES256)])


def _in_sight(call: Call) -> bool:
    """Whether the computer reaches a domain controller: from anywhere, unless the forest says from where."""
    ranges, address = forests.the(call.store).get("reachableFrom") or (), call.body.get("address")
    if not ranges or not isinstance(address, str):
        return True
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(known in ipaddress.ip_network(text) for text in ranges)


def _no(reason: str) -> Doc:
    return {"ok": False, "reason": reason}
