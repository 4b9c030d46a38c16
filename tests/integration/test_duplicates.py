"""The same event once more: dropped from another place, and passed on as it was from its own."""

from tests.support.house import House, open_house
from tests.support.metrics import total
from tests.support.postgres import execute
from tests.support.works import until

READ = """
    SELECT sum(position) FROM bus_positions JOIN bus_topics USING (topic_id)
    WHERE group_name = '{}' AND name = '{}'
"""
PASSED_ON = """
    SELECT value FROM bus_records JOIN bus_topics USING (topic_id)
    WHERE name = $1 ORDER BY partition, record_offset
"""
READ_AGAIN = "UPDATE bus_positions SET position = 0 WHERE group_name = '{}'"


async def test_a_duplicate_goes_no_further(database: str) -> None:
    """Each time it is counted."""
    async with open_house(database) as house:
        for sent in (1, 2, 3):
            await house.send("go", {"n": 1}, id="e1")
            await read(house, sent)
        assert len(await passed_on(house)) == 1
        assert total(house.platform.registry, "turnout_events_duplicate_total") == 2


async def test_what_is_read_again_is_passed_on_as_it_was(database: str) -> None:
    """Also the time at which it was received, by which conditions may go."""
    async with open_house(database) as house:
        await house.send("go", {"n": 1}, id="e1")
        await read(house, 1)
        [first] = await passed_on(house)
        group = house.platform.topics.group("trigger-ingest")
    # As a crash leaves it that comes before what was read is noted.
    await execute(database, READ_AGAIN.format(group))
    async with open_house(database) as house:
        await read(house, 1)
        assert await passed_on(house) == [first, first]


async def read(house: House, count: int) -> None:
    """Return when so many events were read, and what became of them is durable."""
    topics = house.platform.topics
    question = READ.format(topics.group("trigger-ingest"), topics.sources[0])
    await until(house.platform.pool, question, count)


async def passed_on(house: House) -> list[bytes]:
    """What the matcher is given."""
    platform = house.platform
    return [row["value"] for row in await platform.pool.fetch(PASSED_ON, platform.topics.triggers)]
