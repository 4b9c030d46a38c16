"""What can be done to the product's processes. Each fault is over when its function returns."""

import asyncio
import random
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from shared.bus.kafka import open_kafka_bus
from shared.domain.errors import Unavailable
from shared.runtime.settings import KafkaSettings
from shared.wire.topics import Topics
from tests.chaos.actor import STALL_SIGNAL
from tests.chaos.around import SESSION_S
from tests.chaos.cast import Player
from tests.chaos.clocks import Clock
from tests.chaos.stage import Stage

Done = Mapping[str, object]
"""What was done, for the history."""

_DRIFTS: Final = "x1.05"
_STEP_S: Final = 0.02
_TWICE: Final = 0.3
_AGAIN_S: Final = 1.5
"""So many of those who are told to stop are told again, within so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where, for how long and by which chances a fault happens."""

    stage: Stage
    chance: random.Random
    seconds: float

    def victim(self, role: str | None = None) -> Player:
        """A process that runs and is not frozen. Raises LookupError when there is none."""
        found = [player for player in self.stage.alive(role) if not player.is_frozen]
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


async def freeze(at: Moment) -> Done:
    """SIGSTOP for about as long as a session lasts, then SIGCONT (F3 to F5)."""
    player = at.victim(at.chance.choice(("executor", "trigger-ingest", "matcher", "webhooks")))
    async with frozen(player):
        await asyncio.sleep(SESSION_S * at.chance.uniform(0.5, 2.5))
    return {"seat": player.seat.name}


async def freeze_scheduler(at: Moment) -> Done:
    """SIGSTOP of a scheduler past what is due (F6)."""
    player = at.victim("scheduler")
    async with frozen(player):
        await at.last()
    return {"seat": player.seat.name}


async def roll(at: Moment) -> Done:
    """SIGTERM of one process of every role after the other; some are told twice (F7)."""
    roles: defaultdict[str, list[Player]] = defaultdict(list)
    for player in at.stage.alive():
        roles[player.seat.role].append(player)
    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(_one_by_one(at, players)) for players in roles.values()]
    return {"told": sum(part.result() for part in parts)}


async def _one_by_one(at: Moment, players: Sequence[Player]) -> int:
    """See one after the other leave; gives how many were told to."""
    told = 0
    for player in players:
        again_after_s = at.chance.uniform(0, _AGAIN_S) if at.chance.random() < _TWICE else None
        # One that has only just been started does not listen yet, and would simply die.
        with suppress(TimeoutError, RuntimeError):
            await asyncio.wait_for(player.ready(), at.seconds)
            told += 1
            await at.stage.dismiss(player, again_after_s=again_after_s)
    return told


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
        player.stalled_at = time.monotonic()
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


@asynccontextmanager
async def frozen(player: Player) -> AsyncIterator[None]:
    """SIGSTOP, then SIGCONT."""
    player.is_frozen = True
    player.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        player.is_frozen, player.stalled_at = False, time.monotonic()
        with suppress(ProcessLookupError):
            player.process.send_signal(signal.SIGCONT)
