"""What keeps a JSONata text from being a condition."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from shared.domain.errors import Invalid, Problem
from shared.expr.bounds import RUN_IF, RUN_IF_BYTES_MAX
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import UNDEFINED, Document, compile_expression, is_constant

_QUICK = replace(RUN_IF, timeout_s=0.01, steps_max=1_000)
"""A definition may have thousands of conditions: a constant that takes longer goes unjudged."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def condition_problems(source: str | None, pointer: str) -> Iterator[Problem]:
    """The fault of a condition: it cannot be read, or it is a constant that is no boolean.

    A text that depends on data may come to anything, and is then taken for true or false.
    """
    if source is None:
        return
    try:
        expression = compile_expression(source, pointer=pointer, bytes_max=RUN_IF_BYTES_MAX)
    except Invalid as error:
        yield from error.problems
        return
    if not is_constant(source):
        return
    try:
        result = expression.evaluate(Document.of({}), bounds=_QUICK, now=_EPOCH, seed=0)
    except ExpressionError:
        return
    if not isinstance(result, bool):
        came = "nothing" if result is UNDEFINED else _NAMES[type(result)]
        detail = f"It always comes to {came}; write a comparison, such as \"payload.plan = 'pro'\"."
        yield Problem(pointer=pointer, code="NOT_A_CONDITION", detail=detail)


_NAMES: dict[type, str] = {
    type(None): "null",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}
