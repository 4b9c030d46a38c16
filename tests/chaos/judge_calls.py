"""I4: every recorded result has its call, and every call its step, under one key."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from tests.chaos.answers import UNASKED
from tests.chaos.evidence import Evidence, Row, Violation
from tests.chaos.expected import call_of
from tests.chaos.history import Line

_UNKNOWN: Final[Row] = {"workflow_id": None, "workflow_version": None}


def judge_calls(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I4."""
    yield from _results(evidence)
    yield from _keys(evidence)
    yield from _repeated(evidence)


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


def _repeated(evidence: Evidence) -> Iterator[Violation]:
    """No owner of a partition begins an attempt twice, and an attempt calls once at most.

    Who takes a partition over, and only who does, does again what was not written down. Whether
    there was a reason to take it over is looked at elsewhere (``judge_owners``).
    """
    for key, begun in evidence.attempts.items():
        times = Counter((line.data["number"], line.data["epoch"]) for line in begun)
        for (number, epoch), count in times.items():
            if count > 1:
                detail = f"attempt {number} was begun {count} times under epoch {epoch}"
                yield _fault(evidence, key, detail)
    if evidence.has_silent:
        return
    for key, calls in evidence.calls.items():
        attempts = len(evidence.attempts.get(key, ()))
        if len(calls) > attempts:
            yield _fault(evidence, key, f"{len(calls)} calls in {attempts} attempts")


def _was_broken_off(evidence: Evidence, key: str) -> bool:
    """Whether its execution was cancelled: a call under way then may have left no attempt."""
    row = evidence.executions.get(key[:36])
    return row is not None and row["status"] == "CANCELLED"


def _results(evidence: Evidence) -> Iterator[Violation]:
    """What is recorded as an answer is what the receiver answered, under that key."""
    for execution, log in evidence.logs.items():
        definition = evidence.definition(evidence.executions.get(execution, _UNKNOWN))
        for row in log:
            if row["step_id"] is None or call_of(definition, row["step_id"]) is None:
                continue
            key = f"{execution}:{row['step_id']}"
            calls = evidence.calls.get(key, ())
            answer, status = _answer(row), (row["error"] or {}).get("status")
            if row["status"] == "COMPLETED" and not _gave(calls, key, answer):
                yield _fault(evidence, key, f"its result {answer} is of no call under its key")
            # Who calls over a connection that rested may be met by an answer that nobody asked for.
            if status not in {None, UNASKED, *(call.data["status"] for call in calls)}:
                yield _fault(evidence, key, f"no call under its key was answered {status}")


def _answer(row: Row) -> Row:
    """The receiver's words in a result; none: empty."""
    output = row["output"]
    body = output.get("body") if isinstance(output, dict) else None
    return body if isinstance(body, dict) else {}


def _gave(calls: Iterable[Line], key: str, answer: Row) -> bool:
    """Whether one of the calls under a key was answered so."""
    said = {call.data["n"] for call in calls if call.outcome == "ok"}
    return answer.get("key") == key and answer.get("call") in said


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
