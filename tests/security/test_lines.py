"""No line of the list is without a test."""

import importlib
from pathlib import Path

from tests.security.lines import COVERED, LINES


def test_every_line_has_a_test() -> None:
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.security.{path.stem}")
    assert set(COVERED) == set(LINES)
