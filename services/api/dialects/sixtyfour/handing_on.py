"""Which rows a block is given, as JSONata over what a step sees."""

from collections.abc import Sequence
from typing import Final

from shared.domain.values import Lang, Value

_GIVEN: Final = (
    "$given := trigger.webhook_payload;"
    "$rows := [$type($given) = 'array' ? $given : $type($given.rows) = 'array' ? $given.rows"
    " : $type($given) = 'object' ? $given];"
)
_OF: Final = (
    "$of := function($s){ $type($s.output) = 'array' ? $s.output"
    " : $type($s.output.rows) = 'array' ? $s.output.rows"
    " : $exists($s.input.rows) ? $s.input.rows : $s.input.payload.results };"
)


def handed_on(step_id: str, conditions: Sequence[str]) -> str:
    """The rows that a block hands on, where one of the conditions holds or there are none.

    A condition sees these rows (``shared/expr/edge_scope.py``); where there are none, as the block
    was skipped, it is not asked.
    """
    rows = f"$of(steps.`{step_id}`)"
    if not conditions:
        return rows
    holds = " or ".join(f"({each})" for each in conditions)
    seen = f'$merge([$, {{"rows": [{rows}]}}])'
    return f"$exists({rows}) ? ({seen}.({holds}) ? {rows})"


def over_rows(before: Sequence[str], text: str) -> Value:
    """``text`` where ``$rows`` are those ``handed_on`` before, or else those of the trigger."""
    rows = f"{_OF}$rows := [{', '.join(before)}];" if before else _GIVEN
    return Value(lang=Lang.JSONATA, src=f"({rows}{text})")
