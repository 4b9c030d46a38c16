"""The index of events leaves out none that a wait is for."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey
from shared.expr.jsonata import ExpressionCache
from shared.matching.awaited import is_awaited
from shared.matching.correlate import Correlated
from shared.matching.view import EventView

PLAIN: list[Any] = [
    *(None, False, True, 0, -0.0, 1, 1.0, 1.5, 2**53, 2**53 + 1, 10**400),
    *("", "1", "a", "true", [], [1], ["a"], {"b": 1}),
]
ABSENT = object()
"""Values, and none at all."""

MATCHES = [
    "payload.a = $input.a",
    "payload.a = $input.a and payload.b = $input.b",
    "payload.b = 1 and payload.a = $input.b",
    "payload.a.b = $input.a",
    "event.data.a = $input.a.b",
    "payload.a = $input.a or payload.b = 1",
    "payload.a = $input.a and payload.b = 1 or true",
    "payload.a = $input.a ? false : true",
    "payload.a != $input.a",
    "payload.a = $input.a = false",
    "$not(payload.a = $input.a)",
    "true",
    None,
]


def view(payload: Any, n: int = 0) -> EventView:
    """An event with a payload."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return EventView(
        Event(
            key=EventKey(UUID(int=n)),
            environment_id=DEFAULT_ENVIRONMENT,
            type="paid",
            source="/test",
            id=str(n),
            received_at=now,
            payload=payload,
        )
    )


def waits(match: str | None, given: Any) -> dict[str, Any]:
    """What a step waits for."""
    return {"event_name": "paid", "match": match, "input": given}


def fields(*values: Any) -> dict[str, Any]:
    """An object with the fields ``a`` and ``b``, where they are not absent."""
    return {name: v for name, v in zip("ab", values, strict=True) if v is not ABSENT}


PAYLOADS = [
    *(fields(a, b) for a in (*PLAIN, ABSENT) for b in (1, "a", ABSENT)),
    *({"a": {"b": b}} for b in PLAIN),
    *([{"a": a}] for a in PLAIN),
    *({"a": [{"b": b}]} for b in PLAIN),
    *PLAIN,
]
INPUTS = [*(fields(a, b) for a in (*PLAIN, ABSENT) for b in (1, ABSENT)), {"a": {"b": 1}}, *PLAIN]


@pytest.mark.parametrize("match", MATCHES)
def test_no_event_is_left_out(match: str | None) -> None:
    """Of the candidates those match that match of all, in the same order."""
    views = [view(p, n) for n, p in enumerate(PAYLOADS)]
    correlated, expressions = Correlated(views), ExpressionCache(50)
    for given in INPUTS:
        data = waits(match, given)
        found = correlated.candidates(data)
        assert [v.event.id for v in found if is_awaited(v, data, expressions)] == [
            v.event.id for v in views if is_awaited(v, data, expressions)
        ]


@pytest.mark.parametrize(
    ("match", "count"),
    [
        ("payload.a = $input.a", 1),
        (" payload.a=$input.a  and event.type = 'paid' ", 1),
        ("event.data.a = $input.a\nand payload.b = -1.5", 1),
        ("$input.a = payload.a", 100),
        ("payload.a = $input.a or false", 100),
        ("payload.a > $input.a", 100),
    ],
)
def test_an_equality_leaves_few(match: str, count: int) -> None:
    """Of a hundred events, the one with that value; other expressions have to be evaluated."""
    correlated = Correlated([view({"a": n}, n) for n in range(100)])
    assert len(correlated.candidates(waits(match, {"a": 7}))) == count
