"""`tenantlab browser`: a real browser under the real host names, with a profile of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from emulator.cli.common import data_option, json_option, put, remote, say
from emulator.kernel.problems import LabError
from emulator.serving import chromium

_LONGEST_HEADLESS = 60


@click.command("browser")
@click.argument("url", required=False)
@click.option("--headless", is_flag=True, help="Show no window; needs --screenshot or --dom.")
@click.option("--screenshot", type=click.Path(path_type=Path, dir_okay=False), help="Write the page as PNG (headless).")
@click.option("--dom", is_flag=True, help="Print the page's HTML as the browser sees it (headless).")
@click.option("--size", default="1280x900", show_default=True, metavar="WxH", help="Window size.")
@click.option("--chromium", "program", default=None, help="The browser's program [default: the first found].")
@data_option
@json_option
def command(
    url: str | None, headless: bool, screenshot: Path | None, dom: bool, size: str, program: str | None,
    data: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Open URL (default: the org's front page) in Chromium: the lab's hosts and nothing else, nothing kept.

    The address may be written without https://. Exit code 1 when the browser fails.
    """
    lab = remote(data)
    width, _, height = size.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise LabError(f"{size} is not a window size.", hint="Write it as 1280x900.")
    headless = headless or screenshot is not None or dom
    if headless and screenshot is None and not dom:
        raise LabError("A headless browser shows nothing.", hint="Add --screenshot FILE or --dom.")
    _check_display(headless=headless)
    hosts: list[str] = lab.control("GET", "health")["hosts"]
    where = chromium.address(lab.info, hosts, url)
    found = chromium.find(program)
    profile = Path(tempfile.mkdtemp(prefix="tenantlab-browser-"))
    line = [found, *chromium.arguments(lab.info, hosts, profile), f"--window-size={width},{height}"]
    try:
        if headless:
            _headless([*line, "--headless"], where, screenshot, dom=dom)
        else:
            say(f"Opening {where}. Its profile is thrown away when you close it.")
            subprocess.run([*line, where], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    if as_json and not dom:
        put({"url": where, "screenshot": str(screenshot) if screenshot else None, "browser": found})


def _headless(line: list[str], where: str, screenshot: Path | None, *, dom: bool) -> None:
    if screenshot is not None:
        line = [*line, f"--screenshot={screenshot.absolute()}"]
        screenshot.unlink(missing_ok=True)
    if dom:
        line = [*line, "--dump-dom"]
    try:
        done = subprocess.run([*line, where], capture_output=True, timeout=_LONGEST_HEADLESS, check=False)
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f"The browser did not finish with {where} within {_LONGEST_HEADLESS} seconds.", exit_code=1
        ) from error
    if done.returncode or (screenshot is not None and not screenshot.exists()):
        said = [text for text in done.stderr.decode("utf-8", "replace").splitlines() if text.strip()]
        raise LabError(
            f"The browser failed with exit code {done.returncode}.", hint=said[-1] if said else "", exit_code=1
        )
    if dom:
        click.echo(done.stdout.decode("utf-8", "replace"), nl=False)
    if screenshot is not None:
        say(f"Wrote {screenshot}.")


def _check_display(*, headless: bool) -> None:
    shown = headless or sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not shown:
        raise LabError("There is no display to open a window on.", hint="Add --headless --screenshot FILE.")
