"""I6: who lost a partition writes no more, and what its owners leave behind never goes back."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.chaos.evidence import Evidence, Violation
from tests.chaos.history import Line

CURSORS: Final = ("epoch", "consumed_offset", "written_seq", "emitted_seq")


def judge_fence(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I6."""
    yield from _cursors(evidence)
    yield from _written(evidence)
    yield from _zombies(evidence)


def _cursors(evidence: Evidence) -> Iterator[Violation]:
    last: dict[str, Line] = {}
    for line in evidence.of("owners"):
        before = last.get(line.id)
        last[line.id] = line
        for name in CURSORS:
            if before is not None and line.data[name] < before.data[name]:
                detail = f"{name} went back from {before.data[name]} to {line.data[name]}"
                yield _fault(line.id, detail)


def _written(evidence: Evidence) -> Iterator[Violation]:
    """No entry is written beyond what the last owner knows of."""
    written: defaultdict[int, int] = defaultdict(int)
    for row in evidence.rows("execution_log"):
        written[row["partition"]] = max(row["seq"], written[row["partition"]])
    for owner in evidence.rows("partition_owners"):
        top = written[owner["partition"]]
        if top > owner["written_seq"]:
            detail = f"entry {top} was written, its owner knows of {owner['written_seq']}"
            yield _fault(owner["partition"], detail)


def _zombies(evidence: Evidence) -> Iterator[Violation]:
    """What was sent under an epoch after a later one had been seen was stopped by the fence.

    A commit of which nobody heard is left open: its connection may have broken on the way.
    """
    for line in evidence.of("commit"):
        epoch, sent = line.data["epoch"], line.data["sent"]
        later = evidence.epochs[line.id].before(sent)
        if epoch >= later:
            continue
        if line.outcome == "ok":
            detail = f"{line.process} committed under epoch {epoch}, after {later} had been seen"
            yield _fault(line.id, detail)
        elif line.data.get("is_refused"):
            detail = f"{line.process} got past the fence under epoch {epoch}, after {later}"
            yield _fault(line.id, detail)


def _fault(partition: object, detail: str) -> Violation:
    return Violation(invariant="I6", subject=f"partition {partition}", detail=detail)
