"""Setting workflows aside whose conditions keep exceeding their bounds."""

from dataclasses import dataclass

import structlog

from services.matcher.metrics import MatcherMetrics
from services.matcher.settings import MatcherSettings
from services.matcher.strikes import Strikes
from shared.assembly.platform import Platform
from shared.db.pool import translated
from shared.db.quarantine import Quarantine, set_aside
from shared.db.workflows import lock_changes
from shared.domain.events import Event
from shared.domain.ids import WorkflowId

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceeded:
    """A bound, by its code, that a condition of a workflow has passed over an event."""

    workflow_id: WorkflowId
    version: int
    event: Event
    code: str
    detail: str | None


class Quarantines:
    """Counts for each version of a workflow by how many events it has exceeded its bounds."""

    def __init__(
        self, platform: Platform, settings: MatcherSettings, metrics: MatcherMetrics
    ) -> None:
        self._platform = platform
        self._metrics = metrics
        self._strikes = Strikes[tuple[WorkflowId, int]](
            times=settings.quarantine_after, within_s=settings.quarantine_within_s
        )

    async def add(self, exceeded: Exceeded) -> None:
        """Set the version aside if this was once too often, and it is live. Raises Unavailable."""
        version = (exceeded.workflow_id, exceeded.version)
        now_s = self._platform.clock.monotonic()
        if self._strikes.add(version, exceeded.event.key, now_s):
            await self._set_aside(exceeded)

    async def _set_aside(self, exceeded: Exceeded) -> None:
        event = exceeded.event
        quarantine = Quarantine(
            workflow_id=exceeded.workflow_id,
            version=exceeded.version,
            code=exceeded.code,
            event_key=event.key,
            since=self._platform.clock.now(),
        )
        with translated():
            async with self._platform.pool.acquire() as conn, conn.transaction():
                await lock_changes(conn)
                is_new = await set_aside(conn, quarantine)
        if is_new:
            self._metrics.quarantined.add(event.environment_id)
            log.warning(
                "workflow_quarantined",
                environment_id=str(event.environment_id),
                workflow_id=str(exceeded.workflow_id),
                version=exceeded.version,
                event_key=str(event.key),
                detail=exceeded.detail,
            )
