"""Regular expressions that cannot stall: searched in time linear in the text.

Rust's engine, as pydantic carries it: no look-around and no backreferences, and no backtracking
either. What is left to bound is the size of the automaton, which multiplies the time per character.
"""

from collections.abc import Callable

from pydantic_core import SchemaError, SchemaValidator, core_schema

from shared.expr.patterns import COST_MAX, pattern_cost

PATTERN_CHARS_MAX = 256
WORK_MAX = 2_000_000
"""A pattern's cost times the characters it searches: about 30 ms where a pattern is made to hurt,
well below 1 ms otherwise."""


class TextTooLong(ValueError):
    """The text is longer than the pattern may search."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """An unanchored, case-sensitive search; it raises ``TextTooLong`` beyond ``WORK_MAX``.

    Raises ``ValueError`` with a sentence for a pattern that is wrong or too costly.
    """
    if len(pattern) > PATTERN_CHARS_MAX or (cost := pattern_cost(pattern)) > COST_MAX:
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
