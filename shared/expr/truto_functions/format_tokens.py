"""Luxon's formats, cut into tokens."""

import re
from collections.abc import Iterator

_PIECE = re.compile(r"'([^']*)'?|((.)\3*)", re.DOTALL)

FORMAT_CHARS_MAX = 1_000


def tokens_of(form: str) -> Iterator[tuple[str, bool]]:
    """Each run of one letter, and whether it may stand for something; quotes make a text of it."""
    for found in _PIECE.finditer(form[:FORMAT_CHARS_MAX]):
        quoted, run, _ = found.groups()
        if run is None:
            yield quoted, False
        else:
            yield run, not run.isspace()
