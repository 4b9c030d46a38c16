"""The offset that goes with a commit never falls, in whatever order commands become durable.

A cancellation that is read behind starts for which there is no room is admitted by itself, with the
offset of the moment; when it is committed, that may have moved on.
"""

import asyncio

from services.executor.rows import Admission, Batch
from services.executor.runs import Owned


def owned_up_to(offset: int) -> Owned:
    """A partition whose commands before ``offset`` are durable."""
    return Owned(partition=3, epoch=1, consumed_offset=offset, written_seq=0, emitted_seq=0)


async def test_of_two_admissions_in_a_group_the_further_counts() -> None:
    """Also when the one that was read first comes last."""
    owned, batch = owned_up_to(5), Batch()
    for offset in (9, 5):
        batch.add(
            Admission(
                owned=owned,
                offset=offset,
                started=(),
                heard=(),
                changed=(),
                timers=(),
                done=asyncio.get_running_loop().create_future(),
            )
        )
    assert batch.offsets == {3: 9}


def test_an_admission_from_before_takes_nothing_back() -> None:
    """Neither the offset nor from where a successor looks; a later one moves both."""
    owned = owned_up_to(7)
    found = [owned.fence(offset) for offset in (None, 5, 9)]
    assert [(f.consumed_offset, f.active_offset) for f in found] == [(7, 7), (7, 7), (9, 9)]
