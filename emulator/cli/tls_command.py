"""`tenantlab tls`: the lab's own authority, for clients that need a file or an environment."""

from pathlib import Path

import click

from emulator.cli.common import data_option, json_option, put, say
from emulator.serving.environment import REACHING, as_lines, environment
from emulator.serving.lab import find


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
@click.option(
    "--style",
    type=click.Choice(["sh", "powershell", "dotenv"]),
    default="sh",
    show_default=True,
    help="Whose assignments; dotenv (KEY=value) is what CI systems read.",
)
@click.option("--all", "every", is_flag=True, help="Also the world's credentials, as `exec` sets them.")
@data_option
@json_option
def env(style: str, every: bool, data: str | None, as_json: bool) -> None:
    """Print the variables that point a shell's clients at the lab: eval "$(tenantlab tls env)"."""
    variables = environment(find(data))
    if not every:
        variables = {key: value for key, value in variables.items() if key in REACHING}
    if as_json:
        put(variables)
        return
    for line in as_lines(variables, style):
        click.echo(line)
