"""Group commit: what many executions have to write goes to Postgres in one transaction.

A Ledger is one connection and one writer. What is submitted while a commit is under way makes up
the next group, so groups grow with the load and a lone entry waits for nobody. A process has a few
ledgers and each partition belongs to one of them: one fills while another's commit reaches disk.

When a commit fails, or a partition turns out to have another owner, it is unknown or wrong what
memory holds: the ledger ends with the error and the executor starts anew from the database.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

from services.executor.metrics import ExecutorMetrics
from services.executor.publish import Publisher
from services.executor.rows import Admission, Batch, Item, Note, Step, taken_in
from services.executor.runs import Owned, Run
from services.executor.waiting import looking_back, waiting
from shared.db.group import Changed, Fence, Group, Heard, Started, TakenIn, Timer
from shared.db.ledger import Committed, commit_group
from shared.db.pool import Connection, Pool, translated
from shared.domain.errors import Fenced
from shared.domain.executions import Entry
from shared.domain.ids import ExecutionId
from shared.domain.story import Transition

IDLE_S = 0.2


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
        self._wake.set()  # to leave behind what was published while it was taken over

    async def disown(self, owned: Owned) -> None:
        """Leave the partition's cursors exact, and write for it no more."""
        del self._owned[owned.partition]
        with translated():
            async with self._pool.acquire() as conn:
                await self._commit(conn, Batch(owned={owned.partition: owned}))

    async def admit(
        self,
        owned: Owned,
        *,
        offset: int,
        started: Sequence[tuple[Started, Sequence[Entry]]],
        heard: Sequence[Heard],
        changed: Sequence[Changed],
        timers: Sequence[Timer] = (),
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
                timers=timers,
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
        taken = taken_in(run, offset)
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
            is_quiet = all(o.is_told_and_saved for o in self._owned.values())
            try:
                async with asyncio.timeout(None if is_quiet else IDLE_S):
                    await self._wake.wait()
            except TimeoutError:
                moved = {p: o for p, o in self._owned.items() if o.saved != o.fence()}
                await self._commit(conn, Batch(owned=moved))

    def _take(self) -> Batch:
        batch = Batch()
        while self._pending and len(batch.group.written) < self._rows_max:
            item = self._pending.popleft()
            if self._owned.get(item.owned.partition) is not item.owned:
                if not isinstance(item, Note):
                    item.done.cancel()  # given up meanwhile; its next owner does it
                continue
            batch.add(item)
        return batch

    async def _commit(self, conn: Connection, batch: Batch) -> None:
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
            are_all_new = len(committed.started) == len(group.started)
            self._publisher.publish(
                [
                    (batch.owned[w.partition], w)
                    for w in group.written
                    if are_all_new or not w.is_first or w.origin.execution_id in committed.started
                ]
            )


def _settle(batch: Batch, fences: Sequence[Fence], committed: Committed) -> None:
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
