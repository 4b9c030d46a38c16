"""Which subscriptions want a record: those of all environments, as they stood a moment ago."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from shared.db.pool import Pool, translated
from shared.db.webhook_subscriptions import get_active_mark, list_active
from shared.domain.errors import Invalid
from shared.domain.ids import EnvironmentId
from shared.domain.subscriptions import Subscription
from shared.matching.filters import Filter, compile_filter
from shared.runtime.clock import Clock

_EVERYTHING_PASSES: Final = compile_filter(None)

CLOCKS_DIFFER_BY: Final = timedelta(seconds=5)
"""A record's time is that of whoever published it."""

log = structlog.get_logger(__name__)


class Listeners:
    """The active subscriptions, for one reader of records.

    Whoever has read records asks for ``refresh`` before ``of``: a subscription that was made before
    a record was published is then known. Postgres is asked once in ``refresh_s`` at most, and never
    while no record comes.
    """

    def __init__(self, pool: Pool, clock: Clock, *, refresh_s: float) -> None:
        self._pool = pool
        self._clock = clock
        self._refresh_s = refresh_s
        self._again_at_s = clock.monotonic()
        self._mark: tuple[int, int] | None = None
        self._of: dict[EnvironmentId, list[tuple[Subscription, Filter]]] = {}
        self._compiled: dict[tuple[UUID, int], Filter] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nobody listens."""
        return not self._of

    async def refresh(self) -> None:
        """See how they stand now; waits for that as long as it takes. Raises Unavailable."""
        await self._clock.sleep(max(0.0, self._again_at_s - self._clock.monotonic()))
        self._again_at_s = self._clock.monotonic() + self._refresh_s
        with translated():
            async with self._pool.acquire() as conn:
                # Asked before they are read: what changes in between is read again next time.
                mark = await get_active_mark(conn)
                if mark == self._mark:
                    return
                found = await list_active(conn)
        self._compiled = {(one.id, one.version): self._filter_of(one) for one in found}
        self._of = {}
        for one in found:
            known = self._of.setdefault(one.environment_id, [])
            known.append((one, self._compiled[one.id, one.version]))
        self._mark = mark

    def of(
        self,
        environment_id: EnvironmentId,
        kind: str,
        record: Mapping[str, Any],
        published_at: datetime,
    ) -> Iterable[Subscription]:
        """Those that want the record, and were there when it was published."""
        workflow_id = record["data"]["workflow_id"]
        for one, filters in self._of.get(environment_id, ()):
            if (
                one.created_at - CLOCKS_DIFFER_BY <= published_at
                and one.asks_for(kind)
                and (one.workflow_id is None or str(one.workflow_id) == workflow_id)
                and filters.matches(record)
            ):
                yield one

    def _filter_of(self, one: Subscription) -> Filter:
        known = self._compiled.get((one.id, one.version))
        if known is not None:
            return known
        try:
            return compile_filter(one.filters)
        except Invalid as error:
            # Another version of Turnout has let it in: rather too much than nothing.
            log.warning("filter_unreadable", subscription_id=str(one.id), reason=error.message)
            return _EVERYTHING_PASSES
