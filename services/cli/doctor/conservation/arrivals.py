"""Source topics against the archive, and the archive against ``triggers``."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import date

import orjson

from services.cli.doctor.conservation.ground import LETTERS_KEPT, MARGIN, PAGE, Ground, kept, pages
from services.cli.doctor.conservation.report import Stage
from services.cli.doctor.conservation.shelf import Wanted, digest
from services.trigger_ingest.accept import Candidate, is_same_event, origin_of, read_records
from shared.bus.protocol import Extent, Received, TopicPartition
from shared.db.conservation import (
    Arrived,
    KnownEvent,
    event_environments,
    list_arrived,
    list_conflicting,
    list_known,
)
from shared.domain.errors import Defect
from shared.domain.ids import EnvironmentId, EventKey
from shared.wire.events import decode_event


async def read_letters(ground: Ground) -> None:
    """Remember which records went to the dead letters."""
    topic = ground.topics.dead_letters
    async with aclosing(ground.records(topic, await ground.extents(topic))) as records:
        async for record in records:
            try:
                about = orjson.loads(record.value or b"")["data"]
                place = f"{about['topic']}/{about['partition']}@{about['offset']}"
            except (KeyError, TypeError, orjson.JSONDecodeError):
                continue  # none of ours; what it stood for is missed where that is looked for
            ground.shelf.bury(place)
    ground.shelf.letters_from = (await kept(ground, topic)).whole_from(ground.now - LETTERS_KEPT)


async def check_sources(ground: Ground) -> None:
    """Each record that ingest has passed is archived, a repeat, a conflict, or a dead letter."""
    for topic in ground.topics.sources:
        extents = await ground.extents(topic)
        passed = {at: _passed(ground, at, extent) for at, extent in extents.items()}
        for at, extent in extents.items():
            ground.check_position(
                Stage.SOURCES, at, ground.cursors.ingested.get(at, 0), extent.next
            )
        counts = ground.report.stages[Stage.SOURCES]
        counts.in_flight += sum(e.next - passed[at].next for at, e in extents.items())
        async with aclosing(pages(ground.records(topic, passed))) as found:
            async for page in found:
                await _check_sources(ground, [r for r in page if ground.span.holds(r.published_at)])


def _passed(ground: Ground, at: TopicPartition, extent: Extent) -> Extent:
    """What ingest had committed of a partition when the walk began."""
    end = max(extent.since, min(extent.next, ground.cursors.ingested.get(at, 0)))
    return Extent(first=extent.first, since=extent.since, next=end)


async def _check_sources(ground: Ground, records: Sequence[Received]) -> None:
    candidates, dead = read_records(
        records,
        limits=ground.ingest.event_limits,
        default_environment=EnvironmentId(ground.ingest.default_environment),
        now=ground.span.to_at,
    )
    report = ground.report
    if ground.environment_id is None:
        report.stages[Stage.SOURCES].checked += len(dead)
        at = {origin_of(record): record.published_at for record in records}
        for letter in dead:
            place = f"{letter.topic}/{letter.partition}@{letter.offset}"
            if ground.lacks_letter(Stage.SOURCES, place, at[place]):
                detail = f"Unreadable ({letter.reason}), and not among the dead letters."
                report.find(Stage.SOURCES, "record_lost", place, detail)
    mine = [c for c in candidates if ground.concerns(c.event.environment_id)]
    report.stages[Stage.SOURCES].checked += len(mine)
    known = await list_known(ground.conn, list({c.event.key for c in mine}))
    conflicts = []
    for candidate in mine:
        before = known.get(candidate.event.key)
        if before is not None and not is_same_event(candidate, before.body_hash):
            conflicts.append(candidate)
        else:
            await _check_archived(ground, candidate, before)
    await _check_conflicts(ground, conflicts)


async def _check_archived(ground: Ground, candidate: Candidate, before: KnownEvent | None) -> None:
    arrival, report = candidate.arrival, ground.report
    if before is None or before.record is None:
        at = candidate.record.published_at - MARGIN
        if not await ground.is_dropped(
            Stage.SOURCES, at.date() if before is None else before.received_on
        ):
            detail = f"The record at {arrival.origin} was consumed and is not in the archive."
            report.find(Stage.SOURCES, "event_not_archived", arrival.key, detail)
    elif before.origin != arrival.origin:
        detail = f"Sent again at {arrival.origin}, first at {before.origin}."
        report.repeat(Stage.SOURCES, arrival.key, detail)


async def _check_conflicts(ground: Ground, conflicts: Sequence[Candidate]) -> None:
    places = [(c.event.key, c.arrival.origin) for c in conflicts]
    there = await list_conflicting(ground.conn, places) if places else frozenset()
    for (key, origin), candidate in zip(places, conflicts, strict=True):
        since = candidate.record.published_at
        if origin not in there or ground.lacks_letter(Stage.SOURCES, origin, since):
            detail = f"Its key is another event's ({key}); it was not kept apart and flagged."
            ground.report.find(Stage.SOURCES, "conflict_lost", origin, detail)


async def arrived(ground: Ground) -> AsyncGenerator[list[Arrived], None]:
    """The archived events of the span, a page at a time, by environment and arrival."""
    conn, span = ground.conn, ground.span
    environments = [e async for e in event_environments(conn, span) if ground.concerns(e)]
    for environment_id in environments:
        last: Arrived | None = None
        while page := await list_arrived(conn, environment_id, span, last, limit=PAGE):
            yield page
            last = page[-1]


async def want_triggers(ground: Ground) -> None:
    """Note for each archived event that ingest has passed that its trigger record must be there."""
    counts = ground.report.stages[Stage.ARCHIVE]
    async with aclosing(arrived(ground)) as found:
        async for page in found:
            counts.checked += len(page)
            ground.tell(f"archive: {counts.checked} events")
            ground.shelf.want(w for event in page for w in _trigger(ground, event))


def _trigger(ground: Ground, event: Arrived) -> list[Wanted]:
    counts = ground.report.stages[Stage.ARCHIVE]
    if event.origin is None:
        detail = "It is in the archive, but its key is not remembered."
        ground.report.find(Stage.ARCHIVE, "key_lost", event.key, detail)
        return []
    place, _, offset = event.origin.rpartition("@")
    topic, _, partition = place.rpartition("/")
    if topic not in ground.topics.sources:
        counts.not_checked += 1
        return []
    if int(offset) >= ground.cursors.ingested.get(TopicPartition(topic, int(partition)), 0):
        counts.in_flight += 1
        return []
    if (archived := ground.archived(event.key, event.record)) is None:
        return []
    if (archived.environment_id, archived.type) != (event.environment_id, event.type):
        detail = f"It is filed under {event.environment_id} and '{event.type}', and says otherwise."
        ground.report.find(Stage.ARCHIVE, "event_misfiled", event.key, detail)
    return [
        Wanted(
            topic=ground.topics.triggers,
            id=str(event.key),
            subject=event.origin,
            digest=digest(event.record),
            key=archived.ordering_key.encode(),
            since=event.received_at,
        )
    ]


async def check_triggers(ground: Ground) -> None:
    """Find the wanted trigger records, and nothing there that the archive does not have."""
    topic = ground.topics.triggers
    extents = await ground.extents(topic)
    for at, extent in extents.items():
        ground.check_position(Stage.DECISIONS, at, ground.cursors.matched.get(at, 0), extent.next)
    async with aclosing(pages(ground.records(topic, extents))) as found:
        async for page in found:
            await _check_strangers(ground, [s for r in page for s in _strangers(ground, r)])
    held = await kept(ground, topic)
    report = ground.report
    for odd in ground.shelf.odd(topic):
        if odd.copies > 1:
            report.repeat(Stage.ARCHIVE, odd.id, f"Passed on {odd.copies} times.")
        elif not odd.copies and held.lacks(odd.found):
            report.stages[Stage.ARCHIVE].not_checked += 1
        elif not odd.copies:
            detail = f"It came at {odd.subject} and was not passed on to {topic}."
            report.find(Stage.ARCHIVE, "event_not_passed_on", odd.id, detail)
        if odd.differs:
            detail = f"Its record on {topic} differs from the archived one."
            report.find(Stage.ARCHIVE, "event_differs", odd.id, detail)


def _strangers(ground: Ground, record: Received) -> list[tuple[str, EventKey, date]]:
    """The place, key and day of a record that nobody wants, if it is of the span."""
    try:
        event = decode_event(orjson.loads(record.value or b""))
    except (Defect, orjson.JSONDecodeError):
        return []  # the matcher gives it to the dead letters
    is_wanted = ground.shelf.mark(str(event.key), record)
    is_ours = ground.span.holds(event.received_at) and ground.concerns(event.environment_id)
    if is_wanted or not is_ours:
        return []
    return [(origin_of(record), event.key, event.received_at.date())]


async def _check_strangers(ground: Ground, strangers: Sequence[tuple[str, EventKey, date]]) -> None:
    known = await list_known(ground.conn, [key for _, key, _ in strangers]) if strangers else {}
    for place, key, day in strangers:
        about = known.get(key)
        if about is not None and about.record is not None:
            continue
        if not await ground.is_dropped(Stage.ARCHIVE, day if about is None else about.received_on):
            detail = f"The record at {place} is about an event that is not in the archive."
            ground.report.find(Stage.ARCHIVE, "event_unknown", key, detail)
