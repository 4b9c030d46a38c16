"""How much is read and published at a time."""

from collections.abc import Iterator

from shared.bus.portions import BYTES_AT_ONCE, portions

HALF = BYTES_AT_ONCE // 2


def test_portions_are_full_and_in_order() -> None:
    """As much as may go together does; what is too large comes alone, and nothing is left out."""
    sizes = [HALF, HALF, 1, 2 * BYTES_AT_ONCE, 1, HALF, HALF, 0]
    found = [list(some) for some in portions(sizes, lambda size: size)]
    assert found == [[HALF, HALF], [1], [2 * BYTES_AT_ONCE], [1, HALF], [HALF, 0]]
    assert list(portions([], lambda size: size)) == []


def test_of_what_comes_later_at_most_one_is_held() -> None:
    """What is made while it is drawn is not all in memory at once."""
    drawn = 0

    def made() -> Iterator[int]:
        nonlocal drawn
        for _ in range(10):
            drawn += 1
            yield HALF

    assert next(portions(made(), lambda size: size)) == [HALF, HALF]
    assert drawn == 3
