"""xmlsec1 as a second judge of every kind of signature that the lab makes; and it refuses what we refuse."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from emulator import World
from emulator.protocols.wstrust import ACTION_13, ACTION_2005
from emulator.protocols.wstrust_client import build_rst
from emulator.serving.minting import mint
from emulator.wire.client import Http
from tests.security.lines import covers

XMLSEC = shutil.which("xmlsec1")
pytestmark = pytest.mark.skipif(XMLSEC is None, reason="NO SECOND OPINION: xmlsec1 is not installed")
DANA = "dana@acme.example"
CERTIFICATES = Path(__file__).parents[2] / "fixtures" / "certificates"
SAML11 = ("AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion")
SAML20 = ("ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion")


def agrees(token: str, folder: Path, ids: tuple[str, str], certificate: str = "okta-acme-saml") -> bool:
    file = folder / "token.xml"
    file.write_text(token, encoding="utf-8")
    command = [
        str(XMLSEC),
        "--verify",
        "--enabled-key-data",
        "rsa,x509",
        "--pubkey-cert-pem",
        str(CERTIFICATES / f"{certificate}.crt"),
    ]
    command += [f"--id-attr:{ids[0]}", ids[1], str(file)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@covers("S18")
@pytest.mark.parametrize("algorithm", [None, "rsa-sha256", "rsa-sha384", "rsa-sha512"])
@pytest.mark.parametrize("kind", ["wresult", "wstrust", "assertion", "saml2"])
def test_minted_tokens(world: World, tmp_path: Path, kind: str, algorithm: str | None) -> None:
    ids = SAML20 if kind == "saml2" else SAML11
    token = mint(world, kind, DANA, {}, None, algorithm=algorithm)
    assert agrees(token, tmp_path, ids)
    assert not agrees(token.replace(DANA, "dane@acme.example"), tmp_path, ids)
    assert not agrees(mint(world, kind, DANA, {}, None, key="foreign"), tmp_path, ids)


@covers("S10", "S11")
@pytest.mark.parametrize(
    "broken", ["signature", "claim", "foreign-key", "empty-digest", "digest-of-nothing", "tampered-id", "void-c14n"]
)
@pytest.mark.parametrize("kind", ["wresult", "saml2"])
def test_what_we_refuse_for_its_signature_it_refuses(world: World, tmp_path: Path, kind: str, broken: str) -> None:
    assert not agrees(mint(world, kind, DANA, {}, broken), tmp_path, SAML20 if kind == "saml2" else SAML11)


def test_the_tokens_of_a_sign_in(world: World, tmp_path: Path) -> None:
    """The wresult that Okta itself made."""
    from urllib.parse import parse_qs

    world.browser.sign_in(DANA)
    posted = [hop for hop in world.tape if hop.url.endswith("/login.srf") and hop.request_body]
    wresult = parse_qs(posted[-1].request_body.decode())["wresult"][0]
    assert agrees(wresult, tmp_path, SAML11)


def test_the_answers_of_ws_trust(world: World, tmp_path: Path) -> None:
    key = world.spec.lab["okta"]["o365_external_key"]
    person = next(each for each in world.spec.lab["users"] if each["role"] == "service" and each["federated"])
    for version, path in (("1.3", "username13"), ("2005", "active")):
        url = f"https://acme.okta.com/app/office365/{key}/sso/wsfed/{path}"
        envelope = build_rst(
            version, person["login"], password=person["password"], url=url, now_ms=world.clock.now(),
            message_id="11111111-1111-4111-8111-111111111111",
        )  # fmt: skip
        action = ACTION_13 if version == "1.3" else ACTION_2005
        headers = {"content-type": "application/soap+xml; charset=utf-8", "soapaction": action}
        answer = Http(world.transport).request("POST", url, body=envelope, headers=headers)
        assert answer.status == 200, answer.text()
        found = re.search(r"<saml:Assertion\b.*</saml:Assertion>", answer.text(), re.DOTALL)
        assert found and agrees(found[0], tmp_path, SAML11)
        assert agrees(answer.text(), tmp_path, SAML11)
