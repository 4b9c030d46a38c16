"""Compensation: what is undone, in which order, and what goes on meanwhile."""

from dataclasses import replace
from datetime import timedelta

from shared.domain import decide
from shared.domain.executions import Attempt, AttemptStatus, Phase, Status
from shared.domain.ids import StepId
from shared.domain.outcomes import ErrorKind, Parked, Skipped, Wait, WaitKind
from shared.domain.readiness import todo
from shared.domain.signals import Suspend, TaskEnded
from shared.domain.steps import Compensation, Retry
from tests.unit.domain.graphs import beside, flow, joined, step
from tests.unit.domain.happenings import BAD, BUSY, GOOD
from tests.unit.domain.life import START, Life, begun, keys

A, B, C = StepId("a"), StepId("b"), StepId("c")
TWICE = Retry(max_attempts=2, initial_interval_s=1, jitter=0)
UNDO = Compensation(action="transform", retry=TWICE)
TASK = Parked(
    wait=Wait(kind=WaitKind.TASK, data={"timeout_s": 60.0}),
    wake_at=START + timedelta(seconds=60),
)


def test_what_is_inherited_leads_on_as_it_did_and_is_not_undone() -> None:
    """Handles count; number 0 says that it did not happen here."""
    plan = flow(
        step("a", kind="condition", condition="x", action=None),
        step("b"),
        step("c", on_failure="compensate", compensation=UNDO),
        edges=(
            joined("a", "b", handle="true"),
            joined("a", "c", handle="false"),
        ),
    )
    earlier = Attempt(
        step_id=A,
        number=3,
        status=AttemptStatus.COMPLETED,
        started_at=START,
        ended_at=START,
        handle="false",
    )
    later = START + timedelta(days=1)
    first = decide.begin(plan, later, inherited=[earlier])
    assert first.state.settled[A] == replace(earlier, number=0, started_at=later, ended_at=later)
    assert first.state.settled[B].status is AttemptStatus.SKIPPED
    assert [effect.key for effect in first.runs] == [C]


def test_what_happened_elsewhere_is_not_undone_here() -> None:
    """A failure after an inherited step has nothing to undo."""
    plan = flow(step("a", compensation=UNDO), step("b", on_failure="compensate"))
    earlier = begun(plan, a=GOOD).state.settled[A]
    first = decide.begin(plan, START, inherited=[earlier])
    (effect,) = first.runs
    then = decide.apply(plan, first.state, effect, BAD, started_at=START, now=START, chance=0)
    assert then.state.status is Status.FAILED
    assert then.entries[-1].phases == (Phase.FAILED,)


def test_an_undoing_may_be_a_remote_task() -> None:
    """Its worker is heard, and its silence too, though nothing else is."""
    plan = flow(step("a", compensation=UNDO), step("b", on_failure="compensate"))
    life = begun(plan, a=GOOD, b=BAD, **{"a!": TASK})
    assert not life.hear(Suspend())
    assert decide.cancel(plan, life.state, now=START) is None
    life.wait(START + timedelta(seconds=60))
    life.wait(life.now + timedelta(seconds=1))
    life.start()
    life.finish(StepId("a!"), TASK)
    assert life.hear(TaskEnded(step_id=StepId("a!"), attempt=2))
    assert life.log[-1].phases == (Phase.COMPENSATED, Phase.FAILED)


def test_an_undoing_that_fails_for_good_ends_loudly() -> None:
    """Those that follow are still undone; the error names what was not."""
    plan = flow(
        step("a", compensation=UNDO),
        step("b", compensation=UNDO),
        step("c", on_failure="compensate"),
    )
    life = begun(plan, a=GOOD, b=GOOD, c=BAD, **{"b!": BUSY})
    assert (life.state.status, keys(life)) == (Status.COMPENSATING, [])
    life.wait(START + timedelta(seconds=1))
    life.start()
    life.finish(StepId("b!"), BUSY)
    assert keys(life) == ["a!"]
    life.start()
    life.finish(StepId("a!"), GOOD)
    assert life.log[-1].phases == (Phase.FAILED,)
    assert life.state.error is not None
    assert life.state.error.kind is ErrorKind.COMPENSATION
    assert life.state.error.message == "no And 'b' could not be undone: busy"


def test_an_undoing_that_was_skipped_undid_nothing() -> None:
    """The execution is not called compensated."""
    plan = flow(step("a", compensation=UNDO), step("b", on_failure="compensate"))
    life = begun(plan, a=GOOD, b=BAD, **{"a!": Skipped(reason="run_if")})
    assert life.log[-1].phases == (Phase.FAILED,)
    assert life.state.error is not None
    assert life.state.error.kind is ErrorKind.COMPENSATION


def test_undoing_waits_for_what_is_under_way_and_undoes_it_first() -> None:
    """What ends last is undone first; what parks or fails meanwhile goes no further."""
    plan = beside(
        a={"compensation": UNDO},
        b={"compensation": UNDO, "retry": TWICE},
        c={"on_failure": "compensate"},
    )
    life = begun(plan, a=GOOD, c=BAD)
    assert (life.state.status, keys(life), set(life.underway)) == (Status.COMPENSATING, [], {B})
    life.finish(B, GOOD)
    assert keys(life) == ["b!"]
    parked = begun(plan, a=GOOD, c=BAD)
    parked.finish(B, TASK)
    assert parked.state.settled[B].status is AttemptStatus.CANCELLED
    assert keys(parked) == ["a!"]
    failed = begun(plan, a=GOOD, c=BAD)
    failed.finish(B, BUSY)
    assert failed.state.settled[B].status is AttemptStatus.FAILED
    assert keys(failed) == ["a!"]


def test_undoing_ends_though_the_step_it_waited_for_went_down() -> None:
    """After a restart nothing is under way; time itself ends it then."""
    life = begun(beside(c={"on_failure": "compensate"}), a=GOOD, c=BAD)
    assert life.state.status is Status.COMPENSATING
    life.crash()
    assert todo(life.plan, life.state, life.now).wake_at == life.now
    life.wait(life.now)
    assert life.log[-1].phases == (Phase.COMPENSATED, Phase.FAILED)


def test_undoing_breaks_off_the_items_of_loops() -> None:
    """A loop that cannot complete is not undone, so its items need not end."""
    loop = {"items": {}, "body": {"action": "transform"}, "concurrency": 2}
    plan = beside(
        a={"kind": "iterator", "action": None, "iterator": loop, "compensation": UNDO},
        c={"on_failure": "compensate"},
    )
    items = Parked(wait=Wait(kind=WaitKind.ITEMS, data={"items": [1, 2, 3]}))
    life = begun(plan, a=items, b=GOOD, c=BAD)
    assert life.state.status is Status.FAILED
    assert {life.state.settled[StepId(f"a[{n}]")].status for n in (0, 1)} == {
        AttemptStatus.CANCELLED
    }


def test_what_is_being_undone_does_not_expire() -> None:
    """That is finished, however long it takes."""
    life = Life(
        flow(step("a", compensation=UNDO), step("b", on_failure="compensate")),
        START + timedelta(seconds=5),
    )
    for key, outcome in ((A, GOOD), (B, BAD)):
        life.start()
        life.finish(key, outcome)
    life.wait(START + timedelta(days=1))
    assert (life.state.status, keys(life)) == (Status.COMPENSATING, ["a!"])
