"""What the org tells receivers of the Shared Signals Framework: a signed token for each event of the System Log that is
a session's end or a change of somebody's credential.

Source: the vendor's SDK models and its list of mapped events; CAEP 1.0; RFC 8417. A stream keeps how far it has come,
as event hooks do, and the courier delivers. Who began the change is inferred from the event's actor.
"""

from functools import partial

from emulator.kernel.call import Call
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.ids import as_guid
from emulator.okta.events import STREAM
from emulator.okta.hook_delivery import Owed, held
from emulator.okta.oauth import jws
from emulator.okta.oauth.servers import canonical, org_server, private_key, signing_kid
from emulator.store import Column, Kind, journal

STREAMS = Kind("ssf_streams", (Column("_client", unique=True),))
_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
REVOKED, CHANGED = _CAEP + "session-revoked", _CAEP + "credential-change"
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"
SUPPORTED = (REVOKED, CHANGED)
_SESSION_ENDS = ("user.session.end",)
_CHANGES = {
    "user.mfa.factor.activate": "create", "user.mfa.factor.deactivate": "revoke", "user.mfa.factor.update": "update",
    "user.mfa.factor.reset_all": "revoke", "user.account.reset_password": "update",
    "user.account.update_password": "update",
}  # fmt: skip
"""Events of the System Log, and the change of a credential that they are."""
_CREDENTIALS = {
    "SMS_FACTOR": "phone-sms", "CALL_FACTOR": "phone-voice", "FIDO_WEBAUTHN_FACTOR": "FIDO_WEBAUTHN",
    "GOOGLE_AUTHENTICATOR": "SOFT_TOKEN", "CUSTOM_HOTP": "HOTP_FACTOR", "YUBIKEY": "YUBIKEY_OTP_FACTOR",
    "SMART_CARD": "x509", "TEMPORARY_ACCESS_CODE": "pin",
}  # fmt: skip
"""Factors whose name in the System Log is another one than CAEP's or the vendor's in tokens."""


def delivered(stream: Doc) -> list[str]:
    """The event types that a stream asked for and the org has."""
    return [kind for kind in SUPPORTED if kind in stream["events_requested"]]


def next_token(call: Call) -> Owed | None:
    """What the first stream that is owed something gets. Looking writes nothing."""
    for stream in call.store.all(STREAMS):
        if held(stream, call.now):
            continue
        if stream["_verify"]:
            state, *rest = stream["_verify"]
            said = {"state": state} if state is not None else {}
            sent = partial(_request, stream=stream, events={VERIFICATION: said})
            return Owed(STREAMS, {**stream, "_verify": rest}, stream["_after"], sent)
        row = _next_row(call, stream)
        if row is not None:
            events = _event(call, row["doc"])
            return Owed(STREAMS, stream, row["n"], partial(_request, stream=stream, events=events))
    return None


def _next_row(call: Call, stream: Doc) -> Doc | None:
    wanted = delivered(stream)
    types = (*(_SESSION_ENDS if REVOKED in wanted else ()), *(_CHANGES if CHANGED in wanted else ()))
    after = int(stream["_after"])
    while types:
        rows = journal.read(call.store.database, party=call.party, stream=STREAM, after=after, limit=50, types=types)
        for row in rows:
            after = row["n"]
            if row["outcome"] == "SUCCESS" and _person(row["doc"]) is not None:
                return row
        if not rows:
            break
    return None


def _person(event: Doc) -> str | None:
    """The id of the user that an event is about."""
    found = [item["id"] for item in (*(event["target"] or ()), event["actor"]) if item["type"] == "User"]
    return str(found[0]) if found else None


def _event(call: Call, event: Doc) -> Doc:
    person, actor = _person(event), event["actor"]
    kind = event["eventType"]
    began = "user" if actor["id"] == person else "admin" if actor["type"] == "User" else "system"
    said = {
        "event_timestamp": parse_iso(event["published"]) // 1000, "initiating_entity": began,
        "reason_admin": {"en": event["displayMessage"]},
        "subject": {"format": "iss_sub", "iss": canonical(call), "sub": person},
    }  # fmt: skip
    if kind in _SESSION_ENDS:
        return {REVOKED: said}
    return {CHANGED: {**said, "change_type": _CHANGES[kind], "credential_type": _credential(kind, event)}}


def _credential(kind: str, event: Doc) -> str:
    if kind.startswith("user.account."):
        return "password"
    name = str(event["debugContext"]["debugData"].get("factor") or "ALL_FACTORS")
    return _CREDENTIALS.get(name, name)


def _request(call: Call, number: str, *, stream: Doc, events: Doc) -> Doc:
    """The push of one token; an event's keeps its `jti` where it is tried again."""
    kid = signing_kid(call.store, org_server(call))
    asked = VERIFICATION in events
    seed = f"set {number}" if asked else f"set {stream['id']} {stream['_after']}"
    claims = {
        "iss": canonical(call), "aud": stream["aud"], "jti": as_guid(call.ids.derive(seed, 16)),
        "iat": call.now // 1000, **({"sub_id": {"format": "opaque", "id": stream["id"]}} if asked else {}),
        "events": events,
    }  # fmt: skip
    text = jws.sign(claims, private_key(call.ids, kid), headers={"kid": kid, "typ": "secevent+jwt", "alg": "RS256"})
    headers = {"content-type": "application/secevent+jwt", "accept": "application/json"}
    if "authorization_header" in stream["delivery"]:
        headers["authorization"] = stream["delivery"]["authorization_header"]
    return {"uri": stream["delivery"]["endpoint_url"], "headers": headers, "body": text}
