"""What an execution that is resumed from a step takes over of what stands beside that step."""

from dataclasses import replace

import pytest

from shared.domain import decide
from shared.domain.executions import Phase
from shared.domain.ids import StepId
from shared.domain.inheritance import gone_past, inherited
from shared.domain.outcomes import Failed, Outcome
from shared.domain.plans import Plan
from shared.domain.steps import Compensation, Retry, Step, StepKind, Terminate
from tests.unit.domain.graphs import flow, joined, step
from tests.unit.domain.happenings import BAD, BUSY, FINAL, GOOD
from tests.unit.domain.life import START, Life, begun, keys

UNDO = Compensation(action="transform")
B, X = StepId("b"), StepId("x")


def beside(b: Step, **of_x: object) -> Plan:
    """Steps b and x side by side, c after b, and j after b and x."""
    after = (("b", "c"), ("b", "j"), ("x", "j"))
    return flow(b, step("x", **of_x), step("c"), step("j"), edges=tuple(joined(*e) for e in after))


def resumed(life: Life) -> list[str]:
    """What is taken over by an execution that does x again, in the order of the plan."""
    assert life.is_over
    return sorted(attempt.step_id for attempt in inherited(life.plan, life.state, X))


def test_what_was_undone_beside_a_step_is_done_again() -> None:
    """With all that follows it, though only x was named."""
    plan = beside(step("b", compensation=UNDO), on_failure="compensate")
    life = begun(plan, b=GOOD, c=GOOD, x=BAD, **{"b!": GOOD})
    assert resumed(life) == []
    again = decide.begin(life.plan, START, inherited=inherited(life.plan, life.state, X))
    assert {effect.key for effect in again.runs} == {B, X}


def test_what_could_not_be_undone_still_stands() -> None:
    """It is taken over, as by a retry."""
    undo = UNDO.model_copy(update={"retry": Retry(max_attempts=1)})
    plan = beside(step("b", compensation=undo), on_failure="compensate")
    life = begun(plan, b=GOOD, c=GOOD, x=BAD, **{"b!": BAD})
    assert resumed(life) == ["b", "c"]


@pytest.mark.parametrize("of_x", ["abort", "continue", "compensate"])
def test_a_failure_that_was_gone_past_is_taken_over(of_x: str) -> None:
    """So it is not called again beside what came of it; a retry does try it again."""
    then: dict[str, Outcome] = {"j": GOOD} if of_x == "continue" else {}
    life = begun(
        beside(step("b", on_failure="continue"), on_failure=of_x), b=BAD, c=GOOD, x=BAD, **then
    )
    assert resumed(life) == ["b", "c"]
    assert inherited(life.plan, life.state, None) == []
    first = decide.begin(life.plan, START, inherited=inherited(life.plan, life.state, X))
    assert [effect.key for effect in first.runs] == [X]
    goes_on = decide.apply(
        life.plan, first.state, first.runs[0], GOOD, started_at=START, now=START, chance=0
    )
    assert [effect.key for effect in goes_on.runs] == ["j"]


def test_a_failure_that_branched_off_is_taken_over() -> None:
    """It leads on by ``error``, as it did."""
    plan = flow(
        step("b", on_failure="branch"),
        step("c"),
        step("x"),
        edges=(joined("b", "c", handle="error"),),
    )
    assert resumed(begun(plan, b=BAD, c=GOOD, x=BAD)) == ["b", "c"]


def test_a_failure_that_ended_the_execution_is_not_taken_over() -> None:
    """Neither of a step that aborts nor of one whose end is a failure, whatever else it says."""
    end = step(
        "b",
        kind=StepKind.TERMINATE,
        action=None,
        terminate=Terminate(status="failed"),
        on_failure="continue",
    )
    for b, outcome in ((step("b"), BAD), (end, Failed(error=FINAL, ends=True))):
        plan = flow(b, step("x"), step("c"), edges=(joined("x", "c"),))
        assert resumed(begun(plan, b=outcome)) == []


def test_a_failure_amid_undoing_was_not_gone_past() -> None:
    """Nothing was tried again by then: it may have attempts left."""
    retry = Retry(max_attempts=3, initial_interval_s=0, jitter=0)
    plan = beside(step("b", on_failure="continue", retry=retry), on_failure="compensate")
    life = begun(plan, x=BAD, b=BUSY)
    assert [attempt.number for attempt in life.state.settled.values()] == [1, 1]
    assert resumed(life) == []


def test_of_a_full_history_no_failure_was_gone_past() -> None:
    """Nothing says which of them came before it was full."""
    plan = replace(beside(step("b", on_failure="continue")), history_max=2)
    life = begun(plan)
    life.start()
    assert keys(life) == []
    life.finish(X, GOOD)
    assert life.log[-1].phases == (Phase.COMPENSATING,)
    life.finish(B, BAD)
    assert resumed(life) == []
    assert not gone_past(life.plan, life.state)
