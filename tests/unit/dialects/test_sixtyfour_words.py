"""Sixtyfour's documents as workflows, and back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.dialects.sixtyfour import workflows as sixtyfour
from services.api.dialects.sixtyfour.tables import Operator, table_text
from services.api.workflows.registration import Registration
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.workflows import Dialect, Lifecycle, Workflow
from shared.expr.bounds import STEP
from shared.expr.jsonata import Document, compile_expression

ID = UUID("4a4de828-f4c9-4bea-8ef4-2d705aec43bc")
AT = datetime(2026, 11, 22, tzinfo=UTC)
SEED: dict[str, Any] = {
    "workflow_name": "<string>",
    "workflow_description": "<string>",
    "workflow_definition": {
        "blocks": [
            {
                "sequence_number": 123,
                "block_type": "<string>",
                "block_name": "<string>",
                "specs": {},
                "block_id": "<string>",
            }
        ],
        "edges": [
            {"from_block_id": "<string>", "to_block_id": "<string>", "condition": "<string>"}
        ],
    },
    "id": "<string>",
}
LISTS: dict[str, Any] = {"n": 1, "s": "OK", "l": ["a", "b"]}
ROWS: list[dict[str, Any]] = [
    LISTS,
    {"n": "20", "s": "a/b", "l": []},
    {"n": None, "s": ""},
    {},
    {"n": 3.5, "s": "Ok", "l": ["x"]},
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
EXTRA = st.dictionaries(st.text(min_size=1).map(lambda name: f"x-{name}"), JSON, max_size=2)
IDS = st.sampled_from(["a", "b", "<c>", "6b0e6a0c-64d4-4c0e-9e64-640064006400"])


def with_extra(
    needed: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with these fields and unknown ones."""
    known = st.fixed_dictionaries(needed, optional=optional)
    return st.tuples(EXTRA, known).map(lambda both: {**both[0], **both[1]})


BLOCKS = with_extra(
    {
        "sequence_number": st.integers(-5, 5),
        "block_type": st.text(max_size=9),
        "block_name": st.sampled_from(["webhook", "find_email", "filter", "http_request"]),
        "specs": st.dictionaries(st.text().map(lambda name: f"y{name}"), JSON, max_size=2),
    },
    block_id=st.none() | IDS,
)
EDGES = with_extra(
    {"from_block_id": IDS, "to_block_id": IDS}, condition=st.none() | st.text(max_size=9)
)
GRAPHS = with_extra({"blocks": st.lists(BLOCKS, max_size=4), "edges": st.lists(EDGES, max_size=3)})
DOCUMENTS = with_extra(
    {
        "workflow_name": st.text(max_size=300),
        "workflow_description": st.text(max_size=9),
        "workflow_definition": GRAPHS,
    },
    id=st.none() | IDS,
)


@given(document=DOCUMENTS)
def test_every_field_comes_back(document: dict[str, Any]) -> None:
    """render(parse(document)) contains every field of the document, known or not, but for its id.

    Each block is a step, at its place in the document.
    """
    asked = sixtyfour.parse(document, ID)
    shown = orjson.loads(orjson.dumps(sixtyfour.render(_workflow(asked), None)))
    own = {name: value for name, value in document.items() if name != "id"}
    assert own.items() <= shown.items()
    assert shown["name"] == document["workflow_name"]
    names = [block["block_name"] for block in document["workflow_definition"]["blocks"]]
    assert [step.name for step in asked.definition.steps] == names


def test_the_documented_request_comes_back() -> None:
    """Whole, as a document whose id is no UUID."""
    asked = sixtyfour.parse(SEED, ID)
    assert (asked.workflow_id, asked.may_be_draft) == (ID, True)
    shown = sixtyfour.render(_workflow(asked), AT)
    assert {k: v for k, v in SEED.items() if k != "id"}.items() <= shown.items()
    assert shown["last_run_date"] == "2026-11-22T00:00:00.000000Z"


def test_without_edges_blocks_run_by_their_numbers() -> None:
    """Each after the one before, whatever the order of the document; ids stay where they can."""
    blocks = [_block(3, "c"), _block(1, "a"), _block(2, "b b", None)]
    steps = sixtyfour.parse(_document(blocks), ID).definition.steps
    assert [step.id for step in steps][:2] == ["c", "a"]
    assert [step.depends_on for step in steps] == [(steps[2].id,), (), ("a",)]
    assert str(UUID(steps[2].id)) == steps[2].id


def test_with_edges_they_say_what_follows_what() -> None:
    """What is no name of ours is another one, the same wherever it is written."""
    blocks = [_block(1, "x", "<in>"), _block(2, "y", "out")]
    edges = [{"from_block_id": "<in>", "to_block_id": "out", "condition": "$count(rows) > 1"}]
    definition = sixtyfour.parse(_document(blocks, edges), ID).definition
    (edge,) = definition.edges
    assert (edge.source, edge.target) == (definition.steps[0].id, "out")
    assert edge.condition == "$count(rows) > 1"
    assert not definition.steps[1].depends_on


def test_faults_of_specs_are_all_told_at_their_places() -> None:
    """Of every block that Turnout does itself."""
    blocks = [_block(1, "remove_columns"), _block(2, "filter", None, {"filters": [{"column": 7}]})]
    with pytest.raises(Invalid) as refused:
        sixtyfour.parse(_document(blocks), ID)
    at = "/workflow_definition/blocks"
    assert {problem.pointer for problem in refused.value.problems} == {
        f"{at}/0/specs/columns",
        f"{at}/1/specs/filters/0/column",
        f"{at}/1/specs/filters/0/operator",
    }


def test_problems_are_shown_where_the_author_wrote_them() -> None:
    """A pointer into the definition becomes one into Sixtyfour's document."""
    at = "/workflow_definition"
    for ours, theirs in (
        ("/steps/3/action", f"{at}/blocks/3/block_name"),
        ("/steps/3/input/src", f"{at}/blocks/3/specs"),
        ("/steps/3/id", f"{at}/blocks/3/block_id"),
        ("/steps/3/depends_on/0", f"{at}/blocks/3/block_id"),
        ("/edges/2/from", f"{at}/edges/2/from_block_id"),
        ("/edges/2/to", f"{at}/edges/2/to_block_id"),
        ("/edges/2/condition", f"{at}/edges/2/condition"),
        ("/steps", f"{at}/blocks"),
    ):
        assert sixtyfour.place(Problem(pointer=ours, code="C", detail="d")).pointer == theirs


@pytest.mark.parametrize(
    ("column", "operator", "value", "kept"),
    [
        ("s", "equals", "OK", [0]),
        ("n", "equals", "1", [0]),
        ("n", "equals", 20, [1]),
        ("n", "equals", None, [2, 3]),
        ("s", "not_equals", "OK", [1, 2, 3, 4]),
        ("s", "contains", "k", [4]),
        ("l", "contains", "x", [4]),
        ("l", "not_contains", "a", [1, 2, 3, 4]),
        ("n", "greater", 2, [1, 4]),
        ("n", "less", "10", [0, 4]),
        ("s", "greater", "N", [0, 1, 4]),
        ("s", "in", ["OK", "a/b"], [0, 1]),
        ("n", "in", [1], [0]),
        ("s", "in", "OK", [0]),
        ("s", "in", [], []),
        ("n", "not_in", [1, 20], [2, 3, 4]),
        ("s", "is_empty", None, [2, 3]),
        ("l", "is_empty", None, [1, 2, 3]),
        ("l", "is_not_empty", None, [0, 4]),
        ("s", "matches", "^a/b$", [1]),
        ("s", "matches", r"a\/b", [1]),
        ("n", "matches", r"^\d+$", [0, 1]),
        ("s", "matches", "", [0, 1, 2, 4]),
    ],
)
def test_a_filter_keeps_the_rows_for_which_it_holds(
    column: str, operator: str, value: object, kept: list[int]
) -> None:
    """Numbers compare as numbers, also where they are written as texts; the rest as texts."""
    found = _made("filter", {"filters": [{"column": column, "operator": operator, "value": value}]})
    assert found == [ROWS[index] for index in kept]


def test_filters_are_joined_from_the_left() -> None:
    """``logic`` joins a filter to all before it."""
    first = {"column": "s", "operator": "equals", "value": "OK"}
    second = {"column": "n", "operator": "greater", "value": 10, "logic": "or"}
    third = {"column": "l", "operator": "is_not_empty", "logic": "and"}
    assert _made("filter", {"filters": [first, second]}) == ROWS[:2]
    assert _made("filter", {"filters": [first, second, third]}) == ROWS[:1]
    assert _made("filter", {}) == ROWS


def test_rows_that_agree_are_there_once() -> None:
    """In the columns that are named, else in all of them; a text is no number."""
    rows: list[dict[str, Any]] = [{"n": 1}, {"n": "1"}, {"n": 1, "b": 2}, {}, {"b": 1}, {"n": 1}]
    assert _made("deduplicate", {"columns": ["n"]}, rows) == [{"n": 1}, {"n": "1"}, {}]
    assert _made("deduplicate", {}, rows) == rows[:5]


@pytest.mark.parametrize("rows", [[], [{"a": 1}], [{}]])
def test_few_rows_are_still_a_list(rows: list[dict[str, Any]]) -> None:
    """None, and one, of whichever block."""
    keep = {"filters": [{"column": "b", "operator": "not_equals", "value": 1}]}
    assert _made("webhook", {}, rows) == rows
    assert _made("filter", keep, rows) == rows
    assert _made("deduplicate", {"columns": ["a"]}, rows) == rows
    assert _made("remove_columns", {"columns": ["b"]}, rows) == rows
    assert _made("remove_columns", {"columns": ["a"]}, rows) == [{} for _ in rows]


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        ({"rows": None}, [{"a": 1}]),
        ({"rows": "text"}, [{"a": 1}]),
        ({"rows": {"a": 2}}, [{"a": 1}]),
        ({}, [{"a": 1}]),
        (None, [{"a": 1}]),
        ({"rows": []}, []),
        ({"rows": [{"a": 2}]}, [{"a": 2}]),
        ({"rows": [{"a": 1}, {"a": 2}, {"a": 1}]}, [{"a": 1}, {"a": 2}]),
        ([{"a": 3}], [{"a": 3}]),
    ],
)
def test_what_is_no_list_of_rows_passes_on_those_that_were_given(
    output: Any, kept: list[dict[str, Any]]
) -> None:
    """An action that puts out null for its rows, or an object, has put out none."""
    blocks = [_block(1, "find_email"), _block(2, "deduplicate")]
    asked = sixtyfour.parse(_document(blocks), ID)
    done = {"output": output, "input": {"specs": {}, "rows": [{"a": 1}, {"a": 1}]}}
    document = Document.of({"steps": {"find_email": done}})
    made = compile_expression(asked.definition.steps[1].input.src)
    assert made.evaluate(document, bounds=STEP, now=AT, seed=1)["rows"] == kept


@given(value=JSON, column=st.text(), operator=st.sampled_from(sorted(Operator)))
def test_whatever_specs_say_is_an_expression(value: Any, column: str, operator: str) -> None:
    """No text of an author's ends what it stands in; one that is no regular expression is told."""
    text = table_text("filter", {"filters": [_condition(column, operator, value)]})
    if operator != Operator.MATCHES:
        compile_expression(f"($rows := []; {text})")


def _condition(column: str, operator: str, value: Any) -> dict[str, Any]:
    return {"column": column, "operator": operator, "value": value}


def _made(name: str, specs: dict[str, Any], rows: list[dict[str, Any]] | None = None) -> Any:
    text = f"($rows := [rows]; {table_text(name, specs)})"
    document = Document.of({"rows": ROWS if rows is None else rows})
    return compile_expression(text).evaluate(document, bounds=STEP, now=AT, seed=1)["rows"]


def _block(
    number: int, name: str, id_: str | None = "", specs: dict[str, Any] | None = None
) -> dict[str, Any]:
    block = {"sequence_number": number, "block_type": "t", "block_name": name}
    return {**block, "block_id": name if id_ == "" else id_, "specs": specs or {}}


def _document(blocks: list[Any], edges: list[Any] | None = None) -> dict[str, Any]:
    graph = {"blocks": blocks, "edges": edges or []}
    return {"workflow_name": "w", "workflow_description": "", "workflow_definition": graph}


def _workflow(asked: Registration) -> Workflow:
    return Workflow(
        id=asked.workflow_id,
        environment_id=asked.environment_id or DEFAULT_ENVIRONMENT,
        version=1,
        dialect=Dialect.SIXTYFOUR,
        lifecycle=Lifecycle.READY,
        is_active=True,
        definition=asked.definition,
        source=asked.source,
        created_at=AT,
        updated_at=AT,
    )
