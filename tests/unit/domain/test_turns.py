"""Turns that executions take, one by one: what is easily got wrong."""

from datetime import timedelta
from uuid import UUID

import pytest

from shared.domain import decide
from shared.domain.executions import AttemptStatus, Phase, Status
from shared.domain.ids import StepId
from shared.domain.outcomes import Completed, ErrorKind, Parked, Wait, WaitKind
from shared.domain.signals import Decided, Resume, Suspend, TaskEnded
from shared.domain.steps import Compensation, Retry
from tests.unit.domain.graphs import beside, flow, step
from tests.unit.domain.happenings import BAD, BUSY, FINAL, GOOD
from tests.unit.domain.life import START, Life, begun, keys

A, B = StepId("a"), StepId("b")
TWICE = Retry(max_attempts=2, initial_interval_s=1, jitter=0)
UNDO = Compensation(action="transform", retry=TWICE)
TASK = Parked(
    wait=Wait(kind=WaitKind.TASK, data={"timeout_s": 60.0}),
    wake_at=START + timedelta(seconds=60),
)
ASK = Parked(wait=Wait(kind=WaitKind.APPROVAL, data={"on_timeout": "fail"}))


def test_an_execution_without_steps_ends_as_it_begins() -> None:
    """Its first entry is also its last."""
    first = decide.begin(flow(), START)
    assert first.state.status is Status.COMPLETED
    assert [entry.phases for entry in first.entries] == [
        (Phase.CREATED, Phase.STARTED, Phase.COMPLETED)
    ]


def test_the_end_breaks_off_all_that_is_under_way() -> None:
    """Each is written down before the entry that ends the execution."""
    life = begun(beside(), a=BAD)
    assert life.state.status is Status.FAILED
    assert [entry.attempt.status for entry in life.log[1:] if entry.attempt] == [
        AttemptStatus.CANCELLED,
        AttemptStatus.CANCELLED,
        AttemptStatus.FAILED,
    ]
    assert life.state.error == FINAL


def test_terminate_ends_its_neighbours_too() -> None:
    """What it gave is the result, whatever else was still to come."""
    life = begun(beside(), b=TASK, a=Completed(output=1, ends=True, is_result=True))
    assert life.state.status is Status.COMPLETED
    assert life.log[-1].phases == (Phase.RESPONDED, Phase.COMPLETED)
    assert life.state.result_at == life.log[-1].position
    assert not life.hear(TaskEnded(step_id=B, attempt=1))


def test_a_result_outlives_the_failure_that_follows() -> None:
    """What was answered was answered."""
    life = begun(flow(step("a"), step("b")), a=Completed(output=1, is_result=True), b=BAD)
    assert (life.state.status, life.state.result_at) == (Status.FAILED, 2)


def test_a_retry_before_the_yes_still_asks() -> None:
    """An attempt that failed before anybody was asked is no permission."""
    life = begun(flow(step("a", approval={}, retry=TWICE)), a=BUSY)
    life.wait(START + timedelta(seconds=1))
    life.start()
    assert not life.underway[A].effect.is_approved
    life.finish(A, ASK)
    assert life.hear(Decided(step_id=A, decision="approve", decision_id="1"))
    assert not life.hear(Decided(step_id=A, decision="reject", decision_id="2"))
    life.start()
    assert life.underway[A].effect.is_approved
    assert life.underway[A].effect.attempt == 2


def test_waiting_for_a_yes_takes_none_of_the_time_for_retries() -> None:
    """``total_s`` counts from the first attempt that could do something."""
    retry = Retry(max_attempts=3, initial_interval_s=1, jitter=0, total_s=5)
    life = begun(flow(step("a", approval={}, retry=retry)), a=ASK)
    life.wait(START + timedelta(days=1))
    assert life.hear(Decided(step_id=A, decision="approve", decision_id="1"))
    life.start()
    life.finish(A, BUSY)
    assert life.state.status is Status.RETRYING
    life.wait(life.now + timedelta(seconds=4.5))
    life.start()
    assert life.underway[A].effect.is_approved
    life.finish(A, BUSY)
    assert life.log[-1].phases == (Phase.FAILED,)


def test_waiting_for_room_takes_of_the_time_for_retries() -> None:
    """The first attempt begins when there is room; of later ones ``total_s`` counts the wait."""
    retry = Retry(max_attempts=9, initial_interval_s=10, backoff=1, jitter=0, total_s=60)
    life = begun(flow(step("a", retry=retry)))
    _throttle(life, 100)
    life.finish(A, BUSY)
    assert life.state.status is Status.RETRYING
    life.wait(life.now + timedelta(seconds=10))
    _throttle(life, 45)
    life.finish(A, BUSY)
    assert life.log[-1].phases == (Phase.FAILED,)
    assert life.state.settled[A].number == 2


def _throttle(life: Life, seconds: float) -> None:
    """Begin ``a`` and let it wait for room, over a crash."""
    until = life.now + timedelta(seconds=seconds)
    wait = Wait(kind=WaitKind.THROTTLE, data={"until": until.isoformat()})
    life.start()
    life.finish(A, Parked(wait=wait, wake_at=until))
    life.wait(until)
    life.crash()
    life.start()


def test_an_item_that_fails_takes_its_siblings_along() -> None:
    """One that runs is broken off; one that waits waits no more, and its answer comes too late."""
    body = {"subworkflow": {"workflow_id": UUID(int=7)}, "retry": Retry(max_attempts=1)}
    loop = {"items": {}, "body": body, "concurrency": 3}
    first = step("a", kind="iterator", action=None, iterator=loop, on_failure="continue")
    plan = flow(first, step("b"))
    life = begun(plan, a=Parked(wait=Wait(kind=WaitKind.ITEMS, data={"items": [1, 2, 3, 4]})))
    life.start()
    child = Wait(kind=WaitKind.SUBWORKFLOW, data={"execution_id": "e"})
    life.finish(StepId("a[0]"), Parked(wait=child))
    life.finish(StepId("a[1]"), BAD)
    assert (keys(life), dict(life.state.pending)) == (["b"], {})
    error = life.state.settled[A].error
    assert error is not None
    assert (error.kind, error.message) == (ErrorKind.ITEM, "Item a[1]: no")
    assert life.state.settled[StepId("a[2]")].status is AttemptStatus.CANCELLED
    assert life.state.settled[StepId("a[0]")].status is AttemptStatus.CANCELLED


def test_of_two_waits_the_one_that_was_up_first_ends_first() -> None:
    """However long nobody looked."""
    nap = {"until": "t"}
    life = begun(
        beside(),
        a=Parked(wait=Wait(kind=WaitKind.SLEEP, data=nap), wake_at=START + timedelta(seconds=9)),
        b=Parked(wait=Wait(kind=WaitKind.SLEEP, data=nap), wake_at=START + timedelta(seconds=5)),
    )
    life.wait(START + timedelta(days=1))
    assert list(life.state.settled) == [B, A]


def test_what_is_suspended_keeps_its_waits_and_hears_its_answers() -> None:
    """Time goes on counting once it is resumed; an answer meanwhile is kept."""
    life = begun(beside(), a=TASK, b=ASK, c=GOOD)
    assert life.hear(Suspend())
    life.wait(START + timedelta(days=1))
    assert life.state.status is Status.SUSPENDED
    assert life.hear(Decided(step_id=B, decision="approve", decision_id="1"))
    assert keys(life) == []
    assert life.hear(Resume())
    assert keys(life) == ["b"]
    life.wait(life.now)
    assert life.log[-1].phases == (Phase.FAILED,)


@pytest.mark.parametrize("is_suspended", [False, True])
def test_an_expiry_ends_what_runs_waits_or_is_suspended(is_suspended: bool) -> None:  # noqa: FBT001
    """The step under way is broken off."""
    soon = START + timedelta(seconds=5)
    life = Life(flow(step("a", compensation=UNDO), step("b", on_failure="compensate")), soon)
    life.start()
    assert is_suspended is False or life.hear(Suspend())
    life.wait(soon)
    assert life.state.status is Status.EXPIRED
    assert life.state.settled[A].status is AttemptStatus.CANCELLED
