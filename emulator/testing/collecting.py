"""Scenario folders as pytest items: each is verified both ways, with the seeds that the option names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class ScenarioFile(pytest.File):
    """A scenario.yaml below the collected paths."""

    def collect(self) -> Iterator["ScenarioItem"]:
        for seed in self.config.getoption("--tenantlab-seed") or ["1"]:
            yield ScenarioItem.from_parent(self, name=f"seed {seed}", seed=seed)


class ScenarioItem(pytest.Item):
    """One scenario with one seed."""

    def __init__(self, *, seed: str, **more: Any) -> None:
        super().__init__(**more)
        self.seed = seed

    def runtest(self) -> None:
        from emulator.scenario.runner import verify

        result = verify(str(self.path), self.seed)
        if not result.ok:
            raise NotAsItShouldBe(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not isinstance(excinfo.value, NotAsItShouldBe):
            return super().repr_failure(excinfo, style)
        result = excinfo.value.args[0]
        again = f"again: tenantlab run {result.path} --verify --seed {self.seed}"
        return "\n".join([f"{result.id} {result.title}", *(f"  {each}" for each in result.problems), again])

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"scenario {self.path.parent.name} [{self.name}]"


class NotAsItShouldBe(Exception):
    """A scenario's result that is not ok."""
