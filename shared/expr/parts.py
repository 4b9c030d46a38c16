"""What a condition in JSONata asks for, part by part: the texts between its outermost ``and``s."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from jsonata.parser import Parser

PARTS_MAX: Final = 32

_AND: Final = "and"
_KNOWN_MAX: Final = 512


@lru_cache(_KNOWN_MAX)
def parts_of(source: str) -> tuple[str, ...]:
    """The parts of a valid condition, which holds only if each does, in the author's words.

    Brackets around several are opened. What cannot be told apart stays one part, and so does a
    condition of more than ``PARTS_MAX``. Raises nothing.
    """
    whole = (source.strip(),)
    try:
        found = [*_split(Parser().parse(source), source, 0, len(source))]
    except Exception:  # noqa: BLE001 - whatever the parser trips over is one part, no more
        return whole
    parts = tuple(part.strip() for part in found)
    return parts if len(parts) <= PARTS_MAX and all(parts) else whole


def _split(node: Any, source: str, begin: int, end: int) -> Iterator[str]:
    """The parts of ``node``, whose text is that between two places of the source."""
    if node.type == "binary" and node.value == _AND:
        at = node.position  # where the word ends
        if source[at - len(_AND) : at] == _AND and begin < at < end:
            yield from _split(node.lhs, source, begin, at - len(_AND))
            yield from _split(node.rhs, source, at, end)
            return
    inside = _opened(node, source, begin, end)
    if inside is None:
        yield source[begin:end]
    else:
        yield from _split(node.expressions[0], source, *inside)


def _opened(node: Any, source: str, begin: int, end: int) -> tuple[int, int] | None:
    """Where what stands in brackets stands, if that is all there is and asks for several things."""
    text = source[begin:end].strip()
    if node.type != "block" or len(node.expressions) != 1 or not text.endswith(")"):
        return None
    inner = node.expressions[0]
    first, last = source.index(text, begin, end), source.rindex(")", begin, end)
    is_plain = text.startswith("(") and node.position == first + 1
    asks_for_several = inner.type == "block" or (inner.type == "binary" and inner.value == _AND)
    return (first + 1, last) if is_plain and asks_for_several else None
