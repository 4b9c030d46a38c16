"""Runs as Altostrat's routes need them: found, and told whole."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from services.api.dialects.altostrat.documents import AltostratRun
from services.api.dialects.altostrat.runs import RunParts, render_logs, render_pending, render_run
from services.api.executions.await_result import await_execution
from services.api.resources import RESOURCES
from shared.db.altostrat_runs import list_asking, list_payloads
from shared.db.history import Execution, list_entries
from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId, ExecutionId, WorkflowId
from shared.domain.workflows import Workflow
from shared.wire.envelope import stamp

THERE_WITHIN_S: Final = 3.0
"""How long is waited for a run that has been asked for to be there."""
LOGS_MAX: Final = 1_000


async def tell_run(conn: Connection, execution: Execution, workflow: Workflow) -> AltostratRun:
    """A run with its log, of which the first ``LOGS_MAX`` lines."""
    entries = await list_entries(conn, execution.id, after=0, limit=LOGS_MAX)
    [told] = await tell_runs(conn, [execution])
    return {**told, "logs": list(render_logs(execution.id, workflow, entries))}


async def tell_runs(conn: Connection, executions: Sequence[Execution]) -> list[AltostratRun]:
    """Runs without their logs."""
    ids = [execution.id for execution in executions]
    payloads, asking = await list_payloads(conn, ids), await list_asking(conn, ids)
    return [
        render_run(one, RunParts(payload=payloads.get(one.id), asks=one.id in asking))
        for one in executions
    ]


async def tell_new_run(
    request: web.Request,
    environment_id: EnvironmentId,
    started: tuple[ExecutionId, WorkflowId],
    payload: Any,
) -> AltostratRun:
    """A run that was just asked for, as it stands a moment later: pending if it is not there."""
    resources, (execution_id, workflow_id) = request.app[RESOURCES], started
    execution = await await_execution(request, environment_id, execution_id, THERE_WITHIN_S)
    if execution is None:
        return render_pending(execution_id, workflow_id, payload, stamp(resources.clock.now()))
    async with resources.tenant(environment_id) as conn:
        [told] = await tell_runs(conn, [execution])
    return told
