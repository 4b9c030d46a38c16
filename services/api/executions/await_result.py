"""Waiting for an execution to be there, and for what it comes to."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiohttp import web

from services.api.executions.patience import Patience
from services.api.http.problems import NO_RESULT
from services.api.resources import RESOURCES, ApiResources
from shared.db.history import Execution, Result, find_result, get_execution
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId, ExecutionId
from shared.wire.strict_json import invalid

_FIRST_PAUSE_S: Final = 0.01
_PAUSE_S_MAX: Final = 0.5
_SLOWER: Final = 1.5


T = TypeVar("T")


async def await_result(
    request: web.Request,
    environment_id: EnvironmentId,
    execution_id: ExecutionId,
    wait_s: float,
) -> Result | None:
    """The result as soon as it is there; None after ``wait_s``.

    None also once the caller has hung up, and soon after the process is told to stop.
    An execution that is not there may be about to start, and is waited for as well. Raises Invalid
    (NO_RESULT) when it has ended without one.
    """
    resources = request.app[RESOURCES]
    return await awaited(request, lambda: _result(resources, environment_id, execution_id), wait_s)


async def await_execution(
    request: web.Request,
    environment_id: EnvironmentId,
    execution_id: ExecutionId,
    wait_s: float,
) -> Execution | None:
    """An execution that is about to start, as soon as it has; None as for ``await_result``."""
    resources = request.app[RESOURCES]
    return await awaited(request, lambda: _there(resources, environment_id, execution_id), wait_s)


async def awaited(
    request: web.Request, look: Callable[[], Awaitable[T | None]], wait_s: float
) -> T | None:
    """What ``look`` finds, as soon as it does; None as for ``await_result``."""
    clock, patience = request.app[RESOURCES].clock, Patience(request, wait_s)
    pause_s = _FIRST_PAUSE_S
    while (found := await look()) is None:
        left_s = patience.left_s()
        if left_s <= 0:
            return None
        await clock.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * _SLOWER, _PAUSE_S_MAX)
    return found


async def _there(
    resources: ApiResources, environment_id: EnvironmentId, execution_id: ExecutionId
) -> Execution | None:
    try:
        async with resources.tenant(environment_id) as conn:
            return await get_execution(conn, execution_id)
    except NotFound:
        return None


async def _result(
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
