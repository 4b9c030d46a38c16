"""Bringing executions back from the database."""

from collections.abc import Sequence

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
from shared.domain.ids import ExecutionId
from shared.wire.events import decode_event

PAGE = 200
PAGE_PUBLISHED = 1_000


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


async def recover(conn: Connection, owned: Owned, active_offset: int, plans: Plans) -> list[Run]:
    """The executions that the last owner had in memory, each as its log tells."""
    runs: list[Run] = []
    after = active_offset - 1
    while page := await list_active(conn, owned.partition, after_offset=after, limit=PAGE):
        runs += await _restored(conn, owned, page, plans)
        after = page[-1].command_offset
    for run in runs:
        owned.admitted[run.id] = run.command_offset
    return runs


async def load_runs(
    conn: Connection, owned: Owned, ids: Sequence[ExecutionId], plans: Plans
) -> list[Run]:
    """Those of ``ids`` that have not ended."""
    stored = await list_executions(conn, owned.partition, ids)
    return await _restored(conn, owned, stored, plans)


async def _restored(
    conn: Connection, owned: Owned, stored: Sequence[Stored], plans: Plans
) -> list[Run]:
    logs = await list_entries(conn, [s.origin.execution_id for s in stored])
    runs = []
    for one in stored:
        origin = one.origin
        run = Run(
            origin=origin,
            plan=await plans.get(origin.workflow_id, origin.workflow_version),
            event=decode_event(one.event),
            state=restore(logs[origin.execution_id]),
            owned=owned,
            command_offset=one.command_offset,
            has_timer=True,
            is_cancelled=one.is_cancelled,
        )
        runs.append(run)
    return runs
