"""Bringing executions back from the database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog

from services.executor.admit import Plans
from services.executor.publish import Publisher
from services.executor.runs import Owned, Run, Word
from services.executor.waiting import looking_back
from shared.assembly.platform import Platform
from shared.db.pool import Connection, translated
from shared.db.recovery import (
    Stored,
    claim,
    list_active,
    list_called,
    list_entries,
    list_executions,
    list_told,
    list_unpublished,
)
from shared.domain.decide import restore
from shared.domain.errors import Defect, NotFound
from shared.domain.events import Event
from shared.domain.executions import Entry
from shared.domain.ids import ExecutionId
from shared.domain.outcomes import ErrorKind, StepError
from shared.domain.plans import Plan
from shared.domain.workflows import Dialect
from shared.wire.commands import Start, decode_command
from shared.wire.events import decode_event
from shared.wire.results import Origin

log = structlog.get_logger(__name__)

PAGE = 200
PAGE_PUBLISHED = 1_000
MESSAGE_CHARS_MAX = 1_000

CALLED_PAGE = 100_000
"""Of ids alone: each page looks at all that have still to look back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An execution that has not ended: its log, and what it was told."""

    stored: Stored
    entries: Sequence[Entry]
    told: Sequence[tuple[int, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a partition's last owner left: executions to go on with, and commands to drop."""

    owned: Owned
    runs: Sequence[Run]
    late: Mapping[ExecutionId, Sequence[int]]


async def take_up(platform: Platform, partition: int, plans: Plans, publisher: Publisher) -> Left:
    """Claim a partition, publish what its last owner did not, and find what it left."""
    with translated():
        async with platform.pool.acquire() as conn:
            given = await claim(conn, partition, owner=platform.member, now=platform.clock.now())
            owned = Owned.from_claim(given)
            await republish(conn, owned, publisher)
            found = await find_active(conn, owned, given.active_offset)
            called, late = await find_called(conn, owned)
    active = await restored(owned, found, plans, is_woken=False)
    for run in active:
        owned.admitted[run.id] = run.command_offset
    woken = await restored(owned, called, plans, is_woken=True)
    return Left(owned=owned, runs=[*active, *woken], late=late)


async def republish(conn: Connection, owned: Owned, publisher: Publisher) -> None:
    """Publish what the last owner wrote and may not have published, before anything new."""
    while True:
        entries = await list_unpublished(
            conn, owned.partition, after_seq=owned.emitted_seq, limit=PAGE_PUBLISHED
        )
        if not entries:
            return
        await publisher.republish(entries)
        owned.emitted_seq = entries[-1].seq


async def find_active(conn: Connection, owned: Owned, active_offset: int) -> list[Found]:
    """The executions that the last owner had in memory, in the order of their commands."""
    found: list[Found] = []
    after = active_offset - 1
    while page := await list_active(conn, owned.partition, after_offset=after, limit=PAGE):
        found += await with_logs(conn, page)
        after = page[-1].command_offset
    return found


async def find_called(
    conn: Connection, owned: Owned
) -> tuple[list[Found], dict[ExecutionId, list[int]]]:
    """The executions that wait, and that the last owner had not told what it had for them.

    And the commands that came too late, by the ended executions that they are for.
    """
    found: list[Found] = []
    late: dict[ExecutionId, list[int]] = {}
    async for page in _called(conn, owned.partition):
        there = await with_logs(conn, await list_executions(conn, owned.partition, page))
        ended = sorted(set(page) - {each.stored.origin.execution_id for each in there})
        found += there
        for id_, told in (await list_told(conn, ended)).items():
            late[id_] = [offset for offset, _ in told]
    return found, late


async def _called(conn: Connection, partition: int) -> AsyncIterator[Sequence[ExecutionId]]:
    after = ExecutionId(UUID(int=0))
    while ids := await list_called(conn, partition, after=after, limit=CALLED_PAGE):
        for start in range(0, len(ids), PAGE):
            yield ids[start : start + PAGE]
        after = ids[-1]


async def restored(
    owned: Owned, found: Sequence[Found], plans: Plans, *, is_woken: bool
) -> list[Run]:
    """Each execution as its log tells; hold no connection meanwhile, for plans need one.

    ``is_woken``: they were parked, so that no command stands for them.
    """
    return [await _restored(owned, each, plans, is_woken=is_woken) for each in found]


async def _restored(owned: Owned, found: Found, plans: Plans, *, is_woken: bool) -> Run:
    stored = found.stored
    origin, fault = stored.origin, None
    told: dict[int, Word] = {}
    try:
        told = _read(found.told)
        plan = await plans.get(origin.workflow_id, origin.workflow_version)
        event = decode_event(stored.event)
        state = restore(plan, found.entries, stored.expires_at)
    except (Defect, NotFound, KeyError) as error:
        log.exception("execution_unreadable", execution_id=str(origin.execution_id))
        message = error.message if isinstance(error, Defect | NotFound) else repr(error)
        fault = StepError(kind=ErrorKind.DEFECT, message=message[:MESSAGE_CHARS_MAX])
        plan, event = _no_plan(origin), _no_event(origin)
        state = restore(plan, found.entries, stored.expires_at)
    return Run(
        origin=origin,
        plan=plan,
        event=event,
        state=state,
        owned=owned,
        command_offset=stored.command_offset,
        created_at=stored.created_at,
        timer_at=stored.timer_at,
        is_woken=is_woken,
        must_look_back=bool(looking_back(state)),
        fault=fault,
        told=told,
    )


def _read(told: Sequence[tuple[int, bytes]]) -> dict[int, Word]:
    words = {offset: decode_command(value) for offset, value in told}
    return {offset: word for offset, word in words.items() if not isinstance(word, Start)}


async def with_logs(conn: Connection, stored: Sequence[Stored]) -> list[Found]:
    """Executions with their logs, and what they were told."""
    if not stored:
        return []
    ids = [each.origin.execution_id for each in stored]
    logs, told = await list_entries(conn, ids), await list_told(conn, ids)
    return [
        Found(stored=each, entries=logs[id_], told=told[id_])
        for id_, each in zip(ids, stored, strict=True)
    ]


def _no_plan(origin: Origin) -> Plan:
    return Plan(
        workflow_id=origin.workflow_id,
        version=origin.workflow_version,
        name="",
        dialect=Dialect.NATIVE,
        steps=(),
    )


def _no_event(origin: Origin) -> Event:
    return Event(
        key=origin.event_key,
        environment_id=origin.environment_id,
        type="",
        source="",
        id="",
        received_at=datetime.fromtimestamp(0, UTC),
        payload=None,
    )
