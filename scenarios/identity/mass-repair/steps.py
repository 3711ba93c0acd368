"""What takes a line for each person: licences, the import's confirmation, immutable ids."""


def flat(people):
    """A list of people, of lists of them or both."""
    return [each for item in people for each in (item if isinstance(item, list) else [item])]


def licensed(stage, people, sku):
    """Names, an address and a licence, so that the import takes the accounts."""
    for person in flat(people):
        at = f"/v1.0/users/{person.part('object')}"
        stage.entra.patch(at, {"mail": person.part("login")})
        stage.entra.post(f"{at}/assignLicense", {"addLicenses": [{"skuId": sku}], "removeLicenses": []})


def imported(stage, people):
    """Import Now, confirm everybody of the list as a new Okta user, and give them a password."""
    app = f"/api/internal/v1/apps/{stage.app_id}"
    run = stage.okta.post(f"{app}/imports", {"mode": "FULL"})["importId"]
    stage.sync()
    wanted = {person.part("object") for person in flat(people)}
    rows = stage.okta.get(f"{app}/imports/{run}/users?limit=200")
    given = [{"externalId": row["externalId"], "action": "NEW"} for row in rows if row["externalId"] in wanted]
    stage.okta.post(f"{app}/imports/{run}/confirm", {"assignments": given, "activate": True})
    for person in flat(people):
        password = {"credentials": {"password": {"value": person.secret}}}
        stage.okta.post(f"/api/v1/users/{person.part('id')}", password)
    stage.sync()


def anchored(stage, people, initial):
    """The Okta id becomes the account's immutable id, by way of the managed domain."""
    for person in flat(people):
        at, login = f"/v1.0/users/{person.part('object')}", person.part("login")
        stage.entra.patch(at, {"userPrincipalName": f"{login.partition('@')[0]}@{initial}"})
        stage.entra.patch(at, {"onPremisesImmutableId": person.part("id")})
        stage.entra.patch(at, {"userPrincipalName": login})


def given(stage, people):
    """A value of an earlier tool's making, while the domain is managed."""
    for person in flat(people):
        at = f"/v1.0/users/{person.part('object')}"
        stage.entra.patch(at, {"onPremisesImmutableId": f"tool-{person.part('object')}"})
