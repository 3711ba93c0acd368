"""Settings against attacks on people's accounts."""

import pytest

from tests.okta.worlds import kinds, refused, world

AT = "/attack-protection/api/v1/"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("user-lockout-settings", "preventBruteForceLockoutFromUnknownDevices"),
        ("authenticator-settings", "verifyKnowledgeSecondWhen2faRequired"),
    ],
)
def test_a_setting_is_off_until_it_is_switched_on(name: str, field: str) -> None:
    with world() as org:
        assert org.okta.get(AT + name) == {field: False}
        assert org.okta.put(AT + name, {field: True, "other": 1}) == {field: True} == org.okta.get(AT + name)
        assert org.okta.put(AT + name, {}) == {field: True}
        assert kinds(org)[-1] == "security.attack_protection.settings.update"
        assert refused(org, "PUT", AT + name, {field: "perhaps"})[0] == 400
        assert org.okta.get(AT + name) == {field: True}
