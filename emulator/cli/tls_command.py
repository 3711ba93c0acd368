"""`tenantlab tls`: the lab's own authority, for clients that need a file or an environment."""

import shlex
from pathlib import Path

import click

from emulator.cli.common import data_option, json_option, put, say
from emulator.serving.environment import environment
from emulator.serving.lab import find

_VARIABLES = (
    "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY",
)  # fmt: skip


@click.group("tls")
def command() -> None:
    """The authority that vouches for the emulated names, and for nothing else."""


@command.command("export")
@click.option("--bundle", is_flag=True, help="Public roots and ours, for clients that take only one file.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@data_option
def export(bundle: bool, file: Path | None, data: str | None) -> None:
    """Write the authority's certificate (PEM) to FILE, or to standard output."""
    info = find(data)
    pem = Path(info["bundle_file" if bundle else "ca_file"]).read_text()
    if file is None:
        click.echo(pem, nl=False)
    else:
        file.write_text(pem)
        say(f"Wrote {file}.")


@command.command("env")
@data_option
@json_option
def env(data: str | None, as_json: bool) -> None:
    """Print `export` lines that point a shell's clients at the lab: eval "$(tenantlab tls env)"."""
    variables = {key: value for key, value in environment(find(data)).items() if key in _VARIABLES}
    if as_json:
        put(variables)
        return
    for key, value in variables.items():
        click.echo(f"export {key}={shlex.quote(value)}")
