"""``turnout doctor conservation`` where executions were deleted as they ended long ago."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from services.cli.doctor.conservation.report import Stage
from shared.db.conservation import execution_environments
from shared.db.retention import FIRST_PLACE, note_pruning, prune_executions
from tests.integration.test_conservation_losses import CALLER, DOCTORED
from tests.support.conserved import EVENTS, HOUR, Copy

pytestmark = pytest.mark.xdist_group("conserved")

GONE: Final = "DELETE FROM executions WHERE id = ({which}) RETURNING id"
LOG: Final = "DELETE FROM execution_log WHERE execution_id = $1"


async def note(copy: Copy, before: datetime) -> None:
    """Note that executions that ended before a time may be gone."""
    async with copy.pool.acquire() as conn:
        await note_pruning(conn, before)


async def test_who_was_deleted_is_not_missed(copy: Copy) -> None:
    """Neither by its event, nor by the command that started it, nor by what it published."""
    before = datetime.now(UTC) + HOUR
    await note(copy, before)
    async with copy.pool.acquire() as conn:
        for id_ in [e async for e in execution_environments(conn)]:
            some = await prune_executions(conn, id_, before, FIRST_PLACE)
            assert some is not None
            assert some.executions == 2 * (EVENTS - 2)
    report = await copy.report()
    assert list(report.findings.values()) == []
    assert report.stages[Stage.EXECUTIONS].not_checked == 3 * (EVENTS - 2)
    assert report.stages[Stage.PUBLISHED].not_checked > 0


@pytest.mark.parametrize("code", ["execution_missing", "start_missing", "log_missing", "log_gap"])
async def test_what_ended_since_then_is_missed_as_ever(copy: Copy, code: str) -> None:
    """What was deleted earlier excuses nothing that is lost now."""
    await note(copy, datetime.now(UTC) - 2 * HOUR)
    id_ = await copy.pool.fetchval(DOCTORED[code])
    assert (code, str(id_)) in await copy.found()


async def test_whoever_it_comes_of_may_have_been_deleted(copy: Copy) -> None:
    """If that was before the time; what it published is of its time, too."""
    gone = await copy.pool.fetchval(GONE.format(which=CALLER))
    await copy.pool.execute(LOG, gone)
    missed = {code for code, _ in await copy.found()}
    assert {"origin_missing", "execution_missing", "not_in_log"} <= missed
    await note(copy, datetime.now(UTC) - HOUR)
    assert {code for code, _ in await copy.found()} == missed
    await note(copy, datetime.now(UTC) + HOUR)
    assert await copy.found() == set()


async def test_who_is_there_has_its_whole_log(copy: Copy) -> None:
    """Its records are of entries, whatever else was deleted."""
    await note(copy, datetime.now(UTC) + HOUR)
    gone = await copy.pool.fetchval(
        f"DELETE FROM execution_log WHERE execution_id = ({CALLER}) AND position = 2"
        " RETURNING execution_id"
    )
    assert {("log_gap", str(gone)), ("not_in_log", f"{gone}:2")} <= await copy.found()


async def test_the_time_never_goes_back(copy: Copy) -> None:
    """Whoever keeps executions longer from now on still has deleted what was before."""
    now = datetime.now(UTC)
    await note(copy, now)
    await note(copy, now - timedelta(days=60))
    assert await copy.pool.fetchval("SELECT ended_before FROM pruned") == now
