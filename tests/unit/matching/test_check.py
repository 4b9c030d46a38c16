"""What keeps a definition from running is told, all of it, with its place."""

from typing import Any
from uuid import UUID

import pytest

from shared.domain.actions import OURS
from shared.domain.ids import WorkflowId
from shared.domain.steps import Body, Case, Iterator, Step, StepKind, Subworkflow
from shared.domain.values import Lang, Value
from shared.domain.workflows import Definition, Trigger
from shared.matching.check import (
    DEFINITION_BYTES_MAX,
    DEPTH_MAX,
    PROBLEMS_MAX,
    definition_problems,
    subworkflow_ids,
)
from tests.support.processor import measured
from tests.unit.matching.build import step


def faults(**fields: Any) -> list[tuple[str, str]]:
    """The places and kinds of the problems of a definition."""
    definition = Definition(name="w", **fields)
    problems = definition_problems(definition, OURS)
    for problem in problems:
        assert resolves(definition.model_dump(), problem.pointer), problem.pointer
    return [(problem.pointer, problem.code) for problem in problems]


def resolves(document: Any, pointer: str) -> bool:
    """Whether ``pointer`` leads somewhere in ``document``."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            document = document[key] if isinstance(document, dict) else document[int(key)]
        except (KeyError, IndexError, ValueError, TypeError):
            return False
    return True


def jsonata(source: Any) -> Value:
    """A step's input as an expression."""
    return Value(lang=Lang.JSONATA, src=source)


def test_a_sound_definition_has_no_problems() -> None:
    """Neither a definition that uses everything nor an empty one has a problem."""
    assert faults() == []
    assert (
        faults(
            triggers=(Trigger(event_name="a:*"), Trigger(event_name="*")),
            filters={"a": {"~gt": 1}},
            run_if="$mapValues(a, {'x': 1}) = 1",
            steps=(
                step("a", run_if="true", input=jsonata("{'a': b}")),
                step("b", depends_on=("a",), input=Value(lang=Lang.PLACEHOLDER, src=["{{a:int}}"])),
                step("c", depends_on=("a", "b"), input=Value(src={"{{": "("})),
            ),
        )
        == []
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"run_if": "("}, ("/run_if", "INVALID_EXPRESSION")),
        ({"run_if": ""}, ("/run_if", "INVALID_EXPRESSION")),
        ({"run_if": "é" * 2_049}, ("/run_if", "INVALID_EXPRESSION")),
        ({"filters": {"a": {"~x": 1}}}, ("/filters/a/~0x", "UNKNOWN_OPERATOR")),
        ({"filters": False}, ("/filters", "INVALID_FILTER")),
        (
            {"triggers": (Trigger(event_name="a:*:b"),)},
            ("/triggers/0/event_name", "INVALID_EVENT_NAME"),
        ),
        ({"steps": (step("a", action="fly"),)}, ("/steps/0/action", "UNKNOWN_ACTION")),
        ({"steps": (step("a", run_if="1 +"),)}, ("/steps/0/run_if", "INVALID_EXPRESSION")),
        (
            {"steps": (step("a", run_if="1" * 4_097),)},
            ("/steps/0/run_if", "INVALID_EXPRESSION"),
        ),
        ({"steps": (step("a", input=jsonata("{")),)}, ("/steps/0/input/src", "INVALID_EXPRESSION")),
        (
            {"steps": (step("a", input=jsonata(None)),)},
            ("/steps/0/input/src", "INVALID_EXPRESSION"),
        ),
        (
            {"steps": (step("a", input=Value(lang=Lang.PLACEHOLDER, src={"b": ["{{c:wrong}}"]})),)},
            ("/steps/0/input/src/b/0", "UNKNOWN_CAST"),
        ),
        ({"steps": (step("a"), step("a"))}, ("/steps/1/id", "DUPLICATE_STEP")),
        (
            {"steps": (step("a", depends_on=("b",)),)},
            ("/steps/0/depends_on/0", "UNKNOWN_DEPENDENCY"),
        ),
        ({"steps": (step("a", depends_on=("a",)),)}, ("/steps/0/depends_on/0", "SELF_EDGE")),
        ({"steps": tuple(step(f"s{i}") for i in range(201))}, ("/steps", "TOO_MANY_STEPS")),
    ],
)
def test_each_fault(fields: dict[str, Any], expected: tuple[str, str]) -> None:
    """A fault has its place in the canonical definition and its kind."""
    assert faults(**fields) == [expected]


def test_all_faults_at_once() -> None:
    """No fault hides another."""
    found = faults(
        triggers=(Trigger(event_name="**"),),
        filters={"a": {"~x": 1, "~in": 2}},
        run_if="(",
        steps=(
            step("a", action="fly", run_if=")", input=jsonata("["), depends_on=("z",)),
            step("b", depends_on=("b",)),
        ),
    )
    assert [pointer for pointer, _ in found] == [
        "/steps/0/depends_on/0",
        "/steps/1/depends_on/0",
        "/triggers/0/event_name",
        "/filters/a/~0x",
        "/filters/a/~0in",
        "/run_if",
        "/steps/0/action",
        "/steps/0/run_if",
        "/steps/0/input/src",
    ]


@pytest.mark.parametrize(
    ("source", "is_condition"),
    [
        ("true", True),
        ("1 = 1", True),
        ("$not(false)", True),
        ("$random() > 0.5", True),
        ("payload.a", True),
        ("$count(payload.a)", True),
        ("payload.a & 'x'", True),
        ("$input.a", True),
        ("$exists(nothing)", True),
        ("$sum([1..100000]) > 1", True),
        ("$sum([1..100000])", True),
        ("1", False),
        ("-1", False),
        ("''", False),
        ("'true'", False),
        ("null", False),
        ("[]", False),
        ("(true; 1)", False),
        ("'a' & 'b'", False),
        ("$now()", False),
        ("$sum", False),
        ("/a/", False),
        ("true ? 1 : 2", False),
        ("()", False),
    ],
)
def test_a_constant_condition_is_true_or_false(source: str, is_condition: bool) -> None:  # noqa: FBT001
    """What no event can change must be a boolean; what takes long to know is let through."""
    expected = [] if is_condition else [("/run_if", "NOT_A_CONDITION")]
    assert faults(run_if=source) == expected


def test_thousands_of_conditions_are_answered_quickly() -> None:
    """Constants that take their time are not waited for."""
    slow = Case(handle="x", when="$sum($map([1..9999], function($v) { $v * $v }))")
    cases = tuple(slow.model_copy(update={"handle": f"h{n}"}) for n in range(50))
    steps = tuple(step(f"s{n}", kind=StepKind.SWITCH, action=None, cases=cases) for n in range(30))
    found, took_s = measured(lambda: faults(steps=steps), below_s=3)
    assert found == []
    assert took_s < 3


def test_a_definition_has_a_size_and_a_depth() -> None:
    """At the limit it is taken, beyond it is not."""
    around = len(Definition(name="w", metadata={"a": ""}).model_dump_json(exclude_defaults=True))
    fits = DEFINITION_BYTES_MAX - around
    assert faults(metadata={"a": "x" * fits}) == []
    assert faults(metadata={"a": "x" * (fits + 1)}) == [("", "DEFINITION_TOO_LARGE")]
    tree: list[Any] = []
    for _ in range(DEPTH_MAX - 3):
        tree = [tree]
    assert faults(metadata={"a": tree}) == []
    assert faults(metadata={"a": [tree]}) == [("", "DEFINITION_TOO_DEEP")]


def test_a_workflow_is_known_by_whom_it_calls() -> None:
    """Steps and the bodies of iterators call; a call of oneself is a fault."""
    called = [UUID(int=n) for n in range(2)]
    each = Iterator(items=Value(), body=Body(subworkflow=Subworkflow(workflow_id=called[1])))
    definition = Definition(
        name="w",
        steps=(
            Step(
                id="a",
                kind=StepKind.SUBWORKFLOW,
                subworkflow=Subworkflow(workflow_id=called[0]),
            ),
            Step(id="b", kind=StepKind.ITERATOR, iterator=each),
        ),
    )
    assert subworkflow_ids(definition) == set(called)
    assert definition_problems(definition, OURS) == []
    (problem,) = definition_problems(definition, OURS, workflow_id=WorkflowId(called[1]))
    assert problem.pointer == "/steps/1/iterator/body/subworkflow/workflow_id"
    assert problem.code == "SUBWORKFLOW_CYCLE"


def test_an_unknown_action_comes_with_the_known_ones() -> None:
    """The sentence lists what there is."""
    (problem,) = definition_problems(Definition(name="w", steps=(step("a", action="x"),)), OURS)
    assert problem.detail == (
        "There is no action 'x'; there are emit_event, http_request, run_sync_job,"
        " send_webhook, transform."
    )


def test_a_misspelt_action_comes_with_its_neighbours() -> None:
    """The sentence guesses."""
    misspelt = Definition(name="w", steps=(step("a", action="http_requst"),))
    (problem,) = definition_problems(misspelt, OURS)
    assert problem.detail == "There is no action 'http_requst'; did you mean http_request?"


def chain(count: int, first_depends_on: int) -> tuple[Step, ...]:
    """Steps that each wait for the one before, and the first for a later one."""
    return tuple(
        step(f"s{i}", action="fly", depends_on=(f"s{i - 1 if i else first_depends_on}",))
        for i in range(count)
    )


@pytest.mark.parametrize(
    "steps",
    [
        chain(10_000, 9_999),
        tuple(reversed(chain(10_000, 9_999))),
        tuple(reversed(chain(10_000, 4_999))),
        chain(10_000, 4_999),
        (
            step("a", depends_on=("b",)),
            *(step(f"s{i}", depends_on=("a",)) for i in range(9_998)),
            step("b", depends_on=("a",)),
        ),
        (step("a", depends_on=("b",)), step("b", depends_on=tuple(f"x{i}" for i in range(49_999)))),
    ],
    ids=["cycle", "reversed", "cycle at the end", "cycle at the start", "star", "unknown"],
)
def test_large_graphs_are_answered_quickly(steps: tuple[Step, ...]) -> None:
    """A cycle of 10,000 steps is a clear answer after a second's work, of bounded length."""
    definition = Definition(name="w", steps=steps)
    problems, took_s = measured(lambda: definition_problems(definition, OURS), below_s=1.5)
    assert took_s < 1.5
    assert 0 < len(problems) <= PROBLEMS_MAX
    codes = [problem.code for problem in problems]
    assert codes.count("CYCLE") == ("UNKNOWN_DEPENDENCY" not in codes)
    assert all(len(problem.detail) < 500 for problem in problems)
