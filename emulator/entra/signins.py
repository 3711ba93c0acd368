"""signIns: one record per sign-in attempt, in the transaction of what it did. Source: graph-entra.md 1.19 and 2.13.

What policies made of the attempt is taken from the call (`memo["decision"]`, requirements.py); beside the record the
journal keeps the whole decision as data.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from emulator.entra.login.aadsts import CATALOGUE
from emulator.entra.login.dialect import correlation_id
from emulator.entra.login.facts import SHOWN, device_of, location_of, relayed_protocol
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.journal import Entry
from emulator.kernel.problems import Problem

STREAM = "signIns"
BROWSER, NATIVE = "Browser", "Mobile Apps and Desktop clients"
FEDERATED, PASSWORD, SATISFIED = "Federated", "Password", "Previously satisfied"
ACCESS_PASS = "Temporary Access Pass"
HELLO = "Windows Hello for Business"
CERTIFICATE = "X.509 Certificate"
MFA_DONE = "MFA"
"""The first factor was given before, the second in this request."""
_DETAIL = {FEDERATED: "Federated", PASSWORD: "Password in the cloud", SATISFIED: None, ACCESS_PASS: None, HELLO: None,
           CERTIFICATE: None}  # fmt: skip
_MFA_IN_CLOUD = "MFA completed in Azure AD"
_MFA_IN_TOKEN = "MFA requirement satisfied by claim in the token"
_MFA_BY_PROVIDER = "MFA requirement satisfied by claim provided by external provider"
_SYSTEMS = (
    (r"Windows NT 10\.0", "Windows 10"), (r"Windows", "Windows"), (r"iPhone|iPad", "iOS"), (r"Android", "Android"),
    (r"Mac OS X", "MacOs"), (r"Linux", "Linux"),
)  # fmt: skip
_BROWSERS = (
    (r"Edg/([\d.]+)", "Edge"), (r"Firefox/([\d.]+)", "Firefox"), (r"Chrome/([\d.]+)", "Chrome"),
    (r"Version/([\d.]+).*Safari", "Safari"),
)  # fmt: skip


@dataclass(slots=True)
class Attempt:
    """What is known of a sign-in so far; filled in while the request is worked on, then written once.

    kind: interactiveUser, nonInteractiveUser or servicePrincipal. protocol: the one between application and tenant
    (none, oAuth2, ropc). method: how the person proved who they are. issuer, token_type: of the assertion that came in.
    """

    kind: Literal["interactiveUser", "nonInteractiveUser", "servicePrincipal"]
    protocol: str = "oAuth2"
    client_app: str = BROWSER
    user: Doc | None = None
    user_name: str = ""
    app: Doc | None = None
    resource: Doc | None = None
    principal: Doc | None = None
    method: str = ""
    issuer: str = ""
    token_type: str = "none"
    mfa: bool = False
    second: str = ""
    """The second factor of this request, as the log calls it."""
    federated_token: str = ""
    """The id of the assertion."""
    session: str = ""

    def succeed(self, call: Call) -> None:
        """Log the success with the changes of the current transaction."""
        call.log(self.entry(call, None))

    def watched(self, call: Call) -> "_Watched":
        """A block whose refusal is logged as a failed sign-in, together with the refusal itself."""
        return _Watched(self, call)

    def entry(self, call: Call, problem: Problem | None, *, interrupt: bool = False) -> Entry:
        """The journal row: the record as the log shows it, and why it failed; interrupt: there is more to be asked."""
        doc = self._record(call, problem, stopped=problem is not None and not interrupt)
        about = [_of(self.user, "id"), self.user_name or _of(self.user, "userPrincipalName"), _of(self.app, "appId"),
                 _of(self.principal, "id")]  # fmt: skip
        why = problem.why.to_doc() if problem is not None and problem.why is not None else None
        outcome = "success" if problem is None else "interrupt" if interrupt else "failure"
        decision = call.memo.get("decision")
        if decision is not None and decision.facts is not None:
            why = {
                "rule": "What policies made of the sign-in.",
                "compared": [],
                **(why or {}),
                "decision": decision.to_doc(),
            }
        return Entry(STREAM, "Sign-in activity", outcome, doc, why, tuple(filter(None, about)))

    def _record(self, call: Call, problem: Problem | None, *, stopped: bool = False) -> Doc:
        at = iso_seconds(call.now)
        decision: Any = call.memo.get("decision")
        if decision is not None and decision.facts is None:
            decision = None
        multiple = self.mfa or bool(self.second) or (decision is not None and decision.mfa)
        return {
            "id": call.request_id, "createdDateTime": at, **self._person(),
            "appId": _of(self.app, "appId"), "appDisplayName": _of(self.app, "displayName"),
            "ipAddress": call.exchange.client, "clientAppUsed": _client(call, self.client_app, decision),
            "correlationId": correlation_id(call), "isInteractive": self.kind == "interactiveUser", **_NO_RISK,
            "resourceDisplayName": _of(self.resource, "displayName"), "resourceId": _of(self.resource, "appId"),
            "status": self._status(problem, required=multiple), "deviceDetail": _detail_of(call),
            "location": location_of(call), **(_UNDECIDED if decision is None else _decided(decision)),
            "tokenIssuerType": "ADFederationServices" if self.token_type.startswith("saml") else "AzureAD",
            "tokenIssuerName": self.issuer, "incomingTokenType": self.token_type,
            "authenticationProtocol": self.protocol,
            "authenticationRequirement": "multiFactorAuthentication" if multiple else "singleFactorAuthentication",
            "authenticationDetails": self._details(at, problem, stopped=stopped),
            "federatedTokenId": self.federated_token, "sessionId": self.session, "signInEventTypes": [self.kind],
            **_NOTHING_PROCESSED,
            "servicePrincipalId": _of(self.principal, "id"),
            "servicePrincipalName": _of(self.principal, "displayName"),
            **call.memo.get("credential", _NO_CREDENTIAL), "uniqueTokenIdentifier": call.memo.get("uti", ""),
            "originalRequestId": call.request_id, "userAgent": call.exchange.headers.get("user-agent", ""),
        }  # fmt: skip

    def _person(self) -> Doc:
        user = self.user
        if user is None and not self.user_name:
            return _NOBODY
        found = user or {}
        return {
            "userDisplayName": found.get("displayName") or "",
            "userPrincipalName": str(found.get("userPrincipalName") or self.user_name).lower(),
            "userId": found.get("id") or _NOBODY["userId"],
        }

    def _status(self, problem: Problem | None, *, required: bool = False) -> Doc:
        if problem is None:
            detail = (
                _MFA_IN_CLOUD if self.second else _MFA_BY_PROVIDER if self.mfa else _MFA_IN_TOKEN if required else None
            )
            return {"errorCode": 0, "failureReason": "Other.", "additionalDetails": detail}
        kind = CATALOGUE.get(problem.code)
        reason = kind.render(problem.params) if kind else problem.code
        return {"errorCode": int(problem.code), "failureReason": reason, "additionalDetails": None}

    def _details(self, at: str, problem: Problem | None, *, stopped: bool) -> list[Doc]:
        """The steps: the first factor, and Microsoft's second one; an interrupt comes after the first has succeeded."""
        if not self.method:
            return []
        reason = self._status(problem)["failureReason"] if stopped else ""
        second = self.method == MFA_DONE
        first = SATISFIED if second else self.method
        rows = [
            _step(at, first, _DETAIL[first], second or not stopped, "" if second else reason, "Primary authentication")
        ]
        if self.second:
            rows.append(_step(at, self.second, None, not stopped, reason, "Multi-factor authentication"))
        return rows


class _Watched:
    __slots__ = ("_attempt", "_call")

    def __init__(self, attempt: Attempt, call: Call) -> None:
        self._attempt, self._call = attempt, call

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, Problem):
            problem.extra["log"] = (*problem.extra.get("log", ()), self._attempt.entry(self._call, problem))


_NOBODY = {
    "userDisplayName": "", "userPrincipalName": "", "userId": "00000000-0000-0000-0000-000000000000",
}  # fmt: skip
_NO_RISK: Doc = {
    "riskDetail": "none", "riskLevelAggregated": "none", "riskLevelDuringSignIn": "none", "riskState": "none",
    "riskEventTypes": [], "riskEventTypes_v2": [],
}  # fmt: skip
_UNDECIDED: Doc = {
    "conditionalAccessStatus": "notApplied", "appliedConditionalAccessPolicies": [], "sessionLifetimePolicies": [],
    "networkLocationDetails": [],
}  # fmt: skip
_NOTHING_PROCESSED: Doc = {"authenticationProcessingDetails": []}
_NO_CREDENTIAL = {"clientCredentialType": "none"}


def _of(doc: Doc | None, name: str) -> str:
    """A text of a document; "" where there is none."""
    return "" if doc is None else str(doc.get(name) or "")


def _decided(decision: Any) -> Doc:
    return {
        "conditionalAccessStatus": decision.status, "appliedConditionalAccessPolicies": decision.applied,
        "sessionLifetimePolicies": _lifetimes(decision), "networkLocationDetails": _networks(decision),
    }  # fmt: skip


def _step(at: str, method: str, detail: str | None, succeeded: bool, result: str, requirement: str) -> Doc:  # noqa: FBT001
    return {
        "authenticationStepDateTime": at, "authenticationMethod": method, "authenticationMethodDetail": detail,
        "succeeded": succeeded, "authenticationStepResultDetail": result,
        "authenticationStepRequirement": requirement,
    }  # fmt: skip


def _client(call: Call, given: str, decision: Any) -> str:
    """clientAppUsed: the mail protocol that a server relays, what was decided on, or what the flow is."""
    relayed = relayed_protocol(call)
    if relayed:
        return SHOWN.get(relayed, relayed)
    return SHOWN[decision.facts.client] if decision is not None else given


def _lifetimes(decision: Any) -> list[Doc]:
    every, period = "signInFrequencyEveryTime", "signInFrequencyPeriodicReauthentication"
    return [
        {"expirationRequirement": every if item["frequencyInterval"] == "everyTime" else period,
         "detail": f"{item['value']} {item['type']}" if item["value"] else "every time"}
        for item in decision.frequency
    ]  # fmt: skip


def _networks(decision: Any) -> list[Doc]:
    names = [name for name in decision.networks if name != "alltrusted"]
    kind = "trustedNamedLocation" if "alltrusted" in decision.networks else "namedNetwork"
    return [{"networkType": kind, "networkNames": names}] if names else []


def _detail_of(call: Call) -> Doc:
    """deviceDetail: what the user agent says, and the registered device behind it."""
    seen = _device(call.exchange.headers.get("user-agent", ""))
    device = device_of(call)
    if device is None:
        return seen
    return {
        **seen, "deviceId": device["deviceId"], "displayName": device["displayName"] or "",
        "isCompliant": bool(device["isCompliant"]), "isManaged": bool(device["isManaged"]),
        "trustType": _TRUST.get(device["trustType"], device["trustType"] or ""),
    }  # fmt: skip


_TRUST = {"ServerAd": "Hybrid Azure AD joined", "AzureAd": "Azure AD joined", "Workplace": "Azure AD registered"}


@lru_cache(maxsize=256)
def _device(user_agent: str) -> Doc:
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, user_agent)), "")
    found = ((re.search(pattern, user_agent), name) for pattern, name in _BROWSERS)
    browser = next((f"{name} {match[1]}" for match, name in found if match), "")
    return {
        "deviceId": "", "displayName": "", "operatingSystem": system, "browser": browser, "isCompliant": False,
        "isManaged": False, "trustType": "",
    }  # fmt: skip
