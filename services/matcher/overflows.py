"""Events that match more workflows than one event may start: the rest is left out, and told of."""

import structlog

from services.matcher.metrics import MatcherMetrics
from services.matcher.settings import MatcherSettings
from shared.assembly.platform import Platform
from shared.db.overflows import keep_overflow
from shared.db.pool import translated
from shared.domain.events import Event
from shared.matching.decisions import Decision, Overflow, within

log = structlog.get_logger(__name__)


class Overflows:
    """Who is left out of an event is kept, and holds however often the event is decided on."""

    def __init__(
        self, platform: Platform, settings: MatcherSettings, metrics: MatcherMetrics
    ) -> None:
        self._platform = platform
        self._metrics = metrics
        self._matches_max = settings.matches_max

    def are_possible(self, decisions: int, *, before: int) -> bool:
        """Whether so many decisions, after so many matches, might be too many matches."""
        return before + decisions > self._matches_max

    async def limit(
        self, event: Event, decisions: list[Decision], *, before: int
    ) -> list[Decision]:
        """The decisions, those on the matches that are too many changed.

        They are in the order of their workflows' ids, and ``before`` workflows before them have
        matched. Raises Unavailable.
        """
        matches = [decision.workflow_id for decision in decisions if decision.is_match]
        left_out = matches[max(0, self._matches_max - before) :]
        if not left_out:
            return decisions
        overflow = Overflow(
            # More than that only where the limit was higher when they were decided.
            started=max(before, self._matches_max),
            matched=before + len(matches),
            first_left_out=left_out[0],
        )
        kept = await self._keep(event, overflow)
        return [within(decision, kept) for decision in decisions]

    async def _keep(self, event: Event, overflow: Overflow) -> Overflow:
        with translated():
            async with self._platform.pool.acquire() as conn:
                kept, is_new = await keep_overflow(conn, event, overflow)
        if is_new:
            self._metrics.overflows.add(event.environment_id)
            log.warning(
                "too_many_matches",
                environment_id=str(event.environment_id),
                event_key=str(event.key),
                event_type=event.type,
                matched=kept.matched,
                started=kept.started,
                first_left_out=str(kept.first_left_out),
            )
        return kept
