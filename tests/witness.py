"""Which test witnesses which operation: `pytest -p tests.witness --witness tests/witnesses.json tests`.

An operation's witness is a test in which it answered with success, the one that uses the fewest operations: the one that is
about it. The file is merged, so that a part of the suite brings its part up to date.
"""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from emulator.wire.tape import Tape

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "tests" / "witnesses.json"
_seen: dict[str, set[str]] = defaultdict(set)
_now = [""]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--witness", default="", help="Write which test witnesses which operation to this file.")


def pytest_configure(config: pytest.Config) -> None:
    record = Tape.record

    def witnessed(self, exchange, answer, **about):  # type: ignore[no-untyped-def]
        if _now[0] and 200 <= answer.status < 400:
            _seen[_now[0]].add(f"{about['service']}/{about['operation']}")
        return record(self, exchange, answer, **about)

    Tape.record = witnessed  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):  # type: ignore[no-untyped-def]
    _now[0] = item.nodeid.partition("[")[0]
    try:
        return (yield)
    finally:
        _now[0] = ""


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--witness")
    if path:
        write(Path(path), _seen)


def write(path: Path, seen: dict[str, set[str]]) -> None:
    """Merge what was seen into the file."""
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    best: dict[str, tuple[int, str]] = {}
    for test, names in seen.items():
        for name in names:
            best[name] = min(best.get(name, (10**6, "")), (len(names), test))
    known = _operations()
    found |= {name: test for name, (_, test) in best.items() if name in known}
    path.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")


def _operations() -> set[str]:
    """What there is to witness; some tests make operations of their own, which are not among these."""
    from emulator.serving.support import matrix

    return {f"{row['service']}/{row['name']}" for row in matrix()}


def dangling() -> list[str]:
    """Claims of the file that do not hold: no such operation, or no such test."""
    known = _operations()
    wrong = []
    for name, test in json.loads(KEPT.read_text()).items():
        file, _, function = test.partition("::")
        text = (ROOT / file).read_text() if (ROOT / file).is_file() else ""
        if name not in known or f"def {function.rpartition('::')[2]}(" not in text:
            wrong.append(f"{name}: {test}")
    return wrong
