"""What the controls of Conditional Access policies come to, and how the sign-in log shows it.

Source: graph-entra.md 1.16.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.entra.login.facts import Facts, Held
from emulator.entra.resources import authentication_strengths
from emulator.entra.resources.conditional_access import REPORT_ONLY
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.store import Store


@dataclass(frozen=True, slots=True)
class Asked:
    """What the controls of a policy come to. met; wants: what a person could do about it (`mfa`, `strength`,
    `password`, `terms`); refuses: the code where nothing can be done. combinations: of the strength.
    """

    met: bool
    wants: tuple[str, ...] = ()
    refuses: str = ""
    combinations: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    mfa: bool = False


_DEVICE_CODES = {
    "compliantDevice": "53000", "domainJoinedDevice": "53001", "approvedApplication": "53002",
    "compliantApplication": "53002",
}  # fmt: skip


def asked(call: Call, policy: Doc, facts: Facts, *, accepted: frozenset[str]) -> Asked:
    """What a policy's grant controls ask of an attempt. accepted: ids of the terms of use that the user accepted."""
    grants = policy["grantControls"]
    if not grants:
        return Asked(met=True)
    met: list[str] = []
    wants: list[str] = []
    refuses: list[str] = []
    for control in grants["builtInControls"]:
        if control == "block":
            return Asked(met=False, refuses="53003")
        state = _control(control, facts)
        (met if state == "met" else wants if state == "" else refuses).append(
            control if state in ("met", "") else state
        )
    combinations = _combinations(call.store, grants)
    if combinations:
        done = any(satisfied(item, facts.held) for item in combinations)
        (met if done else wants).append("strength")
    terms = tuple(item for item in grants["termsOfUse"] if item not in accepted)
    if grants["termsOfUse"]:
        (wants if terms else met).append("terms")
    refuses += ["53003"] * len(grants["customAuthenticationFactors"])
    whole = (bool(met) or not (wants or refuses)) if grants["operator"] == "OR" else not (wants or refuses)
    hopeless = bool(refuses) and (grants["operator"] == "AND" or not wants)
    second = bool(combinations) or "mfa" in grants["builtInControls"]
    return Asked(
        whole, () if whole else tuple("password" if item == "passwordChange" else item for item in wants),
        refuses[0] if hopeless and not whole else "", combinations, terms, second,
    )  # fmt: skip


def _control(control: str, facts: Facts) -> str:
    """`met`, "" (the person can do it), or the code of the refusal."""
    device = facts.device or {}
    if control == "mfa":
        return "met" if facts.held.mfa else ""
    if control == "passwordChange":
        return ""
    if control == "compliantDevice" and device.get("isCompliant"):
        return "met"
    if control == "domainJoinedDevice" and device.get("trustType") == "ServerAd":
        return "met"
    return _DEVICE_CODES.get(control, "53003")


def _combinations(store: Store, grants: Doc) -> tuple[str, ...]:
    chosen = grants["authenticationStrength"]
    found = authentication_strengths.find(store, str(chosen["id"])) if chosen else None
    return tuple(found["allowedCombinations"]) if found else ()


def satisfied(combination: str, held: Held) -> bool:
    """Whether a combination of methods (`password,sms`) was used."""
    return set(combination.split(",")) <= held.methods


# -- as the log shows it -------------------------------------------------------------------------------------------


def shown_controls(policy: Doc) -> list[str]:
    """enforcedGrantControls: names as the sign-in log writes them."""
    grants = policy["grantControls"] or {}
    names = [_LOGGED.get(item, item[:1].upper() + item[1:]) for item in grants.get("builtInControls") or ()]
    if grants.get("authenticationStrength"):
        names.append("RequireAuthenticationStrength")
    return [*names, *(["TermsOfUse"] if grants.get("termsOfUse") else [])]


_LOGGED = {
    "mfa": "Mfa", "block": "Block", "compliantDevice": "RequireCompliantDevice",
    "domainJoinedDevice": "RequireDomainJoinedDevice", "approvedApplication": "RequireApprovedApp",
    "compliantApplication": "RequireCompliantApp", "passwordChange": "PasswordChange",
}  # fmt: skip


def _session_controls(policy: Doc) -> list[str]:
    session = policy["sessionControls"] or {}
    found = []
    if dig(session, "signInFrequency.isEnabled"):
        found.append("SignInFrequency")
    if dig(session, "persistentBrowser.isEnabled"):
        found.append("PersistentBrowserSessionMode")
    return found


def row(policy: Doc, result: str) -> Doc:
    applies = result not in ("notApplied", "reportOnlyNotApplied")
    return {
        "id": policy["id"], "displayName": policy["displayName"],
        "enforcedGrantControls": shown_controls(policy) if applies else [],
        "enforcedSessionControls": _session_controls(policy) if applies else [], "result": result,
    }  # fmt: skip


def result_of(policy: Doc, asked: Asked) -> Doc:
    """The policy as appliedConditionalAccessPolicies has it."""
    if policy["state"] == REPORT_ONLY:
        word = "Success" if asked.met else "Failure" if asked.refuses else "Interrupted"
        return row(policy, f"reportOnly{word}")
    return row(policy, "success" if asked.met else "failure")
