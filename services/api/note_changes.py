"""Noting what callers change."""

from services.api.resources import ApiResources
from shared.db.audit import Change, Noted, note_change
from shared.db.pool import Connection
from shared.domain.principals import Caller


async def note(resources: ApiResources, conn: Connection, caller: Caller, change: Change) -> None:
    """Write a change down, in the transaction of ``conn``: it stands or falls with it."""
    noted = Noted(id=resources.new_id(), at=resources.clock.now(), caller=caller, change=change)
    await note_change(conn, noted)


async def note_command(resources: ApiResources, caller: Caller, change: Change) -> None:
    """Write down a command that is about to be sent; ``change`` is then what was asked for."""
    async with resources.tenant(caller.environment_id) as conn:
        await note(resources, conn, caller, change)
