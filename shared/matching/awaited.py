"""Whether an event is the one that a step waits for."""

from collections.abc import Mapping
from typing import Any

from shared.domain.errors import Invalid
from shared.domain.workflows import Dialect
from shared.expr.bounds import RUN_IF, RUN_IF_BYTES_MAX
from shared.expr.jsonata import ExpressionCache, Truth, Verdict
from shared.matching.rules import is_named
from shared.matching.view import EventView


def is_awaited(view: EventView, data: Mapping[str, Any], expressions: ExpressionCache) -> bool:
    """Whether the event ends the wait ``data`` (``shared.domain.outcomes.Wait``, kind event).

    An expression that fails does not match.
    """
    return try_wait(view, data, expressions).truth is Truth.TRUE


def try_wait(view: EventView, data: Mapping[str, Any], expressions: ExpressionCache) -> Verdict:
    """As ``is_awaited``, with what kept the expression from an answer."""
    if not is_named(view.event.type, data["event_name"]):
        return Verdict(Truth.FALSE)
    source = data["match"]
    if source is None:
        return Verdict(Truth.TRUE)
    try:
        expression = expressions.get(source, bytes_max=RUN_IF_BYTES_MAX)
    except Invalid:
        return Verdict(Truth.FALSE)
    return expression.test(
        view.document(Dialect.NATIVE),
        bounds=RUN_IF,
        now=view.now,
        seed=view.seed,
        bindings={"input": data["input"]},
    )


def event_data(view: EventView) -> dict[str, Any]:
    """The event as the step's output."""
    event: dict[str, Any] = view.scope(Dialect.NATIVE)["event"]
    return event
