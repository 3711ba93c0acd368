"""The user's own programs: where they run, what they may be, and what they are told."""

import sys
from pathlib import Path

import pytest

from emulator.scenario import commands
from emulator.scenario.vocabulary import Run


def ran(folder: Path, *words: str, **more: object) -> dict[str, object]:
    return commands.run(folder, Run(run=list(words), **more), {"LAB": "here"})  # type: ignore[arg-type]


def test_a_script_of_the_folder_runs_there_with_the_environment(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getcwd(), os.environ['LAB'], os.environ['OWN'], sys.argv[1], sys.executable)"
    (tmp_path / "own.py").write_text(script)
    found = ran(tmp_path, "python", "own.py", "word", env={"OWN": 7})
    assert found["code"] == 0
    assert str(found["out"]).split() == [str(tmp_path.resolve()), "here", "7", "word", sys.executable]


def test_what_it_ends_with_and_says_is_told(tmp_path: Path) -> None:
    found = ran(tmp_path, "python", "-c", "import sys; print('a'); sys.exit('b')")
    assert (found["code"], found["out"], str(found["err"]).strip()) == (1, "a\n", "b")


@pytest.mark.parametrize(("words", "said"), [
    (["python", "../own.py"], "leads out of"),
    (["python", "/etc/hostname"], "leads out of"),
    (["../bin/run"], "leads out of"),
    (["/bin/sh"], "leads out of"),
    (["python", "absent.py"], "has no file"),
    (["no-such-program-anywhere"], "there is no program"),
    ([], "names a program"),
])  # fmt: skip
def test_nothing_outside_the_folder_is_started(tmp_path: Path, words: list[str], said: str) -> None:
    with pytest.raises(LookupError, match=said):
        ran(tmp_path, *words)


def test_a_link_out_of_the_folder_is_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "own.py").write_text("")
    (tmp_path / "in" / "own.py").symlink_to(tmp_path / "own.py")
    with pytest.raises(LookupError, match="leads out of"):
        ran(tmp_path / "in", "python", "own.py")


def test_one_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="did not end within 1 s"):
        ran(tmp_path, "python", "-c", "__import__('threading').Event().wait(30)", timeout=1)
    with pytest.raises(LookupError, match="timeout is"):
        ran(tmp_path, "python", "-c", "", timeout=0)
