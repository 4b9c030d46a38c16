"""What a replay has come to: how events were decided on, and what they start."""

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from services.api.http.pages import Place
from shared.domain.events import Event
from shared.domain.ids import EventKey, ExecutionId, WorkflowId, execution_id, replayed_id
from shared.domain.workflows import Workflow
from shared.matching.decisions import Reason
from shared.matching.rules import Rule
from shared.wire.events import encode_event
from shared.wire.lineage import Replay

STARTS_MAX: Final = 2_000
START_BYTES_MAX: Final = 16 * 2**20

Decided = tuple[Event, Sequence[Reason]]
"""An event, and what decided for each of the workflows."""


class Start(NamedTuple):
    """An execution that a replay starts, with an event as its record on ``triggers``."""

    execution_id: ExecutionId
    workflow: Workflow
    event_key: EventKey
    event_json: bytes


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of events for one workflow: each has a reason, some start it or have done so."""

    workflow: Workflow
    rule: Rule
    reasons: Counter[Reason] = field(default_factory=Counter)
    already_started: int = 0
    starts: int = 0


@dataclass(slots=True, kw_only=True)
class Replayed:
    """What a replay came to. Of ``looked_at`` events ``events`` met its conditions.

    ``next_place``: it stopped there, and there is more.
    """

    replay: Replay
    is_preview: bool
    tallies: Sequence[Tally]
    looked_at: int = 0
    events: int = 0
    starts: list[Start] = field(default_factory=list)
    start_bytes: int = 0
    next_place: Place | None = None

    @property
    def is_full(self) -> bool:
        """Whether it starts as much as one call may."""
        return len(self.starts) >= STARTS_MAX or self.start_bytes >= START_BYTES_MAX

    def id_of(self, workflow: Workflow, event: Event) -> ExecutionId:
        """The execution that it starts of a workflow with an event."""
        workflow_id = WorkflowId(workflow.id)
        if self.replay.again:
            return replayed_id(workflow_id, event.key, self.replay.replay_id)
        return execution_id(workflow_id, event.key)

    def ids_of(self, decided: Decided) -> list[ExecutionId]:
        """The executions of all that matched an event."""
        event, reasons = decided
        pairs = zip(self.tallies, reasons, strict=True)
        return [self.id_of(t.workflow, event) for t, r in pairs if r is Reason.MATCHED]

    def add(self, decided: Decided, started: Container[ExecutionId]) -> None:
        """Count an event; ``started`` are the executions that there are already."""
        event, reasons = decided
        self.events += 1
        event_json = encode_event(event) if Reason.MATCHED in reasons else b""
        for tally, reason in zip(self.tallies, reasons, strict=True):
            tally.reasons[reason] += 1
            if reason is not Reason.MATCHED:
                continue
            id_ = self.id_of(tally.workflow, event)
            if id_ in started:
                tally.already_started += 1
                continue
            tally.starts += 1
            self.starts.append(Start(id_, tally.workflow, event.key, event_json))
            self.start_bytes += len(event_json)
