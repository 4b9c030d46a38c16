"""What an expression sees."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, event_key
from shared.domain.workflows import Dialect
from shared.expr.jsonata import UNDEFINED
from shared.expr.scope import event_scope, step_scope
from tests.unit.expr.support import evaluate

ENVIRONMENT = EnvironmentId(UUID("05daecaf-4365-42e8-8370-8127de5dd717"))
EVENT = Event(
    key=event_key(ENVIRONMENT, "truto", "evt_1"),
    environment_id=ENVIRONMENT,
    type="integrated_account:connected",
    source="truto",
    id="evt_1",
    received_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    payload={"id": "ia_1", "integration": {"name": "calcom"}, "context": {"plan_type": "pro"}},
    attributes={"tenant_id": "t1", "context": {"plan_type": "hidden"}},
)
STEPS: dict[str, dict[str, Any]] = {
    "first": {"status": "completed", "output": {"run_id": "r1"}},
    "second": {"status": "failed", "output": None},
}


def seen(source: str, dialect: Dialect, event: Event = EVENT) -> Any:
    """What ``source`` comes to in an event's scope."""
    return evaluate(source, event_scope(event, dialect))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("integration.name = 'calcom'", True),
        ("integrated_account_id", "ia_1"),
        ("event.payload.integration.name", "calcom"),
        ("event.event", "integrated_account:connected"),
        ("environment_id", str(ENVIRONMENT)),
        ("tenant_id", "t1"),
        ("context.plan_type", "pro"),
        ("event.created_at", "2026-03-01T12:00:00.000Z"),
        ("steps", UNDEFINED),
    ],
)
def test_truto_scope_is_the_union_of_its_documented_shapes(source: str, expected: Any) -> None:
    """Payload at the root, under ``event.payload``, and ``context`` all work, in one scope."""
    assert seen(source, Dialect.TRUTO) == expected


@pytest.mark.parametrize(
    ("field", "value", "source", "expected"),
    [
        ("integrated_account_id", "own", "integrated_account_id", "own"),
        ("environment_id", "own", "environment_id", "own"),
        ("tenant_id", None, "tenant_id", None),
        ("event", "own", "event.id", "evt_1"),
        ("event", "own", "event.payload.event", "own"),
    ],
)
def test_truto_precedence(field: str, value: Any, source: str, expected: Any) -> None:
    """The payload's own fields come first, except that ``event`` is always the event."""
    event = replace(EVENT, payload={"id": "ia_1", field: value})
    assert seen(source, Dialect.TRUTO, event) == expected


@pytest.mark.parametrize("payload", [None, 5, "text", [1, 2], []])
def test_a_payload_that_is_no_object_adds_nothing_to_the_root(payload: Any) -> None:
    """Any JSON value is a payload; only an object's fields reach the root."""
    event = replace(EVENT, payload=payload, attributes={})
    assert event_scope(event, Dialect.TRUTO).keys() == {"event", "environment_id"}
    assert event_scope(event, Dialect.NATIVE)["payload"] == payload


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("payload.integration.name", "calcom"),
        ("event.data.integration.name", "calcom"),
        ("event.type", "integrated_account:connected"),
        ("event.subject", None),
        ("event.attributes.tenant_id", "t1"),
        ("trigger.event_name", "integrated_account:connected"),
        ("event.key", str(EVENT.key)),
        ("integration", UNDEFINED),
    ],
)
def test_native_scope(source: str, expected: Any) -> None:
    """The native scope keeps the event, its payload and its trigger apart."""
    assert seen(source, Dialect.NATIVE) == expected


def test_times_are_utc() -> None:
    """A publisher's own zone is told in UTC."""
    at = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert seen("event.time", Dialect.NATIVE, replace(EVENT, time=at)) == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize(
    ("dialect", "source", "expected"),
    [
        (Dialect.NATIVE, "steps.first.output.run_id", "r1"),
        (Dialect.NATIVE, "steps.second.status", "failed"),
        (Dialect.NATIVE, "payload.id & workflow.id & execution.id", "ia_1we"),
        (Dialect.TRUTO, "steps[0].output.run_id", "r1"),
        (Dialect.TRUTO, "steps[id = 'second'].status", "failed"),
        (Dialect.TRUTO, "integration.name & workflow.id & execution.id", "calcomwe"),
    ],
)
def test_a_step_sees_what_ended_before_it(dialect: Dialect, source: str, expected: Any) -> None:
    """Steps are found by id natively, by order or id in truto's words; the event stays visible."""
    scope = step_scope(EVENT, dialect, steps=STEPS, workflow={"id": "w"}, execution={"id": "e"})
    assert evaluate(source, scope) == expected
