"""The key ring: what one key has sealed for a place opens there, by that key, and nowhere else."""

from base64 import b64encode
from dataclasses import replace

import pytest

from shared.domain.errors import Conflict
from shared.runtime.keyring import KeyRing, Unopened, new_key, read_ring
from tests.support.rings import ring, written

ABOUT = b"here"
KEY = b64encode(bytes(32)).decode()


@pytest.mark.parametrize("text", ["s", "swordfish", "\0", "ключ \U0001f5dd", "x" * 65_536])
def test_what_is_sealed_opens(text: str) -> None:
    """By the first key, which any later ring may still have at another place."""
    sealed = ring("new", "old").seal(text, ABOUT)
    assert sealed.key_id == "new"
    assert text.encode() not in sealed.ciphertext or len(text) == 1
    for own in (ring("new"), ring("newer", "new"), ring("new", "old")):
        assert own.open(sealed, ABOUT) == text


def test_it_opens_by_its_own_key_for_its_own_place_and_whole() -> None:
    """Another place, another key under the same id, a bit that was turned: none opens."""
    sealed = ring("k").seal("swordfish", ABOUT)
    turned = bytes([sealed.ciphertext[0] ^ 1, *sealed.ciphertext[1:]])
    same_id = read_ring(f"k:{KEY}")
    for own, given, about in (
        (ring("k"), sealed, b"there"),
        (same_id, sealed, ABOUT),
        (ring("other"), sealed, ABOUT),
        (KeyRing(), sealed, ABOUT),
        (ring("k"), replace(sealed, ciphertext=turned), ABOUT),
        (ring("k"), replace(sealed, ciphertext=sealed.ciphertext[:-1]), ABOUT),
        (ring("k"), replace(sealed, nonce=bytes(12)), ABOUT),
    ):
        with pytest.raises(Unopened) as refused:
            own.open(given, about)
        assert "swordfish" not in str(refused.value)


def test_no_seal_is_like_another() -> None:
    """The same text twice shares neither nonce nor ciphertext; the nonce is 96 bits of chance."""
    asked: list[int] = []

    def chance(count: int) -> bytes:
        asked.append(count)
        return bytes([len(asked)]) * count

    own = KeyRing({"k": bytes(32)}, chance)
    one, two = own.seal("same", ABOUT), own.seal("same", ABOUT)
    assert asked == [12, 12]
    assert one.nonce != two.nonce
    assert one.ciphertext != two.ciphertext
    again = [ring("k").seal("same", ABOUT).nonce for _ in range(100)]
    assert len(set(again)) == 100


def test_a_ring_without_keys_seals_nothing() -> None:
    """The sentence says what to set."""
    assert read_ring("").ids == ()
    with pytest.raises(Conflict, match="TURNOUT_KEYRING"):
        read_ring("").seal("s", ABOUT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (KEY, "Entry 1"),
        (f":{KEY}", "Entry 1"),
        ("k:", "Entry 1"),
        (f"k:{KEY},", "Entry 2"),
        (f"{KEY}:k", "Entry 1"),
        (f"a b:{KEY}", "Entry 1"),
        ("k:not base64!", "'k' is not base64"),
        (f"k:{b64encode(bytes(31)).decode()}", "31 bytes"),
        (f"k:{b64encode(bytes(33)).decode()}", "33 bytes"),
        (f"{written('k')},{written('k').replace('k:', 'l:', 1)}", "'l', or its id, is there twice"),
        (f"{written('k')},k:{KEY}", "'k', or its id, is there twice"),
    ],
)
def test_what_is_no_ring_is_refused(text: str, said: str) -> None:
    """With the place, and without any of the key."""
    with pytest.raises(ValueError, match=r".") as refused:
        read_ring(text)
    assert said in str(refused.value)
    assert KEY[:8] not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_new_key_is_a_ring() -> None:
    """Each is another one; together they are a ring too, which shows its ids alone."""
    first, second = new_key(), new_key()
    both = read_ring(f"{first}, {second}")
    assert len(set(both.ids)) == 2
    assert both.ids[0] == first.partition(":")[0]
    assert first.partition(":")[2] not in repr(vars(both))
