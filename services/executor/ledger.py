"""Group commit: what many executions have to write goes to Postgres in one transaction.

A Ledger is one connection and one writer. What is submitted while a commit is under way makes up
the next group, so groups grow with the load and a lone entry waits for nobody. A process has a few
ledgers and each partition belongs to one of them: one fills while another's commit reaches disk.

When a commit fails, or a partition turns out to have another owner, it is unknown or wrong what
memory holds: the ledger ends with the error and the executor starts anew from the database.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from services.executor.metrics import ExecutorMetrics
from services.executor.publish import Publisher
from services.executor.runs import Owned, Run
from services.executor.waiting import looking_back, wait_changes, waiting
from shared.db.group import Changed, Fence, Group, Heard, Started, TakenIn, Timer, Written
from shared.db.ledger import Committed, commit_group
from shared.db.pool import Connection, Pool, translated
from shared.domain.errors import Fenced
from shared.domain.executions import Entry, Status
from shared.domain.ids import ExecutionId
from shared.domain.story import Transition
from shared.wire.results import Origin

IDLE_S = 0.2

_FOUND = frozenset({Status.RUNNING, Status.COMPENSATING})
"""What an execution that its command stands for is found by (``list_active.sql``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Commands of a partition up to ``offset``, made durable together with that position."""

    owned: Owned
    offset: int
    started: Sequence[tuple[Started, Sequence[Entry]]]
    heard: Sequence[Heard]
    changed: Sequence[Changed]
    done: "asyncio.Future[frozenset[ExecutionId]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A transition of a run, and the commands that it takes in."""

    run: Run
    transition: Transition
    taken_in: Sequence[int]
    done: "asyncio.Future[None]"

    @property
    def owned(self) -> Owned:
        """The run's partition."""
        return self.run.owned


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What nobody waits for: rows that say nothing any more, or something new about a wait."""

    owned: Owned
    add: Callable[[Group], None]


Item = Admission | Step | Note


@dataclass(slots=True)
class _Batch:
    """A group, what it consumes, and who waits for it."""

    group: Group = field(default_factory=Group)
    owned: dict[int, Owned] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)
    admissions: list[Admission] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


class Ledger:
    """One writer; see the module."""

    def __init__(
        self,
        pool: Pool,
        publisher: Publisher,
        *,
        metrics: ExecutorMetrics,
        rows_max: int,
    ) -> None:
        self._pool = pool
        self._publisher = publisher
        self._metrics = metrics
        self._rows_max = rows_max
        self._pending: deque[Item] = deque()
        self._wake = asyncio.Event()
        self._committing = asyncio.Lock()
        self._owned: dict[int, Owned] = {}

    def own(self, owned: Owned) -> None:
        """Write for this partition from now on."""
        self._owned[owned.partition] = owned

    async def disown(self, owned: Owned) -> None:
        """Leave the partition's cursors exact, and write for it no more."""
        del self._owned[owned.partition]
        with translated():
            async with self._pool.acquire() as conn:
                await self._commit(conn, _Batch(owned={owned.partition: owned}))

    async def admit(
        self,
        owned: Owned,
        *,
        offset: int,
        started: Sequence[tuple[Started, Sequence[Entry]]],
        heard: Sequence[Heard],
        changed: Sequence[Changed],
    ) -> frozenset[ExecutionId]:
        """Make commands before ``offset`` durable; gives those executions that were new."""
        done: asyncio.Future[frozenset[ExecutionId]] = asyncio.get_running_loop().create_future()
        self._submit(
            Admission(
                owned=owned,
                offset=offset,
                started=started,
                heard=heard,
                changed=changed,
                done=done,
            )
        )
        return await done

    async def write(
        self, run: Run, transition: Transition, *, taken_in: Sequence[int] = ()
    ) -> None:
        """Make a transition durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._submit(Step(run=run, transition=transition, taken_in=taken_in, done=done))
        await done

    def take_in(self, run: Run, offset: int) -> None:
        """Drop a command that changed nothing, with the next commit."""
        taken = _taken_in(run, offset)
        self._submit(Note(owned=run.owned, add=lambda group: group.taken_in.append(taken)))

    def looked_back(self, run: Run) -> None:
        """Note with the next commit that no event from before is waited for."""
        rows = [waiting(run, a, has_looked_back=True) for a in looking_back(run.state)]

        def add(group: Group) -> None:
            for row in rows:
                group.wait(row)

        self._submit(Note(owned=run.owned, add=add))

    def forget(self, owned: Owned, told: Mapping[ExecutionId, Sequence[int]]) -> None:
        """Drop, with the next commit, timers and commands of executions that have ended."""

        def add(group: Group) -> None:
            for id_, offsets in told.items():
                group.wake(Timer(partition=owned.partition, execution_id=id_, due_at=None))
                group.taken_in += [TakenIn(owned.partition, id_, offset) for offset in offsets]

        self._submit(Note(owned=owned, add=add))

    async def run(self) -> None:
        """Commit what is submitted, until cancelled. Raises Fenced or Unavailable."""
        with translated():
            async with self._pool.acquire() as conn:
                while True:
                    if not self._pending:
                        await self._idle(conn)
                    await self._publisher.room()
                    # Give every task that is ready the chance to join this group.
                    await asyncio.sleep(0)
                    await self._commit(conn, self._take())

    def _submit(self, item: Item) -> None:
        self._pending.append(item)
        self._wake.set()

    async def _idle(self, conn: Connection) -> None:
        """Wait for work; meanwhile leave behind how far publishing has come."""
        self._wake.clear()
        while not self._wake.is_set():
            try:
                async with asyncio.timeout(IDLE_S):
                    await self._wake.wait()
            except TimeoutError:
                moved = {p: o for p, o in self._owned.items() if o.saved != o.fence()}
                await self._commit(conn, _Batch(owned=moved))

    def _take(self) -> _Batch:
        batch = _Batch()
        while self._pending and len(batch.group.written) < self._rows_max:
            item = self._pending.popleft()
            if self._owned.get(item.owned.partition) is not item.owned:
                if not isinstance(item, Note):
                    item.done.cancel()  # given up meanwhile; its next owner does it
                continue
            batch.owned[item.owned.partition] = item.owned
            match item:
                case Admission():
                    _add_admission(batch, item)
                case Step():
                    _add_step(batch, item)
                case Note():
                    item.add(batch.group)
                case _:
                    assert_never(item)
        return batch

    async def _commit(self, conn: Connection, batch: _Batch) -> None:
        if not batch.owned:
            return
        group = batch.group
        async with self._committing:
            group.fences = [batch.owned[p].fence(batch.offsets.get(p)) for p in sorted(batch.owned)]
            with self._metrics.commit_seconds.time():
                committed = await commit_group(conn, group)
            if lost := set(batch.owned) - committed.partitions:
                self._metrics.fenced.inc(len(lost))
                raise Fenced(f"Partitions {sorted(lost)} have another owner.")
            self._metrics.commit_rows.observe(len(group.written))
            _settle(batch, group.fences, committed)
            self._publisher.publish(
                [
                    (batch.owned[w.partition], w)
                    for w in group.written
                    if not w.is_first or w.origin.execution_id in committed.started
                ]
            )


def _settle(batch: _Batch, fences: Sequence[Fence], committed: Committed) -> None:
    """Remember what is durable now, and tell those who wait."""
    for fence in fences:
        owned = batch.owned[fence.partition]
        owned.consumed_offset = fence.consumed_offset
        owned.saved = fence
    for admission in batch.admissions:
        if not admission.done.cancelled():
            ids = {started.origin.execution_id for started, _ in admission.started}
            admission.done.set_result(committed.started & ids)
    for step in batch.steps:
        if not step.done.cancelled():
            step.done.set_result(None)


def _add_admission(batch: _Batch, admission: Admission) -> None:
    owned, group = admission.owned, batch.group
    batch.offsets[owned.partition] = max(admission.offset, batch.offsets.get(owned.partition, 0))
    batch.admissions.append(admission)
    for started, entries in admission.started:
        id_ = started.origin.execution_id
        if id_ in group.started:
            continue
        group.started[id_] = started
        _add_entries(batch, owned, started.origin, entries, started.created_at, is_first=True)
    group.heard += admission.heard
    for changed in admission.changed:
        group.change(changed)


def _add_step(batch: _Batch, step: Step) -> None:
    run, transition, group = step.run, step.transition, batch.group
    state, at = transition.state, transition.at
    batch.steps.append(step)
    _add_entries(batch, run.owned, run.origin, transition.entries, at)
    group.change(Changed(partition=run.owned.partition, execution_id=run.id, at=at, state=state))
    group.taken_in += [_taken_in(run, offset) for offset in step.taken_in]
    for row in wait_changes(run, state):
        group.wait(row)
    _set_timer(group, run, transition)


def _set_timer(group: Group, run: Run, transition: Transition) -> None:
    """Keep the promise by which a successor finds every execution that is not at its end.

    One that a command admitted is found by that command until it is parked, while its row says
    that it runs; one that is parked by its timer, or else by what it is told; any other by a
    timer, though it be overdue.
    """
    due_at, status = run.timer_at, transition.state.status
    is_found = status in _FOUND and not run.is_woken
    if status.is_terminal:
        due_at = None
    elif transition.is_parked:
        due_at = transition.wake_at
    elif not is_found and (due_at is None or due_at > transition.at):
        due_at = transition.at
    if due_at != run.timer_at:
        run.timer_at = due_at
        group.wake(Timer(run.owned.partition, run.id, due_at))


def _taken_in(run: Run, offset: int) -> TakenIn:
    return TakenIn(run.owned.partition, run.id, offset)


def _add_entries(
    batch: _Batch,
    owned: Owned,
    origin: Origin,
    entries: Sequence[Entry],
    at: datetime,
    *,
    is_first: bool = False,
) -> None:
    batch.group.written += [
        Written(
            partition=owned.partition,
            seq=owned.next_seq(),
            origin=origin,
            entry=entry,
            # As the row will say it, and hence as it is published again after a crash.
            at=at if entry.attempt is None else entry.attempt.ended_at,
            is_first=is_first,
        )
        for entry in entries
    ]
