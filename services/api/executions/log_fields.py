"""Lines of an execution's log as JSON."""

from collections.abc import Iterator, Sequence

from services.api.executions.execution_fields import step_place
from services.api.http.payloads import Payload, error_shown
from shared.db.history import LogEntry
from shared.wire.documents.executions import AttemptDocument, PhaseDocument
from shared.wire.envelope import stamp, stamped


def phases_of(page: Sequence[LogEntry]) -> Iterator[PhaseDocument]:
    """The phases that an execution came to in some lines of its log."""
    for entry in page:
        for phase in entry.phases:
            yield {"position": entry.position, "phase": phase, "at": stamp(entry.ended_at)}


def attempts_of(page: Sequence[LogEntry]) -> Iterator[AttemptDocument]:
    """The attempts that ended, or wait, in some lines of a log."""
    for entry in page:
        if entry.step_id is None or entry.attempt is None or entry.status is None:
            continue  # it has phases alone
        yield {
            **step_place(entry.step_id),
            "position": entry.position,
            "attempt": entry.attempt,
            "status": entry.status,
            "input": Payload(entry.input),
            "output": Payload(entry.output),
            "error": error_shown(entry.error),
            "started_at": stamped(entry.started_at),
            "ended_at": stamp(entry.ended_at),
            "wake_at": stamped(entry.wake_at),
            "handle": entry.handle,
        }
