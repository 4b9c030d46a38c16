"""Executions that wait out of memory, and their waking: by their timer, or by a command."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from services.executor.admit import Plans
from services.executor.alarms import before
from services.executor.recover import restored, with_logs
from services.executor.runs import Owned, Run, Word, is_urgent
from services.executor.settings import ExecutorSettings
from services.executor.shares import Shares
from shared.assembly.platform import Platform
from shared.db.pool import translated
from shared.db.recovery import Stored, list_executions, list_timers
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
        shares: Shares,
        forget: Callable[[Owned, Mapping[ExecutionId, Sequence[int]]], None],
    ) -> None:
        self._platform = platform
        self._plans = plans
        self._settings = settings
        self._owned = owned
        self._launch = launch
        self._shares = shares
        self._forget = forget
        self._changed = asyncio.Event()
        self._turn = 0

    def put(self, owned: Owned, wake_at: datetime, execution_id: ExecutionId) -> None:
        """Wake an execution at ``wake_at``; its timer is durable."""
        owned.alarms.add(wake_at, execution_id)
        self._changed.set()

    def look(self, environment: str | None = None) -> None:
        """Take note of a partition that has come, or of an environment that has more room."""
        if environment is None or any(environment in o.held for o in self._owned.values()):
            self._changed.set()

    async def run(self) -> None:
        """Wake executions at their time, until cancelled. Raises Unavailable."""
        while True:
            self._changed.clear()
            for owned in self._in_turn():
                await self._ring(owned)
                await self._let_go(owned)
            await self._platform.clock.wait(self._changed, self._wait_s())

    def resume(self, run: Run) -> None:
        """Go on with one that was found in a partition; one that waited there may be held."""
        environment = run.origin.environment
        is_free = not run.is_woken or is_urgent(run.told.values())
        if is_free or self._shares.room_of(environment) > 0:
            self._launch(run)
        else:
            run.owned.hold(environment, [run.id])

    async def wake(
        self, owned: Owned, told: Mapping[ExecutionId, Mapping[int, Word]]
    ) -> frozenset[ExecutionId]:
        """Bring executions back into memory; ended ones lose their timer and what they are told.

        ``told`` are the commands for each, by their offsets. Those for which their environments
        have no room are held, but for those that are cancelled. Gives those of which nothing is
        left to be done: they were away, and are not, or have ended; or their next owner does it.
        """
        with owned.calling(told):
            async with owned.waking:
                return await self._woken(owned, told)

    async def _woken(
        self, owned: Owned, told: Mapping[ExecutionId, Mapping[int, Word]]
    ) -> frozenset[ExecutionId]:
        away = [id_ for id_ in told if id_ not in owned.runs]
        if owned.is_draining:
            return frozenset(told)
        if not away:
            return frozenset()
        with translated():
            async with self._platform.pool.acquire() as conn:
                stored = await list_executions(conn, owned.partition, away)
                coming = self._enter(owned, stored)
                found = await with_logs(conn, coming)
        runs = await restored(owned, found, self._plans, is_woken=True)
        self._shares.leave([run.origin.environment for run in runs])
        for run in runs:
            self._launch(run)
        if ended := set(away) - {each.origin.execution_id for each in stored}:
            self._forget(owned, {id_: list(told[id_]) for id_ in sorted(ended)})
        return frozenset(away)

    def _enter(self, owned: Owned, stored: Sequence[Stored]) -> list[Stored]:
        """Those that come into memory, where they count from now on; the others are held."""
        coming: list[Stored] = []
        for each in stored:
            id_, environment = each.origin.execution_id, each.origin.environment
            if id_ in owned.called or self._shares.room_of(environment) > 0:
                self._shares.enter(environment)
                coming.append(each)
            else:
                owned.hold(environment, [id_])
        return coming

    async def _let_go(self, owned: Owned) -> None:
        """Go on with executions that are held, as far as their environments have room."""
        for environment in list(owned.held):
            room = min(self._shares.room_of(environment), self._shares.room)
            if room > 0 and environment in owned.held:
                ids = owned.release(environment, min(room, self._settings.fetch_max))
                await self.wake(owned, {id_: {} for id_ in ids})
                self.look(environment)  # there may be room for more than come at once

    def _in_turn(self) -> list[Owned]:
        """The partitions, each time another one first: they share the room of environments."""
        self._turn += 1
        owned = list(self._owned.values())
        first = self._turn % len(owned) if owned else 0
        return [*owned[first:], *owned[:first]]

    async def _ring(self, owned: Owned) -> None:
        now = self._platform.clock.now()
        if owned.alarms.must_load(now):
            await self._load(owned)
        room = min(self._shares.room, self._settings.fetch_max)
        if due := owned.alarms.due(now, limit=room):
            await self.wake(owned, {id_: {} for id_ in due})

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
        if self._shares.room <= 0 or any(o.held for o in self._owned.values()):
            return FULL_S
        now = self._platform.clock.now()
        next_at = min((o.alarms.next_at() for o in self._owned.values()), default=None)
        if next_at is None:
            return LOOK_AGAIN_S
        return min(LOOK_AGAIN_S, max(0.0, (next_at - now).total_seconds()))
