"""What a regular expression of a stranger costs, before it is compiled."""

import re
from collections.abc import Callable
from math import prod
from typing import Final

COST_MAX: Final = 1_000
"""Of one pattern."""

_COUNT: Final = r"\{\s*(?P<least>\d*)\s*,?\s*(?P<most>\d*)\s*\}"
_COUNTED: Final = re.compile(rf"(?<=(?P<atom>.)){_COUNT}", re.DOTALL)
_CLASS: Final = r"\[(?!\^?\])\^?(?:\\.|[^\\\[\]])+\]"
_TOKEN: Final = re.compile(
    rf"""(?P<count>{_COUNT})
    |(?P<sign>[?*+])
    |(?P<open>\((?:\?(?::|P?<\w+>))?)
    |(?P<close>\))
    |(?P<atom>{_CLASS}
      |\\[pPxuU](?:\{{[^}}]*\}}|.)
      |\\?.)""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN: Final = re.compile(rf"{_CLASS}|\\.", re.DOTALL)
_FREE: Final = re.compile(r"\(\?[a-zA-Z-]*x")
"""Begins a part in which blanks and comments mean nothing."""


def _one(_atom: str) -> int:
    return 1


def pattern_cost(pattern: str, weight: Callable[[str], int] = _one) -> int:
    """At least the number of atoms that the pattern has with its repetitions written out.

    An atom is a character, an escape or a class, and may weigh more than 1.
    """
    if _FREE.search(pattern) or "[" in _PLAIN.sub("", pattern):
        return _whole_cost(pattern) * weight(pattern)
    outer: list[int] = []
    cost = last = 0  # of what stands before the last item of the group, and of that item
    for token in _TOKEN.finditer(pattern):
        match token.lastgroup:
            case "open":
                outer.append(cost + last)
                cost = last = 0
            case "close" if outer:
                cost, last = outer.pop(), cost + last
            case "sign":
                last += 1
            case "count":
                last *= max(_times(token), 1)
            case _:
                cost, last = cost + last, weight(token.group())
    return sum(outer) + cost + last


def _whole_cost(pattern: str) -> int:
    """The same where it is not plain what a count repeats: it may be all there is."""
    counts = [(found["atom"], _times(found)) for found in _COUNTED.finditer(pattern)]
    # A count after a single character or class adds; after anything else it may repeat others.
    adding = [count for atom, count in counts if _is_single(atom)]
    multiplying = [count for atom, count in counts if not _is_single(atom)]
    return (len(pattern) + sum(adding)) * prod(max(count, 1) for count in multiplying)


def _times(count: re.Match[str]) -> int:
    return int((count["most"] or count["least"] or "0")[:9])


def _is_single(atom: str) -> bool:
    return atom.isalnum() or atom in "].-_"
