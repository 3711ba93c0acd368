"""Load from the other core: wrk where it is installed, and openssl's own rate of signatures."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SERVER_CORE, LOAD_CORE = "0", "1"
SECONDS = 2.0
"""How long a slice is."""
_PIN = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execvp(sys.argv[2], sys.argv[2:])"


def pinned(core: str) -> list[str]:
    """A prefix that holds a command to one core, where the machine has two and lets us."""
    if (os.cpu_count() or 1) < 2 or not hasattr(os, "sched_setaffinity"):
        return []
    return ["taskset", "-c", core] if shutil.which("taskset") else [sys.executable, "-c", _PIN, core]


def needs() -> None:
    for tool in ("wrk", "openssl"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed: nothing is measured (Debian: apt-get install {tool})")


def wrk(
    url: str, *, seconds: float = SECONDS, script: Path | None = None, headers: dict[str, str] | None = None
) -> float:
    """Requests a second over eight kept connections. AssertionError when any answer was not a 2xx or 3xx."""
    command = [*pinned(LOAD_CORE), "wrk", "-t1", "-c8", f"-d{seconds:g}s"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    if script is not None:
        command += ["-s", str(script)]
    out = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out, out
    found = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert found, out
    return float(found[1])


def post_script(folder: Path, name: str, body: str, headers: dict[str, str]) -> Path:
    """A wrk script that posts `body`, with `%d` replaced by a running number."""
    lines = [f'wrk.headers["{key}"] = "{value}"' for key, value in headers.items()]
    path = folder / f"{name}.lua"
    path.write_text(
        'wrk.method = "POST"\n' + "\n".join(lines) + f"\nlocal n = (os.time() % 100000) * 100000\n"
        f"function request()\n  n = n + 1\n  return wrk.format(nil, nil, nil, string.gsub([[{body}]], '%%d', n))\nend\n"
    )
    return path


def rsa_rate(more: dict[str, str] | None = None) -> float:
    """RSA-2048 signatures a second of openssl on the server's core. more: variables of its environment."""
    command = [*pinned(SERVER_CORE), "openssl", "speed", "-seconds", "1", "rsa2048"]
    env = {**os.environ, **(more or {})}
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout
    return float(out.strip().splitlines()[-1].split()[-2])
