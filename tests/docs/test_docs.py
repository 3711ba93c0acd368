"""The documentation is true: generated pages match the code, links lead somewhere, the tutorial's commands work."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import World
from emulator.serving.files import parse_yaml
from tests.docs import generate

ROOT = generate.ROOT
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def test_the_reference_has_not_drifted() -> None:
    assert generate.drift() == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for link in LINK.findall(text):
        target, _, anchor = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        todo += [(page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(page.read_text("utf-8"))]
    assert [str(page) for page in PAGES if page not in reached] == []


def test_code_that_the_docs_name_exists() -> None:
    named = [
        match
        for page in PAGES
        for match in re.findall(r"`(?:emulator|tests|fixtures)/[\w/.-]+`", page.read_text("utf-8"))
    ]
    missing = [name for name in named if not (ROOT / name.strip("`").partition(":")[0]).exists()]
    assert [name for name in missing if "things" not in name] == []  # CONTRIBUTING's invented example


# -- examples ---------------------------------------------------------------------------------------------------------


def blocks(language: str) -> list[tuple[str, str]]:
    """(page, text) of the fenced blocks of a language outside CONTRIBUTING, whose example is invented."""
    pages = [page for page in PAGES if page.name != "CONTRIBUTING.md"]
    fence = re.compile(rf"```{language}\n(.*?)```", flags=re.DOTALL)
    return [(str(page.relative_to(ROOT)), text) for page in pages for text in fence.findall(page.read_text("utf-8"))]


@pytest.mark.parametrize(("page", "text"), [item for item in blocks("python") if "world" in item[1].lower()])
def test_python_examples_run(page: str, text: str, world: World) -> None:
    exec(compile(text, page, "exec"), {"world": world})


@pytest.mark.parametrize(("page", "text"), blocks("yaml"))
def test_world_examples_build(page: str, text: str) -> None:
    with World(parse_yaml(text.encode(), name=page)) as made:
        assert made.hosts.names()


# -- tutorials --------------------------------------------------------------------------------------------------------


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """(command, lines shown under it) of a page's console blocks."""
    for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            yield command, shown


def run(command: str, folder: Path) -> tuple[str, int]:
    """What a command prints (stderr after stdout) and its exit code; `> file` is the only shell it knows."""
    words = shlex.split(command)
    assert words[0] == "tenantlab", command
    target = words[words.index(">") + 1] if ">" in words else None
    words = words[1 : words.index(">")] if ">" in words else words[1:]
    done = subprocess.run(
        [sys.executable, "-m", "emulator", *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env=environment(),
    )  # fmt: skip
    if target is not None:
        (folder / target).write_text(done.stdout, encoding="utf-8")
        return done.stderr, done.returncode
    return f"{done.stderr}{done.stdout}", done.returncode


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TENANTLAB", "PYTEST"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NO_COLOR": "1"}


def agree(shown: list[str], printed: str) -> bool:
    """Whether each line shown stands in the output, in order; `…` matches anything, also whole lines."""
    lines = iter(printed.splitlines())
    for wanted in shown:
        if wanted.strip() == "…":
            continue
        pattern = re.compile(r"\s*" + ".*".join(re.escape(part.strip()) for part in wanted.split("…")) + r".*")
        if not any(pattern.fullmatch(line) for line in lines):
            return False
    return True


def test_agree_wants_the_lines_in_order() -> None:
    assert agree(["a …", "…", "c"], "a 1\nb\nc\n")
    assert not agree(["c", "a"], "a\nb\nc\n")


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_the_tutorial_works(page: Path, tmp_path: Path) -> None:
    found = list(commands(page))
    assert found[0][0].startswith("tenantlab up"), "the first command starts the world"
    up = subprocess.Popen(
        [sys.executable, "-m", "emulator", *shlex.split(found[0][0])[1:]], cwd=tmp_path, env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        await_file(tmp_path / ".tenantlab" / "lab.json", up)
        for command, shown in found[1:]:
            printed, _ = run(command, tmp_path)
            assert "Traceback" not in printed, printed
            assert agree(shown, printed), f"$ {command}\n{printed}"
    finally:
        up.send_signal(signal.SIGINT)
        _, talk = up.communicate(timeout=20)
    assert up.returncode == 0
    assert agree(found[0][1], talk), talk


def await_file(path: Path, process: "subprocess.Popen[str]") -> None:
    ends = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < ends, f"{path} did not appear"
        process_wait(process)


def process_wait(process: "subprocess.Popen[str]") -> None:
    """Give a process a moment, or notice at once that it ended."""
    try:
        process.wait(0.05)
    except subprocess.TimeoutExpired:
        return
