"""The domain controller's tickets: /_lab/directory/tickets, what Windows gets for a person who is logged on.

Source: seed-catalogue.md 1.3 (silent activation); errors are Kerberos' own names (RFC 4120).
"""

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
    """`{userName, password, servicePrincipalName}` -> `{ok, ticket}`, or `{ok: false, reason}`.

    A name that no account has, or that several have, gets none; so does one whose account has no key yet: keys are made
    when a password is set on an account that has service principal names.
    """
    name, service = objects.required(call.body, "userName"), objects.required(call.body, "servicePrincipalName")
    known = logon.verify(call, name, objects.required(call.body, "password"))
    user = find(call.store, name)
    if not known["ok"] or user is None:
        return {"ok": False, "reason": "KDC_ERR_PREAUTH_FAILED", "data": known.get("data")}
    accounts = call.store.find_multi(USERS, "servicePrincipalName", service)
    if len(accounts) > 1:
        return {"ok": False, "reason": "KDC_ERR_PRINCIPAL_NOT_UNIQUE"}
    if not accounts or not accounts[0]["enabled"]:
        return {"ok": False, "reason": "KDC_ERR_S_PRINCIPAL_UNKNOWN"}
    key = accounts[0].get("_serviceKey")
    if key is None:
        return {"ok": False, "reason": "KDC_ERR_ETYPE_NOSUPP"}
    at = forests.controller_time(call.store, call.now)
    aes = int(accounts[0].get("msDS-SupportedEncryptionTypes") or 0) & kerberos.AES_BITS
    content = {"client": user["userPrincipalName"], "from": iso(at), "until": iso(at + _LIFE), "id": call.request_id}
    sealed = kerberos.seal(
        bytes.fromhex(key), content, service=service, kind=kerberos.AES256 if aes else kerberos.RC4,
        nonce=call.ids.derive(f"ticket {call.request_id}")[:12],
    )  # fmt: skip
    return {"ok": True, "ticket": sealed}
