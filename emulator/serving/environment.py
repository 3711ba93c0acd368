"""The environment in which other programs reach a running lab."""

import os
from pathlib import Path

from emulator.kernel.doc import Doc

# Node before 24 ignores HTTPS_PROXY; a script loaded first takes its place.
_PRELOAD = Path(__file__).resolve().parent / "node_preload.cjs"


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
