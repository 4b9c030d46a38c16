"""An execution that is cancelled while others are looked up hears it as soon as it comes."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

from services.executor.runs import Owned, Run, Word
from services.executor.sleepers import Sleepers
from shared.domain.ids import ExecutionId
from shared.wire.commands import Cancel


class _Coming:
    """Stands for a run that its timer brings back."""

    def __init__(self, id_: ExecutionId) -> None:
        self.id = id_
        self.origin = SimpleNamespace(environment="e")
        self.told: dict[int, Word] = {}

    def tell(self, offset: int, word: Word) -> None:
        self.told[offset] = word


async def test_one_that_comes_by_itself_hears_it_at_once() -> None:
    """A durable cancellation does not wait for a lookup of others: nothing more would begin."""
    owned = Owned(partition=0, epoch=1, consumed_offset=0, written_seq=0, emitted_seq=0)
    nothing = cast("Any", None)
    sleepers = Sleepers(
        nothing, nothing, nothing, owned={}, launch=nothing, shares=nothing, forget=nothing
    )
    run, other = _Coming(ExecutionId(uuid4())), _Coming(ExecutionId(uuid4()))
    cancel = Cancel(execution_id=run.id, reason="enough", requested_at=datetime.now(UTC))
    async with owned.waking:
        woken = asyncio.create_task(sleepers.wake(owned, {run.id: {7: cancel}}))
        while not owned.called:
            await asyncio.sleep(0)
        owned.come(cast("Run", run))
        owned.come(cast("Run", other))
        assert run.told == {7: cancel}
        assert other.told == {}
    assert await woken == frozenset()
    assert owned.called == {}


def test_who_calls_with_other_words_still_calls() -> None:
    """Two that tell the same execution something take back only their own."""
    owned = Owned(partition=0, epoch=1, consumed_offset=0, written_seq=0, emitted_seq=0)
    run = _Coming(ExecutionId(uuid4()))
    cancel = Cancel(execution_id=run.id, reason="enough", requested_at=datetime.now(UTC))
    with owned.calling({run.id: {8: cancel}}):
        with owned.calling({run.id: {7: cancel}}):
            pass
        owned.come(cast("Run", run))
    assert run.told == {8: cancel}
    assert owned.called == {}


def test_two_that_tell_the_same_both_call_until_they_leave() -> None:
    """A cancellation that was read ahead is told again in its turn, maybe during its lookup."""
    owned = Owned(partition=0, epoch=1, consumed_offset=0, written_seq=0, emitted_seq=0)
    run = _Coming(ExecutionId(uuid4()))
    cancel = Cancel(execution_id=run.id, reason="enough", requested_at=datetime.now(UTC))
    with ExitStack() as in_its_turn:
        with owned.calling({run.id: {7: cancel}}):
            in_its_turn.enter_context(owned.calling({run.id: {7: cancel}}))
        owned.come(cast("Run", run))
        assert run.told == {7: cancel}
    assert owned.called == {}
