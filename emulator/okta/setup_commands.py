"""The PowerShell that an administrator runs for a manual federation, with the Graph request behind each command.

Source: seed-catalogue.md 1.1 (manual), graph-entra.md 1.11. Only today's commands are printed, none of MSOnline's.
"""

from typing import Any

from emulator.kernel.doc import Doc

CONNECT = 'Connect-MgGraph -Scopes "Domain.ReadWrite.All","Directory.AccessAsUser.All"'
# Parameters of New-MgDomainFederationConfiguration by Graph's property.
PARAMETERS = {
    "displayName": "DisplayName", "issuerUri": "IssuerUri", "passiveSignInUri": "PassiveSignInUri",
    "activeSignInUri": "ActiveSignInUri", "metadataExchangeUri": "MetadataExchangeUri", "signOutUri": "SignOutUri",
    "signingCertificate": "SigningCertificate",
    "preferredAuthenticationProtocol": "PreferredAuthenticationProtocol",
    "federatedIdpMfaBehavior": "FederatedIdpMfaBehavior",
}  # fmt: skip


def printed(domain: str, configuration: Doc) -> list[Doc]:
    """`[{title, command, request {method, url, body} | null}]`: set up, look, take back."""
    body = {name: configuration[name] for name in PARAMETERS if configuration.get(name) is not None}
    path = f"/v1.0/domains/{domain}"
    options = " ".join(f"-{PARAMETERS[name]} {_quoted(value)}" for name, value in body.items())
    who = f"-DomainId {_quoted(domain)}"
    return [
        _item("Connect to the tenant", CONNECT, None),
        _item("Federate the domain", f"New-MgDomainFederationConfiguration {who} {options}",
              {"method": "POST", "url": f"{path}/federationConfiguration", "body": body}),
        _item("Check the domain", f"Get-MgDomainFederationConfiguration {who}",
              {"method": "GET", "url": f"{path}/federationConfiguration", "body": None}),
        _item("Make the domain managed again", f'Update-MgDomain {who} -AuthenticationType "Managed"',
              {"method": "PATCH", "url": path, "body": {"authenticationType": "Managed"}}),
    ]  # fmt: skip


def _item(title: str, command: str, request: Any) -> Doc:
    return {"title": title, "command": command, "request": request}


def _quoted(value: object) -> str:
    return '"' + str(value).replace("`", "``").replace('"', '`"').replace("$", "`$") + '"'
