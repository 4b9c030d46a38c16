"""What an execution can do now, rule by rule."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.executions import Attempt, AttemptStatus, Pending, State, Status
from shared.domain.ids import StepId, item_key
from shared.domain.plans import Plan
from shared.domain.readiness import Readiness, is_live, is_wanted, readiness, startable, todo
from shared.domain.steps import Body, Iterator, OnFailure, Origin
from shared.domain.values import Value
from tests.unit.domain.graphs import flow, joined, step

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(seconds=9)
COMPLETED, SKIPPED, FAILED = AttemptStatus.COMPLETED, AttemptStatus.SKIPPED, AttemptStatus.FAILED
EXPLICIT, DEPENDENCY, SEQUENCE = Origin.EXPLICIT, Origin.DEPENDENCY, Origin.SEQUENCE


def attempt(key: str, status: AttemptStatus = COMPLETED, **fields: Any) -> Attempt:
    """An attempt at NOW."""
    given = {"number": 1, "started_at": NOW, "ended_at": NOW, **fields}
    return Attempt(step_id=StepId(key), status=status, **given)


def state(*attempts: Attempt, **fields: Any) -> State:
    """A state in which these attempts are known."""
    return State(
        status=Status.RUNNING,
        settled={one.step_id: one for one in attempts if one.status.settles},
        pending={
            one.step_id: Pending(attempt=one, since=NOW, is_approved=one.output == "yes")
            for one in attempts
            if not one.status.settles
        },
        **fields,
    )


@pytest.mark.parametrize(
    ("status", "left_by", "on_failure", "handle", "origin", "leads_on"),
    [
        (COMPLETED, None, "abort", None, EXPLICIT, True),
        (COMPLETED, None, "abort", None, SEQUENCE, True),
        (COMPLETED, "true", "abort", None, EXPLICIT, True),
        (COMPLETED, "true", "abort", "true", EXPLICIT, True),
        (COMPLETED, "true", "abort", "false", EXPLICIT, False),
        (COMPLETED, None, "abort", "true", EXPLICIT, False),
        (COMPLETED, None, "branch", "error", EXPLICIT, False),
        (SKIPPED, "run_if", "abort", None, EXPLICIT, False),
        (SKIPPED, "run_if", "abort", "run_if", EXPLICIT, False),
        (SKIPPED, "run_if", "abort", None, DEPENDENCY, True),
        (SKIPPED, "edges", "abort", None, SEQUENCE, True),
        (FAILED, None, "continue", None, EXPLICIT, True),
        (FAILED, None, "continue", None, DEPENDENCY, True),
        (FAILED, None, "continue", "true", EXPLICIT, False),
        (FAILED, None, "branch", "error", EXPLICIT, True),
        (FAILED, None, "branch", None, EXPLICIT, False),
        (FAILED, None, "branch", None, DEPENDENCY, False),
        (FAILED, None, "abort", None, SEQUENCE, False),
        (AttemptStatus.CANCELLED, None, "continue", None, SEQUENCE, False),
    ],
)
def test_an_edge_is_live_by_how_its_source_ended(
    status: AttemptStatus,
    left_by: str | None,
    on_failure: str,
    handle: str | None,
    origin: Origin,
    leads_on: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Status, handle, what a failure means, and the origin of the edge."""
    edge = joined("a", "b", handle=handle, origin=origin)
    source = step("a", on_failure=OnFailure(on_failure))
    assert is_live(edge, attempt("a", status, handle=left_by), source) == leads_on


JOIN = flow(
    step("a"),
    step("b"),
    step("c"),
    edges=(
        joined("a", "c", handle=None, condition="x"),
        joined("b", "c", condition="y"),
    ),
)
FREE = flow(
    step("a"),
    step("b"),
    step("c"),
    edges=(joined("a", "c"), joined("b", "c", condition="y")),
)


@pytest.mark.parametrize(
    ("plan", "attempts", "ready", "conditions"),
    [
        (JOIN, [], Readiness.BLOCKED, ()),
        (JOIN, [attempt("a")], Readiness.BLOCKED, ()),
        (JOIN, [attempt("a"), attempt("b", SKIPPED)], Readiness.READY, ("x",)),
        (JOIN, [attempt("a"), attempt("b")], Readiness.READY, ("x", "y")),
        (JOIN, [attempt("a", SKIPPED), attempt("b", FAILED)], Readiness.DEAD, ()),
        (FREE, [attempt("a"), attempt("b")], Readiness.READY, ()),
        (FREE, [attempt("a", SKIPPED), attempt("b")], Readiness.READY, ("y",)),
        (FREE, [attempt("a"), attempt("b", AttemptStatus.RETRYING)], Readiness.BLOCKED, ()),
    ],
)
def test_a_step_is_ready_once_all_ways_are_known_and_one_is_live(
    plan: Plan, attempts: list[Attempt], ready: Readiness, conditions: tuple[str, ...]
) -> None:
    """A live way without a condition frees the step of all conditions."""
    found, edges = readiness(plan, state(*attempts), plan.by_id["c"])
    assert (found, tuple(edge.condition for edge in edges)) == (ready, conditions)


def test_a_retry_waits_its_time_and_tests_its_conditions_again() -> None:
    """The attempt before may have failed before it had tested them."""
    known = [attempt("a"), attempt("b")]
    tried = attempt("c", AttemptStatus.RETRYING, number=2, wake_at=LATER)
    early = todo(JOIN, state(*known, tried), NOW)
    assert (early.runs, early.wake_at) == ((), LATER)
    (due,) = todo(JOIN, state(*known, tried), LATER).runs
    assert (due.attempt, due.edges, due.is_approved) == (3, JOIN.incoming["c"], False)


def test_a_yes_is_for_the_same_attempt_and_for_those_after_it() -> None:
    """A step that was approved keeps it; its conditions held before somebody was asked."""
    known = [attempt("a"), attempt("b")]
    approved = attempt("c", AttemptStatus.APPROVED, output="yes", number=2)
    (run,) = todo(JOIN, state(*known, approved), NOW).runs
    assert (run.attempt, run.edges, run.is_approved) == (2, (), True)
    tried = attempt("c", AttemptStatus.RETRYING, number=2, wake_at=NOW, output="yes")
    (run,) = todo(JOIN, state(*known, tried), NOW).runs
    assert (run.attempt, run.edges, run.is_approved) == (3, (), True)


def test_what_is_suspended_runs_nothing_and_only_expires() -> None:
    """Waits and retries keep; the expiry does not."""
    tried = attempt("a", AttemptStatus.RETRYING, wake_at=NOW)
    rests = state(tried, is_suspended=True, expires_at=LATER)
    needs = todo(JOIN, rests, NOW)
    assert (needs.runs, needs.wake_at) == ((), LATER)
    assert not startable(JOIN, rests)


def test_the_earliest_wait_wakes() -> None:
    """Of waits, retries and the expiry."""
    rests = state(
        attempt("a", AttemptStatus.RETRYING, wake_at=LATER + timedelta(seconds=1)),
        attempt("b", AttemptStatus.WAITING, wake_at=LATER, output={"kind": "sleep"}),
        expires_at=LATER + timedelta(seconds=2),
    )
    assert todo(JOIN, rests, NOW).wake_at == LATER
    assert todo(JOIN, rests, NOW, {StepId("b")}).wake_at == LATER + timedelta(seconds=1)


def _loop(concurrency: int) -> Iterator:
    return Iterator(items=Value(src=[]), body=Body(action="transform"), concurrency=concurrency)


@pytest.mark.parametrize(
    ("concurrency", "others", "underway", "begin"),
    [
        (1, [], [], [0]),
        (2, [], [], [0, 1]),
        (100, [], [], [0, 1, 2, 3]),
        (2, [], [0], [1]),
        (2, [attempt("it[0]")], [1], [2]),
        (2, [attempt("it[1]")], [], [0, 2]),
        (2, [attempt("it[0]", AttemptStatus.RETRYING, wake_at=LATER)], [], [1]),
        (2, [attempt("it[0]", AttemptStatus.RETRYING, wake_at=LATER)], [1], []),
        (2, [attempt("it[0]", AttemptStatus.RETRYING, wake_at=NOW)], [0, 1], []),
        (2, [attempt("it[0]", FAILED), attempt("it[1]", SKIPPED)], [], [2, 3]),
    ],
)
def test_items_begin_in_order_as_far_as_there_is_room(
    concurrency: int, others: list[Attempt], underway: list[int], begin: list[int]
) -> None:
    """An item that waits for its next attempt keeps its place."""
    plan = flow(step("it", kind="iterator", action=None, iterator=_loop(concurrency)))
    waits = attempt("it", AttemptStatus.WAITING, output={"kind": "items", "items": [7, 8, 9, 6]})
    running = {item_key("it", index) for index in underway}
    runs = todo(plan, state(waits, *others), NOW, running).runs
    assert [run.item for run in runs] == begin


def test_an_item_is_wanted_as_long_as_its_loop_is() -> None:
    """A step or an undoing is wanted until it is settled; nothing is after the end."""
    loop = attempt("it", AttemptStatus.WAITING, output={"kind": "items", "items": [1]})
    assert is_wanted(state(loop), StepId("it[0]"))
    assert not is_wanted(state(), StepId("it[0]"))
    assert not is_wanted(state(loop, attempt("it[0]")), StepId("it[0]"))
    assert is_wanted(state(), StepId("a!"))
    assert not is_wanted(State(status=Status.CANCELLED), StepId("a"))
