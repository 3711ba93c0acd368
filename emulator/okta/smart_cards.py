"""Whose smart card is it? Certificates against the org's providers of type X509.

Source: the vendor's help on smart cards and its SDK (IdentityProviderPolicy): every active provider is asked, the first
that matches counts. The whole chain of issuers has to be in its key; the expression names somebody of the org.
"""

from dataclasses import dataclass

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, dig
from emulator.kernel.problems import Compared, Why
from emulator.kernel.query import Compare
from emulator.okta import search
from emulator.okta.expressions import Environment, ExpressionError, compile_template
from emulator.okta.resources import org_features, revocation_lists
from emulator.okta.resources.identity_providers import IDPS, trusted_kids
from emulator.okta.user_docs import USERS
from emulator.protocols import certificate_paths, client_certificates
from emulator.protocols.certificate_paths import CardRefused
from emulator.protocols.x509 import Certificate

MAY_COME = ("ACTIVE", "PASSWORD_EXPIRED")
_MATCHES = {
    "USERNAME": ("profile.login",), "EMAIL": ("profile.email",),
    "USERNAME_OR_EMAIL": ("profile.login", "profile.email"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoMatch(Exception):
    """Why a provider takes nobody in."""

    why: Why


def providers(call: Call) -> list[Doc]:
    """The active providers of smart cards, oldest first; none where the org has not got the feature."""
    found = [idp for idp in call.store.find_all(IDPS, "type", "X509") if idp["status"] == "ACTIVE"]
    return found if found and org_features.enabled(call.store, org_features.SMART_CARD) else []


def whose(call: Call, certificate: Certificate) -> tuple[Doc, Doc]:
    """The user whose card it is, and the provider that says so. Raises NoMatch with the last provider's reason."""
    last = Why("The org has no active provider of smart cards.", (Compared("providers", 0, "the org"),))
    for idp in providers(call):
        try:
            return _by(call, idp, certificate), idp
        except NoMatch as error:
            last = error.why
    raise NoMatch(last)


def _by(call: Call, idp: Doc, certificate: Certificate) -> Doc:
    try:
        known = revocation_lists.known(call.store, trusted_kids(idp))
        path = certificate_paths.path(certificate, known, now_ms=call.now)
        _not_revoked(call, idp, path)
        holder = client_certificates.holder(certificate)
    except CardRefused as error:
        compared = tuple(Compared(*fact) for fact in error.facts)
        raise NoMatch(Why(error.rule, (*compared, Compared("provider", idp["name"], "the org")))) from error
    if not client_certificates.signs_people_in(holder):
        uses = Compared("extended key usage", " ".join(holder.uses), "certificate")
        raise NoMatch(Why("The certificate is not for signing people in.", (uses,)))
    return _user(call, idp, _name(call, idp, holder))


def _not_revoked(call: Call, idp: Doc, path: list[Certificate]) -> None:
    """Raises CardRefused; where the provider checks revocation, a list that is missing or too old refuses too."""
    how = dig(idp, "protocol.credentials.trust.revocation")
    if how is None:
        return
    if how == "OCSP":
        raise CardRefused("Not emulated: revocation by OCSP.", ("revocation", how, f"provider {idp['name']}"))
    for certificate in path[:-1]:
        found = revocation_lists.held(call.store, certificate.issuer)
        if found is None or (found[0]["nextUpdateMs"] and found[0]["nextUpdateMs"] < call.now):
            due = iso(found[0]["nextUpdateMs"]) if found else None
            raise CardRefused("Nobody can say whether the certificate was revoked: its issuer's list is not at hand.",
                              ("issuer", certificate.issuer, "certificate"), ("nextUpdate", due, "the list held"),
                              ("now", iso(call.now), "world clock"))  # fmt: skip
        at = certificate_paths.revoked_at(certificate, found[1])
        if at:
            number = ("serialNumber", f"{certificate.serial:X}", "certificate")
            raise CardRefused("The certificate was revoked.", number, ("revoked", at, "the issuer's list"))


def _name(call: Call, idp: Doc, holder: client_certificates.Holder) -> str:
    """What the provider's expression makes of the card."""
    template = dig(idp, "policy.subject.userNameTemplate.template")
    subject = holder.subject or {}
    values: Doc = {
        "subjectAltNameUpn": holder.upn, "subjectAltNameEmail": holder.email, "subjectAltNameUuid": holder.uuid,
        "subjectKeyIdentifier": holder.key_id, "subjectCn": subject.get("CN", ""), "subjectO": subject.get("O", ""),
        "subjectOu": subject.get("OU", ""), "subjectUid": subject.get("UID", ""),
        "sha1PublicKeyHash": holder.public_key, "serialNumber": holder.serial,
    }  # fmt: skip
    compared = (Compared("template", template, f"provider {idp['name']}"),)
    try:
        seen = {name: value for name, value in values.items() if value}
        found = compile_template(template).evaluate(Environment({"idpuser": seen}, {}, call.now))
    except ExpressionError as error:
        raise NoMatch(Why(f"The provider's user name cannot be read from the card: {error}.", compared)) from error
    if isinstance(found, str) and found:
        return found
    said = Compared("card", ", ".join(sorted(name for name, value in values.items() if value)), "certificate")
    raise NoMatch(Why("The card does not say what the provider's user name is made of.", (*compared, said)))


def _user(call: Call, idp: Doc, name: str) -> Doc:
    """The one user of that name. Raises NoMatch."""
    subject: Doc = idp["policy"]["subject"]
    where = f"provider {idp['name']}"
    if subject.get("filter"):
        filters = (Compared("filter", subject["filter"], where),)
        raise NoMatch(Why("Not emulated: a provider's filter of user names.", filters))
    kind = subject["matchType"]
    attributes = _MATCHES.get(kind) or (f"profile.{subject.get('matchAttribute')}",)
    found: dict[str, Doc] = {}
    for attribute in attributes:
        located, keep = search.located(call, USERS, Compare(tuple(attribute.split(".")), "eq", name), fold=True)
        found |= {user["id"]: user for user in call.store.page(USERS, located, limit=3, keep=keep).docs}
    logins = ", ".join(sorted(user["profile"]["login"] for user in found.values()))
    compared = (Compared("name", name, "certificate"), Compared("matchType", kind, where),
                Compared("users", logins or "none", "the org"))  # fmt: skip
    if len(found) != 1:
        rule = "Nobody of the org has the name that the card gives." if not found else "Several people have that name."
        raise NoMatch(Why(rule, compared, "Compare what the card says with the people's logins and addresses."))
    [user] = found.values()
    if user["status"] not in MAY_COME:
        state = Compared("status", user["status"], f"user {user['profile']['login']}")
        raise NoMatch(Why("Only users who are active sign in.", (*compared, state)))
    return user
