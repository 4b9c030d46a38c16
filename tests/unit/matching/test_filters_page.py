"""Every example of docs/FILTERS.md does what the page says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from shared.domain.errors import Invalid
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import Reason
from shared.matching.filters import compile_filter
from shared.matching.operators import OPERATORS
from shared.matching.rules import decide
from shared.matching.view import EventView
from tests.unit.matching.build import event, workflow

PAGE = (Path(__file__).parents[3] / "docs" / "FILTERS.md").read_text("utf-8")
EXAMPLES = [orjson.loads(code) for code in re.findall(r"(?s)```json\n(.*?)```", PAGE)]
ROWS: list[dict[str, Any]] = [row for e in EXAMPLES if isinstance(e, list) for row in e]
FILTERS = [e for e in EXAMPLES if "filters" in e]
RUN_IFS = [e for e in EXAMPLES if "run_if" in e]
TEXT = re.sub(r"(?s)```.*?```", "", PAGE)
INLINE = re.findall(r"`([^`]+)`", TEXT)


def test_every_example_is_judged() -> None:
    """No example is of a form that is not looked at, and each operator has a row."""
    assert len(FILTERS) + len(RUN_IFS) + 1 == len(EXAMPLES)
    positive = {name for name, operator in OPERATORS.items() if not operator.is_negative}
    assert {name for row in ROWS for name in row["condition"]} == positive


def test_what_the_text_gives_as_an_example_is_judged() -> None:
    """A condition within a sentence stands in an example as well, as it is."""
    conditions = [orjson.loads(code) for code in INLINE if code.startswith('{"')]
    judged = [condition for e in FILTERS for condition in _conditions(e["filters"])]
    assert conditions
    assert [condition for condition in conditions if condition not in judged] == []
    run_ifs = {code for code in INLINE if code.startswith("payload.")}
    assert run_ifs
    assert run_ifs <= {e["run_if"] for e in RUN_IFS}


def test_a_fault_is_told_with_the_pointer_that_the_page_gives() -> None:
    """With its tilde as JSON pointers write it."""
    [pointer] = (code for code in INLINE if code.startswith("/filters/"))
    with pytest.raises(Invalid) as caught:
        compile_filter({"status": {"~eqq": 1}})
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


@pytest.mark.parametrize("row", ROWS)
def test_operators(row: dict[str, Any]) -> None:
    """An operator holds of what its row says, its negative of the rest; absent is as null."""
    [(name, operand)] = row["condition"].items()
    negative = f"~n{name[1:]}"
    for is_held, values in ((True, row["holds"]), (False, row["fails"])):
        for value in values:
            scopes = [{"v": value}, {}] if value is None else [{"v": value}]
            for scope in scopes:
                assert compile_filter({"v": {name: operand}}).matches(scope) is is_held, value
                if negative in OPERATORS:
                    opposite = compile_filter({"v": {negative: operand}})
                    assert opposite.matches(scope) is not is_held, value


@pytest.mark.parametrize("example", FILTERS)
def test_filters(example: dict[str, Any]) -> None:
    """A filter lets through what it is said to let through, and nothing that stays out."""
    assert set(example) == {"filters", "passes", "stays out"}
    compiled = compile_filter(example["filters"])
    for scope in example["passes"]:
        assert compiled.matches(scope), scope
    for scope in example["stays out"]:
        assert not compiled.matches(scope), scope


@pytest.mark.parametrize("example", RUN_IFS)
def test_run_ifs(example: dict[str, Any]) -> None:
    """A run_if starts what it is said to start, and gives the reason that the page gives."""
    assert set(example) == {"run_if", "passes", "stays out"}
    about = workflow(run_if=example["run_if"])
    expected = {Reason.MATCHED: example["passes"], **example["stays out"]}
    for reason, scopes in expected.items():
        for scope in scopes:
            view = EventView(event(scope["payload"]))
            assert decide(view, about, ExpressionCache(64)).reason == reason, scope


def _conditions(tree: Any) -> Iterator[Any]:
    """What is asked at single paths of a filter, or a list of them."""
    for part in tree if isinstance(tree, list) else [tree]:
        yield from part.values()
