"""What can be done to the product's processes. Each fault is over when its function returns."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import asyncpg

from shared.bus.kafka import open_kafka_bus
from shared.domain.errors import Unavailable
from shared.runtime.settings import KafkaSettings
from shared.wire.topics import Topics
from tests.chaos.actor import STALL_SIGNAL
from tests.chaos.cast import Player
from tests.chaos.clocks import Clock
from tests.chaos.stage import SESSION_S, Stage

Done = Mapping[str, object]
"""What was done, for the history."""

_MOVED_S: Final = 20.0
_DRIFTS: Final = "x1.05"
_STEP_S: Final = 0.02
_OWNED: Final = "SELECT count(*) FROM partition_owners WHERE owner = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where, for how long and by which chances a fault happens."""

    stage: Stage
    chance: random.Random
    seconds: float

    def victim(self, role: str | None = None) -> Player:
        """A process that runs. Raises LookupError when there is none."""
        found = self.stage.alive(role)
        if not found:
            raise LookupError(role)
        return self.chance.choice(found)

    async def last(self) -> None:
        """Let the fault last for its time."""
        await asyncio.sleep(self.seconds)


Fault = Callable[[Moment], Awaitable[Done]]


async def kill_process(at: Moment) -> Done:
    """A kill -9 of any process (F1, F2)."""
    player = at.victim()
    at.stage.end(player, signal.SIGKILL)
    return {"seat": player.seat.name}


async def kill_executor(at: Moment) -> Done:
    """A kill -9 of an executor, whose seat stays empty until its partitions have moved (F1)."""
    player = at.victim("executor")
    seat = at.stage.may_enter[player.seat.name]
    seat.clear()
    at.stage.end(player, signal.SIGKILL)
    await asyncio.sleep(SESSION_S + at.seconds)
    seat.set()
    return {"seat": player.seat.name}


async def make_zombie(at: Moment) -> Done:
    """SIGSTOP of an executor until its partitions have another owner, then SIGCONT (F3)."""
    player = at.victim("executor")
    async with _frozen(player):
        await asyncio.sleep(SESSION_S)
        moved = await _lost_all(at, player)
        await at.last()
    return {"seat": player.seat.name, "moved": moved}


async def freeze(at: Moment) -> Done:
    """SIGSTOP for about as long as a session lasts, then SIGCONT (F3 to F5)."""
    player = at.victim(at.chance.choice(("executor", "trigger-ingest", "matcher", "webhooks")))
    async with _frozen(player):
        await asyncio.sleep(SESSION_S * at.chance.uniform(0.5, 2.5))
    return {"seat": player.seat.name}


async def freeze_scheduler(at: Moment) -> Done:
    """SIGSTOP of a scheduler past what is due (F6)."""
    player = at.victim("scheduler")
    async with _frozen(player):
        await at.last()
    return {"seat": player.seat.name}


async def roll(at: Moment) -> Done:
    """SIGTERM, one process of every role after the other (F7)."""
    for player in at.stage.alive():
        # One that has only just been started does not listen yet, and simply dies.
        with suppress(TimeoutError, RuntimeError):
            await asyncio.wait_for(player.ready(), at.seconds)
            at.stage.end(player, signal.SIGTERM)
            await asyncio.wait_for(player.process.wait(), at.seconds)
    return {}


async def kill_all(at: Moment) -> Done:
    """A kill -9 of everything at once; all comes back in an order of chance (F8)."""
    servers = at.stage.servers
    for player in at.stage.alive():
        at.stage.end(player, signal.SIGKILL)
    await servers.kafka.kill()
    await servers.postgres.stop(signal.SIGQUIT)
    starts = {"kafka": servers.kafka.start, "postgres": servers.postgres.start}
    order = at.chance.sample(sorted(starts), 2)
    for name in order:
        await asyncio.sleep(at.chance.uniform(0, at.seconds))
        await starts[name]()
    return {"order": order}


async def stall(at: Moment) -> Done:
    """An event loop that is blocked for longer than a session (F10)."""
    player = at.victim()
    # Who is leaving may hear of no signal any more, and would die of this one.
    is_stalled = not player.ended_by
    if is_stalled:
        player.process.send_signal(STALL_SIGNAL)
    return {"seat": player.seat.name, "is_stalled": is_stalled}


async def storm(at: Moment) -> Done:
    """A stranger joins the executors' group and leaves it, again and again (F21)."""
    topics, joined = Topics(), 0
    settings = KafkaSettings(bootstrap_servers=at.stage.servers.bootstrap)
    ends_at = asyncio.get_running_loop().time() + at.seconds
    while asyncio.get_running_loop().time() < ends_at:
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(15), open_kafka_bus(settings) as bus:
                group, name = topics.group("executor"), f"stranger-{uuid4().hex[:8]}"
                async with bus.subscribe([topics.commands], group=group, member=None) as member:
                    await member.fetch(max_records=1, wait_s=at.chance.uniform(0.2, 1.0))
                    joined += bool(name)
    return {"joined": joined}


async def move_clock(at: Moment) -> Done:
    """The wall clock of one process jumps, or runs too fast; after a while it jumps back (F35)."""
    player = at.victim(at.chance.choice(("executor", "trigger-ingest", "api", "scheduler")))
    offset = at.chance.choice(("-1h", "+1h", "-10", "+10", _DRIFTS))
    clock = at.stage.clock_of(player.seat)
    if offset == _DRIFTS:
        await _drift(clock, at.seconds)
    else:
        clock.set(offset)
        await at.last()
    clock.set()
    return {"seat": player.seat.name, "offset": offset}


async def _drift(clock: Clock, seconds: float) -> None:
    """A twentieth too fast, in steps that are too small to tell."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    while (elapsed_s := loop.time() - began_at) < seconds:
        clock.set(f"+{elapsed_s / 20:.4f}")
        await asyncio.sleep(_STEP_S)


async def _lost_all(at: Moment, player: Player) -> bool:
    """Wait until a process owns no partition any more; False: it took too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_MOVED_S):
            while True:
                with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                    dsn = at.stage.servers.postgres.direct_dsn
                    conn = await asyncpg.connect(dsn, timeout=5)
                    try:
                        if not await conn.fetchval(_OWNED, player.seat.name):
                            return True
                    finally:
                        conn.terminate()
                await asyncio.sleep(0.2)
    return False


@asynccontextmanager
async def _frozen(player: Player) -> AsyncIterator[None]:
    player.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            player.process.send_signal(signal.SIGCONT)
