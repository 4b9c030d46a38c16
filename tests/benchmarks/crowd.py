"""Executions by the thousand, started by commands: some sleep before their step, some do not."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from shared.bus.protocol import Record
from shared.domain.workflows import Workflow
from tests.benchmarks.ground import Place
from tests.benchmarks.processes import Running, running
from tests.support.house import House
from tests.support.works import start_command

EXECUTOR: Final = "executor"
_STEP: Final = {
    "id": "then",
    "action": "transform",
    "input": {"lang": "jsonata", "src": "{'id': payload.id}"},
}
_AWAKE: Final = {"name": "awake", "triggers": [{"event_name": "go"}], "steps": [_STEP]}
_ASLEEP: Final = {
    **_AWAKE,
    "name": "asleep",
    "steps": [
        {"id": "sleep", "kind": "sleep", "input": {"lang": "jsonata", "src": "payload.sleep"}},
        _STEP,
    ],
}
_AT_ONCE: Final = 2_000
_AHEAD_MAX: Final = 20_000
_POLL_S: Final = 0.02
_STILL_S: Final = 120.0

Heed = Callable[[int], None]
"""Hears now and then how many commands were taken in."""


class Crowd:
    """Starts executions in a place; ``open_crowd`` makes it."""

    def __init__(self, place: Place, awake: Workflow, asleep: Workflow) -> None:
        self.place = place
        self._awake = awake
        self._asleep = asleep
        self._published = 0

    async def start(
        self, count: int, sleep: Mapping[str, Any] | None, watched: Running, heed: Heed
    ) -> float:
        """Start executions, see them all parked or ended; gives the seconds that it took.

        ``sleep`` is a duration or an instant, as a step says it; None: they do not sleep. Commands
        are published a little ahead of the executor. Raises TimeoutError when it stands still.
        """
        before, began = self._published, time.perf_counter()
        while (done := self._published - before) < count:
            await self._publish(min(_AT_ONCE, count - done), sleep)
            await self._taken_in(before, self._published - _AHEAD_MAX, watched, heed)
        await self._taken_in(before, self._published, watched, heed)
        await self._at_rest(watched)
        return time.perf_counter() - began

    async def ended(self, due_at: datetime, watched: Running) -> float:
        """Wait until no execution due at ``due_at`` is left; the seconds since then."""
        await asyncio.sleep(max(0.0, (due_at - datetime.now(UTC)).total_seconds()))
        async with asyncio.timeout(_STILL_S):
            while await self.place.has_due(due_at):
                watched.ensure_alive()
                await asyncio.sleep(_POLL_S)
        return (datetime.now(UTC) - due_at).total_seconds()

    @asynccontextmanager
    async def executor(self) -> AsyncIterator[tuple[Running, float]]:
        """A running executor, and the seconds from its start until it had done its first work."""
        await self._publish(1, None)
        began = time.perf_counter()
        async with running({EXECUTOR: (EXECUTOR,)}, self.place.environment()) as watched:
            await self._taken_in(0, self._published, watched, lambda _: None)
            await self._at_rest(watched)
            yield watched, time.perf_counter() - began

    async def _publish(self, count: int, sleep: Mapping[str, Any] | None) -> None:
        flow = self._awake if sleep is None else self._asleep
        topic, payload = self.place.topics.commands, {"id": "4711", "sleep": sleep}
        commands = [start_command(flow, payload) for _ in range(count)]
        await self.place.platform.bus.publish(
            [Record(topic=topic, key=str(id_).encode(), value=value) for id_, value in commands]
        )
        self._published += count

    async def _taken_in(self, before: int, wanted: int, watched: Running, heed: Heed) -> None:
        seen, now = 0, asyncio.get_running_loop().time
        async with asyncio.timeout(_STILL_S) as limit:
            while (found := (await self.place.progress()).consumed) < wanted:
                watched.ensure_alive()
                if found > seen:
                    seen = found
                    limit.reschedule(now() + _STILL_S)
                heed(found - before)
                await asyncio.sleep(_POLL_S)
        heed(found - before)

    async def _at_rest(self, watched: Running) -> None:
        async with asyncio.timeout(_STILL_S):
            while (await self.place.progress()).is_busy:
                watched.ensure_alive()
                await asyncio.sleep(_POLL_S)


async def open_crowd(place: Place) -> Crowd:
    """With both workflows registered."""
    house = House(place.platform)
    return Crowd(place, await house.register(_AWAKE), await house.register(_ASLEEP))
