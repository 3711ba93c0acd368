"""Our own certificate authority's files: one per data directory, constrained to the emulated names, never shipped.

What is in them is made by `authority`: a leaf for every emulated name and the loopback addresses, and wrong ones.
"""

import ssl
from pathlib import Path

from emulator.kernel.clock import real_ms

_WRONG = ("expired", "not_yet_valid", "wrong_host", "untrusted")


def ensure(folder: Path, names: list[str]) -> dict[str, Path]:
    """Create (or keep) `ca.pem`, `ca.p12`, `bundle.pem`, `tls.crt`, `tls.key` in `folder`; the leaf covers `names`."""
    files = {name: folder / name for name in ("ca.pem", "ca.p12", "bundle.pem", "tls.crt", "tls.key")}
    wrong = {name: folder / wrong_file(name) for name in _WRONG}
    stamp = folder / "tls.names"
    wanted = "\n".join(sorted(names))
    if (
        all(path.exists() for path in (*files.values(), *wrong.values()))
        and stamp.exists()
        and stamp.read_text() == wanted
        and _fresh(files["tls.crt"])
    ):
        return files
    from emulator.serving import authority

    ca, (leaf, key), others = authority.make(names)
    files["ca.pem"].write_bytes(ca)
    files["ca.p12"].write_bytes(authority.truststore(ca))
    files["tls.crt"].write_bytes(leaf + ca)
    write_private(files["tls.key"], key)
    files["bundle.pem"].write_bytes(public_roots() + ca)
    for name, (certificate, its_key) in others.items():
        write_private(wrong[name], its_key + certificate + ca)
    stamp.write_text(wanted)
    return files


def wrong_file(name: str) -> str:
    """The name of the file that holds a wrong certificate, with its key."""
    return f"tls.{name}.pem"


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, replacing it whole."""
    import os

    temporary = path.with_name(path.name + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def public_roots() -> bytes:
    """The machine's public roots, so that a client given our bundle can still reach other sites; may be empty."""
    candidates = [ssl.get_default_verify_paths().cafile]
    try:
        import certifi

        candidates.insert(0, certifi.where())
    except ImportError:
        pass
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            return Path(candidate).read_bytes().rstrip() + b"\n"
    return b""


def _fresh(certificate: Path) -> bool:
    from cryptography import x509

    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    return loaded.not_valid_after_utc.timestamp() * 1000 > real_ms() + 7 * 86_400_000
