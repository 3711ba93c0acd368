"""What the commands share: options, output (data on stdout, talk on stderr), the running lab."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError

if TYPE_CHECKING:
    from emulator.serving.lab import Remote

# Node before 24 ignores HTTPS_PROXY; a script loaded first takes its place.
_PRELOAD = Path(__file__).resolve().parent.parent / "serving" / "node_preload.cjs"

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")(function)


def data_option(function: F) -> F:
    return click.option("--data", type=click.Path(), default=None, help="The running lab's data directory.")(function)


def world_options(function: F) -> F:
    """Options of commands that start a world."""
    options = [
        click.option("--world", default=None, help="A world's name, file or directory [default: acme]."),
        click.option("--seed", default=None, help="Seed of ids and keys."),
        click.option("--limits", type=click.Choice(["off", "documented"]), default="off", show_default=True,
                     help="Rate limits: headers only, or as documented."),
        click.option("--lenient", is_flag=True, help="Note what is not emulated instead of refusing it."),
        click.option("--allow-host", multiple=True, help="A further Host to answer for."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def say(text: str = "") -> None:
    """Talk: stderr."""
    click.echo(text, err=True)


def put(value: Any, *, compact: bool = False) -> None:
    """Data: JSON on stdout."""
    click.echo(orjson.dumps(value, option=0 if compact else orjson.OPT_INDENT_2).decode())


def remote(data: str | None) -> "Remote":
    """The running lab. LabError when none answers."""
    from emulator.serving.lab import Remote, find
    from emulator.wire.client import Unreachable

    info = find(data)
    try:
        return Remote(info)
    except Unreachable as error:
        raise LabError(
            f"The lab of {info['data_dir']} does not answer.",
            hint="It may have been killed; start it again.",
            exit_code=3,
        ) from error


def read_input(path: str) -> bytes:
    """A file's bytes, or standard input for `-`."""
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise LabError(
            f"{path} cannot be read: {error.strerror}.", hint="Give a file, or - for standard input."
        ) from error


def environment(info: Doc) -> dict[str, str]:
    """The environment in which common clients reach the lab under the vendors' names."""
    proxy, bundle, entra, okta = info["urls"]["proxy"], info["bundle_file"], info["entra"], info["okta"]
    found = {
        "HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "localhost,127.0.0.1,::1",
        "no_proxy": "localhost,127.0.0.1,::1", "REQUESTS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle,
        "CURL_CA_BUNDLE": bundle, "NODE_EXTRA_CA_CERTS": info["ca_file"], "NODE_USE_ENV_PROXY": "1",
        "OKTA_CLIENT_ORGURL": f"https://{info['hosts']['okta']}", "OKTA_CLIENT_TOKEN": okta["token"],
        "AZURE_TENANT_ID": entra["tenant_id"], "AZURE_CLIENT_ID": entra["client_id"],
        "AZURE_CLIENT_SECRET": entra["client_secret"], "TENANTLAB_DATA": info["data_dir"],
        "TENANTLAB_CONTROL_URL": info["urls"]["control"], "TENANTLAB_PROXY": proxy,
        "TENANTLAB_CONTROL_TOKEN": info["control_token"],
        "NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} --require {_PRELOAD}".strip(),
        "TENANTLAB_HOSTS": ",".join(info["emulated"]), "TENANTLAB_TLS": info["https_urls"]["front"],
        "TENANTLAB_FEDERATED_DOMAIN": entra["federated_domain"], "TENANTLAB_MANAGED_DOMAIN": entra["managed_domain"],
    }  # fmt: skip
    return {key: str(value) for key, value in found.items() if value is not None}
