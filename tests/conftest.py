"""Shared by all tests: how Hypothesis runs.

A busy machine is slow to make its first examples; that says nothing about the code, so neither the deadline nor the
slowness check is used (tests that promise a time measure it themselves). Under CI the examples are always the same.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "tenantlab", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("tenantlab")


@pytest.fixture(scope="session", autouse=True)
def logged_as_declared() -> Iterator[None]:
    """Whatever a test does to an org: no operation logs an event type that it does not declare.

    It shows as a crash of the operation.
    """
    from emulator.okta.events import STREAM
    from emulator.serving.pipeline import Engine

    write = Engine.flush

    def flush(self: Engine, call: Any) -> None:
        for entry in call.entries:
            declared = entry.stream != STREAM or entry.type in call.operation.emits or entry.type in ANYWHERE
            assert declared, f"{call.operation.name} logs {entry.type}, which it does not declare"
        write(self, call)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "flush", flush)
        yield


ANYWHERE = frozenset({
    "security.request.blocked", "system.org.rate_limit.warning", "system.org.rate_limit.violation",
    "system.client.rate_limit.notification", "system.client.rate_limit.violation", "event_hook.delivery", "application.appuser.mapping.invalid.expression",
})  # fmt: skip
"""Logged before an operation is reached, or for what any operation may set off: hooks, and mappings of apps."""
