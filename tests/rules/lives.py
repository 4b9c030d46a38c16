"""What the pure run holds of an execution, and what it is started with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.executor.runs import Owned, Run
from shared.domain import decide
from shared.domain.causes import cause_of
from shared.domain.events import Event
from shared.domain.executions import Attempt, AttemptStatus, Entry, State, Status
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, ExecutionId, StepId
from shared.domain.plans import ANNOTATE, TURN, plan
from shared.domain.readiness import Underway
from shared.domain.signals import Beat, ChildEnded
from shared.domain.story import Transition
from shared.domain.workflows import Lifecycle, Workflow
from shared.wire.results import Origin
from tests.rules.case import Case
from tests.rules.seen import Seen

START = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(slots=True, kw_only=True, eq=False)
class Life:
    """One execution: what the executor would hold of it, its log, and its parent."""

    run: Run
    workflow: str
    expires_at: datetime | None
    parent: "tuple[Life, StepId, int] | None" = None
    entries: list[Entry] = field(default_factory=list)
    underway: dict[StepId, Underway] = field(default_factory=dict)
    beats: list[Beat] = field(default_factory=list)

    @property
    def state(self) -> State:
        """What is known of it."""
        return self.run.state

    @property
    def result(self) -> Any:
        """What a step answered, or else what the last completed step gave."""
        answered = [e for e in self.entries if e.position == self.state.result_at]
        if not answered and self.state.status is Status.COMPLETED:
            answered = [
                e
                for e in self.entries
                if (a := e.attempt) is not None
                and a.status is AttemptStatus.COMPLETED
                and a.step_id in {step.id for step in self.run.plan.steps} - {ANNOTATE, TURN}
            ]
        return answered[-1].attempt.output if answered and answered[-1].attempt else None

    def seen(self) -> Seen:
        """What it came to."""
        return Seen(
            id=self.run.id,
            workflow=self.workflow,
            state=self.state,
            entries=tuple(self.entries),
            started_at=self.run.created_at,
            result=self.result,
        )


def begun(
    case: Case,
    name: str,
    id_: ExecutionId,
    event: Event,
    now: datetime,
    inherited: Sequence[Attempt] = (),
) -> tuple[Life, Transition]:
    """A new execution of a workflow of the case, and its first entries, not taken yet."""
    made = plan(workflow_of(case, name), case.history_max)
    limit_s = made.policy.expires_after_s
    expires_at = None if limit_s is None else now + timedelta(seconds=limit_s)
    first = decide.begin(made, now, expires_at=expires_at, inherited=inherited)
    origin = Origin(
        execution_id=id_,
        workflow_id=made.workflow_id,
        workflow_version=made.version,
        environment_id=event.environment_id,
        event_key=event.key,
        cause=cause_of(event, made.workflow_id),
    )
    run = Run(
        origin=origin,
        plan=made,
        event=event,
        state=first.state,
        owned=Owned(partition=0, epoch=1, consumed_offset=0, written_seq=0, emitted_seq=0),
        command_offset=0,
        created_at=now,
    )
    return Life(run=run, workflow=name, expires_at=expires_at), first


def workflow_of(case: Case, name: str) -> Workflow:
    """A workflow of a case as it would be registered."""
    return Workflow(
        id=case.id_of(name),
        environment_id=UUID(str(DEFAULT_ENVIRONMENT)),
        version=1,
        dialect=case.dialect,
        lifecycle=Lifecycle.READY,
        is_active=True,
        definition=case.definitions[name],
        source=None,
        created_at=START,
        updated_at=START,
    )


def event_of(key: EventKey, payload: object, type_: str = "go") -> Event:
    """An event with this payload."""
    return Event(
        key=key,
        environment_id=DEFAULT_ENVIRONMENT,
        type=type_,
        source="/rules",
        id=str(key),
        received_at=START,
        payload=payload,
    )


def ended(life: Life, key: StepId, attempt: int) -> ChildEnded:
    """What the parent of an execution that has ended is told, about its attempt of a step."""
    return ChildEnded(
        step_id=key,
        attempt=attempt,
        execution_id=str(life.run.id),
        status=life.state.status,
        output=life.result,
        error=life.state.error,
    )
