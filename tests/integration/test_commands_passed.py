"""The local bus keeps a command until it is executed, and then no longer than other records."""

from datetime import timedelta

import pytest

from services.executor import passed
from tests.support.works import NOTE, all_ended, open_works, start, until, workflow

KEPT = (
    "SELECT count(*) FROM bus_records JOIN bus_topics USING (topic_id)"
    " WHERE name = 'turnout.commands'"
)
UNPASSED = (
    "SELECT count(*) FROM bus_partitions AS p JOIN bus_topics AS t USING (topic_id)"
    " JOIN bus_positions AS g USING (topic_id, partition)"
    " WHERE t.name = 'turnout.commands' AND g.position IS DISTINCT FROM p.next_offset"
)


async def test_commands_that_were_executed_are_not_kept(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds a whole event. What is not read yet stays, whatever its age."""
    monkeypatch.setattr(passed, "LEAVE_EVERY_S", 0.05)
    async with open_works(database) as works:
        flow = await works.register(workflow(NOTE))
        await start(works, flow, 10)
        await all_ended(works.pool, 10)
        await until(works.pool, UNPASSED, 0)
        await works.crash()
        await start(works, flow, 5)
        assert await works.platform.trim(works.platform.clock.now() + timedelta(minutes=1)) >= 10
        assert await works.pool.fetchval(KEPT) == 5
    async with open_works(database) as works:
        await all_ended(works.pool, 15)
