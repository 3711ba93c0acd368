"""Kerberos' encryption against the published vectors, and DER's edges."""

import pytest

from emulator.protocols import der
from emulator.protocols import kerberos_crypto as crypto


# RFC 3961 A.1
@pytest.mark.parametrize(("data", "size", "folded"), [
    (b"012345", 8, "be072631276b1955"), (b"password", 7, "78a07b6caf85fa"),
    (b"Rough Consensus, and Running Code", 8, "bb6ed30870b7f0e0"), (b"kerberos", 16, "6b65726265726f737b9b5b2b93132b93"),
])  # fmt: skip
def test_folding(data, size, folded):
    assert crypto.folded(data, size).hex() == folded


# RFC 3962 B
@pytest.mark.parametrize(("rounds", "kind", "key"), [
    (1, 17, "42263c6e89f4fc28b8df68ee09799f15"),
    (1, 18, "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161"),
    (1200, 18, "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a"),
])  # fmt: skip
def test_keys_of_passwords(rounds, kind, key):
    assert crypto.key_of("password", salt="ATHENA.MIT.EDUraeburn", kind=kind, rounds=rounds).hex() == key


@pytest.mark.parametrize(("plain", "cipher"), [
    ("I would like the ", "c6353568f2bf8cb4d8a580362da7ff7f97"),
    ("I would like the General Gau's ", "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"),
    ("I would like the General Gau's C", "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"),
    ("I would like the General Gau's Chicken, please,",
     "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5"),
])  # fmt: skip
def test_stolen_blocks(plain, cipher):
    key = b"chicken teriyaki"
    assert crypto._stolen(key, plain.encode(), seal=True).hex() == cipher
    assert crypto._stolen(key, bytes.fromhex(cipher), seal=False) == plain.encode()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 31, 32, 33, 300])
def test_what_is_sealed_opens_with_its_key_and_its_usage_only(size):
    sealed = crypto.sealed(b"k" * 32, 2, b"x" * size, confounder=b"c" * 16)
    assert crypto.opened(b"k" * 32, 2, sealed) == b"x" * size
    for key, usage, cipher in ((b"l" * 32, 2, sealed), (b"k" * 32, 3, sealed), (b"k" * 32, 2, sealed[:-1]),
                               (b"k" * 32, 2, b""), (b"k" * 32, 2, bytes(28))):  # fmt: skip
        with pytest.raises(crypto.BadSeal):
            crypto.opened(key, usage, cipher)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 65535, -1, 2**31 - 1])
def test_whole_numbers(value):
    assert der.whole(der.integer(value)) == value


@pytest.mark.parametrize(
    "dotted", ["1.2.840.113554.1.2.2", "1.3.6.1.5.5.2", "2.5.29.17", "2.999.3", "0.9.2342.19200300"]
)
def test_object_identifiers(dotted):
    assert der.dotted(der.inside(der.oid(dotted), der.OID)) == dotted


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 70000])
def test_lengths(size):
    assert der.inside(der.octets(b"x" * size), der.OCTETS) == b"x" * size


@pytest.mark.parametrize("data", ["", "30", "3081", "3080", "30850000000001", "3003020101ff", "1f0100", "3005020101"])
def test_what_is_not_der(data):
    with pytest.raises(der.DerRejected):
        der.members(bytes.fromhex(data))
