"""Bringing executions back from the database."""

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from services.executor.admit import Plans
from services.executor.publish import Publisher
from services.executor.runs import Owned, Run
from shared.db.pool import Connection
from shared.db.recovery import (
    Stored,
    list_active,
    list_entries,
    list_executions,
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
from shared.wire.events import decode_event
from shared.wire.results import Origin

log = structlog.get_logger(__name__)

PAGE = 200
PAGE_PUBLISHED = 1_000
MESSAGE_CHARS_MAX = 1_000

Found = tuple[Stored, Sequence[Entry]]
"""An execution that has not ended, and its log."""


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
        found += await _with_logs(conn, page)
        after = page[-1].command_offset
    return found


async def find_waiting(conn: Connection, owned: Owned, ids: Sequence[ExecutionId]) -> list[Found]:
    """Those of ``ids`` that have not ended."""
    return await _with_logs(conn, await list_executions(conn, owned.partition, ids))


async def restored(owned: Owned, found: Sequence[Found], plans: Plans) -> list[Run]:
    """Each execution as its log tells; hold no connection meanwhile, for plans need one."""
    return [await _restored(owned, stored, entries, plans) for stored, entries in found]


async def _restored(owned: Owned, stored: Stored, entries: Sequence[Entry], plans: Plans) -> Run:
    origin, fault = stored.origin, None
    try:
        plan = await plans.get(origin.workflow_id, origin.workflow_version)
        event = decode_event(stored.event)
    except (Defect, NotFound) as error:
        log.exception("execution_unreadable", execution_id=str(origin.execution_id))
        fault = StepError(kind=ErrorKind.DEFECT, message=error.message[:MESSAGE_CHARS_MAX])
        plan, event = _no_plan(origin), _no_event(origin)
    return Run(
        origin=origin,
        plan=plan,
        event=event,
        state=restore(entries),
        owned=owned,
        command_offset=stored.command_offset,
        has_timer=True,
        is_cancelled=stored.is_cancelled,
        fault=fault,
    )


async def _with_logs(conn: Connection, stored: Sequence[Stored]) -> list[Found]:
    logs = await list_entries(conn, [s.origin.execution_id for s in stored])
    return [(s, logs[s.origin.execution_id]) for s in stored]


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
