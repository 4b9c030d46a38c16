"""I4: every recorded result has its call, and every call its step, under one key."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.chaos.evidence import Evidence, Row, Violation, at_of
from tests.chaos.history import Line

_SEEN_S: Final = 5.0
"""So long a takeover may go unseen."""


def judge_calls(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I4."""
    yield from _results(evidence)
    yield from _keys(evidence)
    for key, count in repeated(evidence).items():
        row = evidence.executions.get(key[:36])
        if row is None or row["finished_at"] is None:
            continue
        since, until = _lifetime(evidence, row, key)
        # Who takes a partition over, for whatever reason, does again what was not written down.
        is_taken_over = any(since - 1.0 <= at <= until + 1.0 for at in evidence.takeovers)
        if not (is_taken_over or evidence.is_troubled(since, until)):
            yield _fault(evidence, key, f"{count} calls too many, and no fault was near")


def repeated(evidence: Evidence) -> dict[str, int]:
    """How many calls more than attempts there were, by key."""
    attempts: defaultdict[str, int] = defaultdict(int)
    for execution, log in evidence.logs.items():
        for row in log:
            if row["status"] in ("COMPLETED", "FAILED", "RETRYING", "CANCELLED"):
                attempts[f"{execution}:{row['step_id']}"] += 1
    return {
        key: len(calls) - attempts[key]
        for key, calls in evidence.calls.items()
        if len(calls) > attempts[key] and not _was_broken_off(evidence, key)
    }


def _lifetime(evidence: Evidence, row: Row, key: str) -> tuple[float, float]:
    """When an execution was there; about when it called, where its own times are not true."""
    if evidence.has_true_time:
        return at_of(row["created_at"]), at_of(row["finished_at"])
    times = [call.at for call in evidence.calls[key]]
    return min(times), max(times) + _SEEN_S


def _was_broken_off(evidence: Evidence, key: str) -> bool:
    """Whether its execution was cancelled: a call under way then may have left no attempt."""
    row = evidence.executions.get(key[:36])
    return row is not None and row["status"] == "CANCELLED"


def _results(evidence: Evidence) -> Iterator[Violation]:
    """What is recorded as an answer is what the receiver answered, under that key."""
    for execution, log in evidence.logs.items():
        for row in log:
            answer = _answer(row)
            if answer is None:
                continue
            key = f"{execution}:{row['step_id']}"
            said = [
                call
                for call in evidence.calls.get(key, ())
                if call.outcome == "ok" and call.data["n"] == answer.get("call")
            ]
            if answer.get("key") != key or not said:
                yield _fault(evidence, key, f"its result {answer} is of no call under its key")


def _answer(row: Row) -> Row | None:
    """The receiver's words in a result."""
    output = row["output"]
    body = output.get("body") if isinstance(output, dict) else None
    is_call = row["status"] == "COMPLETED" and isinstance(body, dict)
    return body if is_call else None


def _keys(evidence: Evidence) -> Iterator[Violation]:
    """A step calls under one key, the same words each time, and belongs to an execution."""
    keys: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for key, calls in evidence.calls.items():
        bodies = {call.data["body"] for call in calls}
        if len(bodies) > 1:
            yield _fault(evidence, key, f"{len(bodies)} different bodies under one key")
        for call in calls:
            keys[(call.data["execution"], call.data["step"])].add(key)
        yield from _known(evidence, key, calls[0])
    for (execution, step), found in keys.items():
        if len(found) > 1:
            detail = f"step {step} called under {sorted(found)}"
            yield _fault(evidence, f"{execution}:{step}", detail)


def _known(evidence: Evidence, key: str, call: Line) -> Iterator[Violation]:
    """The call is by a step of an execution that is there."""
    row = evidence.executions.get(key[:36])
    if row is None or key != f"{call.data['execution']}:{call.data['step']}":
        yield _fault(evidence, key, f"a call of no step: {call.data}")
        return
    step = call.data["step"].partition("[")[0].removesuffix("!")
    if step not in {s["id"] for s in evidence.definition(row)["steps"]}:
        yield _fault(evidence, key, "a call of a step that its version does not have")


def _fault(evidence: Evidence, key: str, detail: str) -> Violation:
    return Violation(
        invariant="I4", subject=key, detail=detail, timeline=evidence.timeline(key[:36])
    )
