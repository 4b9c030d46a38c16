"""What paths name: finding a run, and how it stands."""

from typing import Final

from aiohttp import web

from services.api.dialects.find_run import find_run
from services.api.dialects.sixtyfour.runs import Seen
from services.api.dialects.sixtyfour.workflows import graph_of
from services.api.executions.restore_execution import current_steps, restore_execution
from services.api.http.parameters import is_plain
from services.api.resources import ApiResources
from shared.db.pool import Connection
from shared.db.waits import WaitFilter, list_waits
from shared.domain.errors import NotFound
from shared.domain.ids import ExecutionId, split_key
from shared.domain.workflows import Dialect

_WAITS_MAX: Final = 200


def text_in(request: web.Request, part: str) -> str:
    """A ``part`` of the path. Raises NotFound for what is no text."""
    written = request.match_info[part]
    if not is_plain(written):
        raise NotFound("There is no such thing.")
    return written


async def see_run(resources: ApiResources, conn: Connection, run_id: ExecutionId) -> Seen:
    """A run as it stands. Raises NotFound."""
    execution, version = await find_run(conn, run_id, Dialect.SIXTYFOUR)
    restored = await restore_execution(conn, execution)
    which = WaitFilter(environment_id=execution.environment_id, execution_id=run_id)
    waits = await list_waits(conn, which, limit=_WAITS_MAX)
    is_over = execution.status.is_terminal
    current = [] if is_over else current_steps(restored, resources.clock.now())
    return Seen(
        execution=execution,
        graph=graph_of(version),
        restored=restored,
        current={split_key(step.key).step_id: step for step in current},
        progress={wait.step_id: wait.progress for wait in waits},
    )
