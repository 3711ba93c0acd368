"""xmlsec1 as an independent judge of our signatures. Skipped, loudly, where the program is missing (`apt-get
install xmlsec1`).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from emulator.protocols import saml11, saml20, saml20_messages

from .relying_party import CERTIFICATES, DANA, FOREIGN, ISSUER, KEY, NOW, genuine, make, wrap

XMLSEC = shutil.which("xmlsec1")
pytestmark = pytest.mark.skipif(XMLSEC is None, reason="NO SECOND OPINION: xmlsec1 is not installed")

SAML11 = "AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion"
SAML20 = "ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"


def judge(xml: bytes, folder: Path, kind: tuple[str, str] = SAML11) -> bool:
    file = folder / "token.xml"
    file.write_bytes(xml)
    certificate = str(CERTIFICATES / "okta-acme-saml.crt")
    command = [str(XMLSEC), "--verify", "--enabled-key-data", "rsa,x509", "--pubkey-cert-pem", certificate]
    command += [f"--id-attr:{kind[0]}", kind[1], str(file)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_accepts_our_saml11(tmp_path: Path) -> None:
    odd = make(attributes=(saml11.Attribute(*saml11.UPN, ("é <&>\r\n\t\"' 😀",), original_issuer="CLIENT CONTEXT"),))
    for token in (genuine(), saml11.issue(odd, KEY)):
        assert judge(token, tmp_path) and judge(wrap(token), tmp_path)


def test_refuses_what_we_refuse(tmp_path: Path) -> None:
    assert not judge(genuine().replace(b"dana@", b"dane@"), tmp_path)
    assert not judge(saml11.issue(make(), FOREIGN), tmp_path)


def test_accepts_our_saml20(tmp_path: Path) -> None:
    assertion = saml20.office365_assertion(
        assertion_id="_a",
        issuer=ISSUER,
        now_ms=NOW,
        upn="dana@acme.example",
        immutable_id=DANA,
        authn_instant_ms=NOW,
        in_response_to="_r",
    )
    response = saml20_messages.issue_response(assertion, KEY, response_id="_b")
    assert judge(response, tmp_path, SAML20)
    assert not judge(response.replace(b"dana@", b"dane@"), tmp_path, SAML20)
