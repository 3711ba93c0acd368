"""The environment in which other programs reach a running lab."""

import os
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from emulator.kernel.doc import Doc

_PRELOAD = Path(__file__).resolve().parent / "preload"
"""What a runtime loads first, in place of the proxy that its clients ignore: node.cjs, sitecustomize.py."""
REACHING = (
    "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY", "NODE_OPTIONS", "PYTHONPATH", "JAVA_TOOL_OPTIONS", "TENANTLAB_HOSTS",
    "TENANTLAB_TLS",
)  # fmt: skip
"""The variables that make clients reach the lab; the others are credentials and facts of the world."""


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
        "NODE_OPTIONS": _after("NODE_OPTIONS", f"--require {_quoted(_PRELOAD / 'node.cjs')}"),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_PRELOAD), os.environ.get("PYTHONPATH", "")))),
        "JAVA_TOOL_OPTIONS": _after("JAVA_TOOL_OPTIONS", _java(proxy, Path(info["ca_file"]).with_name("ca.p12"))),
        "TENANTLAB_HOSTS": ",".join(info["emulated"]), "TENANTLAB_TLS": info["https_urls"]["front"],
        "TENANTLAB_FEDERATED_DOMAIN": entra["federated_domain"], "TENANTLAB_MANAGED_DOMAIN": entra["managed_domain"],
    }  # fmt: skip
    return {key: str(value) for key, value in found.items() if value is not None}


def _after(name: str, text: str) -> str:
    """A variable that holds options: what it holds already, and ours."""
    before = os.environ.get(name, "")
    return before if text in before else f"{before} {text}".strip()


def _quoted(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)


def _java(proxy: str, truststore: Path) -> str:
    """The JVM reads no proxy and no authority from the environment; it takes them as system properties."""
    found = urlsplit(proxy)
    options = {
        "https.proxyHost": found.hostname, "https.proxyPort": found.port, "http.nonProxyHosts": "localhost|127.*|[::1]",
        "javax.net.ssl.trustStore": truststore, "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": "changeit",
    }  # fmt: skip
    return " ".join(_quoted_option(f"-D{name}={value}") for name, value in options.items())


def _quoted_option(text: str) -> str:
    return f'"{text}"' if " " in text else text


def as_lines(variables: dict[str, str], style: str) -> list[str]:
    """Assignments for a shell: `sh`, `powershell`, or `dotenv` (KEY=value, as CI systems read them)."""
    if style == "dotenv":
        return [f"{key}={value}" for key, value in variables.items()]
    if style == "powershell":
        return ["$env:{} = '{}'".format(key, value.replace("'", "''")) for key, value in variables.items()]
    return [f"export {key}={shlex.quote(value)}" for key, value in variables.items()]
