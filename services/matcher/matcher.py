"""The role: fetch accepted events, decide, command, tell those who wait for them, commit."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence

import orjson
import structlog

from services.matcher.awaited import Awaited, Named
from services.matcher.metrics import MatcherMetrics
from services.matcher.settings import MatcherSettings
from shared.assembly.burying import bury
from shared.assembly.platform import Platform
from shared.bus.beside import beside
from shared.bus.dead_letters import dead_letter
from shared.bus.lag import watch_lag
from shared.bus.protocol import Received, Record
from shared.bus.relay import relay
from shared.db.awaiting import EventName
from shared.domain.errors import Defect
from shared.domain.events import Event
from shared.domain.ids import execution_id
from shared.matching.decisions import Reason, guarded
from shared.matching.table import WorkflowTable
from shared.runtime.health import Condition
from shared.wire.commands import encode_start
from shared.wire.dead_letters import DeadLetter
from shared.wire.envelope import HEADERS
from shared.wire.events import decode_event

log = structlog.get_logger(__name__)

COMMANDS_AT_ONCE = 2_000


class Matcher:
    """One member of the group that reads ``triggers``."""

    def __init__(
        self,
        platform: Platform,
        table: WorkflowTable,
        awaited: Awaited,
        settings: MatcherSettings,
        metrics: MatcherMetrics,
    ) -> None:
        self._platform = platform
        self._table = table
        self._awaited = awaited
        self._settings = settings
        self._metrics = metrics
        self._decided = {reason: metrics.decisions.labels(reason.value) for reason in Reason}

    async def run(self, stop: asyncio.Event) -> None:
        """Match until ``stop``. An event's offset is committed when its commands are durable.

        Those who wait are looked for after the event was read, hence after it was archived: a step
        whose wait is not there yet will find the event in the archive, when it looks back.
        """
        platform, settings = self._platform, self._settings
        async with (
            platform.bus.subscribe(
                [platform.topics.triggers],
                group=platform.topics.group("matcher"),
                member=platform.member,
            ) as subscription,
            beside(watch_lag(subscription, self._metrics.lag, platform.clock)),
        ):
            platform.health.report("matcher", Condition.READY)
            await relay(
                subscription,
                stop,
                self._take,
                records_max=settings.fetch_max,
                wait_s=settings.fetch_wait_s,
            )

    async def _take(self, records: Sequence[Received]) -> None:
        await self._awaited.tell(await self._command(records))

    async def _command(self, records: Sequence[Received]) -> Named:
        """Publish what the records start, a bounded number at a time; gives them by their names.

        What is no accepted event is buried.
        """
        commands: list[Record] = []
        dead: list[DeadLetter] = []
        named: Named = defaultdict(list)
        for record in records:
            try:
                event = decode_event(orjson.loads(record.value or b""))
            except (Defect, orjson.JSONDecodeError) as error:
                dead.append(dead_letter(record, "UNREADABLE_TRIGGER", str(error)))
                continue
            named[EventName(event.environment_id, event.type)].append(record)
            commands += self._commands(event, record.value or b"")
            if len(commands) >= COMMANDS_AT_ONCE:
                await self._platform.bus.publish(commands)
                commands = []
        await self._platform.bus.publish(commands)
        await bury(self._platform, dead, self._metrics.dead_letters)
        return named

    def _commands(self, event: Event, value: bytes) -> Iterator[Record]:
        self._metrics.events.inc()
        depth_max = self._settings.causation_depth_max
        for decision in (guarded(d, event, depth_max) for d in self._table.match(event)):
            self._decided[decision.reason].inc()
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
