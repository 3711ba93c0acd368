"""No line of the list is without a test."""

import importlib
import re
from pathlib import Path

from tests.security.lines import COVERED, ELSEWHERE, LINES

ROOT = Path(__file__).parents[2]


def test_every_line_has_a_test() -> None:
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.security.{path.stem}")
    assert set(COVERED) | set(ELSEWHERE) == set(LINES)


def test_the_tests_of_other_rooms_exist() -> None:
    for named in ELSEWHERE.values():
        for name in named:
            path, _, test = name.partition("::")
            assert re.search(rf"^def {test}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name
