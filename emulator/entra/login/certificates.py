"""Sign-in with a certificate: is it trusted, whose is it, and is it one factor or two?

Source: Microsoft's pages on certificate-based authentication (technical concepts, revocation lists, certificateUserIds)
and x509CertificateAuthenticationMethodConfiguration. In order: the chain of authorities, their revocation lists, the
person's bindings, the rules.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from emulator.entra.login.dialect import because
from emulator.entra.resources import authentication_methods_policy as policy
from emulator.entra.resources import certificate_authorities as authorities
from emulator.entra.resources import feature_rollout, users
from emulator.entra.resources.user_store import CERTIFICATES
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols import certificate_paths
from emulator.protocols.certificate_paths import CardRefused
from emulator.protocols.client_certificates import Holder, holder, signs_people_in
from emulator.protocols.x509 import Certificate
from emulator.store import Kind

METHOD = "X509Certificate"
SINGLE, MULTI = "x509CertificateSingleFactor", "x509CertificateMultiFactor"
LISTS = Kind("certificate_revocation_lists", settled=True)
"""Lists that were downloaded, by address, until the next one is due."""
_RULE_ORDER = ("issuerSubjectAndPolicyOID", "policyOID", "issuerSubject")


@dataclass(frozen=True, slots=True)
class Proven:
    """Whose certificate it is; mode: one factor or two."""

    user: Doc
    mode: str


def configuration(call: Call) -> Doc:
    """How the tenant has set the method up."""
    return policy.configuration(call.store, METHOD) or {"state": "disabled", "includeTargets": []}


def offered(call: Call, name: str) -> bool:
    """Whether the page offers it for a user name; for one that nobody has, as for anybody."""
    row = configuration(call)
    if row["state"] != "enabled":
        return False
    user = users.by_upn(call.store, name.strip())
    if user is None:
        return any(target["id"] == "all_users" for target in row["includeTargets"])
    return policy.allows(call.store, METHOD, user["id"])


def is_staged(call: Call, name: str) -> bool:
    """Whether staged rollout lets a synchronised user of a federated domain use certificates here."""
    user = users.by_upn(call.store, name.strip())
    if user is None or not user.get("onPremisesSyncEnabled") or not offered(call, name):
        return False
    return feature_rollout.applies(call.store, "certificateBasedAuthentication", user["id"])


def proven(call: Call, name: str, certificate: Certificate) -> Proven:
    """The user whose certificate it is; name: as typed on the page. Raises what the service says otherwise."""
    try:
        found = holder(certificate)
    except CardRefused as error:
        raise Problem("500187", why=_why(error)) from error
    if not signs_people_in(found):
        uses = ("extended key usage", " ".join(found.uses), "certificate")
        raise Problem("500187", why=because("The certificate is not for signing people in.", uses))
    path = _path(call, certificate)
    _not_revoked(call, path)
    mode, level = _mode(configuration(call), found, path)
    user = _user(call, found, certificate, level)
    if user["userPrincipalName"].lower() != name.strip().lower():
        why = because(
            "The certificate is somebody else's than the name that was typed.",
            ("certificate's user", user["userPrincipalName"], "binding"), ("user name", name, "page"),
        )  # fmt: skip
        raise Problem("1001000", why=why)
    if not policy.allows(call.store, METHOD, user["id"]):
        row = configuration(call)
        why = because(
            "The user may not use this method.", ("state", row["state"], "X509Certificate"),
            ("included", [target["id"] for target in row["includeTargets"]], "X509Certificate"),
            hint="Include the user, or a group of theirs, in the method's policy.",
        )  # fmt: skip
        raise Problem("130501", why=why)
    return Proven(user, mode)


# -- trust ---------------------------------------------------------------------------------------------------------


def _why(error: CardRefused) -> Why:
    return Why(error.rule, tuple(Compared(*fact) for fact in error.facts))


def _path(call: Call, certificate: Certificate) -> list[Certificate]:
    known = authorities.trusted(call.store)
    try:
        found = certificate_paths.path(certificate, [item for _, item in known], now_ms=call.now)
    except CardRefused as error:
        late = error.certificate
        if error.kind == "time" and late is not None:
            times = (iso(call.now), iso(late.not_before_ms), iso(late.not_after_ms))
            raise Problem("500172", late.subject, late.issuer, *times, why=_why(error)) from error
        raise Problem("500176", why=_why(error)) from error
    root = next(row for row, item in known if item == found[-1])
    if not root["isRootAuthority"]:
        why = because(
            "The chain ends at an authority that is not configured as a root.",
            ("isRootAuthority", False, root["issuer"]),
        )  # fmt: skip
        raise Problem("500176", why=why)
    return found


def _not_revoked(call: Call, path: list[Certificate]) -> None:
    """Only authorities with an address of a list are checked; a list that cannot be had refuses."""
    rows = {item.subject: (row, item) for row, item in authorities.trusted(call.store)}
    for certificate in path[:-1]:
        row, issuer = rows[certificate.issuer]
        address = row["certificateRevocationListUrl"]
        if not address:
            continue
        at = certificate_paths.revoked_at(certificate, _list(call, address, row, issuer))
        if at:
            why = because(
                "The issuer's list names the certificate.",
                ("serialNumber", f"{certificate.serial:X}", "certificate"), ("revoked", at, address),
            )  # fmt: skip
            raise Problem("500171", why=why)


def _list(call: Call, address: str, row: Doc, issuer: Certificate) -> Any:
    """The list at an address: the one that was downloaded, while it counts, else a new one."""
    held = call.store.get(LISTS, address)
    if held is not None and held["nextUpdate"] > call.now:
        return certificate_paths.revocation_list(base64.b64decode(held["list"]), [issuer])[0]
    data = _download(call, address)
    try:
        found, _ = certificate_paths.revocation_list(data, [issuer])
    except ValueError as error:
        shown = (("certificateRevocationListUrl", address, row["issuer"]), ("error", str(error)[:200], "X.509"))
        if "signed" in str(error):
            raise Problem(
                "2205015", row["issuerSki"], "other", why=because("Another authority's list.", *shown)
            ) from error
        raise Problem("500174", why=because("What is published there is no revocation list.", *shown)) from error
    due = certificate_paths.next_update(found)
    if due and due < call.now:
        why = because(
            "The list that is published is out of date.", ("nextUpdate", iso(due), address),
            ("now", iso(call.now), "world clock"), hint="Let the authority publish a new one.",
        )  # fmt: skip
        begins = round(found.last_update_utc.timestamp() * 1000)
        raise Problem("500172", "CRL", row["issuer"], iso(call.now), iso(begins), iso(due), why=why)
    kept = {"id": address, "list": base64.b64encode(data).decode(), "nextUpdate": due}
    with call.commit():
        call.store.save(LISTS, kept)
    return found


def _download(call: Call, address: str) -> bytes:
    """What is at an address that an administrator configured; hosts of the world and of loopback only."""
    parts = urlsplit(address)
    headers = {"host": parts.netloc, "user-agent": "Microsoft"}
    sent = Exchange("GET", parts.scheme, parts.netloc, parts.path or "/", parts.query, headers)
    answer = call.outbound(sent) if call.outbound is not None and parts.netloc else None
    if answer is not None and answer.status == 200:
        return answer.body
    status = answer.status if answer is not None else "none"
    why = because(
        "The authority's revocation list could not be downloaded.", ("status", status, address),
        hint="Publish the list where the tenant reaches it, or configure the authority without an address.",
    )  # fmt: skip
    raise Problem("500173", str(status), why=why)


# -- whose ---------------------------------------------------------------------------------------------------------


def _user(call: Call, found: Holder, certificate: Certificate, level: str) -> Doc:
    """By the first binding, in order, for which the certificate and a user have the same value."""
    bindings = sorted(configuration(call).get("certificateUserBindings") or (), key=lambda item: item["priority"] or 0)
    strong = [item for item in bindings if level != "high" or item.get("trustAffinityLevel") == "high"]
    tried: list[tuple[str, object, str]] = []
    for binding in strong:
        name, where = str(binding["x509CertificateField"]), str(binding["userProperty"])
        value, text = _values(found, certificate).get(name.casefold(), ("", ""))
        tried.append((f"{name} -> {where}", value or "absent", "certificate"))
        rows = list(_holders(call, where, value, text)) if value else []
        if len(rows) == 1:
            return rows[0]
    shown = (*tried, ("required affinity", level, "rules"))
    if not any(value != "absent" for _, value, _ in tried):
        hint = "Choose the right certificate, or bind a field that it has."
        raise Problem(
            "1001003", why=because("The certificate has none of the fields that are bound.", *shown, hint=hint)
        )
    text = "No single user has the value that the certificate gives."
    where = str(tenant(call)["displayName"])
    raise Problem("50034", next(str(v) for _, v, _ in tried if v != "absent"), where, why=because(text, *shown))


def _values(found: Holder, certificate: Certificate) -> dict[str, tuple[str, str]]:
    """Fields of a certificate by name: the bare value, and how certificateUserIds write it."""
    reverse = "".join(found.serial.rjust(len(found.serial) + len(found.serial) % 2, "0")[at : at + 2]
                      for at in range(len(found.serial) + len(found.serial) % 2 - 2, -1, -2))  # fmt: skip
    serial = f"<I>{certificate.issuer}<SR>{reverse}"
    plain = {
        "principalname": (found.upn, "PN"), "rfc822name": (found.email, "RFC822"),
        "subjectkeyidentifier": (found.key_id, "SKI"), "sha1publickey": (found.public_key, "SHA1-PUKEY"),
        "subject": (certificate.subject, "S"),
    }  # fmt: skip
    made = {name: (value, f"X509:<{tag}>{value}") for name, (value, tag) in plain.items()}
    made["issuerandserialnumber"] = (serial, f"X509:{serial}")
    made["issuerandsubject"] = (certificate.subject, f"X509:<I>{certificate.issuer}<S>{certificate.subject}")
    return made


def _holders(call: Call, where: str, value: str, text: str) -> Iterator[Doc]:
    """The users whose property has the value."""
    if where == "certificateUserIds":
        yield from call.store.find_multi(users.USERS, CERTIFICATES, text)
    elif where == "userPrincipalName":
        found = users.by_upn(call.store, value)
        if found is not None:
            yield found
    elif where in ("email", "mail"):
        yield from call.store.find_all(users.USERS, "mail", value)
    elif where == "onPremisesUserPrincipalName":
        wanted = value.casefold()
        for row in call.store.all(users.USERS):
            if str(row.get(where) or "").casefold() == wanted:
                yield row


# -- one factor or two ---------------------------------------------------------------------------------------------


def _mode(row: Doc, found: Holder, path: list[Certificate]) -> tuple[str, str]:
    """The mode and the affinity that the rules ask for: rules on policies stand above those on issuers, and of equal
    ones two factors win."""
    modes = row.get("authenticationModeConfiguration") or {}
    matched = [rule for rule in modes.get("rules") or () if _matches(rule, found, path)]
    for kind in _RULE_ORDER:
        mine = [rule for rule in matched if rule.get("x509CertificateRuleType") == kind]
        if mine:
            best = next((rule for rule in mine if rule["x509CertificateAuthenticationMode"] == MULTI), mine[0])
            return best["x509CertificateAuthenticationMode"], best.get("x509CertificateRequiredAffinityLevel") or "low"
    default = modes.get("x509CertificateAuthenticationDefaultMode") or SINGLE
    return default, modes.get("x509CertificateDefaultRequiredAffinityLevel") or "low"


def _matches(rule: Doc, found: Holder, path: list[Certificate]) -> bool:
    kind = rule.get("x509CertificateRuleType")
    policy_id = rule.get("policyOidIdentifier") or (rule.get("identifier") if kind == "policyOID" else None)
    issuer = rule.get("issuerSubjectIdentifier") or (rule.get("identifier") if kind == "issuerSubject" else None)
    by_policy, by_issuer = policy_id in found.policies, _is_issuer(str(issuer or ""), path)
    if kind == "issuerSubjectAndPolicyOID":
        return by_policy and by_issuer
    return by_policy if kind == "policyOID" else by_issuer if kind == "issuerSubject" else False


def _is_issuer(text: str, path: list[Certificate]) -> bool:
    """Whether a rule names an authority of the chain: by its subject, its key identifier, or its thumbprint."""
    wanted = "".join(text.split()).casefold()
    for item in path[1:]:
        names = (item.subject, holder(item).key_id, item.thumbprint_sha1)
        if wanted and wanted in ("".join(name.split()).casefold() for name in names):
            return True
    return False
