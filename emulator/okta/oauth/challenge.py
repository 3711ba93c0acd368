"""The `WWW-Authenticate` header of refusals that concern a token. Source: okta-admin-api.md 2.2."""

from emulator.kernel.call import Call


def challenge(call: Call, scheme: str, *, scope: str, error: str, description: str) -> tuple[str, str]:
    """The header; `scope` are the scopes that would do, blank-separated."""
    realm = f"http://{call.info['host']}"
    parts = {
        "authorization_uri": f"{realm}/oauth2/v1/authorize", "realm": realm, "scope": scope, "error": error,
        "error_description": description, "resource": call.exchange.path,
    }  # fmt: skip
    text = ", ".join(f'{name}="{_quoted(value)}"' for name, value in parts.items())
    return "WWW-Authenticate", f"{scheme} {text}"


def _quoted(value: str) -> str:
    return "".join(char for char in value if " " <= char <= "~" and char not in '"\\')
