"""Commands, read: which executions to admit, which to cancel, and what cannot be used."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from services.executor.runs import Owned, Run, Word
from shared.bus.dead_letters import dead_letter
from shared.bus.protocol import Received
from shared.db.group import Changed, Heard, Started
from shared.domain.causes import cause_of
from shared.domain.decide import begin
from shared.domain.errors import Defect, NotFound
from shared.domain.events import Event
from shared.domain.executions import Attempt, Entry
from shared.domain.ids import ExecutionId, WorkflowId
from shared.domain.plans import Plan
from shared.wire.commands import CANCEL, Cancel, Start, Tell, decode_command
from shared.wire.dead_letters import DeadLetter
from shared.wire.envelope import dumps
from shared.wire.events import decode_event
from shared.wire.lineage import Repeat
from shared.wire.results import Origin

_CANCEL = CANCEL.encode()


class Plans(Protocol):
    """Where plans come from."""

    async def get(self, workflow_id: WorkflowId, version: int) -> Plan:
        """The plan of a workflow version. Raises NotFound, Defect when it cannot be read."""
        ...


Inherited = Callable[[Repeat, Plan], Awaitable[Sequence[Attempt]]]
"""The outcomes that an execution takes over from the one it repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Where plans come from, and the outcomes that are taken over."""

    plans: Plans
    inherited: Inherited


@dataclass(slots=True)
class Batch:
    """What a run of commands asks for; ``repeated`` counts starts of executions in memory.

    ``words`` are for executions that are there, each with its offset.
    """

    started: list[tuple[Started, Sequence[Entry]]] = field(default_factory=list)
    runs: dict[ExecutionId, Run] = field(default_factory=dict)
    words: list[tuple[int, Word]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    repeated: int = 0


async def read_commands(
    owned: Owned, records: Sequence[Received], library: Library, now: datetime
) -> Batch:
    """Read ``records``, all of one partition, in order."""
    batch = Batch()
    for record in records:
        try:
            command = decode_command(record.value)
            if isinstance(command, Cancel | Tell):
                _add_word(batch, owned, command, record)
            elif _is_known(batch, owned, command.execution_id):
                batch.repeated += 1
            else:
                plan = await library.plans.get(command.workflow_id, command.workflow_version)
                repeats = command.lineage.repeats
                inherits = repeats is not None and repeats.inherits
                inherited = await library.inherited(repeats, plan) if repeats and inherits else ()
                _add_start(batch, owned, command, plan, inherited, record.offset, now)
        except Defect as error:
            batch.dead.append(dead_letter(record, "UNREADABLE_COMMAND", error.message))
        except NotFound as error:
            batch.dead.append(dead_letter(record, "UNKNOWN_WORKFLOW", error.message))
    return batch


def read_cancellations(owned: Owned, records: Iterable[Received]) -> Batch:
    """Only what ``records`` ask to cancel; each of them will be read once more in its turn."""
    batch = Batch()
    for record in records:
        if _CANCEL not in (record.value or b""):
            continue
        with suppress(Defect):
            if isinstance(command := decode_command(record.value), Cancel):
                _add_word(batch, owned, command, record)
    return batch


def _is_known(batch: Batch, owned: Owned, id_: ExecutionId) -> bool:
    """Whether an execution is under way or about to be: its first command counts."""
    return id_ in batch.runs or id_ in owned.runs or id_ in owned.admitted


def _add_start(
    batch: Batch,
    owned: Owned,
    command: Start,
    plan: Plan,
    inherited: Sequence[Attempt],
    offset: int,
    now: datetime,
) -> None:
    event = decode_event(command.event)
    origin = _origin(command, event)
    expires_at = command.expires_at
    if expires_at is None and plan.policy.expires_after_s is not None:
        expires_at = now + timedelta(seconds=plan.policy.expires_after_s)
    first = begin(plan, now, expires_at=expires_at, inherited=inherited)
    started = Started(
        origin=origin,
        partition=owned.partition,
        command_offset=offset,
        event_json=dumps(command.event).decode(),
        status=first.state.status,
        created_at=now,
        expires_at=expires_at,
    )
    batch.started.append((started, first.entries))
    batch.runs[origin.execution_id] = Run(
        origin=origin,
        plan=plan,
        event=event,
        state=first.state,
        latest=first,
        owned=owned,
        command_offset=offset,
        created_at=now,
        timer_at=expires_at,
    )


def _origin(command: Start, event: Event) -> Origin:
    return Origin(
        execution_id=command.execution_id,
        workflow_id=command.workflow_id,
        workflow_version=command.workflow_version,
        environment_id=event.environment_id,
        event_key=event.key,
        cause=cause_of(event, command.workflow_id),
        lineage=command.lineage,
    )


def _add_word(batch: Batch, owned: Owned, word: Word, record: Received) -> None:
    batch.words.append((record.offset, word))
    batch.heard.append(
        Heard(
            partition=owned.partition,
            execution_id=word.execution_id,
            command_offset=record.offset,
            command_json=(record.value or b"").decode(),
        )
    )
    if isinstance(word, Cancel):
        batch.changed.append(
            Changed(
                partition=owned.partition,
                execution_id=word.execution_id,
                at=word.requested_at,
                cancel_requested_at=word.requested_at,
                cancel_reason=word.reason,
            )
        )
