"""The role: fetch accepted events, decide, command, tell those who wait for them, commit."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import orjson
import structlog

from services.matcher.awaited import Awaited, Named
from services.matcher.breather import Breather
from services.matcher.decider import Decider
from services.matcher.late import Late
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
from shared.db.late_events import LateEvent, put_late
from shared.db.pool import translated
from shared.domain.errors import Defect
from shared.domain.events import Event
from shared.runtime.budgets import Budgets
from shared.runtime.health import Condition
from shared.wire.dead_letters import DeadLetter
from shared.wire.events import decode_event

log = structlog.get_logger(__name__)

COMMANDS_AT_ONCE = 2_000


class Matcher:
    """One member of the group that reads ``triggers``."""

    def __init__(
        self,
        platform: Platform,
        decider: Decider,
        awaited: Awaited,
        settings: MatcherSettings,
        metrics: MatcherMetrics,
        *,
        budgets: Budgets,
        late: Late,
    ) -> None:
        self._platform = platform
        self._decider = decider
        self._awaited = awaited
        self._breather = Breather(platform.clock)
        self._budgets = budgets
        self._settings = settings
        self._metrics = metrics
        self._late = late

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
        await self._put_off(await self._awaited.tell(await self._command(records)))

    async def _command(self, records: Sequence[Received]) -> Named:
        """Publish what the records start, a bounded number at a time; gives them by their names.

        What is no accepted event is buried.
        """
        commands: list[Record] = []
        dead: list[DeadLetter] = []
        late: list[LateEvent] = []
        named: Named = defaultdict(list)
        for record in records:
            try:
                event = decode_event(orjson.loads(record.value or b""))
            except (Defect, orjson.JSONDecodeError) as error:
                dead.append(dead_letter(record, "UNREADABLE_TRIGGER", str(error)))
                continue
            named[EventName(event.environment_id, event.type)].append(record)
            commands += await self._decide(event, record.value or b"", late)
            await self._breather.breathe()
            if len(commands) >= COMMANDS_AT_ONCE:
                await self._platform.bus.publish(commands)
                commands = []
        await self._platform.bus.publish(commands)
        await self._put_off(late)
        await bury(self._platform, dead, self._metrics.dead_letters)
        for name, some in named.items():
            self._metrics.events.add(name.environment_id, count=len(some))
        return named

    async def _decide(self, event: Event, value: bytes, late: list[LateEvent]) -> list[Record]:
        """What an event starts; what its environment has no time left for is ``late``."""
        environment_id = event.environment_id
        decided = await self._decider.decide(
            event, value, self._breather, within_s=self._budgets.left_s(environment_id)
        )
        self._budgets.spend(environment_id, decided.spent_s)
        if decided.rest is not None:
            late.append(
                LateEvent(
                    environment_id=environment_id,
                    key=event.key,
                    first=decided.rest,
                    matched=decided.matched,
                    event=value,
                )
            )
        return decided.commands

    async def _put_off(self, late: Sequence[LateEvent]) -> None:
        if late:
            with translated():
                async with self._platform.pool.acquire() as conn, conn.transaction():
                    await put_late(conn, late, self._platform.clock.now())
            self._late.tell()
            for event in late:
                self._metrics.late.add(event.environment_id)
