"""However many executions were told something, the next owner finds them all."""

from uuid import uuid4

import pytest

from services.executor import recover
from services.executor.recover import find_called
from services.executor.runs import Owned
from shared.db.pool import Pool

TOLD = """
INSERT INTO inbox (execution_id, command_offset, partition, command) VALUES ($1, $2, $3, '{}')
"""
LOOKS = """
INSERT INTO waits (execution_id, step_id, partition, environment_id, kind, subject, attempt, since,
    data, has_looked_back)
VALUES ($1, $2, 0, gen_random_uuid(), 'event', 'go', 1, now(), '{}', false)
"""


async def test_all_that_were_told_something_are_found(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, however often it was told, and of this partition alone."""
    monkeypatch.setattr(recover, "CALLED_PAGE", 2)
    told, looking = [uuid4() for _ in range(5)], [uuid4() for _ in range(3)]
    await pool.executemany(TOLD, [(id_, n, 0) for n, id_ in enumerate(told)])
    await pool.executemany(TOLD, [(id_, n + 10, 0) for n, id_ in enumerate(told)])
    await pool.execute(TOLD, uuid4(), 99, 1)
    await pool.executemany(LOOKS, [(id_, step) for id_ in (*looking, told[0]) for step in "ab"])
    owned = Owned(partition=0, epoch=1, consumed_offset=0, written_seq=0, emitted_seq=0)
    async with pool.acquire() as conn:
        found, late = await find_called(conn, owned)
    offsets = {id_: [n, n + 10] for n, id_ in enumerate(told)}
    assert (found, late) == ([], {**offsets, **{id_: [] for id_ in looking}})
