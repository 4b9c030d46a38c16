"""The order of steps, and the faults of a graph."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.plans import Plan, graph_problems, plan
from shared.domain.workflows import Definition, Dialect, Lifecycle, Step, Workflow

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def step(id_: str, *after: str) -> Step:
    """A step that comes after others."""
    return Step(id=id_, action="transform", depends_on=after)


def planned(*steps: Step) -> Plan:
    """The plan of these steps."""
    return plan(
        Workflow(
            id=UUID(int=1),
            environment_id=UUID(int=2),
            version=1,
            dialect=Dialect.NATIVE,
            lifecycle=Lifecycle.READY,
            is_active=True,
            definition=Definition(name="w", steps=steps),
            source=None,
            created_at=NOW,
            updated_at=NOW,
        )
    )


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    """Graphs without a fault, their steps written down in any order."""
    count = draw(st.integers(0, 12))
    steps = [step(f"s{n}", *[f"s{before}" for before in draw(earlier(n))]) for n in range(count)]
    return draw(st.permutations(steps))


def earlier(number: int) -> st.SearchStrategy[list[int]]:
    """Some of the steps before this one."""
    return st.lists(st.integers(0, number - 1), unique=True) if number else st.just([])


@given(graphs())
def test_each_step_runs_once_and_after_those_it_depends_on(steps: list[Step]) -> None:
    """A plan is a permutation of its steps that honours every dependency."""
    assert list(graph_problems(steps)) == []
    order = [s.id for s in planned(*steps).steps]
    assert sorted(order) == sorted(s.id for s in steps)
    for one in steps:
        assert all(order.index(d) < order.index(one.id) for d in one.depends_on)


@given(st.permutations([step(f"s{n}") for n in range(6)]))
def test_steps_that_depend_on_nothing_run_as_written(steps: list[Step]) -> None:
    """Order is changed only where a dependency asks for it."""
    assert list(planned(*steps).steps) == steps


def test_a_step_is_drawn_forward_only_as_far_as_needed() -> None:
    """What another waits for comes just before it."""
    order = planned(step("a", "c"), step("b"), step("c"))
    assert [s.id for s in order.steps] == ["c", "a", "b"]


def test_a_long_chain_written_backwards_is_no_burden() -> None:
    """2,000 steps, each waiting for the next, are ordered without deep recursion."""
    last = 2_000
    chain = [step(f"s{n}", *([f"s{n + 1}"] if n < last else [])) for n in range(last + 1)]
    assert list(graph_problems(chain)) == []
    assert [s.id for s in planned(*chain).steps] == [f"s{n}" for n in range(last, -1, -1)]


@given(graphs(), st.data())
def test_every_cycle_is_found(steps: list[Step], data: st.DataObject) -> None:
    """An edge back from any step to one that depends on it, or to itself, is a cycle."""
    ring = data.draw(st.integers(1, 5))
    cycle = [step(f"c{n}", f"c{(n + 1) % ring}") for n in range(ring)]
    mixed = data.draw(st.permutations([*steps, *cycle]))
    [problem] = graph_problems(mixed)
    assert problem.code == "CYCLE"
    index = int(problem.pointer.split("/")[2])
    assert mixed[index].id.startswith("c")


def test_every_fault_of_a_graph_is_named() -> None:
    """Ids given twice and unknown dependencies, each with its place."""
    faults = list(graph_problems([step("a", "x"), step("a"), step("b", "a", "y")]))
    assert [(f.code, f.pointer) for f in faults] == [
        ("DUPLICATE_STEP", "/steps/1/id"),
        ("UNKNOWN_DEPENDENCY", "/steps/0/depends_on/0"),
        ("UNKNOWN_DEPENDENCY", "/steps/2/depends_on/1"),
    ]
