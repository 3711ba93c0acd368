"""What somebody has proved, and whether it is what a sign-on rule asks for.

Source: okta-admin-api.md 12 (ACCESS_POLICY: factorMode, constraints, chains). On Identity Engine two factors are two
kinds (knowing, having); on Classic any second factor is one.

A proof is `{"method", "at"}` and, but for the password, `{"factorId", "provider"}`; method `pwd` or a `factorType`.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from emulator.kernel.clock import parse_duration
from emulator.kernel.doc import Doc
from emulator.okta.mfa.catalogue import CARD, FASTPASS, OWNER, PIN, TYPES, FactorType

Proof = Doc
PASSWORD = "pwd"
_TYPES_OF = {
    "password": "password", "question": "security_question", "sms": "phone", "call": "phone", "email": "email",
    "push": "app", "token:software:totp": "app", "token:hotp": "security_key",
    "webauthn": "security_key", "cert": "federated", "pin": "federated",
    "signed_nonce": "app", "user": "app", "tac": "tac",
    "token:hardware": "app",
}  # fmt: skip
_METHOD_NAMES = {
    "question": "SECURITY_QUESTION", "sms": "SMS", "call": "VOICE", "email": "EMAIL", "push": "PUSH",
    "token:software:totp": "TOTP", "token:hotp": "OTP", "webauthn": "WEBAUTHN", "cert": "CERT", "pin": "CERT",
    "signed_nonce": "SIGNED_NONCE", "user": "SIGNED_NONCE", "tac": "TAC", "token:hardware": "OTP", PASSWORD: "PASSWORD",
}  # fmt: skip


def password(at: int) -> Proof:
    return {"method": PASSWORD, "at": at}


def of_factor(factor: Doc, at: int) -> Proof:
    """The proof that a passed challenge of a factor is."""
    seen = {"verified": True} if factor.get("_uv") else {}
    return {"method": factor["factorType"], "provider": factor["provider"], "factorId": factor["id"], "at": at, **seen}


def of_fastpass(factor: Doc, at: int, *, verified: bool) -> list[Proof]:
    """What the app on a device proves: that somebody has it; and that its owner is there, where it `verified` that."""
    proof = {**of_factor(factor, at), "hardware": bool(factor["_hardware"]), "verified": verified}
    return [proof, *([{"method": OWNER.name, "provider": OWNER.provider, "at": at}] if verified else ())]


def _at_best(factor: Doc, at: int) -> list[Proof]:
    """The most that a factor may come to prove."""
    fastpass = factor["factorType"] == FASTPASS.name
    return of_fastpass(factor, at, verified=True) if fastpass else [of_factor(factor, at)]


def of_card(idp: Doc, at: int) -> list[Proof]:
    """What a smart card proves: that somebody has it; and where its provider says so, that they know its PIN.

    Inferred: `mfa` among the provider's additional methods says the same as `pin`.
    """
    said = set((idp.get("properties") or {}).get("additionalAmr") or ())
    pin = bool(said & {"pin", "mfa"})
    card = {"method": CARD.name, "provider": CARD.provider, "at": at, "idp": idp["id"], "hardware": "hwk" in said}
    return [{**card, "verified": pin}, *([{"method": PIN.name, "provider": PIN.provider, "at": at}] if pin else ())]


_UNENROLLED = {(kind.name, kind.provider): kind for kind in (CARD, PIN, OWNER)}


def kind_of(proof: Proof) -> FactorType | None:
    """None for a password."""
    key = (proof["method"], proof.get("provider", "OKTA"))
    return TYPES.get(key) or _UNENROLLED.get(key)


def amr_of(proof: Proof) -> str:
    kind = kind_of(proof)
    return kind.amr if kind is not None else PASSWORD


def amr(proofs: Iterable[Proof]) -> list[str]:
    """`amr` of a session: each method, and `mfa` where there are several."""
    names = list(dict.fromkeys(amr_of(proof) for proof in proofs))
    return [*names, "mfa"] if len(names) > 1 else names


def factors(proofs: Iterable[Proof], *, classic: bool) -> list[str]:
    """The factors that count: on Identity Engine a question adds nothing to a password."""
    proofs = list(proofs)
    knows = [proof for proof in proofs if is_knowledge(proof)]
    counted = proofs if classic or len(knows) < 2 else [knows[0], *[item for item in proofs if item not in knows]]
    return list(dict.fromkeys(amr_of(proof) for proof in counted))


def is_knowledge(proof: Proof) -> bool:
    kind = kind_of(proof)
    return kind is None or kind.knowledge


def met(action: Mapping[str, Any], proofs: list[Proof], *, wanted: int, classic: bool, now: int) -> bool:
    """Whether proofs are enough for an app rule's action (`appSignOn`); wanted: factors that are asked for anyway."""
    method: Doc = action["verificationMethod"]
    if not proofs if wanted == 1 else len(factors(proofs, classic=classic)) < wanted:
        return False
    if method["type"] == "AUTH_METHOD_CHAIN":
        return any(_chain(chain, proofs) for chain in method["chains"])
    both = method["type"] == "ASSURANCE" and method.get("factorMode") == "2FA"
    if both and len(factors(proofs, classic=classic)) < 2:
        return False
    constraints = method.get("constraints") or []
    return not constraints or any(_constraint(item, proofs, now) for item in constraints)


def _constraint(item: Doc, proofs: list[Proof], now: int) -> bool:
    """Every side that is required has a proof that fits."""
    for side, knowing in (("knowledge", True), ("possession", False)):
        asked = item.get(side)
        if asked is None or asked.get("required") is False:
            continue
        fitting = [proof for proof in proofs if is_knowledge(proof) == knowing and _fits(asked, proof, now)]
        if not fitting:
            return False
    return True


def _fits(asked: Doc, proof: Proof, now: int) -> bool:
    kind = kind_of(proof)
    again = asked.get("reauthenticateIn")
    if again is not None and now - proof["at"] > _duration(again):
        return False
    if asked.get("types") and _type(proof) not in [name.lower() for name in asked["types"]]:
        return False
    if asked.get("methods") and _METHOD_NAMES[proof["method"]] not in [name.upper() for name in asked["methods"]]:
        return False
    named = asked.get("authenticationMethods")
    if named and not any(_is(item, proof) for item in named):
        return False
    if any(_is(item, proof) for item in asked.get("excludedAuthenticationMethods") or ()):
        return False
    return kind is None or kind.knowledge or _strong(asked, kind, proof)


def _strong(asked: Doc, kind: FactorType, proof: Proof) -> bool:
    """The characteristics that a rule requires of something one has. Only security keys, cards and FastPass resist
    phishing: they answer to the org's own address alone.

    userPresence: somebody is there whenever a code is typed or a push answered.
    """
    resists, hard = kind.name in ("webauthn", CARD.name, FASTPASS.name), kind.hardware or bool(proof.get("hardware"))
    has = {"deviceBound": kind.bound, "hardwareProtection": hard, "phishingResistant": resists,
           "userVerification": bool(proof.get("verified")), "userPresence": True}  # fmt: skip
    return all(has[name] for name in has if asked.get(name) == "REQUIRED")


def _type(proof: Proof) -> str:
    return _TYPES_OF["password" if proof["method"] == PASSWORD else proof["method"]]


def _is(item: Doc, proof: Proof) -> bool:
    """Whether a proof is of the authenticator, and the method of it, that a rule names."""
    kind = kind_of(proof)
    key, method = (kind.authenticator, kind.method) if kind is not None else ("okta_password", "password")
    return bool(item["key"] == key and item.get("method", method) == method)


def _chain(chain: Doc, proofs: list[Proof]) -> bool:
    """Whether each step of a chain has its proof, down one of its branches."""
    if not any(_is(item, proof) for item in chain["authenticationMethods"] for proof in proofs):
        return False
    following = chain.get("next") or ()
    return not following or any(_chain(item, proofs) for item in following)


def helpful(
    action: Mapping[str, Any], proofs: list[Proof], enrolled: list[Doc], *, wanted: int, classic: bool, now: int
) -> list[Doc]:
    """The enrolled factors that would make the proofs enough; with chains, those that are a step on the way."""
    found = [
        factor for factor in enrolled
        if met(action, [*proofs, *_at_best(factor, now)], wanted=wanted, classic=classic, now=now)
    ]  # fmt: skip
    if found or action["verificationMethod"]["type"] != "AUTH_METHOD_CHAIN":
        return found
    used = {proof.get("factorId") for proof in proofs}
    return [
        factor for factor in enrolled
        if factor["id"] not in used
        and any(_step(chain, proofs, of_factor(factor, now)) for chain in action["verificationMethod"]["chains"])
    ]  # fmt: skip


def _step(chain: Doc, proofs: list[Proof], more: Proof) -> bool:
    """Whether a proof is the next step of a chain whose earlier ones are done."""
    done = any(_is(item, proof) for item in chain["authenticationMethods"] for proof in proofs)
    if not done:
        return any(_is(item, more) for item in chain["authenticationMethods"])
    return any(_step(item, proofs, more) for item in chain.get("next") or ())


_duration = lru_cache(maxsize=256)(parse_duration)
