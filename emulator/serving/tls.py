"""Our own certificate authority: one per data directory, constrained to the emulated names, never shipped.

`cryptography` builds it because the authority carries name constraints: if its key leaks, it still cannot vouch for
any other site (security.md F2). Keys are EC P-256, the leaf holds every emulated name and the loopback addresses.
"""

import datetime
import ipaddress
import ssl
from pathlib import Path

from emulator.kernel.clock import real_ms

DAYS = 365


def ensure(folder: Path, names: list[str]) -> dict[str, Path]:
    """Create (or keep) `ca.pem`, `bundle.pem`, `tls.crt`, `tls.key` in `folder`; the leaf covers `names`."""
    files = {name: folder / name for name in ("ca.pem", "bundle.pem", "tls.crt", "tls.key")}
    stamp = folder / "tls.names"
    wanted = "\n".join(sorted(names))
    if (
        all(path.exists() for path in files.values())
        and stamp.exists()
        and stamp.read_text() == wanted
        and _fresh(files["tls.crt"])
    ):
        return files
    ca, leaf, key = _make(names)
    files["ca.pem"].write_bytes(ca)
    files["tls.crt"].write_bytes(leaf + ca)
    write_private(files["tls.key"], key)
    files["bundle.pem"].write_bytes(public_roots() + ca)
    stamp.write_text(wanted)
    return files


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, replacing it whole."""
    import os

    temporary = path.with_name(path.name + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    temporary.replace(path)


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


def _make(names: list[str]) -> tuple[bytes, bytes, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.datetime.fromtimestamp(real_ms() / 1000, datetime.UTC)
    start, end = now - datetime.timedelta(days=1), now + datetime.timedelta(days=DAYS)
    loopback = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
    ca_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tenantlab local authority (this machine only)")])
    dns = [x509.DNSName(name) for name in [*names, "localhost"]]
    nothing_else = {
        "content_commitment": False, "key_encipherment": False, "data_encipherment": False, "key_agreement": False,
        "encipher_only": False, "decipher_only": False,
    }  # fmt: skip
    signs_certificates = x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **nothing_else)
    signs_sessions = x509.KeyUsage(digital_signature=True, key_cert_sign=False, crl_sign=False, **nothing_else)
    ca = (
        x509.CertificateBuilder()
        .subject_name(ca_name).issuer_name(ca_name).public_key(ca_key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs_certificates, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .add_extension(
            x509.NameConstraints([*dns, *(x509.IPAddress(net) for net in loopback)], None), critical=True
        )
        .sign(ca_key, hashes.SHA256())
    )  # fmt: skip
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    extended = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tenantlab")]))
        .issuer_name(ca_name).public_key(leaf_key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(start).not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([*dns, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(signs_sessions, critical=True)
        .add_extension(extended, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(leaf_key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    key = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ca.public_bytes(pem), leaf.public_bytes(pem), key
