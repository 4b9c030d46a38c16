"""Keeping the table of workflows as the database has it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

from services.matcher.metrics import MatcherMetrics
from shared.db.live_workflows import last_change, list_changes, list_live
from shared.db.pool import Connection, Pool, translated
from shared.db.workflows import CHANNEL
from shared.matching.table import WorkflowTable

log = structlog.get_logger(__name__)

CHANGES_MAX = 1_000


@contextmanager
def staying() -> Iterator[None]:
    """What is made within stays: it is not searched for garbage, neither then nor later.

    To search it while it grows takes longer than to make it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    gc.freeze()


class Definitions:
    """Fills a table, then follows the changes.

    A notification brings a change at once; asking every ``refresh_s`` brings those whose
    notification was lost.
    """

    def __init__(
        self, pool: Pool, table: WorkflowTable, *, refresh_s: float, metrics: MatcherMetrics
    ) -> None:
        self._pool = pool
        self._table = table
        self._refresh_s = refresh_s
        self._metrics = metrics
        self._known = 0
        self._told = asyncio.Event()

    async def load(self) -> None:
        """Take every live workflow. Raises Unavailable."""
        with staying(), translated():
            async with self._pool.acquire() as conn:
                self._known = await last_change(conn)
                async for batch in list_live(conn):
                    for conditions in batch:
                        self._table.put(conditions)
        self._tell()
        log.info("definitions_loaded", workflows=len(self._table), change=self._known)

    async def follow(self) -> None:
        """Take changes until cancelled. Raises Unavailable."""
        with translated():
            async with self._pool.acquire() as conn, self._listening(conn):
                while True:
                    self._told.clear()
                    await self._refresh(conn)
                    await self._told_within_refresh()

    async def _refresh(self, conn: Connection) -> None:
        while changes := await list_changes(conn, after=self._known, limit=CHANGES_MAX):
            for change in changes:
                if change.conditions is None:
                    self._table.remove(change.workflow_id)
                else:
                    self._table.put(change.conditions)
            self._known = changes[-1].number
        self._tell()

    def _tell(self) -> None:
        self._metrics.workflows.set(len(self._table))
        self._metrics.unindexed.set(self._table.unindexed)

    async def _told_within_refresh(self) -> None:
        try:
            async with asyncio.timeout(self._refresh_s):
                await self._told.wait()
        except TimeoutError:
            return

    @asynccontextmanager
    async def _listening(self, conn: "PoolConnectionProxy[Record]") -> AsyncIterator[None]:
        def told(*_: object) -> None:
            self._told.set()

        await conn.add_listener(CHANNEL, told)
        try:
            yield
        finally:
            if not conn.is_closed():
                await conn.remove_listener(CHANNEL, told)
