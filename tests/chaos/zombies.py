"""An executor that sleeps until others have its partitions, and wakes with work in hand (F3)."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import asyncpg

from tests.chaos.around import SESSION_S
from tests.chaos.cast import Player
from tests.chaos.faults import Done, Moment, frozen
from tests.chaos.history import read

TRIES_WITHIN_S: Final = 45.0
_BUSY_S: Final = 8.0
_MOVED_S: Final = 15.0
_WRITES_S: Final = 4.0
_LOOK_S: Final = 0.1
_ACTIVE: Final = "turnout_executions_active"
_OWNED: Final = "SELECT partition, epoch FROM partition_owners WHERE owner = $1"
_GONE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


async def make_zombie(at: Moment) -> Done:
    """SIGSTOP of an executor at work until its partitions have another owner, then SIGCONT.

    Done only when all of them have moved while it slept. Where none of its writes reached the
    fence, since it broke of something else first, another one is tried. Raises TimeoutError when
    none moved.
    """
    ends_at = time.monotonic() + TRIES_WITHIN_S
    tries = moved = fenced = 0
    while time.monotonic() < ends_at and (found := await _at_work(at)) is not None:
        player, epochs = found
        tries += 1
        since = at.stage.history.size()
        async with frozen(player):
            await asyncio.sleep(SESSION_S)
            has_moved = await _lost_all(at, player)
            await at.last()
        if has_moved:
            moved += 1
            stale, refused = await _written(at, player, epochs, since)
            fenced += refused
            if stale:
                break
    if not moved:
        raise TimeoutError(f"no executor's partitions moved in {tries} tries")
    return {"moved": moved, "tries": tries, "fenced": fenced}


async def _at_work(at: Moment) -> tuple[Player, Mapping[str, int]] | None:
    """An executor that has executions under way, and the epochs of its partitions.

    None when nobody has any for a while.
    """
    ends_at = time.monotonic() + _BUSY_S
    while time.monotonic() < ends_at:
        players = [p for p in at.stage.alive("executor") if not (p.is_frozen or p.ended_by)]
        for player in at.chance.sample(players, len(players)):
            epochs = await _owned(at, player)
            # Asked last: it is to be at work when it is stopped.
            if epochs and await player.figure(_ACTIVE):
                return player, epochs
        await asyncio.sleep(_LOOK_S)
    return None


async def _owned(at: Moment, player: Player) -> dict[str, int] | None:
    """The epochs of the partitions that a process owns; None: nobody answers."""
    with suppress(*_GONE):
        conn = await asyncpg.connect(at.stage.servers.postgres.direct_dsn, timeout=5)
        try:
            rows = await conn.fetch(_OWNED, player.seat.name, timeout=5)
            return {str(row["partition"]): row["epoch"] for row in rows}
        finally:
            conn.terminate()
    return None


async def _lost_all(at: Moment, player: Player) -> bool:
    """Wait until a process owns no partition any more; False: it took too long."""
    ends_at = time.monotonic() + _MOVED_S
    while time.monotonic() < ends_at:
        if await _owned(at, player) == {}:
            return True
        await asyncio.sleep(_LOOK_S)
    return False


async def _written(
    at: Moment, player: Player, epochs: Mapping[str, int], since: int
) -> tuple[int, int]:
    """Its commits under epochs that were over, and how many of them the fence refused.

    Waits for the first a while. ``since``: the history's size when it was stopped.
    """
    woken_at = player.stalled_at
    while True:
        stale = [
            line
            for line in read(at.stage.history.path, since)
            if line.op == "commit"
            and line.process == player.seat.name
            and line.data["epoch"] <= epochs.get(line.id, -1)
            and (line.outcome == "fail" or (line.outcome == "ok" and line.data["sent"] > woken_at))
        ]
        if stale or time.monotonic() > woken_at + _WRITES_S:
            return len(stale), sum(line.outcome == "fail" for line in stale)
        await asyncio.sleep(_LOOK_S)
