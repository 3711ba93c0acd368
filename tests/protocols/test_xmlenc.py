"""Encryption for a service provider, opened with `cryptography`: its own OAEP, PKCS #1 and AES as judges of ours."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from emulator.protocols.xmlenc import BLOCKS, TRANSPORTS, XENC, Recipient, encrypted_data

from .relying_party import CERTIFICATES, load

PLAIN = "<a>é &amp; text of some length</a>".encode()
OAEP = rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


def draw(kind: str, size: int) -> bytes:
    return (hashlib.sha512(kind.encode()).digest() * 8)[:size]


def private() -> RSAPrivateKey:
    found = serialization.load_pem_private_key((CERTIFICATES / "foreign.key").read_bytes(), None)
    assert isinstance(found, RSAPrivateKey)
    return found


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("block", BLOCKS)
def test_the_holder_of_the_key_reads_it(block: str, transport: str) -> None:
    data = encrypted_data(PLAIN, Recipient(load("foreign").certificate, block, transport), draw=draw)
    assert encrypted_data(PLAIN, Recipient(load("foreign").certificate, block, transport), draw=draw) == data
    root = etree.fromstring(data)
    wrapped, cipher = [base64.b64decode(str(each.text)) for each in root.iter(f"{{{XENC}}}CipherValue")]
    key = private().decrypt(wrapped, OAEP if transport == "RSA_OAEP" else rsa_padding.PKCS1v15())
    assert len(key) == BLOCKS[block][1]
    if block.endswith("GCM"):
        assert AESGCM(key).decrypt(cipher[:12], cipher[12:], None) == PLAIN
        return
    decryptor = Cipher(algorithms.AES(key), modes.CBC(cipher[:16])).decryptor()
    padded = decryptor.update(cipher[16:]) + decryptor.finalize()
    unpadder = padding.ANSIX923(128).unpadder()
    assert unpadder.update(padded) + unpadder.finalize() == PLAIN
