"""The command line: one file per noun, imported only when its command runs."""

import importlib
import sys
from typing import Any

import click

from emulator import __version__
from emulator.cache import keep_bytecode

COMMANDS = {
    "demo": "one federated sign-in, end to end, on unmodified clients",
    "up": "serve a world until stopped",
    "exec": "run a command against a world of its own",
    "status": "what is running, and where",
    "browser": "a real browser under the real host names",
    "agent": "a scripted client signs a person in: browser, Office, old mail, rooms, Windows",
    "run": "play scenarios headless, both ways",
    "scenario": "work on a broken estate: ticket, checks, hints, solution",
    "call": "one API call as the world's administrator",
    "logs": "both sides' logs, side by side",
    "trace": "the exchanges of the tape, with their whys",
    "permissions": "the least privileges that each client's calls needed",
    "token": "mint, decode and verify tokens",
    "explain": "explain tokens, errors, log rows and HARs, offline",
    "clock": "read and move world time",
    "fault": "make requests go wrong on purpose",
    "snapshot": "take, list and restore snapshots",
    "world": "export, load, fork, compare and seed worlds as files",
    "sync": "run the connector's due jobs",
    "reset": "back to the world's first state",
    "tls": "the lab's own authority, for clients that need it",
    "doctor": "check this machine, and the running lab",
}


class _Lazy(click.Group):
    """Loads a command's module when it is used, so that `--help` and start-up stay cheap."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = importlib.import_module(f"emulator.cli.{cmd_name}_command").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tenantlab")
def cli() -> None:
    """A local Okta org and Microsoft Entra tenant, federated. Not affiliated with either vendor."""


def main(args: list[str] | None = None) -> Any:
    """Run the command line; LabError becomes one sentence, one hint and its exit code."""
    keep_bytecode()
    from emulator.kernel.problems import LabError

    try:
        return cli.main(args=args, prog_name="tenantlab", standalone_mode=False)
    except LabError as error:
        return _fail(error.message, error.hint, error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)


def _fail(message: str, hint: str, code: int) -> None:
    click.echo(f"tenantlab: {message}", err=True)
    if hint:
        click.echo(f"  hint: {hint}", err=True)
    sys.exit(code)
