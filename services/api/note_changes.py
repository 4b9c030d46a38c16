"""Noting what callers change."""

from dataclasses import replace

from services.api.resources import ApiResources
from shared.db.audit import Change, Noted, note_change
from shared.db.idempotency import mark_done
from shared.db.pool import Connection
from shared.domain.principals import Caller


async def note(resources: ApiResources, conn: Connection, caller: Caller, change: Change) -> None:
    """Write a change down, in the transaction of ``conn``: it stands or falls with it.

    A request with an Idempotency-Key is marked as done. Raises Conflict when it lost its key.
    """
    noted = Noted(id=resources.new_id(), at=resources.clock.now(), caller=caller, change=change)
    await note_change(conn, noted)
    if caller.held is not None:
        await mark_done(conn, caller.held, change.target)


async def note_command(resources: ApiResources, caller: Caller, change: Change) -> None:
    """Write down a command that is about to be sent; ``change`` is then what was asked for.

    It does not mark the request as done: the command may yet fail to be sent, and does no harm when
    it is sent again.
    """
    async with resources.tenant(caller.environment_id) as conn:
        await note(resources, conn, replace(caller, held=None), change)
