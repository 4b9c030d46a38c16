"""A document that is read where expressions lead, and converted when many of them come."""

import pytest

from shared.expr.bounds import RUN_IF
from shared.expr.jsonata import READINGS_MAX, Document, compile_expression
from tests.unit.expr.support import NOW


@pytest.mark.parametrize("source", ["a.b", "a.b + 1", "$sum(c)", "c[1]", "$count(*)", "missing"])
def test_the_first_readings_and_the_later_ones_agree(source: str) -> None:
    """A value gives the same result before and after it was converted for many expressions."""
    expression = compile_expression(source)
    document = Document.of({"a": {"b": 2.5}, "c": [1, 2, 3]})
    results = [
        expression.evaluate(document, bounds=RUN_IF, now=NOW, seed=1)
        for _ in range(READINGS_MAX + 2)
    ]
    assert all(result == results[0] for result in results)
