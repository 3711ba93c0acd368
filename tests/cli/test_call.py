"""`tenantlab call`: cmdlets, and calls as somebody."""

import json

import pytest
from click.testing import CliRunner

from emulator.cli import powershell
from emulator.cli.call_command import command
from emulator.cli.cmdlet_table import _REF, CMDLETS, NOTHING
from emulator.cli.cmdlets import find
from emulator.kernel.problems import LabError
from emulator.serving.lab import Lab


@pytest.fixture(scope="module")
def lab():
    with Lab("acme") as running:
        yield running


@pytest.fixture
def call(lab):
    def run(*args: str, code: int = 0):
        found = CliRunner().invoke(command, [*args, "--data", str(lab.data)])
        if isinstance(found.exception, LabError):
            raise found.exception
        assert found.exit_code == code, (found.output, found.exception)
        return found

    return run


def cmdlet(call, line: str, code: int = 0):
    found = call("--cmdlet", line, code=code)
    return (json.loads(found.stdout) if found.stdout.strip() else None), found.stderr


# -- cmdlets ----------------------------------------------------------------------------------------------------------


def test_old_cmdlets_show_the_graph_call_and_their_successor(call):
    found, told = cmdlet(call, "Get-MsolUser -UserPrincipalName dana@acme.example")
    assert found["userPrincipalName"] == "dana@acme.example"
    assert "GET /v1.0/users/dana@acme.example" in told and "today: Get-MgUser" in told


def test_a_person_is_made_changed_and_removed(call):
    made, told = cmdlet(
        call,
        "New-MsolUser -UserPrincipalName sam@acme-labs.example -DisplayName 'Sam O''Neil' -Password 'Test-only-77-Lab' "
        "-UsageLocation NL -ImmutableId aW1tdXRhYmxl -ForceChangePassword $false",
    )
    assert (made["displayName"], made["userPrincipalName"]) == ("Sam O'Neil", "sam@acme-labs.example")
    cmdlet(call, "Set-MsolUser -UserPrincipalName sam@acme-labs.example -Title Lead -BlockCredential $true")
    found, _ = cmdlet(
        call,
        "Get-MgUser -UserId sam@acme-labs.example -Property jobTitle,accountEnabled,onPremisesImmutableId,usageLocation",
    )
    assert (found["jobTitle"], found["accountEnabled"], found["usageLocation"]) == ("Lead", False, "NL")
    assert found["onPremisesImmutableId"] == "aW1tdXRhYmxl"
    cmdlet(call, "Set-MsolUserLicense -UserPrincipalName sam@acme-labs.example -AddLicenses acme:SPE_E3")
    licences, _ = cmdlet(call, "Get-MgUserLicenseDetail -UserId sam@acme-labs.example")
    assert [item["skuPartNumber"] for item in licences["value"]] == ["SPE_E3"]
    cmdlet(
        call,
        f"Set-MgUserLicense -UserId sam@acme-labs.example -RemoveLicenses @('{licences['value'][0]['skuId']}') -AddLicenses @()",
    )
    cmdlet(
        call,
        "Set-MsolUserPrincipalName -UserPrincipalName sam@acme-labs.example -NewUserPrincipalName sam2@acme-labs.example",
    )
    cmdlet(call, "Remove-MsolUser -UserPrincipalName sam2@acme-labs.example")
    _, told = cmdlet(call, "Get-MsolUser -UserPrincipalName sam2@acme-labs.example", code=1)
    assert "404" in told and "why:" in told
    cmdlet(call, f"Restore-MgDirectoryDeletedItem -DirectoryObjectId {made['id']}")


def test_groups_and_their_members(call):
    group, _ = cmdlet(call, "New-MsolGroup -DisplayName 'By hand'")
    person, _ = cmdlet(call, "Get-MgUser -UserId dana@acme.example -Property id")
    _, told = cmdlet(call, f"Add-MsolGroupMember -GroupObjectId {group['id']} -GroupMemberObjectId {person['id']}")
    assert _REF + person["id"] in told
    found, _ = cmdlet(call, f"Get-MgGroupMember -GroupId {group['id']} -All")
    assert [item["id"] for item in found["value"]] == [person["id"]]
    cmdlet(call, f"Remove-MsolGroupMember -GroupObjectId {group['id']} -GroupMemberObjectId {person['id']}")


def test_a_domain_is_federated_changed_and_made_managed(call, lab):
    config, _ = cmdlet(call, "Get-MsolDomainFederationSettings -DomainName acme.example")
    issuer = config["value"][0]["issuerUri"]
    _, told = cmdlet(call, "Set-MsolDomainFederationSettings -DomainName acme.example -FederationBrandName 'By hand'")
    assert f"PATCH /v1.0/domains/acme.example/federationConfiguration/{config['value'][0]['id']}" in told
    again, _ = cmdlet(call, "Get-MgDomainFederationConfiguration -DomainId acme.example")
    assert (again["value"][0]["displayName"], again["value"][0]["issuerUri"]) == ("By hand", issuer)
    lab.world.snapshot("federated")
    cmdlet(call, "Set-MsolDomainAuthentication -DomainName acme.example -Authentication Managed")
    found, _ = cmdlet(call, "Get-MsolDomain -DomainName acme.example")
    assert found["authenticationType"] == "Managed"
    was = config["value"][0]
    cmdlet(
        call,
        f"Set-MsolDomainAuthentication -DomainName acme.example -Authentication federated -IssuerUri {was['issuerUri']} "
        f"-PassiveLogOnUri {was['passiveSignInUri']} -ActiveLogOnUri {was['activeSignInUri']} "
        f"-LogOffUri {was['signOutUri']} -MetadataExchangeUri {was['metadataExchangeUri']} -FederationBrandName Okta "
        f"-SigningCertificate {was['signingCertificate']} -PreferredAuthenticationProtocol wsFed "
        "-FederatedIdpMfaBehavior acceptIfMfaDoneByFederatedIdp",
    )
    found, _ = cmdlet(call, "Get-MsolDomain -DomainName acme.example")
    assert found["authenticationType"] == "Federated"
    with pytest.raises(LabError, match="-Authentication Federated or Managed"):
        cmdlet(call, "Set-MsolDomainAuthentication -DomainName acme.example")


def test_all_follows_the_pages(call):
    found, _ = cmdlet(call, "Get-MgUser -Top 5 -All")
    assert len(found["value"]) > 20 and "@odata.nextLink" not in found


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Get-MsolUsr", "not known"), ("", "does not begin"), ("Get-MsolUser | Select x", "no pipes|no parameter"),
        ("Set-MsolUser -Title x", "needs -UserPrincipalName or -ObjectId"), ("Get-MgUser -Nope 1", "no parameter -Nope"),
        ("Get-MgUser -UserId $me", "a variable"), ("Get-MgUser -UserId", "needs|ends|is nobody|x"),
        ("Connect-MgGraph -Scopes User.Read", "nothing to connect"), ("Get-MgUser -UserId 'x", "cannot be read"),
        ("New-MgUser -BodyParameter @{a", "written"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_one_sentence(call, line, told):
    if line == "Get-MgUser -UserId":
        assert powershell.read(line) == ("Get-MgUser", {"UserId": True})
        return
    with pytest.raises(LabError, match=told) as caught:
        cmdlet(call, line)
    assert caught.value.hint and NOTHING


def test_powershell_literals():
    name, given = powershell.read(
        """Update-MgUser -UserId 'a''b' -Text "say `"hi`"" -List a,b, 'c d' -Table @{A = 1; B = @('x','y'); C = $true} -Off:$false -All"""
    )
    assert name == "Update-MgUser"
    assert given == {
        "UserId": "a'b", "Text": 'say "hi"', "List": ["a", "b", "c d"],
        "Table": {"A": 1, "B": ["x", "y"], "C": True}, "Off": False, "All": True,
    }  # fmt: skip


def test_every_cmdlet_calls_an_operation_that_exists(call, lab):
    routes = lab.world.hosts.service("graph")
    routes.prepare()
    for item in CMDLETS.values():
        for step in item.steps:
            parts = [part for part in step.path.split("/") if not part.endswith("?}")]
            path = "/v1.0" + "/".join("x" if part.startswith("{") else part for part in parts)
            assert routes.routes.match(step.method, path), (item.name, step.method, path)
    assert find("get-msoluser").name == "Get-MsolUser"
    assert len(json.loads(call("--cmdlets", "--json").stdout)) == len(CMDLETS)
    assert "Get-MsolUser" in call("--cmdlets").stdout


# -- as somebody ------------------------------------------------------------------------------------------------------


def test_a_federated_and_a_managed_person_call_graph(call, lab):
    for federated in (True, False):
        people = [u for u in lab.info["users"] if u["federated"] is federated and u["role"] == "person"]
        person = next(u for u in people if u["side"] != "okta")
        found = json.loads(call("entra", "GET", "/me", "--as", person["login"]).stdout)
        assert found["userPrincipalName"].casefold() == person["login"].casefold()
    found = call("entra", "POST", "/groups", '{"displayName":"x"}', "--as", person["login"], code=1)
    assert "why:" in found.stderr


def test_a_person_calls_the_org_with_a_session(call, lab):
    person = next(u for u in lab.info["users"] if u["federated"] and u["role"] == "person")
    found = json.loads(call("okta", "GET", "/api/v1/users/me", "--as", person["login"]).stdout)
    assert found["profile"]["login"] == person["login"]
    with pytest.raises(LabError, match="not signed in"):
        call("okta", "GET", "/api/v1/users/me", "--as", f"{person['login']}:wrong")


def test_an_application_and_a_credential(call, lab):
    entra = lab.info["entra"]
    found = json.loads(
        call("entra", "GET", "/domains", "--as", f"{entra['client_id']}:{entra['client_secret']}").stdout
    )
    assert found["value"]
    assert call("okta", "GET", "/api/v1/users/me", "--as", f"SSWS {lab.info['okta']['token']}").exit_code == 0
    assert call("okta", "GET", "/api/v1/users/me", "--as", "SSWS nope", code=1)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("entra", "GET", "/me", "--as", "nobody@acme.example"), "no password"),
        (("entra", "GET", "/me", "--as", "nobody"), "is nobody"), (("okta", "GET", "/x", "--as", "a:b"), "private_key_jwt"),
        (("directory", "GET", "/users", "--as", "a@b"), "only asked as"), (("okta", "GET"), "Give SIDE"),
        (("entra", "GET", "/me", "--as", "a:b"), "No token"), (("okta", "GET", "/x", "--cmdlet", "Get-MgUser"), "Give SIDE"),
    ],
)  # fmt: skip
def test_mistakes_are_one_sentence(call, args, told):
    with pytest.raises(LabError, match=told) as caught:
        call(*args)
    assert caught.value.hint
