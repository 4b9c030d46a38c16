"""Telling an execution to end, to pause, or to go on."""

from collections.abc import Mapping
from typing import Any

from services.api.executions.publish_command import publish_command
from services.api.note_changes import note_command
from services.api.resources import ApiResources
from shared.db.audit import Change
from shared.db.history import Execution, get_execution
from shared.domain.errors import Conflict
from shared.domain.executions import Status
from shared.domain.ids import ExecutionId
from shared.domain.principals import Caller
from shared.domain.signals import Resume, Suspend
from shared.wire.commands import Cancel, Tell, encode_cancel, encode_tell


async def cancel_execution(
    resources: ApiResources, caller: Caller, execution_id: ExecutionId, reason: str | None
) -> Execution:
    """Send the command; on return it is durable. The execution as it stood before.

    Asked again, the first reason stays. Raises NotFound, Unavailable, and Conflict when it has
    ended or undoes its steps.
    """
    execution = await _under_way(resources, caller, execution_id)
    command = Cancel(execution_id=execution_id, reason=reason, requested_at=resources.clock.now())
    change = _change("cancel", execution, {"reason": reason})
    await note_command(resources, caller, change)
    await publish_command(resources, execution_id, encode_cancel(command))
    return execution


async def tell_execution(
    resources: ApiResources, caller: Caller, execution_id: ExecutionId, signal: Suspend | Resume
) -> Execution:
    """As ``cancel_execution``, for a signal; one that changes nothing is sent all the same.

    What is stored may be older than a command that is on its way: only its owner knows whether
    there is something to change.
    """
    execution = await _under_way(resources, caller, execution_id)
    tell = Tell(
        execution_id=execution_id,
        signal=signal,
        tell_id=str(resources.new_id()),
        at=resources.clock.now(),
    )
    action = "suspend" if isinstance(signal, Suspend) else "resume"
    await note_command(resources, caller, _change(action, execution))
    await publish_command(resources, execution_id, encode_tell(tell))
    return execution


def _change(action: str, execution: Execution, asked: Mapping[str, Any] | None = None) -> Change:
    return Change(
        action=f"execution.{action}",
        target=f"execution:{execution.id}",
        before={"status": execution.status},
        after=asked,
    )


async def _under_way(
    resources: ApiResources, caller: Caller, execution_id: ExecutionId
) -> Execution:
    async with resources.tenant(caller.environment_id) as conn:
        execution = await get_execution(conn, execution_id)
    if execution.status.is_terminal:
        raise Conflict(f"Execution {execution_id} has ended: it is {execution.status}.")
    if execution.status is Status.COMPENSATING:
        raise Conflict(f"Execution {execution_id} undoes its steps; that it finishes.")
    return execution
