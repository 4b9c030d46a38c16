"""The faults of a graph of steps."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.graph import CYCLES_MAX, EDGES_MAX, graph_problems
from shared.domain.schedules import Schedule, ScheduleKind
from shared.domain.steps import (
    Approval,
    Approver,
    Body,
    Case,
    Compensation,
    Edge,
    EventWait,
    Form,
    Iterator,
    OnFailure,
    Sleep,
    Step,
    StepKind,
    Subworkflow,
    Terminate,
)
from shared.domain.values import Value
from shared.domain.workflows import Definition, Trigger, TriggerKind

OTHER = Subworkflow(workflow_id=UUID(int=7))
SWITCH = {"kind": StepKind.SWITCH, "cases": (Case(handle="gold", when="a"),)}


def step(id_: str, *after: str, **fields: Any) -> Step:
    """A step that comes after others; it calls an action unless it is of another kind."""
    said = fields if "kind" in fields else {"action": "transform", **fields}
    return Step(id=id_, depends_on=after, **said)


def edge(source: str, target: str, handle: str | None = None, **fields: Any) -> Edge:
    """An edge."""
    return Edge.model_validate({"from": source, "to": target, "handle": handle, **fields})


def faults(steps: Sequence[Step], edges: Sequence[Edge] = (), **fields: Any) -> list[Any]:
    """The places and kinds of the problems."""
    definition = Definition(name="w", steps=tuple(steps), edges=tuple(edges), **fields)
    return [(problem.pointer, problem.code) for problem in graph_problems(definition)]


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    """Graphs without a fault, their steps written down in any order."""
    count = draw(st.integers(0, 12))
    steps = [step(f"s{n}", *(f"s{before}" for before in draw(earlier(n)))) for n in range(count)]
    return draw(st.permutations(steps))


def earlier(number: int) -> st.SearchStrategy[list[int]]:
    """Some of the steps before this one."""
    return st.lists(st.integers(0, number - 1), unique=True) if number else st.just([])


@given(graphs())
def test_a_graph_without_cycles_has_no_fault(steps: list[Step]) -> None:
    """Whichever way its steps are written down."""
    assert faults(steps) == []


@given(graphs(), st.lists(st.integers(2, 5), min_size=1, max_size=3), st.data())
def test_every_cycle_is_named_once(
    steps: list[Step], sizes: list[int], data: st.DataObject
) -> None:
    """Rings beside a sound graph are found, each with an edge of its own as the place."""
    rings = [
        step(f"c{ring}_{n}", f"c{ring}_{(n + 1) % size}")
        for ring, size in enumerate(sizes)
        for n in range(size)
    ]
    mixed = data.draw(st.permutations([*steps, *rings]))
    found = faults(mixed)
    assert {code for _, code in found} == {"CYCLE"}
    places = [pointer.split("/") for pointer, _ in found]
    named = sorted(mixed[int(place[2])].id.split("_")[0] for place in places)
    assert named == [f"c{ring}" for ring in range(len(sizes))]


def test_a_cycle_is_told_from_its_first_step_in_the_way_of_running() -> None:
    """The sentence follows the arrows; the place is the edge that closes the ring."""
    definition = Definition(
        name="w",
        steps=(step("x"), step("a", "c"), step("b", "a"), step("c", "x")),
        edges=(edge("b", "c"),),
    )
    (problem,) = graph_problems(definition)
    assert problem.pointer == "/steps/1/depends_on/0"
    assert "3 of them: a → b → c → a" in problem.detail


def test_of_many_cycles_some_are_told() -> None:
    """An answer is bounded."""
    rings = [step(f"c{n}", f"c{n ^ 1}") for n in range(4 * CYCLES_MAX)]
    assert [code for _, code in faults(rings)] == ["CYCLE"] * CYCLES_MAX


def test_what_a_cycle_keeps_back_is_not_told_again() -> None:
    """One fault for the ring, none for the steps behind it."""
    assert faults([step("a", "b"), step("b", "a"), step("c", "b"), step("d", "c")]) == [
        ("/steps/0/depends_on/0", "CYCLE")
    ]


def test_ids_and_ends() -> None:
    """Ids given twice, ends that are nowhere, edges to their own source, edges drawn twice."""
    assert faults(
        [step("a", "x"), step("a"), step("b", "a", "y", "b", "a")],
        [
            edge("a", "z", id="e"),
            edge("q", "b", id="e"),
            edge("b", "b"),
            edge("a", "b"),
            edge("a", "b"),
            edge("a", "b", condition="true"),
        ],
    ) == [
        ("/steps/1/id", "DUPLICATE_STEP"),
        ("/edges/0/to", "UNKNOWN_STEP"),
        ("/edges/1/from", "UNKNOWN_STEP"),
        ("/edges/1/id", "DUPLICATE_EDGE_ID"),
        ("/edges/2", "SELF_EDGE"),
        ("/edges/4", "DUPLICATE_EDGE"),
        ("/steps/0/depends_on/0", "UNKNOWN_DEPENDENCY"),
        ("/steps/2/depends_on/1", "UNKNOWN_DEPENDENCY"),
        ("/steps/2/depends_on/2", "SELF_EDGE"),
        ("/steps/2/depends_on/3", "DUPLICATE_EDGE"),
    ]


def test_steps_in_a_row_with_one_id_are_no_cycle() -> None:
    """A sequence is drawn by us, so none of its edges is the author's fault."""
    assert faults([step("a"), step("b"), step("a")]) == [("/steps/2/id", "DUPLICATE_STEP")]


@pytest.mark.parametrize(
    ("source", "given"),
    [
        (step("a"), ()),
        (step("a", approval=Approval()), ()),
        (step("a", on_failure=OnFailure.BRANCH), ("error",)),
        (step("a", kind=StepKind.CONDITION, condition="x"), ("true", "false")),
        (step("a", **SWITCH), ("gold", "default")),
        (step("a", **SWITCH, on_failure=OnFailure.BRANCH), ("gold", "default", "error")),
        (step("a", kind=StepKind.APPROVAL), ("approved", "rejected", "timeout")),
        (step("a", kind=StepKind.FORM, form=Form(buttons=("Go",))), ("Go", "timeout")),
        (step("a", kind=StepKind.WAIT, wait=EventWait(event_name="e")), ("timeout",)),
        (step("a", kind=StepKind.TRIGGER), ()),
    ],
)
def test_handles(source: Step, given: tuple[str, ...]) -> None:
    """A step is left by the handles it gives, and by no other."""
    every = ["true", "false", "gold", "default", "error", "approved", "rejected", "timeout", "Go"]
    edges = [edge("a", f"to{n}", handle) for n, handle in enumerate(every)]
    found = faults([source, *(step(f"to{n}") for n in range(len(every)))], edges)
    assert found == [
        (f"/edges/{n}/handle", "UNKNOWN_HANDLE")
        for n, handle in enumerate(every)
        if handle not in given
    ]


def test_a_branch_needs_an_error_edge() -> None:
    """Without one a failure would lead nowhere."""
    branching = step("a", on_failure=OnFailure.BRANCH)
    missing = [("/steps/0/on_failure", "MISSING_ERROR_EDGE")]
    assert faults([branching, step("b")]) == missing
    assert faults([branching, step("b")], [edge("a", "b")]) == missing
    assert faults([branching, step("b")], [edge("a", "b", "error")]) == []


def test_nothing_comes_after_the_end() -> None:
    """A step that only follows ``terminate`` never runs, unless the end may be skipped."""
    end = step("end", kind=StepKind.TERMINATE, terminate=Terminate())
    perhaps = step("end", kind=StepKind.TERMINATE, run_if="x")
    never = ("/steps/2", "UNREACHABLE_STEP")
    assert faults([step("a"), end, step("b")]) == [never]
    assert faults([step("a"), end, step("b", "end"), step("c", "b")]) == [
        never,
        ("/steps/3", "UNREACHABLE_STEP"),
    ]
    assert faults([step("a"), perhaps, step("b")]) == []
    assert faults([step("a"), perhaps, step("b")], [edge("a", "end"), edge("end", "b")]) == [never]
    assert faults([step("a"), end, step("b", "end", "a")]) == []
    asked = step("a", kind=StepKind.CONDITION, condition="x")
    assert faults([asked, end, step("b", "end")], [edge("a", "end", "true")]) == []


def test_an_edge_too_many() -> None:
    """Edges and dependencies are counted together."""
    steps = [step(f"s{n}", *(f"s{m}" for m in range(n))) for n in range(45)]
    assert sum(len(one.depends_on) for one in steps) == EDGES_MAX - 10
    more = [edge("s0", f"s{n + 1}", condition="x") for n in range(11)]
    assert faults(steps, more[:10]) == []
    assert faults(steps, more) == [("/edges", "TOO_MANY_EDGES")]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Step(id="a"), [("action", "MISSING_BLOCK")]),
        (step("a", kind=StepKind.CONDITION), [("condition", "MISSING_BLOCK")]),
        (step("a", kind=StepKind.SWITCH), [("cases", "MISSING_BLOCK")]),
        (step("a", kind=StepKind.FORM), [("form", "MISSING_BLOCK")]),
        (step("a", kind=StepKind.WAIT), [("wait", "MISSING_BLOCK")]),
        (step("a", kind=StepKind.ITERATOR), [("iterator", "MISSING_BLOCK")]),
        (step("a", kind=StepKind.SUBWORKFLOW), [("subworkflow", "MISSING_BLOCK")]),
        (step("a", kind=StepKind.SLEEP), [("sleep", "MISSING_BLOCK")]),
        (step("a", kind=StepKind.SLEEP, sleep=Sleep()), [("sleep", "MISSING_BLOCK")]),
        (step("a", kind=StepKind.SLEEP, input=Value(src=5)), []),
        (
            step("a", kind=StepKind.SLEEP, sleep=Sleep(duration_s=1.0, until="x")),
            [("sleep", "AMBIGUOUS_SLEEP")],
        ),
        (step("a", kind=StepKind.TERMINATE), []),
        (step("a", kind=StepKind.RESPOND, action="transform"), [("action", "MISPLACED_BLOCK")]),
        (
            step("a", condition="x", subworkflow=OTHER),
            [("condition", "MISPLACED_BLOCK"), ("subworkflow", "MISPLACED_BLOCK")],
        ),
        (step("a", compensation=Compensation(action="x"), approval=Approval()), []),
        (
            step("a", kind=StepKind.APPROVAL, compensation=Compensation(action="x")),
            [("compensation", "MISPLACED_BLOCK")],
        ),
        (
            step("a", kind=StepKind.SUBWORKFLOW, subworkflow=OTHER, approval=Approval()),
            [("approval", "MISPLACED_BLOCK")],
        ),
        (
            step("a", kind=StepKind.APPROVAL, approval=Approval(approver=Approver(type="team"))),
            [("approval/approver/id", "MISSING_BLOCK")],
        ),
        (
            step(
                "a",
                kind=StepKind.FORM,
                form=Form(buttons=("a", "a", "timeout"), assignee=Approver(type="user")),
            ),
            [
                ("form/assignee/id", "MISSING_BLOCK"),
                ("form/buttons/1", "DUPLICATE_HANDLE"),
                ("form/buttons/2", "DUPLICATE_HANDLE"),
            ],
        ),
        (
            step(
                "a",
                kind=StepKind.SWITCH,
                cases=tuple(Case(handle=h, when="x") for h in ("a", "a", "default", "error")),
            ),
            [(f"cases/{n}/handle", "DUPLICATE_HANDLE") for n in (1, 2, 3)],
        ),
        (
            step("a", kind=StepKind.ITERATOR, iterator=Iterator(items=Value(), body=Body())),
            [("iterator/body", "MISSING_BLOCK")],
        ),
        (
            step(
                "a",
                kind=StepKind.ITERATOR,
                iterator=Iterator(items=Value(), body=Body(action="x", subworkflow=OTHER)),
            ),
            [("iterator/body", "MISSING_BLOCK")],
        ),
    ],
)
def test_blocks(made: Step, expected: list[tuple[str, str]]) -> None:
    """A kind has its own block and no other's, and the block says all it has to."""
    assert faults([made]) == [(f"/steps/0/{place}", code) for place, code in expected]


def test_triggers() -> None:
    """An event has a name, a schedule a time; a trigger's step is one of that kind."""
    hourly = Schedule(kind=ScheduleKind.INTERVAL, value="3600")
    assert faults(
        [step("t", kind=StepKind.TRIGGER), step("a")],
        triggers=(
            Trigger(event_name="e", step_id="t"),
            Trigger(),
            Trigger(kind=TriggerKind.SCHEDULE),
            Trigger(kind=TriggerKind.SCHEDULE, schedule=hourly, step_id="a"),
            Trigger(kind=TriggerKind.MANUAL, step_id="z"),
        ),
    ) == [
        ("/triggers/1/event_name", "MISSING_EVENT_NAME"),
        ("/triggers/2/schedule", "MISSING_SCHEDULE"),
        *((f"/triggers/{index}/step_id", "UNKNOWN_STEP") for index in (3, 4)),
    ]
