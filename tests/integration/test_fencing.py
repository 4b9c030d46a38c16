"""Only the current owner of a partition writes its executions."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.db.group import (
    Changed,
    Fence,
    Group,
    Heard,
    Started,
    TakenIn,
    Timer,
    Waiting,
    Written,
)
from shared.db.ledger import commit_group
from shared.db.pool import Pool
from shared.db.recovery import claim
from shared.domain.causes import Cause
from shared.domain.decide import begin
from shared.domain.executions import Attempt, AttemptStatus
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, ExecutionId, StepId, WorkflowId
from shared.domain.plans import Plan
from shared.domain.steps import Step
from shared.domain.workflows import Dialect
from shared.wire.results import Origin
from shared.wire.topics import Topics
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.works import (
    NOTE,
    all_ended,
    check_history,
    open_works,
    start,
    statuses,
    until,
    workflow,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAN = Plan(
    workflow_id=WorkflowId(uuid4()),
    version=1,
    name="w",
    dialect=Dialect.NATIVE,
    steps=(Step(id="a", action="transform"),),
)
PLAN_WITHOUT_STEPS = replace(PLAN, steps=())
ASKING = Attempt(
    step_id=StepId("ask"),
    number=1,
    status=AttemptStatus.WAITING,
    started_at=NOW,
    ended_at=NOW,
    output={"kind": "approval", "approver": {"type": "anyone", "id": None}},
)


class ElsewhereTopics(Topics):
    """The same topics, read in groups of their own: so each reader owns all partitions."""

    def group(self, role: str) -> str:
        return f"elsewhere.{role}"


def fence(partition: int, epoch: int, *, seq: int = 1) -> Fence:
    """A fence that moves every cursor."""
    return Fence(
        partition=partition,
        epoch=epoch,
        consumed_offset=7,
        active_offset=7,
        written_seq=seq,
        emitted_seq=seq,
    )


def admit(group: Group, partition: int) -> ExecutionId:
    """Add a new execution, its timer, a command for it and a step that waits to ``group``."""
    id_ = ExecutionId(uuid4())
    origin = Origin(
        execution_id=id_,
        workflow_id=PLAN.workflow_id,
        workflow_version=1,
        environment_id=DEFAULT_ENVIRONMENT,
        event_key=EventKey(id_),
        cause=Cause(root=EventKey(id_), depth=0, path=(PLAN.workflow_id,)),
    )
    first = begin(PLAN, NOW)
    group.started[id_] = Started(
        origin=origin,
        partition=partition,
        command_offset=6,
        event_json="{}",
        created_at=NOW,
        state=first.state,
        at=NOW,
    )
    group.written.append(
        Written(
            partition=partition,
            seq=1,
            origin=origin,
            entry=first.entries[0],
            at=NOW,
            is_first=True,
        )
    )
    group.wake(Timer(partition=partition, execution_id=id_, due_at=NOW))
    group.heard.append(Heard(partition, id_, 7, "{}"))
    group.wait(Waiting(partition, id_, ASKING.step_id, DEFAULT_ENVIRONMENT, ASKING))
    return id_


async def dump(pool: Pool) -> list[object]:
    """All that a group commit may change."""
    tables = ("partition_owners", "executions", "execution_log", "timers", "inbox", "waits")
    return [await pool.fetch(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


async def test_epochs_ascend_and_cursors_stay(pool: Pool) -> None:
    """Each claim gives a higher epoch and the cursors that the last owner left."""
    async with pool.acquire() as conn:
        first = await claim(conn, 3, owner="a", now=NOW)
        await commit_group(conn, Group(fences=[fence(3, first.epoch)]))
        second = await claim(conn, 3, owner="b", now=NOW)
    assert second.epoch > first.epoch
    assert (second.consumed_offset, second.written_seq, second.emitted_seq) == (7, 1, 1)


async def test_a_commit_that_says_less_takes_nothing_back(pool: Pool) -> None:
    """What counts as consumed stays so: the commands before it were durable with it."""
    async with pool.acquire() as conn:
        owned = await claim(conn, 3, owner="a", now=NOW)
        later = fence(3, owned.epoch)
        for given in (later, later._replace(consumed_offset=5)):
            committed = await commit_group(conn, Group(fences=[given]))
            assert committed.partitions == {3}
        assert (await claim(conn, 3, owner="b", now=NOW)).consumed_offset == 7


async def test_a_group_under_an_old_epoch_changes_nothing(pool: Pool) -> None:
    """Neither cursors, executions, log, timers, commands nor waits; its sibling goes through."""
    async with pool.acquire() as conn:
        lost = await claim(conn, 1, owner="zombie", now=NOW)
        await claim(conn, 1, owner="heir", now=NOW)
        before = await dump(pool)
        alone = Group(fences=[fence(1, lost.epoch)])
        admit(alone, 1)
        committed = await commit_group(conn, alone)
        assert (committed.partitions, committed.started) == (frozenset(), frozenset())
        assert await dump(pool) == before

        kept = await claim(conn, 2, owner="zombie", now=NOW)
        both = Group(fences=[fence(1, lost.epoch), fence(2, kept.epoch)])
        admit(both, 1)
        new = admit(both, 2)
        committed = await commit_group(conn, both)
    assert (committed.partitions, committed.started) == (frozenset({2}), frozenset({new}))
    assert await pool.fetchval("SELECT array_agg(partition) FROM execution_log") == [2]
    for table in ("timers", "inbox", "waits"):
        assert await pool.fetchval(f"SELECT array_agg(execution_id) FROM {table}") == [new]


async def test_the_first_entries_of_what_is_there_are_not_written_again(pool: Pool) -> None:
    """A repeat of a start gives no new execution, and the log keeps the entries of the first."""
    async with pool.acquire() as conn:
        owned = await claim(conn, 3, owner="a", now=NOW)
        group = Group(fences=[fence(3, owned.epoch)])
        admit(group, 3)
        await commit_group(conn, group)
        before = await dump(pool)
        group.written = [row._replace(seq=2) for row in group.written]
        again = await commit_group(conn, group)
    assert not again.started
    assert await dump(pool) == before


@pytest.mark.parametrize("order", [1, -1])
async def test_a_repeated_start_leaves_the_timer_that_comes_with_it_alone(
    pool: Pool, order: int
) -> None:
    """In one group with the execution's own, the timer of a start counts only if that is new."""
    async with pool.acquire() as conn:
        owned = await claim(conn, 3, owner="a", now=NOW)
        first = Group(fences=[fence(3, owned.epoch)])
        asleep = admit(first, 3)
        await commit_group(conn, first)
        group = Group(fences=[fence(3, owned.epoch, seq=2)], started=dict(first.started))
        held = admit(group, 3)
        group.written.clear()
        timers = [
            Timer(3, asleep, NOW + HOUR),
            Timer(3, asleep, NOW, is_first=True),
            Timer(3, held, None),  # a word came before its start: the execution was not there
            Timer(3, held, NOW, is_first=True),
        ]
        group.timers.clear()
        for timer in timers[::order]:
            group.wake(timer)
        committed = await commit_group(conn, group)
    assert committed.started == {held}
    assert {r["execution_id"]: r["due_at"] for r in await pool.fetch("SELECT * FROM timers")} == {
        asleep: NOW + HOUR,
        held: NOW,
    }


LATE = ["changed", "slept", "woken", "heard", "taken_in", "waiting", "passed"]


@pytest.mark.parametrize("what", LATE)
async def test_an_old_epoch_moves_nothing_of_an_execution(pool: Pool, what: str) -> None:
    """Neither its row nor its timer, what it was told, and what it waits for."""
    async with pool.acquire() as conn:
        lost = await claim(conn, 1, owner="zombie", now=NOW)
        group = Group(fences=[fence(1, lost.epoch)])
        id_ = admit(group, 1)
        await commit_group(conn, group)
        await claim(conn, 1, owner="heir", now=NOW)
        before = await dump(pool)
        late = Group(fences=[fence(1, lost.epoch, seq=2)])
        match what:
            case "changed":
                state = begin(PLAN_WITHOUT_STEPS, NOW).state
                late.change(Changed(partition=1, execution_id=id_, at=NOW, state=state))
            case "slept":
                late.wake(Timer(partition=1, execution_id=id_, due_at=datetime.now(UTC)))
            case "woken":
                late.wake(Timer(partition=1, execution_id=id_, due_at=None))
            case "heard":
                late.heard.append(Heard(1, id_, 8, "{}"))
            case "taken_in":
                late.taken_in.append(TakenIn(1, id_, 7))
            case "waiting":
                asked = replace(ASKING, number=2)
                late.wait(Waiting(1, id_, ASKING.step_id, DEFAULT_ENVIRONMENT, asked))
            case _:
                late.wait(Waiting(1, id_, ASKING.step_id, DEFAULT_ENVIRONMENT))
        await commit_group(conn, late)
    assert await dump(pool) == before


async def test_a_zombie_is_fenced_and_comes_back_as_an_heir(database: str) -> None:
    """A step that ends after the partitions were lost is not recorded; the role starts anew."""
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        flow = await works.register(workflow(NOTE, receiver.step(), {**NOTE, "id": "last"}))
        await start(works, flow, 8)
        await until(works.pool, "SELECT count(*) FROM execution_log WHERE step_id = 'note'", 8)
        async with works.pool.acquire() as conn:
            epochs = [
                (await claim(conn, p, owner="other", now=datetime.now(UTC))).epoch for p in range(4)
            ]
        receiver.gate.set()
        await all_ended(works.pool, 8)
        assert works.metric("turnout_partitions_fenced_total") > 0
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        assert len(set(receiver.keys)) == 8
        await until(works.pool, "SELECT count(*) FROM partition_owners WHERE owner = 'other'", 0)
        now_owned = await works.pool.fetch("SELECT epoch FROM partition_owners ORDER BY partition")
        assert all(row["epoch"] > epoch for row, epoch in zip(now_owned, epochs, strict=True))
        await check_history(works)


async def test_two_executors_that_both_think_they_own_all_harm_nothing(database: str) -> None:
    """They fence each other for a while; every execution runs to its one end all the same."""
    async with open_receiver() as receiver, open_works(database) as works:
        flow = await works.register(workflow(NOTE, receiver.step(), {**NOTE, "id": "last"}))
        async with open_works(database, topics=ElsewhereTopics(), member="two") as other:
            await until(works.pool, "SELECT count(*) > 0 FROM partition_owners WHERE owner = 'two'")
            for _ in range(15):
                await start(works, flow, 10)
                await asyncio.sleep(0.1)  # load goes on while the epochs change hands
            await until(works.pool, "SELECT count(*) FROM executions", 150)
            fenced = "turnout_partitions_fenced_total"
            await eventually(lambda: works.metric(fenced) + other.metric(fenced) > 0)
        await all_ended(works.pool, 150)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        await check_history(works)
