"""`tenantlab demo`: one federated sign-in, end to end, on unmodified clients.

The lab is served here; the steps run in a process of their own, with nothing but the environment that
`tenantlab exec` sets, so that the SDKs are used exactly as anyone would use them.
"""

import importlib.util
import os
import subprocess
import sys

import click

from emulator.cli.common import json_option
from emulator.kernel.problems import LabError
from emulator.serving.environment import environment
from emulator.serving.lab import Lab

_CLIENTS = ("okta", "msal", "requests")


@click.command("demo")
@click.option(
    "--seed", default="1", show_default=True, help="Seed of ids: another seed, another person's immutable id."
)
@json_option
def command(seed: str, as_json: bool) -> None:
    """Create a person with the okta SDK, sign them in with msal, break one value, and show why it fails."""
    missing = [name for name in _CLIENTS if importlib.util.find_spec(name) is None]
    if missing:
        raise LabError(
            f"The demo drives {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed.",
            hint="Run `make demo`, or pip install 'tenantlab[demo]'.",
        )
    lab = Lab("acme", seed=seed).start()
    try:
        variables = {**os.environ, **environment(lab.info), "TENANTLAB_DEMO_SEED": seed}
        steps = [sys.executable, "-m", "emulator.cli.demo_steps", *(["--json"] if as_json else [])]
        code = subprocess.run(steps, env=variables, check=False).returncode
    finally:
        lab.stop()
    sys.exit(code)
