"""Spans and what lies in them."""

from itertools import product

from shared.matching.readers import HIGHEST, LOWEST
from shared.matching.spans import Spans


def test_both_ends_of_a_span_lie_within() -> None:
    """Whatever its length, and with one end or two; what was removed is not found."""
    numbers = range(-9, 10)
    all_of = [(a, b) for a, b in product((LOWEST, *numbers), (*numbers, HIGHEST)) if a <= b]
    spans = Spans[tuple[int, int]]()
    for one in all_of:
        spans.add(*one, one)
    for leaving in ([], all_of[::2]):
        for one in leaving:
            assert spans.remove(*one, one)
        left = [one for one in all_of if one not in leaving]
        for place in range(-11, 12):
            assert {*spans.at(place)} == {(a, b) for a, b in left if a <= place <= b}
