"""How wide the columns of a table are: texts give way, what holds an id or a time does not."""

import re
from collections.abc import Sequence
from typing import Final

_AROUND: Final = 3
"""Beside a cell: a blank on each side, and what parts it from the next one."""
_WORD_MAX: Final = 16
_WHOLE_MAX: Final = 80
"""Longer words are folded where there is no room; those with an id or a time, as JSON may be."""

_WHOLE: Final = re.compile(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # an id, as a UUID
    r"|\b([a-z]+_)?[0-9A-Z]{26}\b"  # or as other systems write it
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d"  # a time
)


def widths_of(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """The width of each column in ``room`` characters; None: there is no table so narrow.

    What is left when every column has its least goes to those that want more, in equal parts.
    """
    each = [[column, *(row[at] for row in rows)] for at, column in enumerate(columns)]
    wanted = [max(_longest(cell.splitlines()) for cell in cells) for cells in each]
    widths = [min(want, _least(cells)) for want, cells in zip(wanted, each, strict=True)]
    left = room - 1 - sum(width + _AROUND for width in widths)
    if left < 0:
        return None
    while left and widths != wanted:
        growing = [at for at, want in enumerate(wanted) if widths[at] < want]
        share = max(1, left // len(growing))
        for at in growing[:left]:
            more = min(share, wanted[at] - widths[at])
            widths[at] += more
            left -= more
    return widths


def _least(cells: Sequence[str]) -> int:
    """As wide as its widest word that is not to be folded."""
    head, *others = cells
    words = [word for cell in others for word in cell.split()]
    whole = [word for word in words if len(word) <= _WHOLE_MAX and _WHOLE.search(word)]
    return max(_longest(head.split()), min(_longest(words), _WORD_MAX), _longest(whole))


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)
