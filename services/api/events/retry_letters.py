"""Trying dead letters again, or letting them go."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from services.api.note_changes import note
from services.api.resources import ApiResources
from shared.bus.protocol import Record
from shared.db.audit import Change
from shared.db.dead_letters import KeptLetter, take_letters
from shared.domain.errors import Conflict, NotFound, Unavailable
from shared.domain.principals import Caller

_TURN_WITHIN_S: Final = 30


async def retry_letters(
    resources: ApiResources, caller: Caller, letters: Sequence[KeptLetter]
) -> int:
    """Publish the records of letters again, where they stood; gives how many.

    The letters are gone then: a record that still cannot be used becomes another. Passed over are
    those that are not whole, and those that somebody else has taken. Raises Unavailable.
    """
    whole = {kept.id: kept for kept in letters if kept.is_whole}
    async with _in_turn(resources.retrying), resources.tenant(caller.environment_id) as conn:
        taken = await take_letters(conn, caller.environment_id, whole)
        for id_ in taken:
            await note(resources, conn, caller, _change("retry", whole[id_]))
        # Before the letters are gone for good: what fails between is published twice, never lost.
        await resources.bus.publish([_record(whole[id_]) for id_ in whole if id_ in taken])
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
        raise NotFound(f"There is no dead letter {kept.id}.")


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


def _record(kept: KeptLetter) -> Record:
    letter = kept.letter
    return Record(topic=letter.topic, key=letter.key, value=letter.value, headers=letter.headers)


def _change(action: str, kept: KeptLetter) -> Change:
    return Change(
        action=f"dead-letter.{action}",
        target=f"dead-letter:{kept.id}",
        before={"reason": kept.letter.reason, "record": kept.letter.record_id},
    )
