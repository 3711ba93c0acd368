"""`tenantlab doctor`: what this machine has, and what a running lab is missing."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator

import click

from emulator.cli.common import data_option, json_option, put, say
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.lab import Remote, find
from emulator.wire.client import Unreachable

_CLIENTS = ("okta", "msal", "requests", "httpx", "aiohttp", "azure-identity", "msgraph-sdk")


@click.command("doctor")
@data_option
@json_option
def command(data: str | None, as_json: bool) -> None:
    """Check the installation, and the lab if one runs. Exit code 1 when something needed is missing."""
    checks = list(_checks(data))
    if as_json:
        put({"checks": checks})
    else:
        for check in checks:
            mark = "ok" if check["ok"] else "NO" if check["needed"] else "--"
            say(f"  {mark}  {check['name']:<22} {check['found']}")
            if not check["ok"] and check["hint"]:
                say(f"       hint: {check['hint']}")
    if any(check["needed"] and not check["ok"] for check in checks):
        sys.exit(1)


def _check(name: str, found: str, *, ok: bool = True, needed: bool = True, hint: str = "") -> Doc:
    return {"name": name, "found": found, "ok": ok, "needed": needed, "hint": hint}


def _checks(data: str | None) -> Iterator[Doc]:
    yield _check("python", platform.python_version(), ok=sys.version_info >= (3, 11), hint="Python 3.11 or newer.")
    yield _check(
        "sqlite", sqlite3.sqlite_version, ok=sqlite3.sqlite_version_info >= (3, 35), hint="RETURNING needs 3.35."
    )
    fast = importlib.util.find_spec("granian") is not None
    yield _check(
        "server", "granian" if fast else "werkzeug (fallback)", ok=fast, needed=False, hint="pip install granian"
    )
    for name in _CLIENTS:
        try:
            yield _check(f"client {name}", importlib.metadata.version(name), needed=False)
        except importlib.metadata.PackageNotFoundError:
            yield _check(f"client {name}", "not installed", ok=False, needed=False)
    for tool in ("xmlsec1", "chromium"):
        found = shutil.which(tool)
        yield _check(tool, found or "not found", ok=bool(found), needed=False)
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    yield _check("HTTPS_PROXY", proxy or "not set", needed=False)
    yield from _lab(data)


def _lab(data: str | None) -> Iterator[Doc]:
    try:
        info = find(data)
    except LabError as error:
        yield _check("lab", error.message, ok=False, needed=False, hint=error.hint)
        return
    try:
        health = Remote(info).control("GET", "health")
    except (Unreachable, LabError) as error:
        yield _check("lab", f"process {info['pid']} does not answer: {error}", ok=False, hint="Start it again.")
        return
    yield _check("lab", f"world {health['world']!r} on {info['urls']['front']}, world time {health['now']}")
