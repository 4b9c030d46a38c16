"""Executions that somebody still needs are not deleted, however long ago they have ended."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.support.ended import open_pruning, put_ended
from tests.support.works import statuses

KEPT_DAYS: Final = 30
EMPTY: Final = ("execution_log", "sixtyfour_jobs", "sixtyfour_job_blocks")

OPEN: Final = "UPDATE executions SET finished_at = NULL, status = 'SUSPENDED' WHERE id = '{other}';"
LATELY: Final = (
    "UPDATE executions SET created_at = '{lately}', finished_at = '{lately}' WHERE id = '{other}';"
)
CLOSE: Final = (
    "UPDATE executions SET created_at = '{old}', finished_at = '{old}', status = 'FAILED';"
)
SCHEDULE: Final = """
    INSERT INTO workflows (id, environment_id, version, is_active, created_at, updated_at)
    VALUES ('{other}', '{other}', 1, true, now(), now());
    INSERT INTO schedules (workflow_id, environment_id, workflow_version, schedule, execution_id,
        step_id)
    VALUES ('{other}', '{other}', 1, '', '{it}', 's');
"""
TURN: Final = """
    INSERT INTO turns (execution_id, workflow_id, key, most, asked_at)
    VALUES ('{it}', '{it}', '', 1, now());
"""
JOB: Final = """
    INSERT INTO sixtyfour_jobs (id, environment_id, save_json, created_at)
    VALUES ('{it}', '{it}', false, '{old}');
    INSERT INTO sixtyfour_job_blocks (job_id, block_id, environment_id, number, block_name, specs,
        execution_id, added_at)
    SELECT '{it}', x.id, '{it}', row_number() OVER (), 'b', '[]', x.id, '{old}'
    FROM executions AS x;
"""


def refers(who: str, word: str, whom: str) -> str:
    """That an execution was called by another, or repeats it."""
    return (
        f"UPDATE executions SET lineage = json_build_object('{word}', json_build_object("
        f"'execution_id', '{{{whom}}}')) WHERE id = '{{{who}}}';"
    )


HOLDS: Final = {
    "it is open": (OPEN.replace("other", "it"), CLOSE),
    "it is not published": (
        "UPDATE partition_owners SET emitted_seq = 1",
        "UPDATE partition_owners SET emitted_seq = 1000",
    ),
    "nobody ever had its partition": (
        "UPDATE partition_owners SET partition = 9 WHERE partition = 0",
        "UPDATE partition_owners SET partition = 0 WHERE partition = 9",
    ),
    "what called it is open": (refers("it", "parent", "other") + OPEN, CLOSE),
    "what it called is open": (refers("other", "parent", "it") + OPEN, CLOSE),
    "what it called began lately": (refers("other", "parent", "it") + LATELY, CLOSE),
    "what repeats it is open": (refers("other", "repeats", "it") + OPEN, CLOSE),
    "what repeats it began lately": (refers("other", "repeats", "it") + LATELY, CLOSE),
    "a step of it has a schedule": (SCHEDULE, "DELETE FROM schedules"),
    "it stands in a queue": (TURN, "DELETE FROM turns"),
    "its job has a block that is open": (JOB + OPEN, CLOSE),
    "its job has a block that ended lately": (JOB + LATELY, CLOSE),
    "its job has a block that was added lately": (
        JOB + "UPDATE sixtyfour_job_blocks SET added_at = '{lately}' WHERE block_id = '{other}'",
        "UPDATE sixtyfour_job_blocks SET added_at = '{old}'",
    ),
}


@pytest.mark.parametrize("why", HOLDS)
async def test_what_somebody_needs_stays_until_nobody_does(database: str, why: str) -> None:
    """One execution of two, both of long ago."""
    today = datetime.now(UTC)
    old = today - timedelta(days=KEPT_DAYS + 2)
    lately = today - timedelta(days=KEPT_DAYS - 1)
    async with open_pruning(database, KEPT_DAYS) as house:
        it, other = await put_ended(house.pool, old, count=2, entries=2)
        hold, free = (sql.format(it=it, other=other, old=old, lately=lately) for sql in HOLDS[why])
        await house.pool.execute(hold)
        await house.prune()
        assert it in await statuses(house.pool)
        await house.pool.execute(free)
        await house.prune()
        assert await statuses(house.pool) == {}
        for table in EMPTY:
            assert await house.pool.fetchval(f"SELECT count(*) FROM {table}") == 0
