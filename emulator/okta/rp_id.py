"""The relying party id of the org's security keys: its own host, or a domain that it has proved to be its own.

Source: the vendor's SDK models (WebAuthnRpId, WebAuthnRpIdDomain); how the domain is proved follows custom domains.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.kernel.problems import Compared, Why
from emulator.okta import dns
from emulator.okta.problems import invalid

NOT_STARTED, VERIFIED, ERROR = "NOT_STARTED", "VERIFIED", "ERROR"
METHOD = "webauthn"


def merged(call: Call, before: Doc | None, sent: Doc) -> Doc:
    """`rpId` as it is kept after a change: a new name is to be proved anew.

    Raises E0000001 for a domain that is not proved yet, and for another one while one is in use (documented).
    """
    kept = before or {"enabled": False}
    name = str(dig(sent, "domain.name") or "").lower() or dig(kept, "domain.name")
    domain = kept.get("domain")
    if name and (domain is None or domain["name"] != name):
        if kept["enabled"]:
            compared = (
                Compared("domain.name", name, "request body"),
                Compared("in use", dig(kept, "domain.name"), "settings.rpId"),
            )
            why = Why("The domain is changed while it is not in use.", compared, "Send enabled: false first.")
            raise invalid("settings.rpId", "rpId: The domain is in use", why=why)
        fqdn, value = f"_oktaverification.{name}", call.ids.secret("rpId", 32)
        record = {"recordType": "TXT", "fqdn": fqdn, "verificationValue": value}
        domain = {"name": name, "dnsRecord": record, "validationStatus": NOT_STARTED}
    wanted = bool(sent.get("enabled", kept["enabled"]))
    if wanted and (domain is None or domain["validationStatus"] != VERIFIED):
        state = domain["validationStatus"] if domain else "no domain"
        compared = (Compared("validationStatus", state, "settings.rpId"), Compared("wanted", VERIFIED, "enabled"))
        why = Why("Only a domain that was proved is used.", compared, "Publish its DNS record, then verify it.")
        raise invalid("settings.rpId", "rpId: The domain is not verified", why=why)
    return {**({"domain": domain} if domain else {}), "enabled": wanted}


def prove(call: Call, method: Doc) -> Why | None:
    """Look the domain's record up and keep what came of it; None where it is proved, else why not."""
    found: Doc = (method.get("settings") or {}).get("rpId") or {}
    domain = found.get("domain")
    if domain is None:
        return Why("The authenticator has no domain of its own.", (Compared("rpId", None, "settings"),))
    record: Doc = domain["dnsRecord"]
    row = {"recordType": record["recordType"], "fqdn": record["fqdn"], "value": record["verificationValue"]}
    proved = not dns.lacking(call.store, [row])
    settings = {**method["settings"], "rpId": {
        "domain": {**domain, "validationStatus": VERIFIED if proved else ERROR}, "enabled": found["enabled"] and proved,
    }}  # fmt: skip
    method["settings"] = settings
    if proved:
        return None
    published = dns.published(call.store, record["fqdn"], "TXT")
    compared = (Compared(record["fqdn"], ", ".join(published) or "nothing", "DNS"),
                Compared("wanted", record["verificationValue"], "settings.rpId"))  # fmt: skip
    return Why("The DNS record that proves the domain is not published.", compared)


def in_use(store: Any) -> str:
    """The domain that keys are bound to; empty where it is the org's own host."""
    from emulator.okta.resources.authenticators import AUTHENTICATORS

    for item in store.find_all(AUTHENTICATORS, "key", METHOD):
        found = dig(item["_methods"].get(METHOD) or {}, "settings.rpId")
        if found and found["enabled"]:
            return str(found["domain"]["name"])
    return ""
