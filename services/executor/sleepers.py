"""Executions that wait out of memory, and their waking: by their timer, or by a command."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from services.executor.admit import Plans
from services.executor.alarms import before
from services.executor.recover import find_waiting, restored
from services.executor.runs import Owned, Run
from services.executor.settings import ExecutorSettings
from shared.assembly.platform import Platform
from shared.db.pool import translated
from shared.db.recovery import list_timers
from shared.domain.ids import ExecutionId

TIMERS_MAX = 10_000
LOOK_AGAIN_S = 5.0
FULL_S = 0.1


class Sleepers:
    """Wakes executions of the partitions in ``owned``."""

    def __init__(
        self,
        platform: Platform,
        plans: Plans,
        settings: ExecutorSettings,
        *,
        owned: Mapping[int, Owned],
        launch: Callable[[Run], None],
        room: Callable[[], int],
        forget: Callable[[Owned, Mapping[ExecutionId, Sequence[int]]], None],
    ) -> None:
        self._platform = platform
        self._plans = plans
        self._settings = settings
        self._owned = owned
        self._launch = launch
        self._room = room
        self._forget = forget
        self._changed = asyncio.Event()

    def put(self, owned: Owned, wake_at: datetime, execution_id: ExecutionId) -> None:
        """Wake an execution at ``wake_at``; its timer is durable."""
        owned.alarms.add(wake_at, execution_id)
        self._changed.set()

    def look(self) -> None:
        """Take note of a partition that has come."""
        self._changed.set()

    async def run(self) -> None:
        """Wake executions at their time, until cancelled. Raises Unavailable."""
        while True:
            self._changed.clear()
            for owned in list(self._owned.values()):
                await self._ring(owned)
            await self._platform.clock.wait(self._changed, self._wait_s())

    async def wake(
        self, owned: Owned, told: Mapping[ExecutionId, Sequence[int]]
    ) -> frozenset[ExecutionId]:
        """Bring executions back into memory; ended ones lose their timer and what they are told.

        ``told`` are the offsets of the commands for each. Gives those of which nothing is left to
        be done: they were away, and are not, or have ended; or their next owner does it.
        """
        async with owned.waking:
            away = [id_ for id_ in told if id_ not in owned.runs]
            if owned.is_draining:
                return frozenset(told)
            if not away:
                return frozenset()
            with translated():
                async with self._platform.pool.acquire() as conn:
                    found = await find_waiting(conn, owned, away)
            runs = await restored(owned, found, self._plans, is_woken=True)
            for run in runs:
                self._launch(run)
            if ended := set(away) - {run.id for run in runs}:
                self._forget(owned, {id_: told[id_] for id_ in sorted(ended)})
            return frozenset(away)

    async def _ring(self, owned: Owned) -> None:
        now = self._platform.clock.now()
        if owned.alarms.must_load(now):
            await self._load(owned)
        room = min(self._room(), self._settings.fetch_max)
        if due := owned.alarms.due(now, limit=room):
            await self.wake(owned, dict.fromkeys(due, ()))

    async def _load(self, owned: Owned) -> None:
        now = self._platform.clock.now()
        end = before(now + timedelta(seconds=self._settings.alarm_horizon_s))
        # Before the query: what is put meanwhile may be missing in its answer.
        begin, owned.alarms.end = owned.alarms.end, end
        with translated():
            async with self._platform.pool.acquire() as conn:
                timers = await list_timers(
                    conn, owned.partition, after=begin, before=end[0], limit=TIMERS_MAX
                )
        owned.alarms.load(timers, end=timers[-1] if len(timers) == TIMERS_MAX else end)

    def _wait_s(self) -> float:
        if self._room() <= 0:
            return FULL_S
        now = self._platform.clock.now()
        next_at = min((o.alarms.next_at() for o in self._owned.values()), default=None)
        if next_at is None:
            return LOOK_AGAIN_S
        return min(LOOK_AGAIN_S, max(0.0, (next_at - now).total_seconds()))
