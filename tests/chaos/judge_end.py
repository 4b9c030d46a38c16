"""I0 and I12: at the end nothing is left to do, and nothing grew without bound."""

from collections.abc import Iterator
from typing import Final

from tests.chaos.cast import CREW
from tests.chaos.evidence import TERMINAL, Evidence, Violation
from tests.chaos.left_open import Open

RESIDENT_BYTES_MAX: Final = 400 * 2**20
"""Nearly twice what any process has held in thirty minutes of faults."""
SESSIONS_MORE: Final = len(CREW)
"""So many more than at the start may be at work at the end: one of each process."""

_CONSUMED: Final = {
    "events": "trigger-ingest",
    "triggers": "matcher",
    "step-results": "webhooks",
    "executions": "webhooks",
}


def judge_end(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I0 and I12."""
    for id_, row in evidence.executions.items():
        if row["status"] not in TERMINAL or row["finished_at"] is None:
            yield Violation(
                invariant="I0",
                subject=id_,
                detail=f"it is still {row['status']}",
                timeline=evidence.timeline(id_),
            )
    for table in ("timers", "waits", "inbox", "turns"):
        for row in evidence.rows(table):
            yield Violation(invariant="I12", subject=row["execution_id"], detail=f"left in {table}")
    for row in evidence.rows("schedules"):
        detail = f"it was due at {row['next_at']}, and has not fired"
        yield Violation(invariant="I0", subject=row["trigger_id"], detail=detail)
    for row in evidence.rows("late_events"):
        detail = "some workflows have still to decide on it"
        yield Violation(invariant="I0", subject=row["event_key"], detail=detail)
    for row in evidence.rows("webhook_deliveries"):
        if row["status"] == "PENDING":
            yield Violation(invariant="I0", subject=row["id"], detail="nobody was told of it")
    yield from _published(evidence)
    yield from _consumed(evidence)
    yield from _resident(evidence)
    yield from _open(evidence)


def _published(evidence: Evidence) -> Iterator[Violation]:
    """The cursor of publishing stands at the end of the log."""
    written: dict[int, int] = {}
    for row in evidence.rows("execution_log"):
        written[row["partition"]] = max(row["seq"], written.get(row["partition"], 0))
    owners = {row["partition"]: row for row in evidence.rows("partition_owners")}
    for partition, last in written.items():
        cursor = owners[partition]["emitted_seq"] if partition in owners else None
        if cursor is None or cursor < last:
            detail = f"published up to {cursor} of {last}"
            yield Violation(invariant="I0", subject=f"partition {partition}", detail=detail)


def _consumed(evidence: Evidence) -> Iterator[Violation]:
    """Every consumer stands at the end of its topic."""
    offsets = evidence.rows("offsets")
    at = {
        (x["group"].partition(".")[2], x["topic"], x["partition"]): x["at"]
        for x in offsets
        if x["group"]
    }
    owners = {row["partition"]: row["consumed_offset"] for row in evidence.rows("partition_owners")}
    for line in offsets:
        if line["group"] is not None or not line["end"]:
            continue
        name, partition = line["topic"].partition(".")[2], line["partition"]
        if name in _CONSUMED:
            position = at.get((_CONSUMED[name], line["topic"], partition), 0)
        elif name == "commands":
            position = owners.get(partition, 0)
        else:
            continue
        if position != line["end"]:
            detail = f"consumed up to {position} of {line['end']}"
            subject = f"{line['topic']}/{partition}"
            yield Violation(invariant="I0", subject=subject, detail=detail)


def _resident(evidence: Evidence) -> Iterator[Violation]:
    """No process held more memory than it may."""
    largest: dict[str, int] = {}
    for line in evidence.of("rss"):
        largest[line.id] = max(largest.get(line.id, 0), line.data["bytes"])
    for name, size in largest.items():
        if size > RESIDENT_BYTES_MAX:
            yield Violation(invariant="I12", subject=name, detail=f"it held {size} bytes")


def _open(evidence: Evidence) -> Iterator[Violation]:
    """Files and connections are again about what they were before anything happened."""
    begin: dict[str, Open] = {}
    end: dict[str, Open] = {}
    for line in evidence.of("open"):
        held = Open(line.data["files"], line.data["half_closed"])
        (begin if line.data["when"] == "begin" else end)[line.id] = held
    for name, held in end.items():
        if not held.is_about(begin[name]):
            detail = f"it has {held} open, at the beginning {begin[name]}"
            yield Violation(invariant="I12", subject=name, detail=detail)
    yield from _sessions(evidence)


def _sessions(evidence: Evidence) -> Iterator[Violation]:
    """Postgres has again about as many sessions as before anything happened."""
    counts = {line.id: int(line.data["count"]) for line in evidence.of("sessions")}
    before, after = counts.get("begin"), counts.get("end")
    if before is not None and after is not None and after > before + SESSIONS_MORE:
        detail = f"{after} sessions at the end, {before} at the beginning"
        yield Violation(invariant="I12", subject="Postgres", detail=detail)
