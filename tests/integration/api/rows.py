"""Rows that no route makes: an event that has arrived, and a record that could not be used."""

from datetime import UTC, datetime, timedelta

from shared.db.dead_letters import LetterFilter, keep_letters, list_letters
from shared.db.intake import Arrival, archive, ensure_days
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, event_key
from shared.wire.dead_letters import VALUE_BYTES_MAX, DeadLetter
from shared.wire.events import encode_event
from tests.support.works import Works


async def buried(works: Works, environment_id: EnvironmentId) -> str:
    """The id of a record that could not be used, and is too large to be tried again."""
    letter = DeadLetter(
        reason="EMPTY",
        detail="",
        pointer="",
        topic=works.platform.topics.sources[0],
        partition=0,
        offset=0,
        key=None,
        value=bytes(VALUE_BYTES_MAX + 1),
        environment_id=environment_id,
    )
    async with works.pool.acquire() as conn:
        await keep_letters(conn, [letter], datetime.now(UTC), nobody=environment_id)
        found = await list_letters(conn, LetterFilter(environment_id=environment_id), limit=1)
    return str(found[0].id)


async def archived(works: Works, environment_id: EnvironmentId) -> str:
    """The key of an event that has arrived."""
    now = datetime.now(UTC)
    key = event_key(environment_id, "/test", "1")
    event = Event(
        key=key,
        environment_id=environment_id,
        type="go",
        source="/test",
        id="1",
        received_at=now,
        payload=None,
    )
    arrival = Arrival(
        key=key,
        environment_id=environment_id,
        type=event.type,
        received_at=now,
        record=encode_event(event),
        body_hash=b"",
        origin="turnout.events/0@0",
    )
    async with works.pool.acquire() as conn, conn.transaction():
        await ensure_days(conn, now.date(), now.date() + timedelta(days=1))
        await archive(conn, [arrival])
    return str(key)
