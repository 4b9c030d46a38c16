"""Executions that are held go on as soon as there is room, and whoever needs none gives it back.

Nothing here waits for a look that comes by itself, unless it says so.
"""

from typing import Any, Final

import pytest

from services.executor import sleepers
from services.executor.shares import Shares
from shared.bus.protocol import partition_of
from shared.db import recovery
from shared.domain.ids import StepId
from shared.domain.signals import Decided, Resume, Suspend, Told
from tests.support.crowd import open_crowd
from tests.support.eventually import eventually
from tests.support.holding import HELD, LIMITED, MOST, OTHER, held
from tests.support.works import (
    NOTE,
    all_ended,
    cancel,
    check_history,
    open_works,
    say,
    start,
    start_command,
    tell,
    until,
    workflow,
)

FAR: Final[dict[str, Any]] = {"alarm_horizon_s": 600.0}
ASK = {"id": "ask", "kind": "approval", "approval": {"approver": {"type": "user", "id": "boss"}}}
HELD_IDS = "SELECT id FROM executions WHERE status = 'WAITING' ORDER BY partition, command_offset"
TOLD = "SELECT count(*) FROM inbox"


@pytest.fixture
def no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody look for room just because time has passed."""
    monkeypatch.setattr(sleepers, "LOOK_AGAIN_S", 600.0)
    monkeypatch.setattr(sleepers, "FULL_S", 600.0)


@pytest.mark.usefixtures("no_look")
async def test_what_is_cancelled_is_held_no_more(database: str) -> None:
    """Neither counts it, nor does anybody behind it wait until it would have had its turn."""
    async with open_crowd() as crowd, open_works(database, **LIMITED, **FAR) as works:
        crowd.gate.clear()
        flow = await works.register(workflow(crowd.step()))
        await start(works, flow, 20 * MOST, {"key": "a"})
        await held(works, 19 * MOST)
        first = [row["id"] for row in await works.pool.fetch(HELD_IDS)][: 18 * MOST]
        await cancel(works, *first)
        await held(works, MOST)
        crowd.gate.set()
        await all_ended(works.pool, 20 * MOST)
        await check_history(works)
        assert len(crowd.paths) == 2 * MOST


async def test_what_is_told_something_is_held_once(database: str) -> None:
    """However often; when it has gone nothing is left."""
    async with open_crowd() as crowd, open_works(database, **LIMITED) as works:
        crowd.gate.clear()
        flow = await works.register(workflow(crowd.step()))
        await start(works, flow, MOST + 1, {"key": "a"})
        await held(works, 1)
        waiting = await works.pool.fetchval(HELD_IDS)
        for count in range(1, 4):
            await say(works, waiting, Suspend())
            await until(works.pool, TOLD, count)
        await cancel(works, waiting)
        await all_ended(works.pool, 1)
        assert works.metric(HELD) == 0
        crowd.gate.set()
        await all_ended(works.pool, MOST + 1)
        await check_history(works)


@pytest.mark.usefixtures("no_look")
async def test_more_than_are_brought_back_at_once_all_go_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as there is room, though nobody leaves meanwhile."""
    room = 0
    monkeypatch.setattr(Shares, "room_of", lambda *_: room)
    async with open_crowd() as crowd, open_works(database, fetch_max=1, **FAR) as works:
        crowd.gate.clear()
        flow = await works.register(workflow(crowd.step()))
        partitions = await works.platform.bus.partitions(works.platform.topics.commands)
        made = [start_command(flow, {"key": "a"}) for _ in range(20 * partitions)]
        same = [each for each in made if partition_of(str(each[0]).encode(), partitions) == 0]
        assert len(same) > MOST
        await tell(works, *same)
        await held(works, len(same))
        room = MOST  # for each of them
        await cancel(works, same[0][0])
        await eventually(lambda: crowd.here["/a"] == len(same) - 1)
        crowd.gate.set()
        await all_ended(works.pool, len(same))
        await check_history(works)


@pytest.mark.usefixtures("no_look")
@pytest.mark.parametrize("active_max", [2000, 10])
async def test_what_is_held_beside_starts_that_end_at_once_goes_on(
    database: str, active_max: int
) -> None:
    """Nobody of its environment is in memory then, to leave it later and to let others come."""
    async with open_works(database, active_max=active_max, **LIMITED, **FAR) as works:
        await start(works, await works.register(workflow(NOTE)), 40)
        await all_ended(works.pool, 40)
        await held(works, 0)
        await check_history(works)


async def test_room_that_another_environment_leaves_is_used(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share grows with what is free, though none of its own environment has ended."""
    monkeypatch.setattr(sleepers, "LOOK_AGAIN_S", 600.0)
    async with open_crowd() as crowd, open_works(database, active_max=10, **FAR) as works:
        crowd.gate.clear()
        there = await works.register(workflow(crowd.step()), environment_id=OTHER)
        other = await start(works, there, payload={"key": "b"})
        await eventually(lambda: crowd.here["/b"] == 1)
        await start(works, await works.register(workflow(crowd.step())), 30, {"key": "a"})
        await held(works, 22)
        await eventually(lambda: crowd.here["/a"] == 8)
        await cancel(works, *other)
        await eventually(lambda: crowd.here["/a"] == 9)
        crowd.gate.set()
        await all_ended(works.pool, 31)
        await check_history(works)


async def test_all_that_it_was_told_while_it_was_held_is_heard(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is more than is read at once."""
    room = MOST
    monkeypatch.setattr(Shares, "room_of", lambda *_: room)
    monkeypatch.setattr(recovery, "TOLD_PAGE", 1)
    async with open_works(database) as works:
        [id_] = await start(works, await works.register(workflow(ASK)))
        await until(works.pool, "SELECT count(*) FROM waits", 1)
        room = 0
        decided = Decided(step_id=StepId("ask"), decision="approve", decision_id="d", by="boss")
        words: tuple[Told, ...] = (Suspend(), Resume(), decided)
        for count, word in enumerate(words, start=1):
            await say(works, id_, word)
            await until(works.pool, TOLD, count)
        await held(works, 1)
        room = MOST
        await all_ended(works.pool, 1)
        await check_history(works)
