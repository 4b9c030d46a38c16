"""What an expression sees."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, event_key
from shared.domain.short_ids import short_id
from shared.domain.workflows import Dialect
from shared.expr.jsonata import UNDEFINED
from shared.expr.scope import Item, Seen, event_scope, start_scope, step_scope
from shared.matching.filters import compile_filter
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
    attributes={"tenantid": "t1", "context": {"plan_type": "hidden"}},
)
STEPS: dict[str, dict[str, Any]] = {
    "first": {
        "status": "completed",
        "output": {"run_id": "r1", "rows": [{"id": 7}]},
        "input": {"a": 1},
        "error": None,
    },
    "second": {
        "status": "failed",
        "output": None,
        "input": None,
        "error": {"kind": "timeout", "message": "It took too long."},
    },
}


SEEN = Seen(
    start={},
    steps=STEPS,
    secrets={"API": "marker"},
    item=Item(value={"sku": "x"}, index=3),
    error={"kind": "defect"},
)


def scope_of(
    dialect: Dialect, event: Event = EVENT, execution: str = "e", **others: Any
) -> dict[str, Any]:
    """What a step sees of ``event`` and SEEN, but for ``others``."""
    start = start_scope(event, {"id": "w", "name": "Onboarding"}, {"id": execution}, dialect)
    return step_scope(replace(SEEN, start=start, **others), dialect)


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
        ("event.attributes.tenantid", "t1"),
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
    ("payload", "dialect", "source", "expected"),
    [
        ({"parameters": {"a": 1}}, Dialect.NATIVE, "parameters.a", 1),
        ({"parameters": 5, "a": 2}, Dialect.NATIVE, "parameters.a", 2),
        ({"parameters": {"a": 1}, "locale": "fr"}, Dialect.TRANSACTIONLINK, "parameters.a", 1),
        ({"parameters": {}, "locale": "fr"}, Dialect.TRANSACTIONLINK, "locale", "fr"),
        ({"recordId": "r"}, Dialect.TRANSACTIONLINK, "recordId", "r"),
        ({"a": 1}, Dialect.ALTOSTRAT, "trigger.a + payload.a + webhook_payload.a + context.a", 4),
        ({"context": {"a": 5}}, Dialect.ALTOSTRAT, "context.a", 5),
        ([1], Dialect.ALTOSTRAT, "trigger.event_name", "integrated_account:connected"),
        ([1], Dialect.ALTOSTRAT, "trigger.trigger_type", "event"),
        ({"a": 1}, Dialect.SIXTYFOUR, "rows", [{"a": 1}]),
        ([{"a": 1}, {"a": 2}], Dialect.SIXTYFOUR, "$sum(rows.a)", 3),
        ({"webhook_payload": [{"a": 1}]}, Dialect.SIXTYFOUR, "rows", [{"a": 1}]),
        ({"webhook_payload": {"a": 1}}, Dialect.SIXTYFOUR, "rows", [{"a": 1}]),
        ({"rows": [{"a": 1}]}, Dialect.SIXTYFOUR, "rows", [{"a": 1}]),
        ("text", Dialect.SIXTYFOUR, "$count(rows)", 0),
        ({"a": 1}, Dialect.THENA, "context.event.message.payload.a", 1),
        ({"a": 1}, Dialect.THENA, "event.message.payload.a", 1),
        ({}, Dialect.THENA, "context.event.eventName", "integrated_account:connected"),
        ({}, Dialect.THENA, "context.event.messageAttributes.event_id", "evt_1"),
        ({}, Dialect.THENA, "context.event.message.orgId", "O1"),
        ({}, Dialect.THENA, "context.event.messageAttributes.context_user_id", "u1"),
        ({"message": {"payload": {"a": 2}}}, Dialect.THENA, "context.event.message.payload.a", 2),
        ({"message": "hello"}, Dialect.THENA, "context.event.message.payload.message", "hello"),
    ],
)
def test_event_scopes_of_the_dialects(
    payload: Any, dialect: Dialect, source: str, expected: Any
) -> None:
    """Each dialect finds the event under its own words."""
    attributes = {"actor": {"id": "u1", "type": "AGENT"}, "orgId": "O1"}
    event = replace(EVENT, payload=payload, attributes=attributes)
    assert seen(source, dialect, event) == expected


@pytest.mark.parametrize(
    ("type_", "source", "expected"),
    [
        ("webhook:received", "trigger.trigger_type & webhook_payload.a", "webhook1"),
        ("workflow:started", "trigger.trigger_type & webhook_payload.body.a", "manual1"),
        ("schedule:due", "trigger.trigger_type", "scheduled"),
        ("workflow:called", "trigger.trigger_type", "workflow"),
    ],
)
def test_altostrat_tells_how_it_was_started(type_: str, source: str, expected: str) -> None:
    """What was sent to a webhook is its body; anything else is the payload."""
    event = replace(EVENT, type=type_, payload={"body": {"a": 1}, "headers": {}})
    assert seen(source, Dialect.ALTOSTRAT, event) == expected


def test_altostrat_sees_the_run_as_its_clients_do() -> None:
    """A step finds the run's id in its trigger, in the form in which the API has it."""
    id_ = "4a4de828-f4c9-4bea-8ef4-2d705aec43bc"
    scope = scope_of(Dialect.ALTOSTRAT, execution=id_)
    assert scope["trigger"]["run_id"] == f"fl_run_{short_id(UUID(id_)).lower()}"
    assert "run_id" not in scope_of(Dialect.ALTOSTRAT)["trigger"]


@pytest.mark.parametrize(
    "key", ["{{context.event.message.payload.id}}", "event.message.payload.id"]
)
def test_filters_find_their_paths_in_a_thena_scope(key: str) -> None:
    """A filter's key leads to the same value as a template or as a bare path."""
    scope = event_scope(EVENT, Dialect.THENA)
    assert compile_filter({key: {"~eq": "ia_1"}}).matches(scope)
    assert not compile_filter({key: {"~eq": "ia_2"}}).matches(scope)


@pytest.mark.parametrize(
    ("dialect", "source", "expected"),
    [
        (Dialect.NATIVE, "steps.first.output.run_id", "r1"),
        (Dialect.NATIVE, "steps.second.status & steps.second.error.kind", "failedtimeout"),
        (Dialect.NATIVE, "payload.id & workflow.id & execution.id", "ia_1we"),
        (Dialect.TRUTO, "steps[0].output.run_id", "r1"),
        (Dialect.TRUTO, "steps[id = 'second'].status", "failed"),
        (Dialect.TRUTO, "integration.name & workflow.id & execution.id", "calcomwe"),
        (Dialect.ALTOSTRAT, "first.run_id", "r1"),
        (Dialect.ALTOSTRAT, "steps.first.output.run_id", "r1"),
        (Dialect.ALTOSTRAT, "second.error", "It took too long."),
        (Dialect.ALTOSTRAT, "trigger.integration.name", "calcom"),
        (Dialect.SIXTYFOUR, "rows.id", 7),
        (Dialect.SIXTYFOUR, "trigger.webhook_payload.id", "ia_1"),
        (Dialect.THENA, "context.steps.first.result.run_id", "r1"),
        (Dialect.THENA, "context.steps.first.input.a", 1),
        (Dialect.THENA, "context.name", "Onboarding"),
        (
            Dialect.THENA,
            "context.secrets.API & context.item.sku & context.error.kind",
            "markerxdefect",
        ),
        (Dialect.TRANSACTIONLINK, "steps.first.output.run_id & parameters.id", "r1ia_1"),
    ],
)
def test_a_step_sees_what_ended_before_it(dialect: Dialect, source: str, expected: Any) -> None:
    """Steps are found in the dialect's way; the event stays visible."""
    assert evaluate(source, scope_of(dialect)) == expected


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_dialect_sees_the_common_words(dialect: Dialect) -> None:
    """Secrets, an iterator's item and the error of a compensation are there for all, if at all."""
    source = "secrets.API & item.sku & index & error.kind & execution.id"
    assert evaluate(source, scope_of(dialect)) == "markerx3defecte"
    alone = scope_of(dialect, item=None, error=None)
    assert not alone.keys() & {"item", "index", "error"}


def test_what_an_execution_was_asked_for_stands_before_what_its_event_says() -> None:
    """A language and a record that a client asked for, in transactionlink's words."""
    event = replace(EVENT, payload={"locale": "fr", "recordId": "r1"})
    asked = {"id": "e", "locale": "en", "record_id": "r2"}
    scope = start_scope(event, {}, asked, Dialect.TRANSACTIONLINK)
    assert (scope["locale"], scope["recordId"]) == ("en", "r2")
    assert start_scope(event, {}, {"id": "e"}, Dialect.TRANSACTIONLINK)["locale"] == "fr"


def test_a_step_cannot_hide_a_word_of_the_scope() -> None:
    """A step called ``payload`` is found under ``steps`` only."""
    scope = scope_of(Dialect.ALTOSTRAT, steps={"payload": {"output": 1}})
    assert scope["payload"] == EVENT.payload
    assert scope["steps"]["payload"]["output"] == 1


@pytest.mark.parametrize(
    ("dialect", "path", "source"),
    [
        (Dialect.NATIVE, "ticket", "ticket.n"),
        (Dialect.NATIVE, "payload.integration.account", "payload.integration.account.n"),
        (Dialect.NATIVE, "payload.id.account", "payload.id.account.n"),
        (Dialect.NATIVE, "payload.list.1.user", "payload.list[1].user.n"),
        (Dialect.TRUTO, "context.account", "context.account.n"),
        (Dialect.THENA, "ticket", "context.ticket.n"),
        (Dialect.THENA, "context.event.message.payload.ticket", "event.message.payload.ticket.n"),
    ],
)
def test_an_annotated_entity_stands_at_its_path(dialect: Dialect, path: str, source: str) -> None:
    """An entity is placed without a change to the event that others share."""
    event = replace(EVENT, payload={**EVENT.payload, "list": [{"a": 1}, {"a": 2}]})
    before = deepcopy(event.payload)
    scope = scope_of(dialect, event, annotations={path: {"n": 5}})
    assert evaluate(source, scope) == 5
    assert event.payload == before
    if path.startswith("payload.list"):
        assert evaluate("payload.list.a", scope) == [1, 2]
