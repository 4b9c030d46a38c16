"""Commands, read: which executions to admit, which to cancel, and what cannot be used."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.executor.runs import Owned, Run
from shared.bus.dead_letters import dead_letter
from shared.bus.protocol import Received
from shared.db.ledger import Changed, Started
from shared.domain.decide import begin
from shared.domain.errors import Defect, NotFound
from shared.domain.executions import Entry
from shared.domain.ids import ExecutionId, WorkflowId
from shared.domain.plans import Plan
from shared.wire.commands import CANCEL, Cancel, Start, decode_command
from shared.wire.dead_letters import DeadLetter
from shared.wire.envelope import dumps
from shared.wire.events import decode_event
from shared.wire.results import Origin

_CANCEL = CANCEL.encode()


class Plans(Protocol):
    """Where plans come from."""

    async def get(self, workflow_id: WorkflowId, version: int) -> Plan:
        """The plan of a workflow version. Raises NotFound, Defect when it cannot be read."""
        ...


@dataclass(slots=True)
class Batch:
    """What a run of commands asks for; ``repeated`` counts starts of executions in memory."""

    started: list[tuple[Started, Entry]] = field(default_factory=list)
    runs: dict[ExecutionId, Run] = field(default_factory=dict)
    cancelled: dict[ExecutionId, Changed] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)
    repeated: int = 0


async def read_commands(
    owned: Owned, records: Sequence[Received], plans: Plans, now: datetime
) -> Batch:
    """Read ``records``, all of one partition, in order."""
    batch = Batch()
    for record in records:
        try:
            command = decode_command(record.value)
            if isinstance(command, Cancel):
                _add_cancel(batch, owned, command)
            elif _is_known(batch, owned, command.execution_id):
                batch.repeated += 1
            else:
                plan = await plans.get(command.workflow_id, command.workflow_version)
                _add_start(batch, owned, command, plan, record.offset, now)
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
                _add_cancel(batch, owned, command)
    return batch


def _is_known(batch: Batch, owned: Owned, id_: ExecutionId) -> bool:
    """Whether an execution is under way or about to be: its first command counts."""
    return id_ in batch.runs or id_ in owned.runs or id_ in owned.admitted


def _add_start(
    batch: Batch, owned: Owned, command: Start, plan: Plan, offset: int, now: datetime
) -> None:
    event = decode_event(command.event)
    origin = Origin(
        execution_id=command.execution_id,
        workflow_id=command.workflow_id,
        workflow_version=command.workflow_version,
        environment_id=event.environment_id,
        event_key=event.key,
    )
    first = begin(plan)
    started = Started(
        origin=origin,
        partition=owned.partition,
        command_offset=offset,
        event_json=dumps(command.event).decode(),
        status=first.state.status,
        created_at=now,
    )
    batch.started.append((started, first.entry))
    batch.runs[origin.execution_id] = Run(
        origin=origin,
        plan=plan,
        event=event,
        state=first.state,
        owned=owned,
        command_offset=offset,
    )


def _add_cancel(batch: Batch, owned: Owned, command: Cancel) -> None:
    batch.cancelled[command.execution_id] = Changed(
        partition=owned.partition,
        execution_id=command.execution_id,
        at=command.requested_at,
        cancel_requested_at=command.requested_at,
        cancel_reason=command.reason,
    )
