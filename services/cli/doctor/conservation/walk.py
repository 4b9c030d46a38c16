"""The walk: cursors first, then from stage to stage."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from services.cli.doctor.conservation.arrivals import (
    check_sources,
    check_triggers,
    read_letters,
    want_triggers,
)
from services.cli.doctor.conservation.decisions import check_commands, check_decisions
from services.cli.doctor.conservation.executions import check_executions
from services.cli.doctor.conservation.ground import Cursors, Ground
from services.cli.doctor.conservation.published import check_passed, check_published
from services.cli.doctor.conservation.report import Report
from services.cli.doctor.conservation.shelf import open_shelf
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.settings import IngestSettings
from shared.bus.protocol import Bus, TopicPartition
from shared.db.conservation import Span, archive_start, list_cursors
from shared.db.pool import Connection, Pool, translated
from shared.domain.errors import Rejected
from shared.domain.ids import EnvironmentId
from shared.wire.topics import Topics


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be looked at; without an ``environment_id`` every environment."""

    span: Span
    now: datetime
    environment_id: EnvironmentId | None
    ingest: IngestSettings
    matcher: MatcherSettings


async def check_conservation(
    pool: Pool, bus: Bus, asked: Asked, tell: Callable[[str], None]
) -> Report:
    """Go the way of everything that arrived in a span. Raises Unavailable; changes nothing."""
    async with _opened(pool, bus, asked, tell) as ground:
        await read_letters(ground)
        await check_sources(ground)
        await want_triggers(ground)
        await check_triggers(ground)
        await check_decisions(ground)
        await check_executions(ground)
        await check_commands(ground)
        await check_published(ground)
        await check_passed(ground)
        return ground.report


@asynccontextmanager
async def _opened(
    pool: Pool, bus: Bus, asked: Asked, tell: Callable[[str], None]
) -> AsyncIterator[Ground]:
    with translated(), open_shelf() as shelf:
        async with pool.acquire() as conn:
            cursors = await _cursors(conn, bus, asked.ingest.topics)
            report = Report()
            start = cursors.archive_start
            if start is not None and asked.span.from_at.date() < start:
                report.notes.append(f"The archive holds no events of before {start}.")
            yield Ground(
                conn=conn,
                bus=bus,
                topics=asked.ingest.topics,
                span=asked.span,
                now=asked.now,
                environment_id=asked.environment_id,
                cursors=cursors,
                shelf=shelf,
                report=report,
                ingest=asked.ingest,
                matcher=asked.matcher,
                tell=tell,
            )


async def _cursors(conn: Connection, bus: Bus, topics: Topics) -> Cursors:
    return Cursors(
        ingested=await _positions(bus, topics.group("trigger-ingest"), topics.sources),
        matched=await _positions(bus, topics.group("matcher"), [topics.triggers]),
        passed=await _positions(
            bus, topics.group("webhooks"), [topics.step_results, topics.executions]
        )
        | await _positions(bus, topics.group("task-results"), [topics.task_results]),
        owned=await list_cursors(conn),
        archive_start=await archive_start(conn),
    )


async def _positions(bus: Bus, group: str, topics: Iterable[str]) -> dict[TopicPartition, int]:
    """Where a group has come to in those of the topics that there are."""
    found: dict[TopicPartition, int] = {}
    for topic in topics:
        with suppress(Rejected):
            found |= await bus.committed(topic, group)
    return found
