"""Evaluating in one line."""

from datetime import UTC, datetime
from typing import Any

from shared.expr.bounds import STEP, Bounds
from shared.expr.jsonata import Document, Verdict, compile_expression

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def evaluate(source: str, value: Any = None, *, bounds: Bounds = STEP, **bindings: Any) -> Any:
    """The result of ``source`` on ``value``."""
    return compile_expression(source).evaluate(
        Document.of(value), bounds=bounds, now=NOW, seed=7, bindings=bindings or None
    )


def verdict(source: str, value: Any = None, *, bounds: Bounds = STEP) -> Verdict:
    """``source`` as a condition on ``value``."""
    return compile_expression(source).test(Document.of(value), bounds=bounds, now=NOW, seed=7)
