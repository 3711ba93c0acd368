"""People at Okta's sign-in page."""


def seen(stage, people):
    """Each signs in to Okta with the password."""
    for person in people:
        stage.plain.post(
            f"https://{stage.hosts['okta']}/api/v1/authn",
            {"username": person.part("login"), "password": person.secret},
        )
