"""From records to accepted events.

A record is one of: an event with a new key; the same record read again after a crash, which may not
have been passed on; the same event sent twice, which was or will be; another event under a used
key; or nothing readable.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b

import orjson

from shared.bus.dead_letters import dead_letter
from shared.bus.protocol import Received
from shared.db.intake import Arrival, Known, archive, keep_conflicts, list_records
from shared.db.pool import Connection
from shared.domain.errors import Invalid
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey
from shared.wire.dead_letters import DeadLetter
from shared.wire.events import encode_event
from shared.wire.intake import EventLimits, read_event


@dataclass(frozen=True, slots=True)
class Candidate:
    """A readable record."""

    record: Received
    event: Event
    arrival: Arrival


@dataclass(slots=True)
class Accepted:
    """What a batch came to; ``passed_on`` is in the order of the records.

    ``redelivered`` of them, of each environment so many, had been read before.
    """

    passed_on: list[Candidate] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    duplicates: Tally[EnvironmentId] = field(default_factory=Tally)
    redelivered: Tally[EnvironmentId] = field(default_factory=Tally)


def read_records(
    records: Iterable[Received],
    *,
    limits: EventLimits,
    default_environment: EnvironmentId,
    now: datetime,
) -> tuple[list[Candidate], list[DeadLetter]]:
    """The readable records, and why the others are not."""
    candidates: list[Candidate] = []
    dead: list[DeadLetter] = []
    for record in records:
        try:
            event = event_of(
                record, limits=limits, default_environment=default_environment, now=now
            )
        except Invalid as error:
            problem = error.problems[0]
            dead.append(dead_letter(record, problem.code, problem.detail, problem.pointer))
        else:
            candidates.append(Candidate(record, event, _arrival(record, event)))
    return candidates, dead


def event_of(
    record: Received, *, limits: EventLimits, default_environment: EnvironmentId, now: datetime
) -> Event:
    """The event of a record. Raises Invalid."""
    return read_event(
        record.value,
        record.headers,
        fallback_id=origin_of(record),
        default_source=f"/topics/{record.topic}",
        default_environment=default_environment,
        received_at=now,
        limits=limits,
    )


async def accept(conn: Connection, candidates: Sequence[Candidate]) -> Accepted:
    """Archive what is new and sort the rest; the caller owns the transaction."""
    known = await _archived(conn, candidates)
    accepted = Accepted()
    conflicts: list[Candidate] = []
    again: list[Candidate] = []
    for candidate in candidates:
        arrival = candidate.arrival
        before = known[arrival.key]
        if before.origin == arrival.origin:
            accepted.passed_on.append(candidate)
            if before.is_old:
                again.append(candidate)
        elif before.body_hash == arrival.body_hash:
            accepted.duplicates[candidate.event.environment_id] += 1
        else:
            conflicts.append(candidate)
    accepted.redelivered = Tally(candidate.event.environment_id for candidate in again)
    if again:
        await _use_archived(conn, accepted, again, known)
    if conflicts:
        await keep_conflicts(conn, [c.arrival for c in conflicts])
        accepted.dead += [_conflict(c) for c in conflicts]
    return accepted


def origin_of(record: Received) -> str:
    """The one place a record has: ``topic/partition@offset``."""
    return f"{record.topic}/{record.partition}@{record.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _First:
    """Who came first under a key; ``is_old``: before this batch."""

    origin: str
    body_hash: bytes
    is_old: bool
    known: Known | None


async def _archived(conn: Connection, candidates: Sequence[Candidate]) -> dict[EventKey, _First]:
    first: dict[EventKey, Arrival] = {}
    for candidate in candidates:
        first.setdefault(candidate.arrival.key, candidate.arrival)
    found: dict[EventKey, _First] = {}
    while missing := [a for key, a in first.items() if key not in found]:
        for key, known in (await archive(conn, missing)).items():
            stands: Arrival | Known = known or first[key]
            found[key] = _First(
                origin=stands.origin,
                body_hash=stands.body_hash,
                is_old=known is not None,
                known=known,
            )
    return found


async def _use_archived(
    conn: Connection,
    accepted: Accepted,
    again: Sequence[Candidate],
    known: dict[EventKey, _First],
) -> None:
    """Pass on, of a record read again, what was archived the first time."""
    wanted = [
        (before.received_on, c.arrival.key)
        for c in again
        if (before := known[c.arrival.key].known) is not None
    ]
    records = await list_records(conn, wanted)
    accepted.passed_on = [
        replace(c, arrival=replace(c.arrival, record=records.get(c.arrival.key, c.arrival.record)))
        for c in accepted.passed_on
    ]


def _arrival(record: Received, event: Event) -> Arrival:
    body = orjson.dumps([event.type, event.subject, event.payload], option=orjson.OPT_SORT_KEYS)
    return Arrival(
        key=event.key,
        environment_id=event.environment_id,
        type=event.type,
        received_at=event.received_at,
        record=encode_event(event),
        body_hash=blake2b(body, digest_size=16).digest(),
        origin=origin_of(record),
    )


def _conflict(candidate: Candidate) -> DeadLetter:
    event = candidate.event
    return dead_letter(
        candidate.record,
        "EVENT_CONFLICT",
        f"Event id '{event.id}' of source '{event.source}' was used before with another body; "
        "give each event its own id.",
        "/id",
        event.environment_id,
    )
