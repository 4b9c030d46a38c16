"""From records to accepted events.

A record is one of: an event with a new key; the same record read again after a crash, which may not
have been passed on; the same event sent twice, which was or will be; another event under a used
key; or nothing readable. Another event under a used key may stand where the first one stood, in a
topic that was made anew: then it is told, and the first is passed on once more.
"""

from collections import Counter as Tally
from collections.abc import Container, Iterable, Sequence
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
from shared.wire.events import decode_event, encode_event
from shared.wire.intake import EventLimits, environment_named, read_event


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
            named = environment_named(record.value, record.headers)
            dead.append(dead_letter(record, problem.code, problem.detail, problem.pointer, named))
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
        is_same = is_same_event(candidate, before.body_hash)
        if before.origin == arrival.origin:
            accepted.passed_on.append(candidate)
            if before.is_old:
                again.append(candidate)
        elif is_same:
            accepted.duplicates[candidate.event.environment_id] += 1
        if not is_same:
            conflicts.append(candidate)
    if again:
        others = {candidate.arrival.origin for candidate in conflicts}
        await _use_archived(conn, accepted, again, known, others)
    if conflicts:
        await keep_conflicts(conn, [c.arrival for c in conflicts])
        accepted.dead += [_conflict(c, known[c.arrival.key].origin) for c in conflicts]
    return accepted


def is_same_event(candidate: Candidate, body_hash: bytes) -> bool:
    """Whether what is archived under its key with this hash is this event, and no other."""
    arrival, event = candidate.arrival, candidate.event
    if arrival.body_hash == body_hash:
        return True
    # Until November 2026 the hash of what has no id did not tell when it was published.
    return _is_nameless(event, arrival.origin) and _hash(event) == body_hash


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
    others: Container[str],
) -> None:
    """Pass on, from a place read again, what was archived the first time.

    Where that day was dropped it is the record itself, unless another event is there (``others``):
    under the key of the first it must not go on.
    """
    wanted = [
        (before.received_on, c.arrival.key)
        for c in again
        if (before := known[c.arrival.key].known) is not None
    ]
    records = await list_records(conn, wanted)
    accepted.passed_on = [
        _as_archived(c, records[c.arrival.key], others) if c.arrival.key in records else c
        for c in accepted.passed_on
        if c.arrival.key in records or c.arrival.origin not in others
    ]
    read_again = {c.arrival.key for c in again}
    accepted.redelivered = Tally(
        c.event.environment_id for c in accepted.passed_on if c.arrival.key in read_again
    )


def _as_archived(candidate: Candidate, record: bytes, others: Container[str]) -> Candidate:
    event, arrival = candidate.event, replace(candidate.arrival, record=record)
    if arrival.origin in others:  # its subject, and so its order, may be another
        event = decode_event(orjson.loads(record))
    return replace(candidate, event=event, arrival=arrival)


def _arrival(record: Received, event: Event) -> Arrival:
    origin = origin_of(record)
    # Of records without an id only their times tell those of a topic from those of its successor.
    told = [record.published_at.isoformat()] if _is_nameless(event, origin) else []
    return Arrival(
        key=event.key,
        environment_id=event.environment_id,
        type=event.type,
        received_at=event.received_at,
        record=encode_event(event),
        body_hash=_hash(event, *told),
        origin=origin,
    )


def _is_nameless(event: Event, origin: str) -> bool:
    """Whether it is named by the place of its record, as its publisher gave it no id."""
    return event.id == origin


def _hash(event: Event, *more: str) -> bytes:
    body = [event.type, event.subject, event.payload, *more]
    return blake2b(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _conflict(candidate: Candidate, first: str) -> DeadLetter:
    event, origin = candidate.event, candidate.arrival.origin
    detail = (
        f"Event id '{event.id}' of source '{event.source}' was used before with another body; "
        "give each event its own id."
    )
    if origin == first and _is_nameless(event, origin):
        detail = (
            f"Another event without an id stood at {origin} before: the topic was made anew; "
            "send this one again with an id."
        )
    return dead_letter(candidate.record, "EVENT_CONFLICT", detail, "/id", event.environment_id)
