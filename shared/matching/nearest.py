"""Which of the names that there are may have been meant by another one."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Final

NAME_CHARS_MAX: Final = 64
"""Of a name, so much is compared."""

_LOOKED_AT_MAX: Final = 2_000
_COMPARED_MAX: Final = 200
_PAIRS_MAX: Final = 50_000
"""Of characters, of one name and of the other: what a comparison takes goes by these."""

_CUTOFF: Final = 0.6


def nearest(name: str, known: Iterable[str], *, count: int = 1) -> list[str]:
    """So many of the known names that are spelt nearly alike, the nearest first.

    Looks at a bounded part of them, in their order: at fewer where names are long. Takes at most
    some 7 ms.
    """
    written, left = name[:NAME_CHARS_MAX], _PAIRS_MAX
    compared: list[str] = []
    for each in islice(known, _LOOKED_AT_MAX):
        if len(compared) == _COMPARED_MAX or left <= 0:
            break
        # No two names are more alike than their lengths let them be.
        if 2 * min(len(each), len(written)) >= _CUTOFF * (len(each) + len(written)):
            compared.append(each)
            left -= len(each) * len(written)
    return get_close_matches(written, compared, n=count, cutoff=_CUTOFF)
