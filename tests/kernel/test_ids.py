"""Ids are a function of key, kind and counter: repeatable, distinct, well-formed."""

import itertools
import re
from collections import Counter

from emulator.kernel.ids import Ids, as_guid, base62, scramble


def make(seed: bytes = b"seed", secret: bytes = b"secret", scope: str = "okta:acme") -> Ids:
    counters: Counter[str] = Counter()

    def take(kind: str) -> int:
        counters[kind] += 1
        return counters[kind]

    return Ids(seed, secret, take, scope=scope)


def test_okta_ids_are_twenty_characters_with_a_common_end():
    ids = make()
    made = [ids.okta("00u") for _ in range(200)]
    assert len(set(made)) == 200
    assert all(re.fullmatch(r"00u[0-9A-Za-z]{17}", text) for text in made)
    assert {text[-3:] for text in made} == {made[0][-3:]}


def test_equal_seeds_repeat_and_other_seeds_do_not():
    assert [make().okta("00u"), make().guid("x")] == [make().okta("00u"), make().guid("x")]
    assert make(b"other").okta("00u") != make().okta("00u")
    assert make(scope="okta:other").guid("x") != make().guid("x")


def test_secrets_come_from_the_secret_and_not_from_the_seed():
    assert make(secret=b"a").secret("code") != make(secret=b"b").secret("code")
    assert make(seed=b"a", secret=b"s").okta("00u") != make(seed=b"b", secret=b"s").okta("00u")
    assert make().derive("flow") == make().derive("flow") != make().derive("other")


def test_guids_are_version_four():
    texts = [as_guid(scramble(b"k", "x", n, 16)) for n in range(50)]
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", t) for t in texts)


def test_scramble_gives_as_many_bytes_as_asked():
    for size, kind in itertools.product((1, 16, 64, 200), ("a", "b")):
        assert len(scramble(b"k", kind, 1, size)) == size
    assert len(base62(scramble(b"k", "x", 1, 40), 40)) == 40
