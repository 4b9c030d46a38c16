"""Owning partitions of ``commands``: taking over, consuming, waking, giving up.

Whatever goes wrong with Postgres, the bus or a fence ends ``run`` with an error; the role is then
started anew and recovers from the database. There is no second way back.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from services.executor.admit import Batch, Plans, read_commands
from services.executor.advance import Advancing, advance
from services.executor.ledger import Ledger
from services.executor.metrics import ExecutorMetrics
from services.executor.publish import Publisher
from services.executor.recover import recover, republish
from services.executor.runs import Owned, Run
from services.executor.settings import ExecutorSettings
from services.executor.sleepers import Sleepers
from shared.assembly.platform import Platform
from shared.bus.protocol import Received, Record, Subscription, TopicPartition
from shared.db.pool import translated
from shared.db.recovery import claim
from shared.runtime.health import Condition
from shared.wire.dead_letters import DeadLetter, encode_dead_letter

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the executor stands on."""

    platform: Platform
    plans: Plans
    advancing: Advancing
    metrics: ExecutorMetrics
    settings: ExecutorSettings


class Executor:
    """One member of the group that reads ``commands``."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._publisher = Publisher(
            needs.platform.bus, needs.platform.topics, metrics=needs.metrics
        )
        self._ledgers = [
            Ledger(
                needs.platform.pool,
                self._publisher,
                metrics=needs.metrics,
                rows_max=needs.settings.commit_rows_max,
            )
            for _ in range(needs.settings.ledgers)
        ]
        self._owned: dict[int, Owned] = {}
        self._sleepers = Sleepers(
            needs.platform,
            needs.plans,
            needs.settings,
            owned=self._owned,
            launch=self._launch,
            room=self._room,
            forget=lambda owned, ids: self._ledger(owned).forget(owned, ids),
        )
        self._tasks: asyncio.TaskGroup = asyncio.TaskGroup()
        self._freed = asyncio.Event()
        self._active = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Execute until ``stop`` is set, then give the partitions up in good order."""
        async with self._tasks:
            duties = [
                self._tasks.create_task(duty)
                for duty in (
                    *(ledger.run() for ledger in self._ledgers),
                    self._publisher.run(),
                    self._sleepers.run(),
                )
            ]
            needs = self._needs
            async with needs.platform.bus.subscribe(
                [needs.platform.topics.commands],
                group=needs.settings.group,
                assignee=self,
                member=needs.platform.member,
            ) as subscription:
                needs.platform.health.report("executor", Condition.READY)
                try:
                    while not stop.is_set():
                        await self._consume(subscription)
                except BaseException:
                    # Memory is not to be trusted now: leave nothing behind, recover instead.
                    self._owned.clear()
                    raise
            for duty in duties:
                duty.cancel()

    # --- partitions come and go

    async def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Claim the partitions and take up what their last owners left."""
        return {tp: await self._take_over(tp.partition) for tp in partitions}

    async def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Let steps under way end, within the grace, and leave the cursors exact."""
        leaving = [o for tp in partitions if (o := self._owned.pop(tp.partition, None))]
        for owned in leaving:
            owned.is_draining = True
        grace_s = self._needs.settings.drain_s
        try:
            async with asyncio.timeout(grace_s):
                while any(owned.runs for owned in leaving):
                    self._freed.clear()
                    await self._freed.wait()
                for owned in leaving:
                    await self._publisher.drained(owned)
        except TimeoutError:
            log.warning("drain_cut_short", grace_s=grace_s)
            for run in [run for owned in leaving for run in owned.runs.values()]:
                run.abandon()
        for owned in leaving:
            await self._ledger(owned).disown(owned)
        log.info("partitions_revoked", partitions=[o.partition for o in leaving])

    async def _take_over(self, partition: int) -> int:
        needs = self._needs
        with translated():
            async with needs.platform.pool.acquire() as conn:
                given = await claim(
                    conn, partition, owner=needs.platform.member, now=needs.platform.clock.now()
                )
                owned = Owned.from_claim(given)
                await republish(conn, owned, self._publisher)
                runs = await recover(conn, owned, given.active_offset, needs.plans)
        self._owned[partition] = owned
        self._ledger(owned).own(owned)
        for run in runs:
            self._launch(run)
        self._sleepers.look()
        log.info(
            "partition_assigned",
            partition=partition,
            epoch=owned.epoch,
            offset=owned.consumed_offset,
            recovered=len(runs),
        )
        return owned.consumed_offset

    def _ledger(self, owned: Owned) -> Ledger:
        return self._ledgers[owned.partition % len(self._ledgers)]

    def _room(self) -> int:
        return self._needs.settings.active_max - self._active

    # --- commands

    async def _consume(self, subscription: Subscription) -> None:
        settings = self._needs.settings
        room = self._room()
        if room <= 0:
            # Fetching nothing keeps the membership; the records wait in the bus.
            paused = list(subscription.assignment())
            subscription.pause(paused)
            await subscription.fetch(max_records=1, wait_s=0.01)
            await self._wait_for_room()
            subscription.resume(paused)
            return
        batches = await subscription.fetch(
            max_records=min(room, settings.fetch_max), wait_s=settings.fetch_wait_s
        )
        for tp, records in batches.items():
            if (owned := self._owned.get(tp.partition)) is not None:
                await self._admit(owned, records)

    async def _wait_for_room(self) -> None:
        self._freed.clear()
        try:
            async with asyncio.timeout(1):
                await self._freed.wait()
        except TimeoutError:
            return

    async def _admit(self, owned: Owned, records: Sequence[Received]) -> None:
        needs = self._needs
        batch = await read_commands(owned, records, needs.plans, needs.platform.clock.now())
        if batch.dead:
            await self._bury(batch.dead)
        for started, _ in batch.started:
            owned.admitted[started.origin.execution_id] = started.command_offset
        self._active += len(batch.started)
        self._tasks.create_task(self._admitted(owned, batch, records[-1].offset + 1))

    async def _admitted(self, owned: Owned, batch: Batch, offset: int) -> None:
        """Wait until the commands are durable; only then may anything follow from them."""
        try:
            new = await self._ledger(owned).admit(
                owned,
                offset=offset,
                started=batch.started,
                cancelled=list(batch.cancelled.values()),
            )
        finally:
            self._active -= len(batch.started)
        metrics = self._needs.metrics
        metrics.started.inc(len(new))
        metrics.repeated.inc(len(batch.started) - len(new) + batch.repeated)
        for id_, run in batch.runs.items():
            if id_ in new and not run.state.status.is_terminal:
                self._launch(run)
            else:
                owned.admitted.pop(id_, None)
                if id_ in new:
                    metrics.finished.labels(run.state.status.value).inc()
        await self._cancel(owned, batch)

    async def _cancel(self, owned: Owned, batch: Batch) -> None:
        away = []
        for id_ in batch.cancelled:
            if (run := owned.runs.get(id_)) is not None:
                run.has_timer = True
                run.cancel()
            else:
                away.append(id_)
        if away:
            await self._sleepers.wake(owned, away)

    async def _bury(self, letters: Sequence[DeadLetter]) -> None:
        needs = self._needs
        for letter in letters:
            needs.metrics.dead_letters.labels(letter.reason).inc()
            log.warning("dead_letter", reason=letter.reason, detail=letter.detail)
        now = needs.platform.clock.now()
        await needs.platform.bus.publish(
            [
                Record(
                    topic=needs.platform.topics.dead_letters,
                    key=None,
                    value=encode_dead_letter(x, now),
                )
                for x in letters
            ]
        )

    # --- executions

    def _launch(self, run: Run) -> None:
        run.owned.runs[run.id] = run
        self._active += 1
        self._needs.metrics.active.set(self._active)
        run.task = self._tasks.create_task(self._live(run))

    async def _live(self, run: Run) -> None:
        owned = run.owned
        wake_at = await advance(run, self._ledger(owned), self._needs.advancing)
        del owned.runs[run.id]
        if wake_at is not None:
            self._sleepers.put(owned, wake_at, run.id)
        if wake_at is not None or run.state.status.is_terminal:
            owned.admitted.pop(run.id, None)
        self._active -= 1
        self._needs.metrics.active.set(self._active)
        self._freed.set()
