"""What the demo promises, and whether it was kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.cli.demo.plan import SYNC_JOB_ID, DemoEvent
from services.cli.demo.receiver import SyncJobCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All that was seen. ``decisions`` has the API's word on each event, by the event's id."""

    bus: str
    events: Sequence[DemoEvent]
    results: Sequence[dict[str, Any]]
    executions: Sequence[dict[str, Any]]
    calls: Sequence[SyncJobCall]
    decisions: dict[str, dict[str, Any]]
    duplicates_dropped: int
    elapsed_s: float

    @property
    def published(self) -> int:
        """Records, repeats included."""
        return sum(event.copies for event in self.events)

    @property
    def matched(self) -> int:
        """Events that started the workflow, by the API's word."""
        return sum(decision["is_match"] for decision in self.decisions.values())

    @property
    def completed(self) -> int:
        """Executions that are COMPLETED."""
        return sum(execution["status"] == "COMPLETED" for execution in self.executions)


def broken_promises(seen: Account) -> list[str]:
    """A sentence for each promise that was not kept; empty: all is well."""
    return [*_about_events(seen), *_about_executions(seen), *_about_calls(seen)]


def _about_events(seen: Account) -> Iterator[str]:
    for event in seen.events:
        decision = seen.decisions.get(event.id)
        if decision is None:
            yield f"{event.id} ({event.about}) is not in the archive."
        elif decision["is_match"] != event.starts:
            yield f"{event.id} ({event.about}): the decision was {decision['reason']}."
    repeats = seen.published - len(seen.events)
    if seen.duplicates_dropped != repeats:
        yield f"{repeats} repeats were sent and {seen.duplicates_dropped} dropped."


def _about_executions(seen: Account) -> Iterator[str]:
    expected = sum(event.starts for event in seen.events)
    if len(seen.executions) != expected:
        yield f"{expected} executions were due; there are {len(seen.executions)}."
    if seen.completed != expected:
        statuses = dict(Counter(execution["status"] for execution in seen.executions))
        yield f"{expected} executions were to be COMPLETED; they are {statuses}."
    completed = [r for r in seen.results if r["type"] == "turnout.step.completed"]
    if len(completed) != expected or len(seen.results) != expected:
        yield (
            f"{expected} step results were due; {len(seen.results)} came,"
            f" {len(completed)} of them of completed steps."
        )


def _about_calls(seen: Account) -> Iterator[str]:
    expected = sum(event.starts for event in seen.events)
    for call in seen.calls:
        if call.refusal:
            yield f"The sync-job service refused a call: {call.refusal}"
    keys = {call.idempotency_key for call in seen.calls}
    if len(seen.calls) != expected or len(keys) != expected:
        yield (
            f"The sync-job service was to get {expected} calls with keys of their own; it got"
            f" {len(seen.calls)} with {len(keys)} keys."
        )
    due = sorted((SYNC_JOB_ID, e.payload["id"]) for e in seen.events if e.starts)
    got = sorted(
        (str(call.body["sync_job_id"]), str(call.body["integrated_account_id"]))
        for call in seen.calls
        if call.body
    )
    if got != due:
        yield f"The sync-job service was asked for {got}, not for {due}."
