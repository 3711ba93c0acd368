"""A Chromium that knows a running lab and nothing else: where it is installed, and the command line it gets.

Its own resolver leads the emulated names to the lab's listeners, so no hosts file is touched; no other name resolves.
It trusts the one key that those listeners hold, not an authority: a stranger's certificate stays refused.
"""

import base64
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.hosts import is_loopback

VARIABLE = "TENANTLAB_CHROMIUM"
NAMES = (
    "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge-stable",
    "microsoft-edge", "msedge", "brave-browser",
)  # fmt: skip
_MAC = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_WINDOWS = (
    "Chromium/Application/chrome.exe", "Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe",
)  # fmt: skip
_QUIET = (
    "--no-first-run", "--no-default-browser-check", "--no-service-autorun", "--no-pings", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions",
    "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--disable-breakpad",
    "--disable-search-engine-choice-screen", "--metrics-recording-only", "--password-store=basic",
    "--use-mock-keychain", "--disable-quic",
    "--disable-features=OptimizationHints,MediaRouter,DialMediaRouteProvider,Translate,NetworkTimeServiceQuerying,"
    "AutofillServerCommunication,CertificateTransparencyComponentUpdater,PrivacySandboxSettings4,DnsOverHttps",
    # Otherwise a yellow bar warns of the key that we vouch for.
    "--test-type",
)  # fmt: skip
_PREFERENCES = {
    "credentials_enable_service": False, "profile": {"password_manager_leak_detection": False},
    "signin": {"allowed": False, "allowed_on_next_startup": False}, "safebrowsing": {"enabled": False},
    "search": {"suggest_enabled": False}, "net": {"network_prediction_options": 2},
    "alternate_error_pages": {"enabled": False},  # the error page of an unknown name looks up another one
    "autofill": {"profile_enabled": False, "credit_card_enabled": False}, "translate": {"enabled": False},
}  # fmt: skip


def find(given: str | None = None) -> str:
    """The browser's program: the one given, the environment's, or the first that is installed. LabError for none."""
    wanted = given or os.environ.get(VARIABLE)
    for name in (wanted,) if wanted else (*NAMES, *_places()):
        found = shutil.which(name)
        if found:
            return found
    if wanted:
        raise LabError(f"{wanted} is not a program that can be run.", hint="Give the path of a Chromium or Chrome.")
    raise LabError(
        "No Chromium was found on this machine.",
        hint=f"Install it (Debian: apt-get install chromium), or set {VARIABLE} to the path of a Chrome or Edge.",
    )


def _places() -> tuple[str, ...]:
    """Where installers put it without putting it on the PATH."""
    if sys.platform == "darwin":
        return _MAC
    roots = [os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
    return tuple(f"{root}/{place}" for root in roots if root for place in _WINDOWS)


def arguments(info: Doc, hosts: list[str], profile: Path) -> list[str]:
    """Switches for a browser that reaches the lab of `info` (the contents of `lab.json`) and nothing else.

    hosts: the emulated names. profile: a folder to throw away afterwards; a few preferences are written into it.
    """
    _write_preferences(profile)
    found = [
        f"--user-data-dir={profile}", "--no-proxy-server", f"--host-resolver-rules={_rules(info, hosts)}",
        f"--ignore-certificate-errors-spki-list={key_pin(Path(info['data_dir']) / 'tls.crt')}", *_QUIET,
    ]  # fmt: skip
    if sys.platform == "linux" and os.geteuid() == 0:
        found.append("--no-sandbox")  # Chromium does not start as root with it
    return found


def _rules(info: Doc, hosts: list[str]) -> str:
    """Every emulated name at its listener; localhost too, where clients wait for answers; nothing else."""
    ports = {443: info["https_urls"]["front"], 80: info["urls"]["front"]}
    mapped = [f"MAP {name}:{port} {urlsplit(url).netloc}" for name in hosts for port, url in ports.items()]
    spared = dict.fromkeys(("localhost", "127.0.0.1", "[::1]", urlsplit(ports[443]).netloc.rpartition(":")[0]))
    return ", ".join([*mapped, "MAP * ~NOTFOUND", *(f"EXCLUDE {name}" for name in spared)])


def _write_preferences(profile: Path) -> None:
    """What no switch turns off: questions about passwords, and checks of them that would ask elsewhere."""
    folder = profile / "Default"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Preferences").write_text(json.dumps(_PREFERENCES))


def key_pin(certificate: Path) -> str:
    """SHA-256 of a certificate's public key (SPKI), base64: how Chromium names a key."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    except (OSError, ValueError) as error:
        raise LabError(f"{certificate} cannot be read: {error}.", hint="Start the lab again.") from error
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def address(info: Doc, hosts: list[str], url: str | None) -> str:
    """The address to open: `url` (its scheme may be left out), or the org's front page. LabError when it leads away."""
    if url is None:
        host = info["hosts"].get("okta") or info["hosts"].get("login")
        return f"https://{host}/" if host else str(info["urls"]["control"]) + "/_lab/health"
    parts = urlsplit(url if "://" in url else f"https://{url}")
    name = parts.hostname or ""
    if parts.scheme in ("http", "https") and name in hosts:
        return parts._replace(scheme="https").geturl()  # the relay tunnels TLS only
    if parts.scheme in ("http", "https") and is_loopback(name):
        return parts.geturl()
    raise LabError(
        f"{url} is not an address of this lab; its browser reaches nothing else.", hint=f"Hosts: {', '.join(hosts)}."
    )
