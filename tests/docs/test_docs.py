"""The documentation is true: generated pages match the code, links lead somewhere, the tutorial's commands work."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import World
from emulator.serving.files import parse_yaml
from tests.docs import generate, site

ROOT = generate.ROOT
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
PLAYED = [
    page for page in PAGES if re.search(r"^```console\n\$ tenantlab (up|exec)", page.read_text("utf-8"), re.MULTILINE)
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def test_the_reference_has_not_drifted() -> None:
    # In a process of its own: what other tests left behind in this one (click keeps a command's help option) is not ours.
    check = [sys.executable, str(ROOT / "tests/docs/generate.py"), "--check"]
    done = subprocess.run(check, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")


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
    found = parse_yaml(text.encode(), name=page)
    if not isinstance(found, dict) or not {"parties", "like"} & set(found):
        return  # a part of a scenario: `tenantlab run --verify` plays those
    with World(found) as made:
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
    words = [{"python": sys.executable}.get(word, word) for word in shlex.split(command)]
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


def test_there_are_played_pages() -> None:
    assert {"first-sign-in", "test-your-sdk-code", "test-a-node-service"} <= {page.stem for page in PLAYED}


@pytest.mark.parametrize("page", PLAYED, ids=lambda page: page.stem)
def test_what_a_page_tells_to_type_works(page: Path, tmp_path: Path) -> None:
    """Its named files are written, its commands run in order; a page that begins with `up` has that lab all the while."""
    for name, text in re.findall(r"```\w+ (\S+)\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = list(commands(page))
    if not found[0][0].startswith("tenantlab up"):
        play(found, tmp_path)
        return
    up = subprocess.Popen(
        [sys.executable, "-m", "emulator", *shlex.split(found[0][0])[1:]], cwd=tmp_path, env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        await_file(tmp_path / ".tenantlab" / "lab.json", up)
        play(found[1:], tmp_path)
    finally:
        up.send_signal(signal.SIGINT)
        _, talk = up.communicate(timeout=20)
    assert up.returncode == 0
    assert agree(found[0][1], talk), talk


def play(found: list[tuple[str, list[str]]], folder: Path) -> None:
    for command, shown in found:
        program = shlex.split(command.partition(" -- ")[2] or "true")[0]
        if program != "python" and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: {command} is not run")
        printed, _ = run(command, folder)
        assert "Traceback" not in printed, printed
        assert agree(shown, printed), f"$ {command}\n{printed}"


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


# -- the site ---------------------------------------------------------------------------------------------------------


def test_the_site_holds_every_page_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    made = site.build(tmp_path)
    wanted = {page.relative_to(ROOT).as_posix() for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert wanted - set(made.pages) == set()
    broken = []
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//[^\"]+\.(?:js|css|png|woff2?)\"", text), (
            "nothing comes from elsewhere"
        )
        for link in re.findall(r"(?:href|src)=\"([^\"]+)\"", text):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if "://" in link or link.startswith("mailto:"):
                continue
            if not target.is_file() or (anchor and f'id="{anchor}"' not in target.read_text(encoding="utf-8")):
                broken.append(f"{page.relative_to(tmp_path)}: {link}")
    assert broken == []


def test_a_broken_link_ends_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n\n[nowhere](nowhere.md)\n")
    monkeypatch.setattr(site, "ROOT", tmp_path)
    monkeypatch.setattr(site, "HOME", tmp_path / "docs" / "index.md")
    with pytest.raises(site.BrokenLink, match="nowhere"):
        site.build(tmp_path / "out")


def test_pictures_are_drawn_from_what_happened() -> None:
    """A loop is folded into one round, and a refusal brings its reason."""
    drawn = (ROOT / "docs" / "pictures" / "mfa-loop.svg").read_text()
    assert "this round is gone through" in drawn and "AADSTS50196" in drawn and "multipleauthn" in drawn
    assert drawn.count("marker-end=") < 12
