"""What an execution is told counts once: not again, not after its end, and first comes first."""

from datetime import timedelta

import pytest

from services.executor.runs import Run, Word
from shared.db.group import Changed, Group, Heard
from shared.db.ledger import commit_group
from shared.db.pool import Pool
from shared.db.recovery import claim
from shared.domain.decide import begin
from shared.domain.ids import ExecutionId
from shared.domain.signals import Resume, Suspend
from tests.integration.test_fencing import NOW, PLAN_WITHOUT_STEPS, admit, fence
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import (
    NOTE,
    all_ended,
    check_history,
    open_works,
    say,
    start,
    until,
    workflow,
)

TOLD = "SELECT count(*) FROM execution_log WHERE phases = '{{{}}}'"
CANCELLED = "SELECT cancel_requested_at, cancel_reason FROM executions"


async def test_what_was_taken_in_changes_nothing_when_it_comes_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An execution that is brought back finds its commands, and may be told them as well."""
    tell, told = Run.tell, list[tuple[Run, int, Word]]()

    def listen(run: Run, offset: int, word: Word) -> None:
        told.append((run, offset, word))
        tell(run, offset, word)

    monkeypatch.setattr(Run, "tell", listen)
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        flow = await works.register(workflow(receiver.step(), NOTE))
        [id_] = await start(works, flow)
        await eventually(lambda: bool(receiver.keys))  # hence it stays, suspended or not
        for signal, phase in ((Suspend(), "suspended"), (Resume(), "resumed")):
            await say(works, id_, signal)
            await until(works.pool, TOLD.format(phase), 1)
        [(run, offset, word), (same, *_)] = told
        assert run is same
        tell(run, offset, word)
        receiver.gate.set()
        await all_ended(works.pool, 1)
        assert await works.pool.fetchval(TOLD.format("suspended")) == 1
        await check_history(works)


async def test_what_has_ended_keeps_no_command(pool: Pool) -> None:
    """Also one that ends with the commit that brings the command."""
    async with pool.acquire() as conn:
        epoch = (await claim(conn, 1, owner="a", now=NOW)).epoch
        group, ended = ending(epoch)
        group.heard = [Heard(1, ended, 7, "{}")]
        await commit_group(conn, group)
        late = Group(fences=[fence(1, epoch, seq=2)], heard=[Heard(1, ended, 8, "{}")])
        await commit_group(conn, late)
    assert await pool.fetchval("SELECT count(*) FROM inbox") == 0


async def test_the_first_cancellation_stays(pool: Pool) -> None:
    """Who asks again neither asked first nor says why."""
    async with pool.acquire() as conn:
        epoch = (await claim(conn, 1, owner="a", now=NOW)).epoch
        group = Group(fences=[fence(1, epoch)])
        id_ = admit(group, 1)
        await commit_group(conn, group)
        for seq, reason in enumerate(("first", "second"), start=2):
            asked = Group(fences=[fence(1, epoch, seq=seq)])
            at = NOW + timedelta(seconds=seq)
            asked.change(Changed(1, id_, at, cancel_requested_at=at, cancel_reason=reason))
            await commit_group(conn, asked)
    row = await pool.fetchrow(CANCELLED)
    assert tuple(row or ()) == (NOW + timedelta(seconds=2), "first")


def ending(epoch: int) -> tuple[Group, ExecutionId]:
    """A group that admits an execution which ends at once."""
    group = Group(fences=[fence(1, epoch)])
    id_ = admit(group, 1)
    state = begin(PLAN_WITHOUT_STEPS, NOW).state
    group.started[id_] = group.started[id_]._replace(state=state)
    return group, id_
