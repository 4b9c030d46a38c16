"""Definitions made ready to run."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.decide import begin
from shared.domain.executions import Attempt, AttemptStatus, State, Status
from shared.domain.ids import StepId
from shared.domain.inheritance import inherited
from shared.domain.plans import ANNOTATE, RESULT, TURN, Plan, edges_of, plan
from shared.domain.steps import Body, Compensation, Edge, Iterator, Origin, Step, StepKind
from shared.domain.values import Value
from shared.domain.workflows import Annotation, Definition, Dialect, Lifecycle, Policy, Workflow

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LOOKED_UP = Annotation(entity_type="Ticket", target_path="ticket")


def step(id_: str, *after: str) -> Step:
    """A step that comes after others."""
    return Step(id=id_, action="transform", depends_on=after)


def edge(source: str, target: str, handle: str | None = None) -> Edge:
    """An edge drawn by the author."""
    return Edge.model_validate({"from": source, "to": target, "handle": handle})


def planned(*steps: Step, **fields: Any) -> Plan:
    """The plan of these steps."""
    definition = Definition(name="w", steps=steps, **fields)
    return plan(
        Workflow(
            id=UUID(int=1),
            environment_id=UUID(int=2),
            version=3,
            dialect=Dialect.NATIVE,
            lifecycle=Lifecycle.READY,
            is_active=True,
            definition=definition,
            source=None,
            created_at=NOW,
            updated_at=NOW,
        )
    )


def drawn(plan_: Plan) -> list[tuple[str, str, Origin]]:
    """The edges of a plan in short."""
    return [(edge.source, edge.target, edge.origin) for edge in plan_.edges]


def test_a_plan_is_its_workflow_in_its_version() -> None:
    """The words of the workflow that a run needs are in its plan; the steps are as written."""
    made = planned(step("b"), step("a"), policy=Policy(expires_after_s=60.0))
    assert (made.workflow_id, made.version, made.name) == (UUID(int=1), 3, "w")
    assert made.policy.expires_after_s == 60
    assert [one.id for one in made.steps] == ["b", "a"]
    assert made.by_id["a"] is made.steps[1]


@given(st.permutations([f"s{n}" for n in range(6)]))
def test_steps_without_any_edge_follow_one_another(names: list[str]) -> None:
    """The order of writing is the order of running."""
    made = planned(*(step(name) for name in names))
    assert drawn(made) == [(before, after, Origin.SEQUENCE) for before, after in pairwise(names)]


def test_one_edge_or_dependency_ends_the_sequence() -> None:
    """Then every step without an incoming edge starts at once."""
    made = planned(step("a"), step("b", "a"), step("c"))
    assert drawn(made) == [("a", "b", Origin.DEPENDENCY)]
    assert made.incoming["c"] == ()
    made = planned(step("a"), step("b"), step("c"), edges=(edge("c", "a"),))
    assert drawn(made) == [("c", "a", Origin.EXPLICIT)]


def test_edges_and_dependencies_stand_side_by_side() -> None:
    """Edges first, then dependencies, both in the order of writing."""
    definition = Definition(
        name="w",
        steps=(step("a"), step("b", "a"), step("c", "a", "b")),
        edges=(edge("b", "c", "error"),),
    )
    assert [(e.source, e.target, e.handle) for e in edges_of(definition)] == [
        ("b", "c", "error"),
        ("a", "b", None),
        ("a", "c", None),
        ("b", "c", None),
    ]


def test_a_plan_knows_what_leads_to_a_step_and_how_one_is_left() -> None:
    """``incoming`` and ``handles`` have an entry for each step."""
    made = planned(
        step("a"),
        step("b"),
        step("c"),
        edges=(
            edge("a", "c", "true"),
            edge("a", "b", "false"),
            edge("b", "c"),
        ),
    )
    assert [edge.source for edge in made.incoming["c"]] == ["a", "b"]
    assert made.handles == {"a": {"true", "false"}, "b": frozenset(), "c": frozenset()}


def test_what_comes_after_a_step() -> None:
    """``after`` has the step itself and all that can follow it."""
    made = planned(step("a"), step("b", "a"), step("c", "b"), step("d"), step("e", "c", "d"))
    assert made.after(["b"]) == {"b", "c", "e"}
    assert made.after(["c", "d"]) == {"c", "d", "e"}
    assert made.after([]) == frozenset()


def test_annotations_are_looked_up_before_the_first_steps() -> None:
    """A step of our own leads to each step that would start; filters wait for it too."""
    made = planned(step("a"), step("b", "a"), step("c"), annotations=(LOOKED_UP,), filters={"x": 1})
    assert [one.id for one in made.steps] == [ANNOTATE, "a", "b", "c"]
    assert drawn(made) == [
        (ANNOTATE, "a", Origin.EXPLICIT),
        (ANNOTATE, "c", Origin.EXPLICIT),
        ("a", "b", Origin.DEPENDENCY),
    ]
    assert made.filters == {"x": 1}
    assert planned(step("a"), filters={"x": 1}).filters is None


def test_a_turn_comes_before_everything() -> None:
    """It leads to the first steps; every other one waits for it, and is not led to by it."""
    policy = Policy(concurrency_key=Value(src="all"), concurrency_max=2)
    made = planned(
        step("a"), step("b", "a"), policy=policy, annotations=(LOOKED_UP,), result=Value()
    )
    assert [one.id for one in made.steps] == [TURN, ANNOTATE, "a", "b", RESULT]
    assert made.by_id[TURN].input == policy.concurrency_key
    from_turn = {edge.target: edge.handle for edge in made.edges if edge.source == TURN}
    assert from_turn.pop(ANNOTATE) is None
    assert from_turn.keys() == {"a", "b", RESULT}
    assert None not in from_turn.values()


def test_a_turn_is_not_taken_over() -> None:
    """Whatever else of an execution is, another one asks for its own, and waits with all it has."""
    policy = Policy(concurrency_key=Value(src="all"))
    made = planned(step("a"), step("b", "a"), policy=policy)
    ended = {
        StepId(key): Attempt(
            step_id=StepId(key),
            number=1,
            status=AttemptStatus.COMPLETED,
            started_at=NOW,
            ended_at=NOW,
        )
        for key in (TURN, "a")
    }
    taken = inherited(made, State(status=Status.FAILED, settled=ended), None)
    assert [attempt.step_id for attempt in taken] == ["a"]
    again = begin(made, NOW, inherited=taken)
    assert [run.key for run in again.runs] == [TURN]


@pytest.mark.parametrize("of_turn", [None, AttemptStatus.FAILED])
def test_what_was_done_before_a_turn_that_never_came_stays_done(
    of_turn: AttemptStatus | None,
) -> None:
    """The execution that waited in vain had taken it over; so does the next one."""
    made = planned(step("a"), step("b", "a"), policy=Policy(concurrency_key=Value(src="all")))
    first = Attempt(
        step_id=StepId("a"),
        number=0,
        status=AttemptStatus.COMPLETED,
        started_at=NOW,
        ended_at=NOW,
    )
    settled = {first.step_id: first}
    if of_turn is not None:
        turn = StepId(TURN)
        settled[turn] = replace(first, step_id=turn, number=5, status=of_turn)
    assert inherited(made, State(status=Status.CANCELLED, settled=settled), None) == [first]


def test_pins_go_along_with_what_they_are_of() -> None:
    """An iterator's body and a compensation are steps that keep to the version that they name."""
    pin: dict[str, Any] = {"action": "transform", "action_version": 3, "auto_upgrade": False}
    loop = Iterator(items=Value(src=[]), body=Body(**pin))
    made = planned(
        Step(id="a", compensation=Compensation(**pin), action="transform"),
        Step(id="b", kind=StepKind.ITERATOR, iterator=loop),
    )
    assert made.undoing["a"].pinned_version == made.bodies["b"].pinned_version == 3
    assert made.by_id["a"].pinned_version is None


def test_the_result_is_computed_after_every_step() -> None:
    """A step of our own waits for all the others."""
    made = planned(step("a"), step("b"), result=Value(src=7))
    assert made.steps[-1].id == RESULT
    assert made.steps[-1].input == Value(src=7)
    assert [edge.source for edge in made.incoming[RESULT]] == ["a", "b"]
