"""How a step sees what another one came to, where a dialect has words of its own for it."""

from collections.abc import Mapping
from typing import Any


def altostrat_output(outcome: Mapping[str, Any]) -> Any:
    """As the run's log shows it: of a step that failed ``{error}``, why."""
    error = outcome.get("error")
    return outcome.get("output") if error is None else {"error": error["message"]}


def thena_outcome(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """{status input result error}."""
    return {("result" if name == "output" else name): told for name, told in outcome.items()}


def rows_in(value: Any) -> list[Any] | None:
    """The rows in what a step of sixtyfour's gave or was given; None: it has none."""
    rows = value.get("rows") if isinstance(value, dict) else value
    return rows if isinstance(rows, list) else None
