"""I4 too: a receiver is called again as often as was agreed, and no sooner than it asked for."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from tests.chaos.evidence import Evidence, Violation
from tests.chaos.judge_calls import repeated
from tests.chaos.workflows import RETRY

ASKED_S: Final = 1.0
"""The receiver's ``Retry-After``."""


def judge_retries(evidence: Evidence) -> Iterator[Violation]:
    """Calls too many, and calls too soon.

    A call of which its step's log knows nothing is looked at elsewhere: who takes a partition
    over has not heard the answer, and calls at once. So does whom the answer reached too late.
    """
    unknown = repeated(evidence)
    for key, calls in evidence.calls.items():
        execution = evidence.executions.get(key[:36])
        if key in unknown or execution is None or execution["status"] == "CANCELLED":
            continue
        if _unheard(evidence, key):
            continue
        if len(calls) > RETRY["max_attempts"]:
            yield _fault(evidence, key, f"it was called {len(calls)} times")
        if not evidence.has_true_time:
            continue
        for before, after in pairwise(sorted(calls, key=lambda call: call.mono)):
            gap_s = after.mono - before.mono
            if before.data["kind"] == "busy" and gap_s < ASKED_S:
                yield _fault(evidence, key, f"it was called again after {gap_s:.3f} s")


def _unheard(evidence: Evidence, key: str) -> bool:
    """Whether an attempt ended without an answer."""
    return any(
        row["step_id"] == key[37:] and row["error"] and row["error"].get("status") is None
        for row in evidence.logs.get(key[:36], ())
    )


def _fault(evidence: Evidence, key: str, detail: str) -> Violation:
    return Violation(
        invariant="I4", subject=key, detail=detail, timeline=evidence.timeline(key[:36])
    )
