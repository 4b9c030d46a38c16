"""Waiting for what an execution comes to."""

from typing import Final

from aiohttp import web

from services.api.http.problems import NO_RESULT
from services.api.resources import RESOURCES, ApiResources
from shared.db.history import Result, find_result, get_execution
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId, ExecutionId
from shared.wire.strict_json import invalid

_FIRST_PAUSE_S: Final = 0.05
_PAUSE_S_MAX: Final = 0.5
_SLOWER: Final = 1.5


async def await_result(
    request: web.Request,
    environment_id: EnvironmentId,
    execution_id: ExecutionId,
    wait_s: float,
) -> Result | None:
    """The result as soon as it is there; None after ``wait_s``, or once the caller has hung up.

    An execution that is not there may be about to start, and is waited for as well. Raises Invalid
    (NO_RESULT) when it has ended without one.
    """
    resources = request.app[RESOURCES]
    clock = resources.clock
    until, pause_s = clock.monotonic() + wait_s, _FIRST_PAUSE_S
    while (found := await _look(resources, environment_id, execution_id)) is None:
        left_s = until - clock.monotonic()
        if left_s <= 0 or _is_gone(request):
            return None
        await clock.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * _SLOWER, _PAUSE_S_MAX)
    return found


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _look(
    resources: ApiResources, environment_id: EnvironmentId, execution_id: ExecutionId
) -> Result | None:
    try:
        async with resources.tenant(environment_id) as conn:
            execution = await get_execution(conn, execution_id)
            found = await find_result(conn, execution_id)
    except NotFound:
        return None
    if found is None and execution.status.is_terminal:
        said = f"Execution {execution_id} is {execution.status} and has no result."
        raise invalid("", NO_RESULT, said)
    return found
