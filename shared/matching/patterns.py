"""Regular expressions that cannot stall: searched in time linear in the text.

Rust's engine, as pydantic carries it: no look-around and no backreferences, and no backtracking
either. What is left to bound is the size of the automaton, which multiplies the time per character.
"""

import re
from collections.abc import Callable
from math import prod

from pydantic_core import SchemaError, SchemaValidator, core_schema

PATTERN_CHARS_MAX = 256
COST_MAX = 1_000
WORK_MAX = 2_000_000
"""A pattern's cost times the characters it searches: about 30 ms where a pattern is made to hurt,
well below 1 ms otherwise."""

_COUNTED = re.compile(r"(?<=(?P<atom>.))\{\s*(?P<least>\d+)\s*,?\s*(?P<most>\d*)\s*\}", re.DOTALL)


class TextTooLong(ValueError):
    """The text is longer than the pattern may search."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """An unanchored, case-sensitive search; it raises ``TextTooLong`` beyond ``WORK_MAX``.

    Raises ``ValueError`` with a sentence for a pattern that is wrong or too costly.
    """
    if len(pattern) > PATTERN_CHARS_MAX or (cost := _cost(pattern)) > COST_MAX:
        raise ValueError("The pattern is too costly; shorten it or its counted repetitions {n,m}.")
    try:
        schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex", strict=True)
        search = SchemaValidator(schema).isinstance_python
    except SchemaError as error:
        fault = str(error).rsplit("rror: ", 1)[-1].strip(" .")
        raise ValueError(f"Not a regular expression of this language: {fault}.") from error
    chars_max = WORK_MAX // max(cost, 1)

    def found_in(text: str) -> bool:
        if len(text) > chars_max:
            raise TextTooLong(f"the pattern searches at most {chars_max} characters")
        return search(text)

    return found_in


def _cost(pattern: str) -> int:
    """At least the number of characters that the pattern has with its repetitions written out."""
    counts = [
        (found["atom"], int((found["most"] or found["least"])[:9]))
        for found in _COUNTED.finditer(pattern)
    ]
    # A count after a single character or class adds; after anything else it may repeat others.
    adding = [count for atom, count in counts if _is_single(atom)]
    multiplying = [count for atom, count in counts if not _is_single(atom)]
    return (len(pattern) + sum(adding)) * prod(max(count, 1) for count in multiplying)


def _is_single(atom: str) -> bool:
    return atom.isalnum() or atom in "].-_"
