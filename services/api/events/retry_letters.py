"""Trying dead letters again, or letting them go."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from services.api.note_changes import note
from services.api.resources import ApiResources
from shared.bus.portions import portions
from shared.bus.protocol import Record
from shared.db.audit import Change
from shared.db.dead_letters import (
    HEADER_BYTES_MAX,
    KeptLetter,
    absent,
    list_contents,
    take_letters,
)
from shared.domain.errors import Conflict, Unavailable
from shared.domain.principals import Caller

_TURN_WITHIN_S: Final = 30


async def retry_letters(
    resources: ApiResources, caller: Caller, letters: Sequence[KeptLetter]
) -> int:
    """Publish the records of letters again, where they stood; gives how many.

    The letters are gone then: a record that still cannot be used becomes another. Passed over are
    those that are not whole, and those that somebody else has taken. It is done in portions: when
    it raises Unavailable, some may be through.
    """
    whole = (kept for kept in letters if kept.is_whole)
    done = 0
    for some in portions(whole, lambda kept: kept.value_bytes + HEADER_BYTES_MAX):
        async with _in_turn(resources.retrying):
            done += await _retry(resources, caller, some)
    return done


async def _retry(resources: ApiResources, caller: Caller, letters: Sequence[KeptLetter]) -> int:
    by_id = {kept.id: kept for kept in letters}
    async with resources.tenant(caller.environment_id) as conn:
        held = await list_contents(conn, caller.environment_id, by_id)
        taken = await take_letters(conn, caller.environment_id, held)
        for id_ in taken:
            await note(resources, conn, caller, _change("retry", by_id[id_]))
        # Before the letters are gone for good: what fails between is published twice, never lost.
        await resources.bus.publish(
            [Record(kept.topic, *held[kept.id]) for kept in letters if kept.id in taken]
        )
    return len(taken)


@asynccontextmanager
async def _in_turn(lock: asyncio.Lock) -> AsyncIterator[None]:
    """One at a time: each holds a connection while it publishes, which may take another one."""
    try:
        async with asyncio.timeout(_TURN_WITHIN_S):
            await lock.acquire()
    except TimeoutError:
        raise Unavailable("Too many dead letters are being tried again.") from None
    try:
        yield
    finally:
        lock.release()


async def retry_letter(resources: ApiResources, caller: Caller, kept: KeptLetter) -> None:
    """As ``retry_letters``. Raises Conflict for one that is not whole, NotFound for a taken one."""
    if not kept.is_whole:
        raise Conflict("The record was too large to be kept whole: publish it anew at its source.")
    if not await retry_letters(resources, caller, [kept]):
        raise absent(kept.id)


async def discard_letters(
    resources: ApiResources, caller: Caller, letters: Sequence[KeptLetter]
) -> int:
    """Let letters go; gives how many were still there."""
    by_id = {kept.id: kept for kept in letters}
    async with resources.tenant(caller.environment_id) as conn:
        taken = await take_letters(conn, caller.environment_id, by_id)
        for id_ in taken:
            await note(resources, conn, caller, _change("discard", by_id[id_]))
    return len(taken)


def _change(action: str, kept: KeptLetter) -> Change:
    return Change(
        action=f"dead-letter.{action}",
        target=f"dead-letter:{kept.id}",
        before={"reason": kept.reason, "record": kept.record_id},
    )
