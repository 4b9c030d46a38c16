"""A backfill starts nothing twice while executions are being deleted."""

from collections.abc import Sequence

import pytest

from services.api.schedules import backfill_schedule as module
from shared.db.pool import Connection
from shared.db.retention import FIRST_PLACE, note_pruning, prune_executions
from shared.db.schedules import list_started
from shared.domain.ids import DEFAULT_ENVIRONMENT, ExecutionId
from tests.integration.api.face import open_face
from tests.integration.api.test_schedule_controls import (
    EVENING,
    HOUR,
    STARTED,
    at,
    only,
    register,
)
from tests.integration.test_schedules import fire
from tests.support.virtual_clock import VirtualClock
from tests.support.works import all_ended, caught_up


async def test_what_is_deleted_as_a_backfill_looks_is_not_taken_for_missed(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark is raised, and what ended before it goes, after the backfill has begun."""
    clock = VirtualClock(EVENING)
    async with open_face(database, clock=clock) as face:
        await register(face, clock)
        path = f"schedules/{(await only(face))['id']}/backfill"
        clock.jump(EVENING + HOUR)
        assert await fire(face.works) == 1
        pool = face.works.pool
        await all_ended(pool, 1)
        await caught_up(face.works)

        async def pruned(conn: Connection, ids: Sequence[ExecutionId]) -> set[ExecutionId]:
            async with pool.acquire() as other:
                await note_pruning(other, EVENING + 1.5 * HOUR)
                await prune_executions(
                    other, DEFAULT_ENVIRONMENT, EVENING + 1.5 * HOUR, FIRST_PLACE
                )
            return await list_started(conn, ids)

        monkeypatch.setattr(module, "list_started", pruned)
        refused = await face.post(path, {"from": at(21)}, status=422)
        assert [problem["pointer"] for problem in refused["errors"]] == ["/from"]
        assert await pool.fetchval(STARTED) == 0, "it was deleted"
