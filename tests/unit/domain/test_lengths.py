"""How long a history may get, and what follows once it is full."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import decide
from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase, Status
from shared.domain.ids import StepId, item_key
from shared.domain.lengths import HISTORY_MAX
from shared.domain.outcomes import ErrorKind, Parked, Wait, WaitKind
from shared.domain.plans import Plan
from shared.domain.readiness import todo
from shared.domain.steps import Body, Compensation, Iterator, Retry
from shared.domain.values import Value
from tests.unit.domain.graphs import flow, step
from tests.unit.domain.happenings import BAD, BUSY, GOOD
from tests.unit.domain.life import START, Life, begun, keys

A, B, C = StepId("a"), StepId("b"), StepId("c")
UNDO = Compensation(action="transform", retry=Retry(max_attempts=3, initial_interval_s=1, jitter=0))
BEGUN = 1
"""An execution begins with one entry."""


def limited(plan: Plan, history_max: int) -> Plan:
    """The same with a history of so many entries."""
    return replace(plan, history_max=history_max)


def loop(step_id: str) -> Iterator:
    """What makes an iterator of a step."""
    return Iterator(items=Value(), body=Body(action=step_id), concurrency=2)


def items(count: int) -> Parked:
    """What an iterator of so many items waits for."""
    return Parked(wait=Wait(kind=WaitKind.ITEMS, data={"items": list(range(count))}))


def test_the_last_entry_there_may_be_can_be_the_end() -> None:
    """What ends with its last entry completes; the same with one step more fails before that."""
    three = flow(step("a"), step("b"), step("c"))
    assert begun(limited(three, BEGUN + 3), a=GOOD, b=GOOD, c=GOOD).state.status is Status.COMPLETED
    life = begun(limited(three, BEGUN + 2), a=GOOD, b=GOOD)
    assert life.state.status is Status.FAILED
    assert [entry.phases for entry in life.log[-2:]] == [(), (Phase.FAILED,)]
    assert len(life.log) == BEGUN + 2 + 1
    error = life.state.error
    assert error is not None
    assert (error.kind, error.retryable) == (ErrorKind.HISTORY, False)
    assert error.message == (
        "The execution has 3 entries in its history; at most 3 are allowed."
        " Split the work into workflows that start each other."
    )


@pytest.mark.parametrize("history_max", range(1, 12))
def test_a_recovered_execution_decides_as_one_that_never_stopped(history_max: int) -> None:
    """Lost at any entry, between any two attempts, it comes to the same log."""
    retry = Retry(max_attempts=4, initial_interval_s=1, backoff=1, jitter=0)
    plan = flow(
        step("a", compensation=UNDO), step("b", retry=retry), step("c", on_failure="compensate")
    )

    def lived(*, crashes: bool) -> Sequence[Entry]:
        life = Life(limited(plan, history_max), None)
        for outcome in (GOOD, BUSY, BUSY, GOOD, BAD, BUSY, GOOD):
            if crashes:
                life.crash()
            life.wait(life.now + timedelta(seconds=1))
            life.start()
            for key in tuple(life.underway)[:1]:
                life.finish(key, outcome)
        life.complete()
        return life.log

    assert lived(crashes=True) == lived(crashes=False)


def test_what_is_under_way_ends_and_is_undone_with_the_rest() -> None:
    """Undoing goes on beyond the limit, with its retries; nothing else begins."""
    plan = limited(flow(step("a", compensation=UNDO), step("b"), step("c")), BEGUN + 1)
    life = begun(plan, a=GOOD)
    begins = life.log[-1]
    assert begins.phases == (Phase.COMPENSATING,)
    assert begins.error is not None
    assert begins.error.kind is ErrorKind.HISTORY
    for outcome in (BUSY, BUSY, GOOD):
        assert keys(life) == ["a!"]
        life.start()
        life.finish(StepId("a!"), outcome)
        life.wait(life.now + timedelta(seconds=10))
    assert life.state.status is Status.FAILED
    assert life.log[-1].phases == (Phase.COMPENSATED, Phase.FAILED)
    assert life.state.error == begins.error


def test_what_could_not_be_undone_is_told_beside_the_history() -> None:
    """The error says both, as after any failure."""
    once = UNDO.model_copy(update={"retry": Retry(max_attempts=1)})
    plan = limited(flow(step("a", compensation=once), step("b")), BEGUN + 1)
    life = begun(plan, a=GOOD, **{"a!": BAD})
    assert life.state.error is not None
    assert life.state.error.kind is ErrorKind.COMPENSATION
    assert "2 entries in its history" in life.state.error.message
    assert "And 'a' could not be undone" in life.state.error.message


def test_a_loop_under_way_alone_leaves_nothing_to_wait_for() -> None:
    """Its items are broken off and written down, and the end comes in the same transition."""
    plan = limited(
        flow(step("a", kind="iterator", action=None, iterator=loop("act")), step("b")), BEGUN + 3
    )
    life = begun(plan, a=items(1_000))
    life.start()
    life.finish(item_key("a", 0), GOOD)
    life.start()
    assert set(life.underway) == {item_key("a", 1), item_key("a", 2)}
    life.finish(item_key("a", 1), GOOD)
    last = [entry.attempt and entry.attempt.status for entry in life.log[-2:]]
    assert last == [AttemptStatus.CANCELLED, None]
    assert life.log[-1].phases == (Phase.FAILED,)
    assert not life.underway


def test_what_is_inherited_counts() -> None:
    """An execution that takes over more than it may have fails in its first transition."""
    plan = flow(step("a"), step("b"), step("c"))
    taken = list(begun(plan, a=GOOD, b=GOOD).state.settled.values())
    first = decide.begin(limited(plan, BEGUN + 2), START, inherited=taken)
    assert first.state.status is Status.FAILED
    assert first.runs == ()
    assert decide.begin(limited(plan, BEGUN + 3), START, inherited=taken).runs


def test_an_execution_that_has_more_already_fails_at_its_next_turn() -> None:
    """A limit that was lowered meanwhile counts from the next thing that happens."""
    plan = flow(step("a"), step("b"), step("c"), step("d"))
    log = begun(plan, a=GOOD, b=GOOD).log
    life = Life(plan, None)
    life.log, life.plan = list(log), limited(plan, 2)
    life.state = decide.restore(life.plan, log)
    assert keys(life) == [C]
    (done,) = todo(life.plan, life.state, START).runs
    then = decide.apply(life.plan, life.state, done, GOOD, started_at=START, now=START, chance=0)
    assert then.state.status is Status.FAILED
    assert then.state.error is not None
    assert "4 entries" in then.state.error.message


def test_a_history_at_its_limit_is_restored_in_linear_time() -> None:
    """Twenty times as long a log is not a hundred times as dear."""
    loops = [step(f"s{n}", kind="iterator", action=None, iterator=loop("act")) for n in range(50)]
    plan = flow(*loops)

    def spent_s(count: int) -> float:
        log = list(_settled(count))
        began_s = time.process_time()
        assert len(decide.restore(plan, log).settled) == count
        return time.process_time() - began_s

    assert spent_s(HISTORY_MAX) < 100 * max(spent_s(HISTORY_MAX // 20) for _ in range(3))


def _settled(count: int) -> Sequence[Entry]:
    log = [Entry(1, None, (Phase.CREATED, Phase.STARTED))]
    for index in range(count):
        key = item_key(f"s{index // 1_000}", index % 1_000)
        log.append(
            Entry(index + 2, Attempt(key, 1, AttemptStatus.COMPLETED, START, START, {}, index))
        )
    return log
