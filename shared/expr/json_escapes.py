r"""Texts in JSON's escapes, of which each language writes others: PHP ``\/``, Go ``\u0026``."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

_DEPTH_MAX: Final = 4
"""JSON within JSON: so often a text is read anew."""
_ESCAPE: Final = re.compile(
    r'\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|["\\/bfnrt])',
    re.ASCII,
)


def readings(text: str) -> Iterator[str]:
    """``text``, and as it reads, and as that does; what is no escape, or half a one, stays."""
    yield text
    for _ in range(_DEPTH_MAX):
        plain = _unescaped(text)
        if plain == text:
            return
        yield (text := plain)


def replace_escaped(text: str, wanted: re.Pattern[str], put: Callable[[re.Match[str]], str]) -> str:
    """``text`` with ``put`` for what is ``wanted`` in any of its readings.

    The rest stays as it is written, or reads, where that was found.
    """
    text = done = wanted.sub(put, text)
    for _ in range(_DEPTH_MAX):
        plain = _unescaped(text)
        if plain == text:
            break
        if wanted.search(plain):
            text = done = _replace_once(text, plain, wanted, put)
            plain = _unescaped(text)
        text = plain
    return done


def _replace_once(
    text: str, plain: str, wanted: re.Pattern[str], put: Callable[[re.Match[str]], str]
) -> str:
    # Where the characters after each escape stand as it reads, and how much later as it is written.
    after, later, gained = [], [], 0
    for escape in _ESCAPE.finditer(text):
        gained += len(escape[0]) - 1
        after.append(escape.end() - gained)
        later.append(gained)

    def place(at: int) -> int:
        before = bisect_right(after, at)
        return at + (later[before - 1] if before else 0)

    pieces, kept = [], 0
    for found in wanted.finditer(plain):
        pieces += [text[kept : place(found.start())], put(found)]
        kept = place(found.end())
    return "".join([*pieces, text[kept:]])


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _character(found[0]), text) if "\\" in text else text


@lru_cache(maxsize=1_024)
def _character(escape: str) -> str:
    character: str = json.loads(f'"{escape}"')
    return character
