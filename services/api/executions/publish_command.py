"""Putting a command where the owner of its execution reads it."""

from services.api.resources import ApiResources
from shared.bus.protocol import Record
from shared.domain.ids import ExecutionId
from shared.wire.envelope import HEADERS


async def publish_command(
    resources: ApiResources, execution_id: ExecutionId, command: bytes
) -> None:
    """On return the command is durable. Raises Unavailable: it may be sent again then."""
    record = Record(
        topic=resources.topics.commands,
        key=str(execution_id).encode(),
        value=command,
        headers=HEADERS,
    )
    await resources.bus.publish([record])
