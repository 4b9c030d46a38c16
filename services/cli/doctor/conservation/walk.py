"""The walk: cursors first, then from stage to stage."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from services.cli.doctor.conservation.arrivals import (
    check_sources,
    check_triggers,
    read_letters,
    want_triggers,
)
from services.cli.doctor.conservation.decisions import check_commands, check_decisions
from services.cli.doctor.conservation.executions import check_executions
from services.cli.doctor.conservation.ground import Cursors, Ground
from services.cli.doctor.conservation.published import check_published
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
                environment_id=asked.environment_id,
                cursors=cursors,
                shelf=shelf,
                report=report,
                ingest=asked.ingest,
                matcher=asked.matcher,
                tell=tell,
            )


async def _cursors(conn: Connection, bus: Bus, topics: Topics) -> Cursors:
    ingested: dict[TopicPartition, int] = {}
    for topic in topics.sources:
        with suppress(Rejected):  # there is no such topic yet
            ingested |= await bus.committed(topic, topics.group("trigger-ingest"))
    matched: Mapping[TopicPartition, int] = {}
    with suppress(Rejected):
        matched = await bus.committed(topics.triggers, topics.group("matcher"))
    return Cursors(
        ingested=ingested,
        matched=matched,
        owned=await list_cursors(conn),
        archive_start=await archive_start(conn),
    )
