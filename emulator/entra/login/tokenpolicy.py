"""The federatedTokenValidationPolicy: a domain's identity provider speaks for that domain's users.

Source: federation.md 7 row 10. What is held to it says `resources.federated_token_validation`: `all` by default; with
`none` a token of any federated domain may name any user of the tenant.
"""

from emulator.entra.login.dialect import because
from emulator.entra.resources.domains import DOMAINS
from emulator.entra.resources.federated_token_validation import validating
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem


def check_policy(call: Call, federation: Doc, user: Doc) -> None:
    """Raises 5000820 where the policy covers the user's root domain and the federation is another domain's."""
    policy = validating(call.store)
    which = policy["rootDomains"]
    root = root_of(call, user["userPrincipalName"].rpartition("@")[2])
    if root is None or root["id"] == federation["domain"]:
        return
    federated = root["authenticationType"] == "Federated"
    listed = root["id"] in policy.get("domainNames", ())
    covered = {
        "none": False, "all": True, "allFederated": federated, "allManaged": not federated, "enumerated": listed,
        "allManagedAndEnumeratedFederated": not federated or listed,
    }[which]  # fmt: skip
    if covered:
        raise Problem(
            "5000820",
            why=because(
                "A token may only name users of the domain that its issuer federates.",
                ("domain of the issuer", federation["domain"], "federation"),
                ("root domain of the user", root["id"], user["userPrincipalName"]),
                ("rootDomains", which, "federatedTokenValidationPolicy"),
            ),
        )


def root_of(call: Call, name: str) -> Doc | None:
    """The root of a domain of the tenant."""
    domain: Doc | None = call.store.get(DOMAINS, name.casefold())
    if domain is None or not domain.get("_root"):
        return domain
    root: Doc | None = call.store.get(DOMAINS, domain["_root"])
    return root
