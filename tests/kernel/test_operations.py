"""Operations as data: matching, discovery, duplicates."""

import pytest

from emulator.kernel.operations import DOCUMENTED, Routes, check_unique, operation


@operation("GET", "/users/{userId}", source=DOCUMENTED)
def get_user(call):
    """One user."""


@operation("GET", "/users/me", source=DOCUMENTED)
def get_me(call):
    """Oneself."""


@operation("POST", "/users", source=DOCUMENTED)
def create_user(call):
    """Create."""


@operation("DELETE", "/Users/{userId}/roles/{roleId}", source=DOCUMENTED)
def drop_role(call):
    """Take a role away."""


ALL = [item for handler in (get_user, get_me, create_user, drop_role) for item in handler.operations]


def test_writing_operations_commit_and_take_json_by_default():
    assert get_user.operations[0].commit == "manual"
    assert get_user.operations[0].body == "none"
    assert create_user.operations[0].commit == "auto"
    assert create_user.operations[0].body == "json"
    assert drop_role.operations[0].body == "none"
    assert get_user.operations[0].summary == "One user."


def test_literals_win_over_placeholders():
    routes = Routes(ALL)
    assert routes.match("GET", "/users/me")[0].handler is get_me
    found, values = routes.match("GET", "/users/00u1")
    assert found.handler is get_user
    assert values == {"userId": "00u1"}
    assert routes.match("HEAD", "/users/me")[0].handler is get_me


def test_case_matters_unless_folded():
    assert Routes(ALL).match("DELETE", "/users/1/roles/2") is None
    found, values = Routes(ALL, fold=True).match("DELETE", "/USERS/AbC/Roles/2")
    assert found.handler is drop_role
    assert values == {"userId": "AbC", "roleId": "2"}


def test_unknown_paths_and_methods_are_told_apart():
    routes = Routes(ALL)
    assert routes.match("PATCH", "/users") is None
    assert routes.methods("/users") == ["POST"]
    assert routes.methods("/nothing") == []


def test_two_operations_may_not_claim_one_path():
    @operation("GET", "/users/{id}", source=DOCUMENTED)
    def other(call):
        """The same."""

    with pytest.raises(ValueError, match="both claim GET"):
        check_unique([*ALL, *other.operations])
