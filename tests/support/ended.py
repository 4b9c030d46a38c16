"""Executions that ended long ago, as rows, and a scheduler's pruning of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from services.scheduler.metrics import SchedulerMetrics
from services.scheduler.prune import prune
from services.scheduler.settings import SchedulerSettings
from shared.assembly.platform import Platform, open_platform
from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.support.house import settings_of
from tests.support.metrics import total

_PARTITION = (
    "INSERT INTO partition_owners (partition, epoch, owner, owned_at, consumed_offset,"
    " active_offset, written_seq, emitted_seq) VALUES (0, 1, '', $1, 0, 0, 0, 1000000)"
    " ON CONFLICT (partition) DO UPDATE SET emitted_seq = excluded.emitted_seq"
)
_EXECUTIONS = (
    "INSERT INTO executions (id, partition, command_offset, environment_id, workflow_id,"
    " workflow_version, event_key, created_at, status, updated_at, finished_at, steps_settled)"
    " SELECT gen_random_uuid(), 0, n, $2, $2, 1, gen_random_uuid(), $3, 'COMPLETED', $3, $3, 0"
    " FROM generate_series(1, $1::int) AS n RETURNING id"
)
_LOG = (
    "INSERT INTO execution_log (partition, seq, execution_id, position, phases, ended_at)"
    " SELECT 0, l.last + row_number() OVER (), x.id, n, '{}', $3"
    " FROM (SELECT coalesce(max(seq), 0) AS last FROM execution_log) AS l,"
    " unnest($1::uuid[]) AS x (id), generate_series(1, $2::int) AS n"
)


class Pruning:
    """What a scheduler does of it, in rounds."""

    def __init__(self, platform: Platform, settings: SchedulerSettings) -> None:
        self.platform, self.settings, self.stop = platform, settings, asyncio.Event()
        self._metrics = SchedulerMetrics(platform.registry, platform.environment_names)

    @property
    def pool(self) -> Pool:
        """The database."""
        return self.platform.pool

    async def prune(self) -> None:
        """One round."""
        await prune(self.platform, self.settings, self._metrics, self.stop)

    def pruned(self) -> float:
        """How many executions are counted."""
        return total(self.platform.registry, "turnout_executions_pruned_total")


@asynccontextmanager
async def open_pruning(dsn: str, kept_days: int) -> AsyncIterator[Pruning]:
    """A scheduler's, of executions that are kept so long; nobody else is at work."""
    settings = SchedulerSettings(**settings_of(dsn), executions_kept_days=kept_days)
    async with open_platform(settings) as platform:
        yield Pruning(platform, settings)


async def put_ended(
    pool: Pool,
    at: datetime,
    *,
    count: int = 1,
    entries: int = 1,
    environment_id: UUID = DEFAULT_ENVIRONMENT,
) -> list[UUID]:
    """Executions of partition 0 that began and ended at a time, each with so many log entries."""
    await pool.execute(_PARTITION, at)
    ids = [row["id"] for row in await pool.fetch(_EXECUTIONS, count, environment_id, at)]
    await pool.execute(_LOG, ids, entries, at)
    return ids


async def age(pool: Pool, by: timedelta) -> None:
    """Make every execution, and its log, older than it is."""
    await pool.execute(
        "UPDATE executions SET created_at = created_at - $1::interval,"
        " updated_at = updated_at - $1::interval, finished_at = finished_at - $1::interval",
        by,
    )
    await pool.execute("UPDATE execution_log SET ended_at = ended_at - $1::interval", by)
