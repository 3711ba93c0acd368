"""Broken scenario files: one sentence with file and line, and nothing is played."""

from pathlib import Path

import pytest

from emulator.kernel.problems import LabError
from emulator.scenario.document import MOST_BYTES, ScenarioError
from emulator.scenario.files import find, read
from emulator.scenario.template import FILES

GOOD = FILES["scenario.yaml"]


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "scenario.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_template_is_a_scenario(tmp_path: Path) -> None:
    scenario = read(written(tmp_path, GOOD))
    assert scenario.id == "X-01"
    assert [step.verb for step in scenario.cause] == ["unassign"]
    assert scenario.source.line(("cause", 0)) == GOOD.splitlines().index("  - unassign: $person") + 1


BROKEN = {
    "bad key": (GOOD.replace("hints:", "hint:"), "unknown key 'hint'", "Did you mean 'hints'"),
    "missing key": (GOOD.replace("title: A person whom nobody assigned\n", ""), "missing", ""),
    "wrong type": (GOOD.replace("level: 1", "level: one"), "level", ""),
    "unknown verb": (GOOD.replace("- unassign:", "- unasign:"), "exactly one verb", "Did you mean 'unassign'"),
    "two verbs": (GOOD.replace("  - unassign: $person", "  - unassign: $person\n    assign: $person"), "exactly one verb", ""),
    "bad key of a verb": (GOOD.replace("    say: Okta", "    saying: Okta"), "unknown key 'saying'", "Did you mean 'say'"),
    "unknown alias": (GOOD.replace("unassign: $person", "unassign: $persn"), "no alias 'persn'", "Did you mean 'person'"),
    "bare alias": (GOOD.replace("unassign: $person", "okta: DELETE /api/v1/users/$person"), "not put in", "${person}"),
    "reserved alias": (GOOD.replace("person: {new", "app: {new"), "cannot be an alias", ""),
    "neither picked nor new": (GOOD.replace("{new: person", "{old: person"), "neither picked nor new", ""),
    "YAML anchor": (GOOD.replace("cause:", "cause: &a"), "anchors and aliases", ""),
    "YAML bomb": ("a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n", "anchors and aliases", ""),
    "YAML tag": (GOOD.replace("level: 1", "level: !!python/object:os.system 1"), "tags", ""),
    "not YAML": (GOOD.replace("level: 1", "level: ["), ":", ""),
    "deep": ("x: " + "[" * 40 + "]" * 40, "nested deeper", ""),
    "a list": ("- a\n- b\n", "a mapping of keys", ""),
    "empty": ("", "a mapping of keys", ""),
    "no steps.py": (GOOD.replace("  - unassign: $person", "  - python: broke"), "no file steps.py", ""),
    "world outside": (GOOD.replace("world: acme", "world: ../../etc/world.yaml"), "outside the scenario's folder", ""),
    "key twice": (GOOD + "level: 2\n", "stands twice", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_say_where(tmp_path: Path, name: str) -> None:
    text, message, hint = BROKEN[name]
    path = written(tmp_path, text)
    with pytest.raises(LabError) as caught:
        read(path)
    assert caught.value.message.startswith(f"{path}:")
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.message


def test_line_of_the_complaint(tmp_path: Path) -> None:
    text = GOOD.replace("unassign: $person", "unassign: $persn")
    with pytest.raises(ScenarioError) as caught:
        read(written(tmp_path, text))
    line = next(at for at, row in enumerate(text.splitlines(), 1) if "$persn" in row)
    assert f"scenario.yaml:{line}: " in caught.value.message


def test_large_file_and_bad_utf8(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="larger than"):
        read(written(tmp_path, b"#" * (MOST_BYTES + 1)))
    with pytest.raises(ScenarioError, match="not YAML"):
        read(written(tmp_path, b"title: \xff\xfe\n"))


def test_unknown_scenario() -> None:
    with pytest.raises(ScenarioError, match="no scenario 'nowhere'"):
        find(("nowhere",))
