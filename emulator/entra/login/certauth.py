"""The sign-in service's name that asks browsers for a certificate: certauth.login.microsoftonline.com.

Source: Microsoft's pages on certificate-based authentication (the host, and that its token comes back to the sign-in);
what passes between the two names is ours. How a certificate reaches us: protocols/client_certificates.py.
"""

from emulator.entra.login import certificates, flow, pages, session
from emulator.entra.login.claims import Identity
from emulator.entra.login.dialect import HOST, PAGE, because
from emulator.entra.login.federated import USED_ASSERTIONS
from emulator.entra.login.signin import name_target, resume
from emulator.entra.login.tenancy import federation_for
from emulator.entra.login.tickets import check_enabled
from emulator.entra.resources.users import USERS
from emulator.entra.signins import CERTIFICATE, Attempt
from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols import client_certificates
from emulator.protocols.certificate_paths import CardRefused
from emulator.protocols.x509 import Certificate
from emulator.store import Duplicate

_LIFE = 5 * MINUTE
_HERE = inferred("the host is documented; path and form are ours")


@operation("GET", "/{tenant}/certauth", source=_HERE, query=("ctx", "login"), **{**PAGE, "commit": "manual"})
def show_certificate(call: Call) -> Answer:
    """Whose certificate is it? Back to the sign-in with the answer."""
    name = call.params.get("login", "").strip()
    state = flow.unseal(call, "signin", call.params.get("ctx", ""))
    attempt = Attempt("interactiveUser", method=CERTIFICATE, user_name=name)
    name_target(call, attempt, state)
    with attempt.watched(call):
        _check_way(call, name)
        proven = certificates.proven(call, name, _shown(call))
        attempt.user = proven.user
        check_enabled(proven.user)
    found = {"user": proven.user["id"], "mode": proven.mode, "at": call.now, "id": call.request_id}
    fields = {"ctx": call.params["ctx"], "certificatetoken": flow.seal(call, "certificate", found)}
    own = call.exchange.host == pages.CERTAUTH
    return pages.auto_post(call, f"{HOST if own else ''}/{call.path['tenant']}/login", fields)


def _check_way(call: Call, name: str) -> None:
    """Whom an identity provider signs in has no certificate to show here, unless staged rollout says so."""
    federation = federation_for(call, name)
    if federation is None or certificates.is_staged(call, name):
        return
    why = because(
        "Users of a federated domain sign in with certificates at their identity provider.",
        ("authenticationType", "Federated", str(federation["domain"])),
        hint="Staged rollout (feature certificateBasedAuthentication) moves synchronised users here.",
    )  # fmt: skip
    raise Problem("130501", why=why)


def _shown(call: Call) -> Certificate:
    try:
        found = client_certificates.shown(call.exchange, now_ms=call.now)
    except CardRefused as error:
        why = Why(error.rule, tuple(Compared(*fact) for fact in error.facts))
        raise Problem("500187", why=why) from error
    if found is not None:
        return found
    hint = "A certificate is shown in the header Client-Cert (RFC 9440)."
    why = because("The browser shows no certificate.", ("Client-Cert", None, "request"), hint=hint)
    raise Problem("500187", why=why)


def enter(call: Call, state: Doc, token: str) -> Answer:
    """Go on with what the certificate has proved. Raises 90013, 50089 for a token that is not ours, old or used."""
    found = flow.unseal(call, "certificate", token)
    user = call.store.get(USERS, found["user"])
    if user is None or found["at"] + _LIFE < call.now:
        why = because("What the certificate has shown is too old.", ("at", iso(found["at"]), "form"),
                      ("now", iso(call.now), "world clock"))  # fmt: skip
        raise Problem("50089", why=why)
    attempt = Attempt("interactiveUser", method=CERTIFICATE, user_name=user["userPrincipalName"], user=user)
    name_target(call, attempt, state)
    twice = found["mode"] == certificates.MULTI
    attempt.mfa = twice
    with attempt.watched(call):
        check_enabled(user)
    # Inferred: tokens name a certificate as the proof of a key.
    who = Identity(user, ("rsa", "mfa") if twice else ("rsa",), call.now)
    kept: Doc = {"methods": [found["mode"]], **({"mfaTime": call.now} if twice else {})}
    with call.commit():
        _once(call, found)
        held = session.start(call, who, **kept)
    return resume(call, state, who, held, attempt)


def _once(call: Call, found: Doc) -> None:
    row = {"id": f"certificate/{found['id']}", "expires": found["at"] + _LIFE, "used": iso(call.now)}
    try:
        call.store.add(USED_ASSERTIONS, row)
    except Duplicate as error:
        why = because("What the certificate has shown was used before.", ("id", found["id"], "form"))
        raise Problem("50089", why=why) from error
