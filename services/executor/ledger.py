"""Group commit: what many executions have to write goes to Postgres in one transaction.

A Ledger is one connection and one writer. What is submitted while a commit is under way makes up
the next group, so groups grow with the load and a lone entry waits for nobody. A process has a few
ledgers and each partition belongs to one of them: one fills while another's commit reaches disk.

When a commit fails, or a partition turns out to have another owner, it is unknown or wrong what
memory holds: the ledger ends with the error and the executor starts anew from the database.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from services.executor.metrics import ExecutorMetrics
from services.executor.publish import Publisher
from services.executor.runs import Owned, Run
from shared.db.ledger import (
    Changed,
    Committed,
    Fence,
    Group,
    Started,
    Timer,
    Written,
    commit_group,
)
from shared.db.pool import Connection, Pool, translated
from shared.domain.decide import Transition
from shared.domain.errors import Fenced
from shared.domain.executions import Entry
from shared.domain.ids import ExecutionId
from shared.wire.results import Origin

IDLE_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Commands of a partition up to ``offset``, made durable together with that position."""

    owned: Owned
    offset: int
    started: Sequence[tuple[Started, Entry]]
    cancelled: Sequence[Changed] = ()
    done: "asyncio.Future[frozenset[ExecutionId]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A transition of a run."""

    run: Run
    transition: Transition
    at: datetime
    done: "asyncio.Future[None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Timers of executions that have ended, or never were."""

    owned: Owned
    ids: Sequence[ExecutionId]


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
        self._pending: deque[Admission | Step | Forget] = deque()
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
        started: Sequence[tuple[Started, Entry]],
        cancelled: Sequence[Changed],
    ) -> frozenset[ExecutionId]:
        """Make commands before ``offset`` durable; gives those executions that were new."""
        done: asyncio.Future[frozenset[ExecutionId]] = asyncio.get_running_loop().create_future()
        self._submit(
            Admission(owned=owned, offset=offset, started=started, cancelled=cancelled, done=done)
        )
        return await done

    async def write(self, run: Run, transition: Transition, at: datetime) -> None:
        """Make a transition durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._submit(Step(run=run, transition=transition, at=at, done=done))
        await done

    def forget(self, owned: Owned, ids: Sequence[ExecutionId]) -> None:
        """Drop timers with the next commit."""
        self._submit(Forget(owned=owned, ids=ids))

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

    def _submit(self, item: Admission | Step | Forget) -> None:
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
            if self._owned.get(_owner(item).partition) is not _owner(item):
                _drop(item)  # given up meanwhile; its next owner does it
                continue
            match item:
                case Admission():
                    _add_admission(batch, item)
                case Step():
                    _add_step(batch, item)
                case Forget():
                    _add_forget(batch, item)
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
                    if w.entry.position > 1 or w.origin.execution_id in committed.started
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
    owned = admission.owned
    batch.owned[owned.partition] = owned
    batch.offsets[owned.partition] = max(admission.offset, batch.offsets.get(owned.partition, 0))
    batch.admissions.append(admission)
    for started, entry in admission.started:
        if started.origin.execution_id not in batch.group.started:
            batch.group.started[started.origin.execution_id] = started
            _add_entry(batch, owned, started.origin, entry, started.created_at)
    for changed in admission.cancelled:
        batch.group.change(changed)
        # Should this process end before it has carried the cancellation out, the timer tells the
        # next owner, even of an execution that sleeps for months.
        batch.group.wake(
            Timer(partition=owned.partition, execution_id=changed.execution_id, due_at=changed.at)
        )


def _add_step(batch: _Batch, step: Step) -> None:
    run, state = step.run, step.transition.state
    batch.owned[run.owned.partition] = run.owned
    batch.steps.append(step)
    _add_entry(batch, run.owned, run.origin, step.transition.entry, step.at)
    batch.group.change(
        Changed(partition=run.owned.partition, execution_id=run.id, at=step.at, state=state)
    )
    if state.retry_at is not None or (run.has_timer and state.status.is_terminal):
        run.has_timer = True
        batch.group.wake(
            Timer(partition=run.owned.partition, execution_id=run.id, due_at=state.retry_at)
        )


def _owner(item: Admission | Step | Forget) -> Owned:
    return item.run.owned if isinstance(item, Step) else item.owned


def _drop(item: Admission | Step | Forget) -> None:
    if not isinstance(item, Forget):
        item.done.cancel()


def _add_forget(batch: _Batch, item: Forget) -> None:
    batch.owned[item.owned.partition] = item.owned
    for id_ in item.ids:
        batch.group.wake(Timer(partition=item.owned.partition, execution_id=id_, due_at=None))


def _add_entry(batch: _Batch, owned: Owned, origin: Origin, entry: Entry, at: datetime) -> None:
    batch.group.written.append(
        Written(partition=owned.partition, seq=owned.next_seq(), origin=origin, entry=entry, at=at)
    )
