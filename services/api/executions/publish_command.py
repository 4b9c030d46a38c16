"""Putting a command where the owner of its execution reads it."""

from collections.abc import Iterable

from services.api.resources import ApiResources
from shared.bus.protocol import Record
from shared.domain.ids import ExecutionId
from shared.wire.envelope import HEADERS


async def publish_command(
    resources: ApiResources, execution_id: ExecutionId, command: bytes
) -> None:
    """On return the command is durable. Raises Unavailable: it may be sent again then."""
    await publish_commands(resources, [(execution_id, command)])


async def publish_commands(
    resources: ApiResources, commands: Iterable[tuple[ExecutionId, bytes]]
) -> None:
    """As ``publish_command``, of several."""
    topic = resources.topics.commands
    await resources.bus.publish(
        [
            Record(topic=topic, key=str(id_).encode(), value=value, headers=HEADERS)
            for id_, value in commands
        ]
    )
