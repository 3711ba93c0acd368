"""Every scenario that comes with tenantlab, both ways; `tenantlab run --all --verify` does the same."""

from pathlib import Path

import pytest

from emulator.scenario.files import find, read
from emulator.scenario.runner import mutations, verify

PATHS = find(every=True)


def name(path: Path) -> str:
    return path.parent.name


@pytest.mark.parametrize("seed", ["1", pytest.param("2", marks=pytest.mark.slow)])
@pytest.mark.parametrize("path", PATHS, ids=name)
def test_plays_both_ways(path: Path, seed: str) -> None:
    assert verify(str(path), seed).problems == []


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS, ids=name)
def test_causes_are_needed_and_backdrops_are_not(path: Path) -> None:
    assert mutations(str(path)) == []


def test_every_scenario_has_its_texts_and_its_own_id() -> None:
    scenarios = [read(path) for path in PATHS]
    assert len({scenario.id for scenario in scenarios}) == len(scenarios)
    for scenario in scenarios:
        assert scenario.text("brief.md").strip(), scenario.folder
        assert scenario.text("solution.md").strip(), scenario.folder
        assert scenario.folder.parent.name == scenario.file.area, scenario.folder


def test_no_code_knows_a_row_of_the_catalogue() -> None:
    import re

    import emulator

    row = re.compile(r"\b[SPF]-\d\d\b")
    package = Path(emulator.__file__).parent
    found = {str(path): row.findall(path.read_text()) for path in package.rglob("*.py")}
    assert {path: rows for path, rows in found.items() if rows} == {}
