"""Asking the owner of an execution to end it."""

from services.api.resources import ApiResources
from shared.bus.protocol import Record
from shared.db.history import Execution, get_execution
from shared.domain.errors import Conflict
from shared.domain.ids import ExecutionId
from shared.wire.commands import Cancel, encode_cancel


async def cancel_execution(
    resources: ApiResources, execution_id: ExecutionId, reason: str | None
) -> Execution:
    """Send the command; on return it is durable. The execution as it stood before.

    Raises NotFound, Conflict when it has ended, Unavailable.
    """
    async with resources.connection() as conn:
        execution = await get_execution(conn, execution_id)
    if execution.status.is_terminal:
        raise Conflict(f"Execution {execution_id} has ended: it is {execution.status}.")
    command = Cancel(execution_id=execution_id, reason=reason, requested_at=resources.clock.now())
    record = Record(
        topic=resources.topics.commands,
        key=str(execution_id).encode(),
        value=encode_cancel(command),
    )
    await resources.bus.publish([record])
    return execution
