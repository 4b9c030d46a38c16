"""The log against what was published of it: each record once at least, and no other."""

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from services.cli.doctor.conservation.decisions import DECIDED
from services.cli.doctor.conservation.ground import Ground, kept, pages
from services.cli.doctor.conservation.report import Stage
from services.cli.doctor.conservation.shelf import Wanted, digest
from services.executor.consequences import consequences
from services.trigger_ingest.accept import origin_of
from shared.bus.protocol import Received, Record, TopicPartition
from shared.db.conservation import list_present
from shared.db.recovery import Unpublished, find_written
from shared.domain.ids import ExecutionId
from shared.wire.envelope import HEADERS
from shared.wire.results import encode_phases, encode_result, truncated


class _Stranger(NamedTuple):
    """A record on a result topic that nobody wants: of an entry, or of none."""

    record: Received
    id: str
    entry: tuple[ExecutionId, int]
    at: datetime


def records_of(ground: Ground, written: Unpublished, *, created_at: datetime) -> Iterator[Wanted]:
    """What must be on the topics because of a log entry that was published."""
    id_, position = written.origin.subject, written.entry.position
    since = max(written.at, created_at)  # an inherited outcome is older than its execution
    for record in _records(ground, written):
        value = record.value or b""
        # What commands hold may be asked for by others too, in other words.
        is_ours = record.topic != ground.topics.commands
        yield Wanted(
            topic=record.topic,
            id=orjson.loads(value)["id"],
            subject=f"{id_}:{position}",
            digest=digest(value) if is_ours else None,
            key=record.key or b"",
            since=since,
            cut=digest(truncated(value)) if _may_be_cut(ground, record) else None,
        )


def _may_be_cut(ground: Ground, record: Record) -> bool:
    """Whether a record is published without its values where its topic does not take it whole."""
    return record.topic == ground.topics.step_results


def _records(ground: Ground, written: Unpublished) -> Iterator[Record]:
    origin, entry, at, topics = written.origin, written.entry, written.at, ground.topics
    key = origin.subject.encode()
    if (result := encode_result(origin, entry)) is not None:
        yield Record(topic=topics.step_results, key=key, value=result, headers=HEADERS)
    for phase in encode_phases(origin, entry, at):
        yield Record(topic=topics.executions, key=key, value=phase, headers=HEADERS)
    yield from consequences(origin, entry, at, topics)


async def check_published(ground: Ground) -> None:
    """Find what is wanted on the topics that the log is published to."""
    for partition, cursor in ground.cursors.owned.items():
        at = TopicPartition("log", partition)
        ground.check_position(Stage.PUBLISHED, at, cursor.emitted_seq, cursor.written_seq)
    topics = ground.topics
    results = [topics.step_results, topics.executions]
    rest = {*ground.shelf.topics()} - {topics.triggers, topics.commands, *results}
    for topic in [*results, *sorted(rest)]:
        extents = await ground.extents(topic)
        async with aclosing(pages(ground.records(topic, extents))) as found:
            async for page in found:
                unwanted = [record for record in page if not _is_wanted(ground, record)]
                if topic in results:
                    strangers = [s for record in unwanted for s in _strangers(ground, record)]
                    await _check_strangers(ground, strangers)
    for topic in [*results, *sorted(rest), topics.commands]:
        await _check_odd(ground, topic)


async def check_passed(ground: Ground) -> None:
    """See that no reader of results and answers stands where nothing has been written yet."""
    for topic in sorted({at.topic for at in ground.cursors.passed}):
        for at, extent in (await ground.extents(topic)).items():
            position = ground.cursors.passed.get(at, 0)
            ground.check_position(Stage.PUBLISHED, at, position, extent.next)


async def _check_odd(ground: Ground, topic: str) -> None:
    held = await kept(ground, topic)
    report, counts = ground.report, ground.report.stages[Stage.PUBLISHED]
    for odd in ground.shelf.odd(topic):
        if odd.subject == DECIDED:
            continue
        if not odd.copies and held.lacks(odd.found):
            counts.not_checked += 1
        elif not odd.copies:
            detail = f"The log has it at {odd.subject}, published; {topic} does not."
            report.find(Stage.PUBLISHED, "not_published", odd.id, detail)
        elif odd.copies > 1:
            report.repeat(Stage.PUBLISHED, odd.id, f"{odd.copies} times on {topic}.")
        if odd.differs:
            detail = (
                f"A record on {topic} has its id and other bytes than the log at {odd.subject}."
            )
            report.find(Stage.PUBLISHED, "other_bytes", odd.id, detail)


def _is_wanted(ground: Ground, record: Received) -> bool:
    """Whether the log asks for a record, which is noted."""
    try:
        is_wanted = ground.shelf.mark(orjson.loads(record.value or b"")["id"], record)
    except (KeyError, TypeError, ValueError):
        return False
    ground.report.stages[Stage.PUBLISHED].checked += is_wanted
    return is_wanted


def _strangers(ground: Ground, record: Received) -> list[_Stranger]:
    """A record on a result topic that nobody wants, if it was published in the span."""
    if not ground.span.holds(record.published_at):
        return []
    try:
        told = orjson.loads(record.value or b"")
        data = told["data"]
        if not ground.concerns(data.get("environment_id")):
            return []
        entry = (ExecutionId(UUID(data["execution_id"])), int(data["sequence"]))
        at = datetime.fromisoformat(told["time"]).astimezone(UTC)
        return [_Stranger(record, told["id"], entry, at)]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        if ground.environment_id is None:
            detail = "Nothing that an executor publishes."
            ground.report.find(Stage.PUBLISHED, "unreadable", origin_of(record), detail)
        return []


async def _check_strangers(ground: Ground, strangers: Sequence[_Stranger]) -> None:
    """Records of executions outside the span, or still on their way: the log has them all."""
    if not strangers:
        return
    counts = ground.report.stages[Stage.PUBLISHED]
    counts.checked += len(strangers)
    written = await find_written(ground.conn, list({s.entry for s in strangers}))
    expected = {
        (record.topic, orjson.loads(record.value or b"")["id"]): record
        for each in written
        for record in _records(ground, each)
    }
    there = await list_present(ground.conn, list({s.entry[0] for s in strangers}))
    for record, id_, (execution_id, _), at in strangers:
        logged = expected.get((record.topic, id_))
        place = origin_of(record)
        # Nothing is told of an execution after its end.
        if (
            logged is None
            and execution_id not in there
            and await ground.is_pruned(Stage.PUBLISHED, at)
        ):
            continue
        if logged is None:
            detail = f"The record at {place} is of no log entry."
            ground.report.find(Stage.PUBLISHED, "not_in_log", id_, detail)
        elif not _is_as_logged(ground, logged, record.value):
            detail = f"The record at {place} has other bytes than the log."
            ground.report.find(Stage.PUBLISHED, "other_bytes", id_, detail)


def _is_as_logged(ground: Ground, logged: Record, value: bytes | None) -> bool:
    if value == logged.value:
        return True
    return _may_be_cut(ground, logged) and value == truncated(logged.value or b"")
