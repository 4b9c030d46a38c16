"""A zombie is one only when others have its partitions, and it woke with something to write."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from tests.chaos import zombies
from tests.chaos.cast import Player, Seat
from tests.chaos.faults import Moment
from tests.chaos.history import History
from tests.chaos.stage import Stage
from tests.support.eventually import eventually
from tests.support.postgres import execute

SEAT = Seat(role="executor", number=0)
OWNED = """
    INSERT INTO partition_owners (
        partition, owner, epoch, owned_at, consumed_offset, active_offset, written_seq, emitted_seq
    )
    VALUES (0, 'executor-0', 7, now(), 0, 0, 0, 0), (1, 'executor-1', 3, now(), 0, 0, 0, 0)
"""
MOVED = "UPDATE partition_owners SET owner = 'executor-1', epoch = epoch + 1 WHERE partition = 0"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here has a session that ends."""
    monkeypatch.setattr(zombies, "SESSION_S", 0.2)


@asynccontextmanager
async def executor(active: int) -> AsyncIterator[Player]:
    """A process that says how many executions it has under way, and a bystander who sleeps."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=f"turnout_executions_active {active}\n")

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=-1)
    try:
        yield Player(SEAT, process, runner.addresses[0][1], Path("log"), 0)
    finally:
        process.kill()
        await process.wait()
        await runner.cleanup()


def moment(player: Player, database: str, folder: Path) -> Moment:
    """Where only this process plays."""
    stage: Any = SimpleNamespace(
        alive=lambda _role: [player],
        servers=SimpleNamespace(postgres=SimpleNamespace(direct_dsn=database)),
        history=History(folder / "history.jsonl"),
    )
    return Moment(stage=cast(Stage, stage), chance=random.Random(1), seconds=0.0)


def is_stopped(player: Player) -> bool:
    """Whether the system keeps it from running."""
    return Path(f"/proc/{player.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def replace_it(player: Player, database: str, at: Moment, outcome: str) -> None:
    """Another one takes over while it is stopped; awake again, it sends a commit."""
    await eventually(lambda: is_stopped(player))
    await execute(database, MOVED)
    await eventually(lambda: not is_stopped(player))
    executor_ = at.stage.history.named(SEAT.name)
    executor_.write("commit", "ok", "1", epoch=3, sent=0.0)
    executor_.write("commit", outcome, "0", epoch=7, sent=1e9)
    executor_.close()


async def test_a_write_that_the_fence_refuses_ends_it(database: str, tmp_path: Path) -> None:
    """It is stopped until its partitions have moved, and its write under the old epoch counts."""
    await execute(database, OWNED)
    async with executor(active=3) as player, asyncio.TaskGroup() as group:
        at = moment(player, database, tmp_path)
        group.create_task(replace_it(player, database, at, "fail"))
        assert await zombies.make_zombie(at) == {"moved": 1, "tries": 1, "fenced": 1}
        assert not player.is_frozen


async def test_a_write_that_got_through_is_none_that_was_refused(
    database: str, tmp_path: Path
) -> None:
    """Whatever became of its write, no other is tried: without a fence all would come to that."""
    await execute(database, OWNED)
    async with executor(active=3) as player, asyncio.TaskGroup() as group:
        at = moment(player, database, tmp_path)
        group.create_task(replace_it(player, database, at, "ok"))
        assert await zombies.make_zombie(at) == {"moved": 1, "tries": 1, "fenced": 0}


async def test_one_whose_partitions_stay_is_no_zombie(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as not done, and the process goes on."""
    monkeypatch.setattr(zombies, "TRIES_WITHIN_S", 1.0)
    monkeypatch.setattr(zombies, "_MOVED_S", 1.0)
    await execute(database, OWNED)
    async with executor(active=3) as player:
        with pytest.raises(TimeoutError, match="no executor's partitions moved in 1 tries"):
            await zombies.make_zombie(moment(player, database, tmp_path))
        await eventually(lambda: not is_stopped(player))


@pytest.mark.parametrize(("active", "statement"), [(0, OWNED), (3, "SELECT 1")])
async def test_who_has_nothing_in_hand_is_left_alone(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, active: int, statement: str
) -> None:
    """Neither one without executions is stopped, nor one without partitions."""
    monkeypatch.setattr(zombies, "_BUSY_S", 1.0)
    await execute(database, statement)
    async with executor(active=active) as player:
        with pytest.raises(TimeoutError, match="in 0 tries"):
            await zombies.make_zombie(moment(player, database, tmp_path))
