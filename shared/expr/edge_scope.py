"""What the condition of an edge sees."""

from collections.abc import Mapping
from typing import Any

from shared.domain.workflows import Dialect
from shared.expr.step_outcomes import rows_in


def edge_scope(scope: dict[str, Any], source: str, dialect: Dialect) -> dict[str, Any]:
    """What the condition of an edge from ``source`` sees, of the scope of the step it leads to.

    In sixtyfour's words ``rows`` are those that ``source`` hands on, whatever else has ended since;
    of a step without any they are what they are to the other step.
    """
    if dialect is not Dialect.SIXTYFOUR:
        return scope
    rows = _handed_on(scope["steps"].get(source, {}))
    return scope if rows is None else {**scope, "rows": rows}


def _handed_on(outcome: Mapping[str, Any]) -> list[Any] | None:
    """The rows that a step put out, else those that it was given, or posted; None: it had none."""
    given = outcome.get("input")
    posted = given.get("payload") if isinstance(given, dict) else None
    results = posted.get("results") if isinstance(posted, dict) else None
    found = map(rows_in, (outcome.get("output"), given, results))
    return next((rows for rows in found if rows is not None), None)
