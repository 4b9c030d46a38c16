"""Owning partitions of ``commands``: taking over, consuming, waking, giving up.

Whatever goes wrong with Postgres, the bus or a fence ends ``run`` with an error; the role is then
started anew and recovers from the database. There is no second way back.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from services.executor.admit import Batch, Library, read_cancellations, read_commands
from services.executor.ledger import Ledger
from services.executor.life import Living, live
from services.executor.metrics import ExecutorMetrics
from services.executor.passed import leave_positions
from services.executor.publish import Publisher
from services.executor.recover import take_up
from services.executor.runs import Owned, Run, Word, mine
from services.executor.settings import ExecutorSettings
from services.executor.shares import HELD_MAX, Shares
from services.executor.sleepers import Sleepers
from services.executor.task_results import TaskResults
from services.executor.turns import Turns
from shared.assembly.burying import bury
from shared.assembly.platform import Platform
from shared.bus.beside import Breakable, beside
from shared.bus.lag import watch_lag
from shared.bus.protocol import Received, Subscription, TopicPartition
from shared.domain.errors import Unavailable
from shared.domain.ids import ExecutionId
from shared.runtime.health import Condition
from shared.runtime.roles import duty, must_be_ours

log = structlog.get_logger(__name__)

ROOM_WITHIN_S = 0.2
ROOM_SHARE = 8
GATHER_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the executor stands on."""

    platform: Platform
    library: Library
    living: Living
    turns: Turns
    metrics: ExecutorMetrics
    settings: ExecutorSettings


class Executor:
    """One member of the group that reads ``commands``."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        bus, topics = needs.platform.bus, needs.platform.topics
        self._publisher = Publisher(bus, topics, metrics=needs.metrics)
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
        settings = needs.settings
        self._shares = Shares(settings.active_max, settings.concurrency)
        self._sleepers = Sleepers(
            needs.platform,
            needs.library.plans,
            settings,
            owned=self._owned,
            launch=self._launch,
            shares=self._shares,
            forget=lambda owned, told: self._ledger(owned).forget(owned, told),
        )
        self._tasks: asyncio.TaskGroup = asyncio.TaskGroup()
        self._fetching = Breakable()
        self._freed = asyncio.Event()
        needs.metrics.active.set_function(lambda: self._shares.total)
        lanes = needs.living.tools.lanes
        lanes.rest_for(self._shares.are_beside)
        needs.metrics.partitions.watch(self._owned, lanes, needs.platform.clock)

    async def run(self, stop: asyncio.Event) -> None:
        """Execute until ``stop`` is set, then give the partitions up in good order."""
        async with self._tasks:
            duties = [
                self._tasks.create_task(duty(work))
                for work in (
                    *(ledger.run() for ledger in self._ledgers),
                    self._publisher.run(),
                    self._sleepers.run(),
                    TaskResults(self._needs.platform, self._needs.metrics).run(),
                )
            ]
            needs = self._needs
            async with (
                needs.platform.bus.subscribe(
                    [needs.platform.topics.commands],
                    group=needs.platform.topics.group("executor"),
                    assignee=self,
                    member=needs.platform.member,
                ) as subscription,
                beside(watch_lag(subscription, needs.metrics.lag, needs.platform.clock)),
                beside(leave_positions(subscription, self._owned, needs.platform.clock)),
                beside(self._fetching.watch(stop)),
            ):
                needs.platform.health.report("executor", Condition.READY)
                try:
                    while not stop.is_set():
                        await self._consume(subscription)
                except BaseException:
                    # Memory is not to be trusted now: leave nothing behind, recover instead.
                    self._owned.clear()
                    raise
            for task in duties:
                task.cancel()

    async def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Claim the partitions and take up what their last owners left."""
        used = await self._needs.platform.bus.partitions(self._needs.platform.topics.commands)
        return {tp: await self._take_over(tp.partition) for tp in partitions if tp.partition < used}

    async def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Let steps under way end, within the grace, and leave the cursors exact."""
        leaving = [o for tp in partitions if (o := self._owned.pop(tp.partition, None))]
        for owned in leaving:
            owned.is_draining = True
            for run in owned.runs.values():
                run.step_back()
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
        platform, plans = self._needs.platform, self._needs.library.plans
        left = await take_up(platform, partition, plans, self._publisher)
        owned = left.owned
        self._owned[partition] = owned
        self._ledger(owned).own(owned)
        self._ledger(owned).forget(owned, left.late)
        for run in left.runs:
            self._sleepers.resume(run)
        self._sleepers.look()
        cursors = {"epoch": owned.epoch, "offset": owned.consumed_offset}
        log.info("partition_assigned", partition=partition, recovered=len(left.runs), **cursors)
        return owned.consumed_offset

    def _ledger(self, owned: Owned) -> Ledger:
        return self._ledgers[owned.partition % len(self._ledgers)]

    def _room(self) -> int:
        return min(self._shares.room, HELD_MAX - sum(o.held_count for o in self._owned.values()))

    async def _consume(self, subscription: Subscription) -> None:
        """Admit commands as far as there is room for the executions they start."""
        settings = self._needs.settings
        if 0 < self._room() < settings.active_max // ROOM_SHARE:
            # Under load executions end one by one; their successors are cheaper in company.
            await self._needs.platform.clock.sleep(GATHER_S)
        room = min(self._room(), settings.fetch_max)
        if room <= 0:
            await self._look_ahead(subscription)
        elif (owned := next((o for o in self._owned.values() if o.ahead), None)) is not None:
            taken = min(room, len(owned.ahead))
            await self._admit(owned, [owned.ahead.popleft() for _ in range(taken)])
        else:
            fetch = subscription.fetch(max_records=room, wait_s=settings.fetch_wait_s)
            for owned, records in mine(self._owned, await self._fetching.wait(fetch) or {}):
                await self._admit(owned, records)

    async def _look_ahead(self, subscription: Subscription) -> None:
        """Let cancellations through, also those behind starts: they are what may make room."""
        left = self._needs.settings.fetch_max - sum(len(o.ahead) for o in self._owned.values())
        paused = [] if left > 0 else list(subscription.assignment())
        subscription.pause(paused)
        # Fetching, even nothing, keeps the membership; all further records wait in the bus.
        batches = await subscription.fetch(max_records=max(1, left), wait_s=0.01)
        for owned, records in mine(self._owned, batches):
            owned.ahead += records
            batch = read_cancellations(owned, records)
            if batch.words:
                self._tasks.create_task(self._admitted(owned, batch, owned.consumed_offset))
        await self._wait_for_room()
        subscription.resume(paused)

    async def _wait_for_room(self) -> None:
        if self._room() <= 0:
            self._freed.clear()
            await self._needs.platform.clock.wait(self._freed, ROOM_WITHIN_S)

    async def _admit(self, owned: Owned, records: Sequence[Received]) -> None:
        needs = self._needs
        library, tools = needs.library, needs.living.tools
        batch = await read_commands(owned, records, library, tools, self._shares)
        await bury(needs.platform, batch.dead, needs.metrics.dead_letters)
        for started, _ in batch.started:
            owned.admitted[started.origin.execution_id] = started.command_offset
        self._tasks.create_task(self._admitted(owned, batch, records[-1].offset + 1))

    async def _admitted(self, owned: Owned, batch: Batch, offset: int) -> None:
        """Wait until the commands are durable; only then may anything follow from them."""
        try:
            new = await self._ledger(owned).admit(
                owned,
                offset=offset,
                started=batch.started,
                heard=batch.heard,
                changed=batch.changed,
                timers=batch.timers,
            )
        finally:
            self._shares.leave(batch.entered)
        self._needs.metrics.admitted(batch.repeated, batch.runs, new)
        for id_, run in batch.runs.items():
            if id_ in new and not (id_ in batch.held or run.state.status.is_terminal):
                self._launch(run)
                continue
            owned.admitted.pop(id_, None)
            if id_ in new and id_ in batch.held:
                owned.hold(batch.held[id_], [id_])
        for environment in {*batch.entered, *batch.held.values()}:
            self._sleepers.look(environment)
        await self._tell(owned, batch)

    async def _tell(self, owned: Owned, batch: Batch) -> None:
        """Pass on what is durable now; an execution that is away comes back with it."""
        left = batch.words
        while left:
            away: dict[ExecutionId, dict[int, Word]] = {}
            for offset, word in left:
                if (run := owned.runs.get(word.execution_id)) is not None:
                    run.tell(offset, word)
                else:
                    away.setdefault(word.execution_id, {})[offset] = word
            if not away:
                return
            # One that came back by itself meanwhile may have left again without having heard.
            back = await self._sleepers.wake(owned, away)
            left = [(o, w) for o, w in left if w.execution_id in away.keys() - back]

    def _launch(self, run: Run) -> None:
        if run.id in run.owned.runs:
            return
        life = self._live(run)
        try:
            run.task = self._tasks.create_task(life)
        except RuntimeError:  # the tasks are being ended, while the bus still assigns
            life.close()
            raise Unavailable("The executor is about to start anew.") from None
        run.owned.come(run)
        self._shares.enter(run.origin.environment)

    async def _live(self, run: Run) -> None:
        owned = run.owned
        try:
            wake_at = await live(run, self._ledger(owned), self._needs.living)
            while run.told and not (owned.is_draining or run.state.status.is_terminal):
                # Told as it was leaving.
                wake_at = await live(run, self._ledger(owned), self._needs.living)
            if wake_at is not None and not owned.is_draining:
                self._sleepers.put(owned, wake_at, run.id)
            await self._needs.turns.left(run)
            if run.state.status.is_terminal and run.told:
                self._ledger(owned).forget(owned, {run.id: list(run.told)})
            if not owned.is_draining or run.state.status.is_terminal:
                owned.admitted.pop(run.id, None)
        except asyncio.CancelledError:
            if not owned.is_draining:  # else its partition was given up
                must_be_ours()
            raise
        finally:
            del owned.runs[run.id]
            self._shares.leave([run.origin.environment])
            self._freed.set()
            self._sleepers.look(run.origin.environment)
