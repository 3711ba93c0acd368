"""Shared by all tests: how Hypothesis runs.

A busy machine is slow to make its first examples; that says nothing about the code, so neither the deadline nor the
slowness check is used (tests that promise a time measure it themselves). Under CI the examples are always the same.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "tenantlab", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("tenantlab")
