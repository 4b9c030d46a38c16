"""I5 and I8: what is cancelled stops, and time is kept."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import orjson

from tests.chaos.evidence import Evidence, Row, Violation, at_of
from tests.chaos.history import Line
from tests.chaos.workflows import workflow_id

GRACE_S: Final = 1.0
"""What a process may take to hear within itself of what is durable."""

NAP: Final = "nap"
"""The step that sleeps, of the workflow "sleep"."""


def judge_control(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I5 and I8."""
    if evidence.has_true_time:
        yield from _naps(evidence)
    if evidence.has_true_clocks or not evidence.has_true_time:
        # By the very clock that jumps nothing is early either.
        yield from _timers(evidence)
    if evidence.has_true_clocks:
        yield from _cancels(evidence)
        yield from _late_calls(evidence)
        yield from _ticks(evidence)


# --- I5


def _cancels(evidence: Evidence) -> Iterator[Violation]:
    """After a cancellation is durable nothing of the execution begins, or wakes."""
    durable = _durable_by(evidence)
    seen: set[str] = set()
    for record in evidence.topics.get("commands", ()):
        document = orjson.loads(record["value"])
        id_ = document["subject"]
        row = evidence.executions.get(id_)
        if not document["type"].endswith(".cancel") or row is None or id_ in seen:
            continue
        seen.add(id_)
        since = durable(record["partition"], record["offset"])
        log = evidence.logs.get(id_, [])
        if since is None or any("compensating" in entry["phases"] for entry in log):
            continue
        for detail in _after(row, log, since + GRACE_S):
            yield _fault(evidence, "I5", id_, detail)


def _after(row: Row, log: list[Row], since: float) -> Iterator[str]:
    """What happened in a cancelled execution that was no more to happen."""
    for entry in log:
        step, status = entry["step_id"], entry["status"]
        # A wait may still hear what was told before the cancellation, and steps be skipped for
        # it: a successor takes both in, in their order. But nothing begins, and no sleep ends.
        if step is None or status == "SKIPPED":
            continue
        if at_of(entry["started_at"]) > since:
            yield f"{step} #{entry['attempt']} began after the cancellation was durable"
        elif step == NAP and status == "COMPLETED" and at_of(entry["ended_at"]) > since:
            yield f"{step} went on after the cancellation was durable"
    if row["status"] != "CANCELLED" and at_of(row["finished_at"] or row["updated_at"]) > since:
        yield f"it was cancelled in time, and is {row['status']}"


class _durable_by:  # noqa: N801 - a function with a memory
    """When a command was surely durable: a later one of its partition had already had effect.

    Commands of a partition are taken in one after another, so a step that calls, of an execution
    that a later command started, began after every earlier command was durable. Steps that only
    compute begin before their admission is written.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._begun: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        for id_, row in evidence.executions.items():
            begun = [
                at_of(entry["started_at"])
                for entry in evidence.logs.get(id_, ())
                if entry["started_at"] and f"{id_}:{entry['step_id']}" in evidence.calls
            ]
            if begun:
                self._begun[row["partition"]].append((row["command_offset"], min(begun)))

    def __call__(self, partition: int, offset: int) -> float | None:
        later = [at for o, at in self._begun[partition] if o > offset]
        return min(later) if later else None


def _late_calls(evidence: Evidence) -> Iterator[Violation]:
    """No call goes out once the end of its execution has been published."""
    ended: dict[str, float] = {}
    for record in evidence.topics.get("executions", ()):
        document = orjson.loads(record["value"])
        if document["data"]["phase"] == "cancelled":
            ended.setdefault(document["subject"], record["at"])
    for key, calls in evidence.calls.items():
        end = ended.get(key[:36])
        for call in calls:
            if end is None or call.at <= end + GRACE_S or _is_of_lost(evidence, call):
                continue
            yield _fault(evidence, "I5", key[:36], f"{key} was called {call.at - end:.1f} s late")


def _is_of_lost(evidence: Evidence, call: Line) -> bool:
    """Whether a call may be of one who had lost the partition by then, and did not know.

    Neither stopped, nor cut off, nor beside a fault may who owns it call.
    """
    begun = [line for line in evidence.attempts.get(call.id, ()) if line.mono <= call.mono]
    return evidence.has_silent or any(
        line.data["epoch"] < evidence.epochs[str(line.data["partition"])].before(call.mono)
        for line in begun
    )


# --- I8


def _timers(evidence: Evidence) -> Iterator[Violation]:
    """Nothing wakes before its time."""
    for id_, log in evidence.logs.items():
        due: dict[str, Row] = {}
        for entry in log:
            step = entry["step_id"]
            before = due.pop(step, None)
            if before is not None and (early := _early(before, entry)) is not None:
                yield _fault(evidence, "I8", id_, f"{step} woke {early:.3f} s early")
            if entry["wake_at"] is not None:
                due[step] = entry


def _early(before: Row, entry: Row) -> float | None:
    """How many seconds too early an entry follows the one that named its time."""
    if before["status"] == "RETRYING":
        woke = entry["started_at"] if entry["status"] != "CANCELLED" else None
    else:
        output = before["output"] if isinstance(before["output"], dict) else {}
        is_by_time = entry["handle"] == "timeout" or output.get("kind") in (None, "sleep")
        woke = entry["ended_at"] if is_by_time and entry["status"] == "COMPLETED" else None
    if woke is None:
        return None
    early = at_of(before["wake_at"]) - at_of(woke)
    return early if early > 0 else None


def _naps(evidence: Evidence) -> Iterator[Violation]:
    """By the receiver's own clock, no nap was shorter than it was to be."""
    for id_, row in evidence.executions.items():
        if row["workflow_id"] != str(workflow_id("sleep")) or not evidence.logs.get(id_):
            continue
        before = [call.mono for call in evidence.calls.get(f"{id_}:before", ())]
        after = [call.mono for call in evidence.calls.get(f"{id_}:after", ())]
        wanted = evidence.logs[id_][0]["input"]["data"]["seconds"]
        if before and after and min(after) - min(before) < wanted:
            detail = f"it napped {min(after) - min(before):.3f} s instead of {wanted}"
            yield _fault(evidence, "I8", id_, detail)


def _ticks(evidence: Evidence) -> Iterator[Violation]:
    """The clock starts nothing before its time."""
    for id_, row in evidence.executions.items():
        log = evidence.logs.get(id_)
        if row["workflow_id"] != str(workflow_id("tick")) or not log:
            continue
        due = datetime.fromisoformat(log[0]["input"]["data"]["scheduled_at"]).timestamp()
        if at_of(row["created_at"]) < due:
            yield _fault(evidence, "I8", id_, "it started before it was due")


def _fault(evidence: Evidence, invariant: str, id_: str, detail: str) -> Violation:
    timeline = evidence.timeline(id_)
    return Violation(invariant=invariant, subject=id_, detail=detail, timeline=timeline)
