"""One-time passwords of YubiKeys: modhex text around one AES block. Source: Yubico's published OTP format."""

import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_MODHEX = "cbdefghijklnrtuv"
_FROM = str.maketrans(_MODHEX, "0123456789abcdef")
_TO = str.maketrans("0123456789abcdef", _MODHEX)
_BLOCK = 32
_GOOD_CRC = 0xF0B8


class OtpRejected(ValueError):
    """No password of this key: a sentence."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a password says: the key's private id (hexadecimal), and a number that grows with each password."""

    private_id: str
    counter: int


def is_modhex(text: str) -> bool:
    return bool(text) and set(text) <= set(_MODHEX) and len(text) % 2 == 0


def public_id(otp: str) -> str:
    """The part before the block. Raises OtpRejected."""
    text = otp.strip().lower()
    if not is_modhex(text) or not _BLOCK <= len(text) <= 2 * _BLOCK:
        raise OtpRejected("it is not 32 to 64 letters of modhex")
    return text[:-_BLOCK]


def opened(otp: str, key: bytes) -> Opened:
    """Decrypt with the key's 16 bytes. Raises OtpRejected where the checksum does not hold."""
    public_id(otp)
    block = bytes.fromhex(otp.strip().lower()[-_BLOCK:].translate(_FROM))
    plain = _aes(key).decryptor().update(block)
    if _crc(plain) != _GOOD_CRC:
        raise OtpRejected("its checksum does not hold: it was made with another key")
    return Opened(plain[:6].hex(), int.from_bytes(plain[6:8], "little") << 8 | plain[11])


def made(public: str, private_id: str, key: bytes, *, session: int, use: int) -> str:
    """The password that a key types. session: how often it was plugged in; use: which touch since then."""
    plain = bytes.fromhex(private_id) + session.to_bytes(2, "little") + bytes(3) + bytes([use]) + os.urandom(2)
    plain += (~_crc(plain) & 0xFFFF).to_bytes(2, "little")
    return public + _aes(key).encryptor().update(plain).hex().translate(_TO)


def _aes(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - one block, as the format has it


def _crc(data: bytes) -> int:
    """CRC-16 of ISO 13239, without the final inversion."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return crc
