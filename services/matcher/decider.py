"""Deciding which workflows an event starts, without holding up what else there is to do."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from services.matcher.breather import Breather
from services.matcher.counts import Counts
from services.matcher.metrics import MatcherMetrics
from services.matcher.overflows import Overflows
from services.matcher.quarantines import Exceeded, Quarantines
from services.matcher.settings import MatcherSettings
from shared.assembly.platform import Platform
from shared.bus.protocol import Record
from shared.domain.events import Event
from shared.domain.ids import WorkflowId, execution_id
from shared.matching.decisions import Decision, guarded
from shared.matching.rules import judge
from shared.matching.table import WorkflowTable
from shared.matching.view import EventView
from shared.wire.commands import encode_start
from shared.wire.envelope import HEADERS

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Decided:
    """What an event starts, as commands; ``rest`` is the first workflow left for later, if any.

    Up to there ``matched`` workflows matched. ``spent_s`` is what the conditions took.
    """

    commands: list[Record] = field(default_factory=list)
    rest: WorkflowId | None = None
    matched: int = 0
    spent_s: float = 0.0


class Decider:
    """Decides by the table, and tells what exceeds its bounds."""

    def __init__(
        self,
        platform: Platform,
        table: WorkflowTable,
        counts: Counts,
        settings: MatcherSettings,
        metrics: MatcherMetrics,
        quarantines: Quarantines,
    ) -> None:
        self._platform = platform
        self._table = table
        self._counts = counts
        self._depth_max = settings.causation_depth_max
        self._metrics = metrics
        self._quarantines = quarantines
        self._overflows = Overflows(platform, settings, metrics)

    async def decide(
        self,
        event: Event,
        value: bytes,
        breather: Breather,
        *,
        within_s: float,
        first: WorkflowId | None = None,
        matched: int = 0,
    ) -> Decided:
        """Decide on an event, ``value`` on the topic; from ``first`` on where others are decided.

        Of these ``matched`` matched. After ``within_s`` the rest is left. Raises Unavailable.
        """
        decided, decisions = Decided(), list[Decision]()
        view, clock = EventView(event), self._platform.clock
        for rule in self._table.candidates(view, first):
            if decided.spent_s >= within_s:
                decided.rest = rule.workflow_id
                break
            began_s = clock.monotonic()
            decisions.append(guarded(judge(view, rule), event, self._depth_max))
            decided.spent_s += clock.monotonic() - began_s
            await breather.breathe()
        if decided.rest is not None:
            decided.matched = matched + sum(one.is_match for one in decisions)
        if self._overflows.are_possible(len(decisions), before=matched):
            decisions = await self._overflows.limit(event, decisions, before=matched)
        # The name is counted once: by whoever begins.
        self._count(event, [] if first else self._table.names_of(event), decisions)
        decided.commands += self._commands(event, value, decisions)
        for one in decisions:
            if one.exceeded is not None:
                await self._quarantines.add(_exceeded(event, one, one.exceeded))
        return decided

    def _commands(
        self, event: Event, value: bytes, decisions: Sequence[Decision]
    ) -> Iterator[Record]:
        for decision in decisions:
            if not decision.is_match:
                log.debug(
                    "not_started",
                    event_key=str(event.key),
                    workflow_id=str(decision.workflow_id),
                    reason=decision.reason.value,
                    detail=decision.detail,
                )
                continue
            started = execution_id(decision.workflow_id, event.key)
            yield Record(
                topic=self._platform.topics.commands,
                key=str(started).encode(),
                value=encode_start(
                    started,
                    decision.workflow_id,
                    decision.workflow_version,
                    value,
                    event.received_at,
                ),
                headers=HEADERS,
            )

    def _count(self, event: Event, names: Iterable[str], decisions: Sequence[Decision]) -> None:
        self._counts.add(event, names, decisions)
        for reason, count in Counter(d.reason for d in decisions).items():
            self._metrics.decisions.add(event.environment_id, reason.value, count=count)


def _exceeded(event: Event, decision: Decision, code: str) -> Exceeded:
    return Exceeded(
        workflow_id=decision.workflow_id,
        version=decision.workflow_version,
        event=event,
        code=code,
        detail=decision.detail,
    )
