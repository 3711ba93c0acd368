"""The list of attacks, line by line. Each line is named by at least one test here; `test_lines.py` holds that.

Sources: Somorovsky et al., "On Breaking SAML" (USENIX Security 2012); Duo Labs 2018; PortSwigger 2025; RFC 8725, 9700,
9449, 7523, 8628, 9207; OWASP; the CVEs that the attacks are named after.
"""

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

LINES: dict[str, str] = {
    **{f"S{n}": f"signature wrapping {n}" for n in range(1, 9)},
    "S9": "siblings, duplicate ids, second tokens and responses, other namespaces", "S10": "claims changed after signing",
    "S11": "signatures missing, empty, doubled, moved", "S12": "two SignedInfo, hidden and smuggled digests",
    "S13": "void canonicalisation", "S14": "parser differentials", "S15": "comments in claims", "S16": "other markup in claims",
    "S17": "HMAC key confusion", "S18": "algorithms", "S19": "attacker keys", "S20": "KeyInfo evil or to be fetched",
    "S21": "signatures over something else", "S22": "transforms and reference URIs", "S23": "validity windows",
    "S24": "audience and issuer", "S25": "users of another domain", "S26": "contradicting identities",
    "S27": "confirmation, recipient, destination, request, status", "S28": "replay", "S29": "hostile AuthnRequests at the provider",
    "X1": "XXE", "X2": "external DTDs", "X3": "entity bombs", "X4": "any DOCTYPE", "X5": "XInclude", "X6": "size and depth",
    "X7": "encodings", "X8": "encoding declarations", "X9": "no queries made from input",
    "J1": "alg none", "J2": "key confusion", "J3": "keys in headers", "J4": "hostile kid", "J5": "crit, b64, JWE, size",
    "J6": "aud, iss, times of odd types", "J7": "tokens of others", "J8": "client assertions", "J9": "authorization codes",
    "J10": "redirect URIs", "J11": "state echo", "J12": "refresh reuse, device codes", "J13": "DPoP", "J14": "iss in error answers",
    "W1": "open redirects", "W2": "echo and CSP", "W3": "cross-site control requests", "W4": "DNS rebinding", "W5": "CORS",
    "W6": "bind address", "W7": "no debugger", "W8": "credentials of the control plane", "W9": "cookies", "W10": "framing, caching",
    "W11": "HTTP limits", "W12": "filter bombs", "F1": "outbound requests", "F2": "no open proxy", "F3": "secrets of hooks",
    "P1": "path traversal", "P2": "YAML", "P3": "archives", "P4": "no code from files", "P5": "HARs", "P6": "private files",
    "P7": "JSON oddities", "L1": "secrets in output", "L2": "secrets in imported recordings", "L3": "control characters in logs",
    "L4": "no password echo", "L5": "password storage", "L6": "no outbound call", "L7": "user enumeration",
    "C1": "one winner", "C2": "tenants apart", "C3": "bounded caches", "C4": "control needs its token",
}  # fmt: skip
COVERED: dict[str, list[str]] = {}
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "S28": ("tests/serving/test_races.py::test_a_wresult_signs_in_once",),
    "J8": ("tests/entra/login/test_token.py::test_refused_client_assertions",
           "tests/entra/login/test_federated_credentials.py::test_what_must_match_exactly"),
    "J9": ("tests/entra/login/test_token.py::test_a_code_is_good_once_and_its_tokens_die_with_the_second_use",
           "tests/entra/login/test_token.py::test_codes_are_bound", "tests/entra/login/test_token.py::test_pkce",
           "tests/serving/test_races.py::test_an_authorization_code_is_redeemed_once"),
    "J12": ("tests/entra/login/test_token.py::test_refresh_tokens_slide_and_are_revoked",
            "tests/entra/login/test_device_code.py::test_guessing_codes_is_capped",
            "tests/serving/test_races.py::test_refresh_tokens_rotate_without_losing_any"),
    "J13": ("tests/okta/oauth/test_dpop.py::test_wrong_proofs_at_the_api", "tests/okta/oauth/test_dpop.py::test_a_proof_works_once"),
    "W3": ("tests/serving/test_control.py::test_cross_site_requests_are_refused",
           "tests/serving/test_bad_input.py::test_foreign_origins_reach_no_control_route"),
    "W4": ("tests/serving/test_bad_input.py::test_foreign_hosts", "tests/serving/test_edge.py::test_foreign_hosts_are_421_everywhere"),
    "W5": ("tests/serving/test_bad_input.py::test_no_service_opens_itself_to_a_foreign_origin",),
    "W11": ("tests/serving/test_bad_input.py::test_malformed_requests", "tests/serving/test_bad_input.py::test_too_much_of_something",
            "tests/serving/test_bad_input.py::test_length_and_chunks_together", "tests/serving/test_bad_input.py::test_slow_bodies_hold_nobody_up"),
    "F2": ("tests/serving/test_lab.py::test_the_proxy_reaches_nobody_else", "tests/serving/test_lab.py::test_the_proxy_refuses_what_is_no_connect"),
    "C1": ("tests/serving/test_races.py::test_okta_counts_every_wrong_password", "tests/serving/test_races.py::test_a_login_is_given_once",
           "tests/serving/test_races.py::test_microsoft_counts_every_wrong_password"),
    "C4": ("tests/serving/test_control.py::test_a_token_is_wanted_beyond_loopback",),
}  # fmt: skip
"""Tests of other rooms that witness a line; `test_lines.py` holds that they exist."""


def covers(*lines: str) -> Callable[[F], F]:
    """Name the lines that a test witnesses."""

    def register(test: F) -> F:
        for line in lines:
            COVERED.setdefault(line, []).append(f"{test.__module__}.{test.__name__}")
        return test

    return register
