"""What a run of a case came to, in the shape of what the case expects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain.executions import ENDS, Attempt, Entry, Phase, State
from shared.domain.ids import ExecutionId
from shared.domain.outcomes import StepError
from tests.rules.case import Case

_UNTOLD = frozenset({Phase.CREATED, Phase.STARTED, *ENDS})


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An execution: its state, its log, and its result."""

    id: ExecutionId
    workflow: str
    state: State
    entries: Sequence[Entry]
    started_at: datetime
    result: Any = None


def trace_of(entries: Sequence[Entry]) -> list[str]:
    """The log in the words of a case."""
    lines: list[str] = []
    for entry in entries:
        if (attempt := entry.attempt) is not None:
            number = {0: " inherited", 1: ""}.get(attempt.number, f" {attempt.number}")
            handle = "" if attempt.handle is None else f" ({attempt.handle})"
            lines.append(f"{attempt.step_id} {attempt.status}{number}{handle}")
        lines += [f"({phase})" for phase in entry.phases if phase not in _UNTOLD]
    return lines


def wanted(case: Case) -> dict[str, Any]:
    """What the case expects, as far as it says."""
    return case.expect.model_dump(mode="json", exclude_unset=True)


def found(
    case: Case, main: Seen, others: Sequence[Seen], calls: Mapping[str, int]
) -> dict[str, Any]:
    """What was seen of all that the case expects: equal to ``wanted`` if the case holds.

    ``calls`` is how often each step's action was called, or its task given out, in all.
    """
    last = {a.step_id: a for e in main.entries if (a := e.attempt) is not None}
    seen: dict[str, Any] = {
        "status": main.state.status,
        "trace": trace_of(main.entries),
        "phases": [phase for entry in main.entries for phase in entry.phases],
        "inputs": {key: a.input for key, a in last.items()},
        "outputs": {key: a.output for key, a in last.items()},
        "errors": {key: a.error for key, a in last.items()},
        "result": main.result,
        "error": main.state.error,
        "at": {key: _since(main, a) for key, a in last.items() if a.status.settles},
        "calls": {key: calls.get(key, 0) for key in case.expect.calls},
        "others": [
            {"workflow": c.workflow, "status": c.state.status, "trace": trace_of(c.entries)}
            for c in others
        ],
    }
    return {key: _like(seen[key], value) for key, value in wanted(case).items()}


def _since(seen: Seen, attempt: Attempt) -> float:
    return (attempt.ended_at - seen.started_at).total_seconds()


def _like(value: Any, example: Any) -> Any:
    """``value`` without what the example leaves out."""
    if isinstance(value, StepError) and isinstance(example, dict):
        says = example.get("says", "")
        told = {"kind": value.kind, "says": says if says in value.message else value.message}
        return {key: told[key] for key in example}
    match value, example:
        case dict(), dict():
            return {key: _like(value[key], one) for key, one in example.items() if key in value}
        case list(), list() if len(value) == len(example):
            return [_like(one, other) for one, other in zip(value, example, strict=True)]
        case _:
            return value
