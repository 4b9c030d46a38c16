"""What keeps a JSONata text from being a condition."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shared.domain.errors import Invalid, Problem
from shared.domain.workflows import Dialect
from shared.expr.bounds import RUN_IF, RUN_IF_BYTES_MAX
from shared.expr.errors import ExpressionError
from shared.expr.functions import unfit_for_run_if
from shared.expr.jsonata import UNDEFINED, Document, Expression, compile_expression
from shared.expr.reads import is_constant

_QUICK = replace(RUN_IF, timeout_s=0.01, steps_max=1_000)
"""A definition may have thousands of conditions: a constant that takes longer goes unjudged."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def condition_problems(
    source: str | None, pointer: str, dialect: Dialect = Dialect.NATIVE
) -> Iterator[Problem]:
    """The faults of a condition.

    It cannot be read, names a function that may not decide, or is a constant that is no boolean.

    A text that depends on data may come to anything, and is then taken for true or false.
    """
    if source is None:
        return
    try:
        expression = compile_expression(source, pointer=pointer, bytes_max=RUN_IF_BYTES_MAX)
    except Invalid as error:
        yield from error.problems
        return
    for name, why in unfit_for_run_if(source, dialect):
        detail = f"${name} may not stand in a condition: {why}. Use it in a step's input."
        yield Problem(pointer=pointer, code="NOT_FOR_CONDITIONS", detail=detail)
    if not is_constant(source):
        return
    try:
        result = _always(expression)
    except ExpressionError:
        return
    if not isinstance(result, bool):
        came = "nothing" if result is UNDEFINED else _NAMES[type(result)]
        detail = f"It always comes to {came}; write a comparison, such as \"payload.plan = 'pro'\"."
        yield Problem(pointer=pointer, code="NOT_A_CONDITION", detail=detail)


def constant_truth(source: str) -> bool | None:
    """What a valid condition always comes to; None: that depends, or takes long to find out."""
    if any(name in source for name in _CHANCE_AND_TIME) or not is_constant(source):
        return None
    try:
        result = _always(compile_expression(source, bytes_max=RUN_IF_BYTES_MAX))
    except ExpressionError:
        return None
    return result if isinstance(result, bool) else None


def _always(expression: Expression) -> Any:
    """What a constant comes to. Raises ExpressionError."""
    return expression.evaluate(Document.of({}), bounds=_QUICK, now=_EPOCH, seed=0)


_CHANCE_AND_TIME = ("now", "millis", "random", "shuffle")
"""Functions that read nothing and do not always come to the same."""

_NAMES: dict[type, str] = {
    type(None): "null",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}
