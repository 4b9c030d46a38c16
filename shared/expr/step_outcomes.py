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
