"""Commands, read: which executions to admit, which to cancel, and what cannot be used."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from services.executor.compute import compute
from services.executor.perform import Tools
from services.executor.runs import Owned, Run, Word
from services.executor.shares import Shares
from shared.bus.dead_letters import dead_letter
from shared.bus.protocol import Received
from shared.db.group import Changed, Heard, Started, Timer
from shared.domain.causes import cause_of
from shared.domain.decide import begin
from shared.domain.errors import Defect, NotFound
from shared.domain.events import Event
from shared.domain.executions import Attempt, Entry, Status
from shared.domain.ids import ExecutionId, WorkflowId
from shared.domain.plans import Plan
from shared.domain.story import Transition, merged
from shared.wire.commands import CANCEL, Cancel, Command, Start, decode_command
from shared.wire.dead_letters import DeadLetter
from shared.wire.envelope import dumps
from shared.wire.events import decode_event
from shared.wire.lineage import Repeat
from shared.wire.results import Origin

_CANCEL = CANCEL.encode()
TURN_S = 0.02
"""So long commands are read before others have their turn."""


class Plans(Protocol):
    """Where plans come from."""

    async def get(self, workflow_id: WorkflowId, version: int) -> Plan:
        """The plan of a workflow version. Raises NotFound, Defect when it cannot be read."""
        ...


class OriginGone(NotFound):
    """The execution that another is to repeat has been deleted meanwhile."""


Inherited = Callable[[Repeat, Plan], Awaitable[Sequence[Attempt]]]
"""The outcomes that an execution takes over from the one it repeats. Raises OriginGone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Where plans come from, and the outcomes that are taken over."""

    plans: Plans
    inherited: Inherited


@dataclass(slots=True)
class Batch:
    """What a run of commands asks for; ``repeated``: starts of executions in memory.

    ``words`` are for executions that are there, each with its offset; ``openings`` how executions
    of each workflow version begin. ``entered`` are the environments of executions that come into
    memory, one by one; ``held`` those of executions for which they have no room.
    """

    started: list[tuple[Started, Sequence[Entry]]] = field(default_factory=list)
    runs: dict[ExecutionId, Run] = field(default_factory=dict)
    words: list[tuple[int, Word]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    repeated: list[Start] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)
    held: dict[ExecutionId, str] = field(default_factory=dict)
    openings: dict[tuple[WorkflowId, int], Transition] = field(default_factory=dict)


async def read_commands(
    owned: Owned, records: Sequence[Received], library: Library, tools: Tools, shares: Shares
) -> Batch:
    """Read ``records``, all of one partition, in order.

    What an execution can compute before anything is sent is done here, and admitted with it;
    unless it is told something at once, which is to be heard first, its environment has no room
    for it, or others are computing: no command waits for another's turn. Those that come into
    memory count as entered.
    """
    batch = Batch()
    commands = [(record, _decoded(batch, record)) for record in records]
    told = {c.execution_id for _, c in commands if isinstance(c, Word)}
    began_s = tools.clock.monotonic()
    for record, command in commands:
        if tools.lanes.is_spent or tools.clock.monotonic() - began_s > TURN_S:
            await asyncio.sleep(0)
            began_s = tools.clock.monotonic()
        if isinstance(command, Word):
            _add_word(batch, owned, command, record)
        elif command is not None and _is_known(batch, owned, command.execution_id):
            batch.repeated.append(command)
        elif command is not None:
            try:
                now = tools.clock.now()
                run = await _begun(batch, owned, command, library, record.offset, now)
                if _has_room(batch, run, shares):
                    first = await _first(run, None if run.id in told else tools)
                    _add_start(batch, run, command, first)
                else:
                    _hold(batch, run, command)
            except Defect as error:
                batch.dead.append(dead_letter(record, "UNREADABLE_COMMAND", error.message))
            except OriginGone as error:  # nothing of it is known: all of it would be done once more
                batch.dead.append(dead_letter(record, "UNKNOWN_EXECUTION", error.message))
            except NotFound as error:
                batch.dead.append(dead_letter(record, "UNKNOWN_WORKFLOW", error.message))
    return batch


def _decoded(batch: Batch, record: Received) -> Command | None:
    try:
        return decode_command(record.value)
    except Defect as error:
        batch.dead.append(dead_letter(record, "UNREADABLE_COMMAND", error.message))
        return None


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


async def _begun(
    batch: Batch, owned: Owned, command: Start, library: Library, offset: int, now: datetime
) -> Run:
    """The execution that a command starts."""
    plan = await library.plans.get(command.workflow_id, command.workflow_version)
    repeats = command.lineage.repeats
    inherits = repeats is not None and repeats.inherits
    inherited = await library.inherited(repeats, plan) if repeats and inherits else ()
    event = decode_event(command.event)
    expires_at = command.expires_at
    if expires_at is None and plan.policy.expires_after_s is not None:
        expires_at = now + timedelta(seconds=plan.policy.expires_after_s)
    if repeats is None and expires_at is None:
        first = _opening(batch, plan, now)
    else:
        only = repeats.step_id if repeats and repeats.is_only else None
        first = begin(plan, now, expires_at=expires_at, inherited=inherited, only=only)
    return Run(
        origin=_origin(command, event),
        plan=plan,
        event=event,
        state=first.state,
        latest=first,
        owned=owned,
        command_offset=offset,
        created_at=now,
        timer_at=expires_at,
    )


def _opening(batch: Batch, plan: Plan, now: datetime) -> Transition:
    """How an execution begins that takes nothing over: as all of its plan do, but for the time."""
    key = plan.workflow_id, plan.version
    if (known := batch.openings.get(key)) is None:
        known = batch.openings[key] = begin(plan, now)
    return Transition(known.state, known.entries, now, known.runs, known.is_parked, known.wake_at)


async def _first(run: Run, tools: Tools | None) -> Transition:
    """The first transition, with all that follows by computing alone, and nothing that waits."""
    first = run.latest
    assert first is not None, "it has begun"
    if tools is None:
        return first
    more = await compute(
        run, first.runs, tools, chance=0.0, wake_at=first.wake_at, must_settle=True
    )
    return merged([first, *more])


def _has_room(batch: Batch, run: Run, shares: Shares) -> bool:
    """Whether an execution may come into memory, where it then counts."""
    environment, owned = run.origin.environment, run.owned
    if environment in owned.held or shares.room_of(environment) <= 0:
        return False
    shares.enter(environment)
    batch.entered.append(environment)
    return True


def _hold(batch: Batch, run: Run, command: Start) -> None:
    """Admit an execution that waits for room, with a timer by which successors find it."""
    first = run.latest
    assert first is not None, "it has begun"
    if not first.state.status.is_terminal:
        first = replace(first, state=replace(first.state, status=Status.WAITING))
        batch.held[run.id] = run.origin.environment
        batch.timers.append(Timer(run.owned.partition, run.id, run.created_at, is_first=True))
    _add_start(batch, run, command, first)


def _add_start(batch: Batch, run: Run, command: Start, first: Transition) -> None:
    run.written, run.latest = first.state, first
    started = Started(
        origin=run.origin,
        partition=run.owned.partition,
        command_offset=run.command_offset,
        event_json=dumps(command.event).decode(),
        created_at=run.created_at,
        state=first.state,
        at=first.at,
    )
    batch.started.append((started, first.entries))
    batch.runs[run.id] = run


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
