"""The documentation as a static site: `python tests/docs/site.py [FOLDER]` (default build/site). No network, no CDN.

Every page that docs/index.md leads to, by any number of links, is made with markdown-it; a scenario's folder becomes a
page with its ticket and, folded away, its solution. A link that leads nowhere ends the build.
"""

import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import unquote

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "docs" / "index.md"
SECTIONS = (("tutorial", "Learn it"), ("howto", "Do something"), ("explanation", "Understand it"), ("reference", "Look it up"),
            ("decisions", "Why it is so"))  # fmt: skip


class BrokenLink(Exception):
    """A link that leads nowhere."""


@dataclass
class Page:
    """One page: its source, relative to the repository, and what it became."""

    source: str
    title: str = ""
    body: str = ""
    anchors: set[str] = field(default_factory=set)
    links: list[tuple[str, str]] = field(default_factory=list)

    @property
    def target(self) -> str:
        if self.source == "docs/index.md":
            return "index.html"
        return re.sub(r"(?:/scenario\.yaml|\.md)$", ".html", self.source)


def slug(text: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def source_of(page: Page, link: str) -> str:
    """What a relative link means: a page's source, or a file that is copied. Raises BrokenLink."""
    base = (ROOT / page.source).parent
    path = (base / unquote(link)).resolve()
    if path.is_dir():
        path = next((path / name for name in ("scenario.yaml", "README.md") if (path / name).is_file()), path)
    if not path.is_file() or not path.is_relative_to(ROOT):
        raise BrokenLink(f"{page.source}: {link}")
    return path.relative_to(ROOT).as_posix()


class Site:
    """Pages found by following links from the first one."""

    def __init__(self) -> None:
        self.markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
        self.pages: dict[str, Page] = {}
        self.files: set[str] = set()

    def crawl(self) -> None:
        todo = [HOME.relative_to(ROOT).as_posix()]
        while todo:
            source = todo.pop()
            if source in self.pages:
                continue
            page = self.pages[source] = self.read(source)
            todo += [linked for linked, _ in page.links if linked not in self.pages]
        for page in self.pages.values():
            for linked, anchor in page.links:
                if anchor and linked in self.pages and anchor not in self.pages[linked].anchors:
                    raise BrokenLink(f"{page.source}: {linked}#{anchor}")

    def read(self, source: str) -> Page:
        page = Page(source)
        if source.endswith("scenario.yaml"):
            return self._scenario(page)
        text = re.sub(r"<!--.*?-->\n?", "", (ROOT / source).read_text(encoding="utf-8"), flags=re.DOTALL)
        page.body = self._render(page, text)
        return page

    def _scenario(self, page: Page) -> Page:
        from emulator.scenario.files import read

        scenario = read(ROOT / page.source)
        page.title = scenario.file.title
        about = f"level {scenario.file.level}, about {scenario.file.minutes} minutes"
        start = f"tenantlab scenario start {Path(page.source).parent.name}"
        text = f"# {page.title}\n\n{scenario.id}, {about}. `{start}`\n\n{scenario.text('brief.md')}"
        solution = self._render(page, scenario.text("solution.md"))
        page.body = f"{self._render(page, text)}<details><summary>Solution</summary>{solution}</details>"
        page.title = scenario.file.title
        return page

    def _render(self, page: Page, text: str) -> str:
        tokens = self.markdown.parse(text)
        for at, token in enumerate(tokens):
            if token.type == "heading_open":
                plain = "".join(part.content for part in tokens[at + 1].children or [])
                token.attrSet("id", slug(plain))
                page.anchors.add(slug(plain))
                page.title = page.title or plain
            for child in token.children or []:
                self._relink(page, child)
        return str(self.markdown.renderer.render(tokens, self.markdown.options, {}))

    def _relink(self, page: Page, token: Token) -> None:
        name = {"link_open": "href", "image": "src"}.get(token.type)
        link = str(token.attrGet(name) or "") if name else ""
        if not name or not link or "://" in link or link.startswith("mailto:"):
            return
        path, _, anchor = link.partition("#")
        source = source_of(page, path) if path else page.source
        if name == "href" and source.endswith((".md", "scenario.yaml")):
            page.links.append((source, anchor))
            target = Page(source).target
        else:
            self.files.add(source)
            target = source
        token.attrSet(name, relative(page.target, target) + (f"#{anchor}" if anchor else ""))

    def write(self, folder: Path) -> None:
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["html"])
        )
        template = environment.get_template("site.html")
        sections = self.sections()
        for page in self.pages.values():
            path = folder / page.target
            path.parent.mkdir(parents=True, exist_ok=True)
            menu = [
                (title, [(relative(page.target, one.target), one.title, one is page) for one in ones])
                for title, ones in sections
            ]
            html = template.render(title=page.title, body=page.body, menu=menu, home=relative(page.target, "index.html"),
                                   found=[(relative(page.target, one.target), one.title) for one in self.pages.values()])  # fmt: skip
            path.write_text(html, encoding="utf-8")
        for name in self.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)

    def sections(self) -> list[tuple[str, list[Page]]]:
        """The menu: the pages of each folder of docs/, by title (decisions by number)."""
        found = []
        for name, title in SECTIONS:
            ones = [page for source, page in self.pages.items() if source.startswith(f"docs/{name}/")]
            found.append((title, sorted(ones, key=lambda page: page.source if name == "decisions" else page.title)))
        return found


def relative(source: str, target: str) -> str:
    """The way from one page of the site to another."""
    return escape(os.path.relpath(target, Path(source).parent))


def build(folder: Path) -> Site:
    """Make the site. Raises BrokenLink."""
    site = Site()
    site.crawl()
    site.write(folder)
    return site


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    if given.exists() and not (given / "index.html").exists() and any(given.iterdir()):
        sys.exit(f"{given} is not empty, and no site.")
    shutil.rmtree(given, ignore_errors=True)
    try:
        print(f"{len(build(given).pages)} pages: {given / 'index.html'}")
    except BrokenLink as error:
        sys.exit(f"This link leads nowhere: {error}")
