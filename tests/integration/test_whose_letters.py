"""A record that is no event is kept where its environment's people look, and nobody else's."""

from uuid import UUID, uuid4

import orjson

from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.support.house import open_house
from tests.support.works import until

ENVIRONMENT = """
    INSERT INTO environments (id, organisation_id, name, created_at)
    SELECT $1, o.id, 'other', now() FROM organisations AS o LIMIT 1
"""


def unfit(environment_id: object) -> bytes:
    """A record with too much in it."""
    named = {"event": "go", "environment_id": str(environment_id)}
    return orjson.dumps({**named, "payload": "x" * 300_000})


async def test_a_letter_is_of_the_environment_that_its_record_names(database: str) -> None:
    """If there is one: what names another, or none, is the default one's."""
    mine, made_up = uuid4(), uuid4()
    async with open_house(database) as house:
        pool = house.platform.pool
        await pool.execute(ENVIRONMENT, mine)
        for value in (unfit(mine), unfit(made_up), unfit("home"), b"{"):
            await house.publish(value, key=b"one partition")
        await until(pool, "SELECT count(*) FROM dead_letters", 4)
        rows = await pool.fetch("SELECT environment_id FROM dead_letters ORDER BY record_offset")
    default = UUID(str(DEFAULT_ENVIRONMENT))
    assert [row["environment_id"] for row in rows] == [mine, default, default, default]
