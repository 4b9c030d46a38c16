"""Truto's functions give what its own library gave, input for input."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.domain.workflows import Dialect
from shared.expr.bounds import STEP
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import UNDEFINED, Document, compile_expression
from tests.unit.expr.support import NOW

_HERE = Path(__file__)
PUBLISHED = json.loads((_HERE.parents[2] / "data" / "truto_jsonata.json").read_text())
MORE = json.loads((_HERE.parent / "data" / "truto_more.json").read_text())

OTHERWISE = json.loads((_HERE.parent / "data" / "truto_otherwise.json").read_text())
"""What is otherwise here, and why."""


def came(source: str, given: Any) -> dict[str, Any]:
    """What an expression comes to, as a vector says it."""
    try:
        expression = compile_expression(source, dialect=Dialect.TRUTO)
        value = expression.evaluate(Document.of(given), bounds=STEP, now=NOW, seed=7)
    except ExpressionError as error:
        return {"error": str(error)}
    return {"undefined": True} if value is UNDEFINED else {"value": value}


def is_as(vector: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Whether the answer is the vector's; of an error, the sentence if the vector has one."""
    if "error" in vector:
        wanted: str | None = vector["error"].get("message")
        return "error" in answer and wanted in (None, answer["error"])
    return answer == {key: value for key, value in vector.items() if key != "expr"}


@pytest.mark.parametrize(
    ("vector", "given"),
    [(vector, given["input"]) for given in (PUBLISHED, MORE) for vector in given["vectors"]],
    ids=lambda part: str(part.get("expr", ""))[:60],
)
def test_a_function_answers_as_observed(vector: dict[str, Any], given: Any) -> None:
    """Each observed answer is ours too, or stands among those that are otherwise, with a reason."""
    answer = came(vector["expr"], given)
    assert is_as(vector, answer) is not (vector["expr"] in OTHERWISE), answer


def test_every_exception_is_a_vector() -> None:
    """Nothing is excused that nobody asks, and each has a reason of its own, which users read."""
    asked = {vector["expr"] for given in (PUBLISHED, MORE) for vector in given["vectors"]}
    assert OTHERWISE.keys() <= asked
    page = (_HERE.parents[3] / "docs" / "dialects" / "truto-functions.md").read_text()
    assert len({*OTHERWISE.values()}) == len(OTHERWISE)
    assert [why for why in OTHERWISE.values() if why not in page] == []
