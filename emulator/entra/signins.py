"""signIns: one record per sign-in attempt, in the transaction of what it did. Source: graph-entra.md 1.19 and 2.13."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from emulator.entra.login.aadsts import CATALOGUE
from emulator.entra.login.dialect import correlation_id
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.journal import Entry
from emulator.kernel.problems import Problem

STREAM = "signIns"
BROWSER, NATIVE = "Browser", "Mobile Apps and Desktop clients"
FEDERATED, PASSWORD, SATISFIED = "Federated", "Password", "Previously satisfied"
_DETAIL = {FEDERATED: "Federated", PASSWORD: "Password in the cloud", SATISFIED: None}
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

    def succeed(self, call: Call) -> None:
        """Log the success with the changes of the current transaction."""
        call.log(self.entry(call, None))

    @contextmanager
    def watched(self, call: Call) -> Iterator[None]:
        """A block whose refusal is logged as a failed sign-in, together with the refusal itself."""
        try:
            yield
        except Problem as problem:
            problem.extra["log"] = (*problem.extra.get("log", ()), self.entry(call, problem))
            raise

    def entry(self, call: Call, problem: Problem | None) -> Entry:
        """The journal row: the record as the log shows it, and why it failed."""
        doc = self._record(call, problem)
        user, app, principal = self.user or {}, self.app or {}, self.principal or {}
        about = (user.get("id"), self.user_name or user.get("userPrincipalName"), app.get("appId"), principal.get("id"))
        why = problem.why.to_doc() if problem is not None and problem.why is not None else None
        outcome = "success" if problem is None else "failure"
        return Entry(STREAM, "Sign-in activity", outcome, doc, why, tuple(str(item) for item in about if item))

    def _record(self, call: Call, problem: Problem | None) -> Doc:
        user, app, resource, principal = self.user or {}, self.app or {}, self.resource or {}, self.principal or {}
        federated = self.token_type.startswith("saml")
        at = iso_seconds(call.now)
        return {
            "id": call.request_id, "createdDateTime": at, "userDisplayName": user.get("displayName") or "",
            "userPrincipalName": str(user.get("userPrincipalName") or self.user_name).lower(),
            "userId": user.get("id") or "00000000-0000-0000-0000-000000000000", "appId": app.get("appId") or "",
            "appDisplayName": app.get("displayName") or "", "ipAddress": call.exchange.client,
            "clientAppUsed": self.client_app, "correlationId": correlation_id(call),
            "conditionalAccessStatus": "notApplied", "isInteractive": self.kind == "interactiveUser",
            "riskDetail": "none", "riskLevelAggregated": "none", "riskLevelDuringSignIn": "none", "riskState": "none",
            "riskEventTypes": [], "riskEventTypes_v2": [], "resourceDisplayName": resource.get("displayName") or "",
            "resourceId": resource.get("appId") or "", "status": self._status(problem),
            "deviceDetail": _device(call.exchange.headers.get("user-agent", "")),
            "location": {"city": "", "state": "", "countryOrRegion": "", "geoCoordinates": {}},
            "appliedConditionalAccessPolicies": [],
            "tokenIssuerType": "ADFederationServices" if federated else "AzureAD", "tokenIssuerName": self.issuer,
            "incomingTokenType": self.token_type, "authenticationProtocol": self.protocol,
            "authenticationRequirement": "multiFactorAuthentication" if self.mfa else "singleFactorAuthentication",
            "authenticationDetails": self._details(at, problem),
            "authenticationProcessingDetails": [], "signInEventTypes": [self.kind],
            "servicePrincipalId": principal.get("id") or "", "servicePrincipalName": principal.get("displayName") or "",
            "uniqueTokenIdentifier": call.memo.get("uti", ""), "originalRequestId": call.request_id,
            "userAgent": call.exchange.headers.get("user-agent", ""),
        }  # fmt: skip

    def _status(self, problem: Problem | None) -> Doc:
        if problem is None:
            return {
                "errorCode": 0,
                "failureReason": "Other.",
                "additionalDetails": _MFA_BY_PROVIDER if self.mfa else None,
            }
        kind = CATALOGUE.get(problem.code)
        reason = kind.render(problem.params) if kind else problem.code
        return {"errorCode": int(problem.code), "failureReason": reason, "additionalDetails": None}

    def _details(self, at: str, problem: Problem | None) -> list[Doc]:
        if not self.method:
            return []
        return [{
            "authenticationStepDateTime": at, "authenticationMethod": self.method,
            "authenticationMethodDetail": _DETAIL[self.method], "succeeded": problem is None,
            "authenticationStepResultDetail": "" if problem is None else self._status(problem)["failureReason"],
            "authenticationStepRequirement": "Primary authentication",
        }]  # fmt: skip


@lru_cache(maxsize=256)
def _device(user_agent: str) -> Doc:
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, user_agent)), "")
    found = ((re.search(pattern, user_agent), name) for pattern, name in _BROWSERS)
    browser = next((f"{name} {match[1]}" for match, name in found if match), "")
    return {
        "deviceId": "", "displayName": "", "operatingSystem": system, "browser": browser, "isCompliant": False,
        "isManaged": False, "trustType": "",
    }  # fmt: skip
