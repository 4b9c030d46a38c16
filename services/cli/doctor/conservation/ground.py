"""What every stage of the walk stands on."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

import orjson

from services.cli.doctor.conservation.report import Report, Stage
from services.cli.doctor.conservation.shelf import Found, Shelf
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.settings import IngestSettings
from shared.bus.protocol import Bus, Extent, Received, TopicPartition
from shared.db.conservation import Cursor, Span, archive_start
from shared.db.pool import Connection
from shared.db.retention import pruned_before
from shared.domain.errors import Defect, Rejected
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey
from shared.wire.events import decode_event
from shared.wire.topics import Topics

T = TypeVar("T")

PAGE: Final = 100
MARGIN: Final = timedelta(minutes=5)
"""How far apart the clocks of machines may be."""
LETTERS_KEPT: Final = timedelta(days=1)
"""So long a dead letter stays on its topic at least."""

_EVER: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursors:
    """How far each stage had come before anything was looked at.

    What a stage had passed by then is done: what follows of it must be there. What lies beyond is
    still on its way. ``passed`` are those of whose further way nothing is looked at.
    """

    ingested: Mapping[TopicPartition, int]
    matched: Mapping[TopicPartition, int]
    passed: Mapping[TopicPartition, int]
    owned: Mapping[int, Cursor]
    archive_start: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """``conn`` only reads. ``tell`` shows people how far the walk is, which began at ``now``."""

    conn: Connection
    bus: Bus
    topics: Topics
    span: Span
    now: datetime
    environment_id: EnvironmentId | None
    cursors: Cursors
    shelf: Shelf
    report: Report
    ingest: IngestSettings
    matcher: MatcherSettings
    tell: Callable[[str], None]

    def concerns(self, environment_id: object) -> bool:
        """Whether an environment, an id or its text, is to be looked at."""
        return self.environment_id is None or str(self.environment_id) == str(environment_id)

    async def is_dropped(self, stage: Stage, day: date) -> bool:
        """Whether the archive no longer holds what came on a day, which is counted."""
        start = self.cursors.archive_start
        if start is not None and day >= start:
            start = await archive_start(self.conn)  # days are dropped while the walk is under way
        is_dropped = start is not None and day < start
        self.report.stages[stage].not_checked += is_dropped
        return is_dropped

    async def is_pruned(self, stage: Stage, at: datetime) -> bool:
        """Whether an execution that is not there, and had not ended before ``at``, may be deleted.

        It is counted then: nobody can tell any more.
        """
        before = await pruned_before(self.conn)
        is_pruned = before is not None and at < before
        self.report.stages[stage].not_checked += is_pruned
        return is_pruned

    def lacks_letter(self, stage: Stage, place: str, since: datetime) -> bool:
        """Whether a record has no dead letter, though it must: it was published since a time.

        One whose letter may have been deleted in the course of time is counted, once.
        """
        if self.shelf.is_buried(place):
            return False
        if since - MARGIN >= self.shelf.letters_from:
            return True
        self.shelf.bury(place)
        self.report.stages[stage].not_checked += 1
        return False

    async def extents(self, topic: str) -> Mapping[TopicPartition, Extent]:
        """What the topic's partitions hold, ``since`` the span began; nothing of no topic."""
        try:
            return await self.bus.extents(topic, self.span.from_at - MARGIN)
        except Rejected:
            note = f"There is no topic {topic}."
            if note not in self.report.notes:
                self.report.notes.append(note)
            return {}

    async def records(
        self, topic: str, extents: Mapping[TopicPartition, Extent]
    ) -> AsyncGenerator[Received, None]:
        """The records of a topic since the span began."""
        ranges = {at: range(e.since, e.next) for at, e in extents.items()}
        count = sum(len(r) for r in ranges.values())
        async with self.bus.history(ranges) as records:
            seen = 0
            async for record in records:
                if seen % PAGE == 0:
                    self.tell(f"{topic}: {seen} of {count} records")
                seen += 1
                yield record

    def check_position(self, stage: Stage, at: TopicPartition, position: int, end: int) -> None:
        """A position was taken before the end of what it stands in: it cannot be beyond that."""
        if position > end:
            detail = f"It stands at {position}, and there is nothing from {end} on."
            self.report.find(stage, "cursor_ahead", f"{at.topic}/{at.partition}", detail)

    def archived(self, key: EventKey, record: bytes) -> Event | None:
        """The event of an archived record; None, and told of, when it is none."""
        try:
            return decode_event(orjson.loads(record))
        except Defect as error:
            self.report.find(Stage.ARCHIVE, "event_unreadable", key, error.message)
            return None


@dataclass(frozen=True, slots=True)
class Kept:
    """From when on each partition of a topic holds every record, and when its oldest is of."""

    since: Sequence[datetime]
    oldest: Sequence[datetime]

    def lacks(self, found: Found) -> bool:
        """Whether something that was not found may have been deleted in the course of time.

        It belongs where its key went when there were as many partitions as then: no fewer than had
        records by that time, and no more than now.
        """
        at = found.since - MARGIN
        least = max((n for n, oldest in enumerate(self.oldest, 1) if oldest <= at), default=1)
        counts = range(least, len(self.since) + 1)
        return any(at < self.since[found.hash % count] for count in counts)

    def whole_from(self, emptied: datetime) -> datetime:
        """From when on it holds every record, if what is empty lost nothing since ``emptied``."""
        return max((emptied if at == _NEVER else at for at in self.since), default=_EVER)


async def kept(ground: Ground, topic: str) -> Kept:
    """Reads the oldest record of each partition; to be asked when the topic has been read."""
    extents = await ground.extents(topic)
    since = [_NEVER if extents[at].first else _EVER for at in sorted(extents)]
    oldest = [_NEVER] * len(since)
    filled = {at: range(e.first, e.first + 1) for at, e in extents.items() if e.first < e.next}
    async with ground.bus.history(filled) as records:
        async for record in records:
            oldest[record.partition] = record.published_at
            if since[record.partition] != _EVER:
                since[record.partition] = record.published_at
    return Kept(since, oldest)


async def pages(items: AsyncIterator[T], size: int = PAGE) -> AsyncGenerator[list[T], None]:
    """The items, so many at a time."""
    page: list[T] = []
    async for item in items:
        page.append(item)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
