"""What stands beside the payload in what Truto's clients publish, as its words see it."""

from typing import Any

import orjson
import pytest

from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.workflows import Dialect
from shared.expr.jsonata import ExpressionCache
from shared.expr.scope import event_scope
from shared.matching.table import WorkflowTable
from shared.wire.intake import CLOUD_EVENT, EventLimits, read_event
from tests.unit.matching.build import AT, workflow

PLAIN: dict[str, Any] = {
    "event": "ticket:created",
    "tenant_id": "t1",
    "context": {"plan": "pro"},
    "payload": {"id": "x"},
}
CLOUD: dict[str, Any] = {
    "specversion": "1.0",
    "type": "ticket:created",
    "source": "/truto",
    "id": "e1",
    "tenantid": "t1",
    "data": {"id": "x"},
}


def read(document: dict[str, Any]) -> Event:
    """The event of a document that a publisher sends."""
    is_cloud = "specversion" in document
    return read_event(
        orjson.dumps(document),
        [("content-type", CLOUD_EVENT.encode() if is_cloud else b"application/json")],
        fallback_id="f",
        default_source="/s",
        default_environment=DEFAULT_ENVIRONMENT,
        received_at=AT,
        limits=EventLimits(),
    )


@pytest.mark.parametrize("document", [PLAIN, CLOUD])
def test_the_tenant_beside_the_payload_is_seen(document: dict[str, Any]) -> None:
    """Under the name that Truto has for it, in either form; the payload's own comes first."""
    assert event_scope(read(document), Dialect.TRUTO)["tenant_id"] == "t1"
    payload = "payload" if "payload" in document else "data"
    own = {**document, payload: {"tenant_id": "t2"}}
    assert event_scope(read(own), Dialect.TRUTO)["tenant_id"] == "t2"


def test_the_context_beside_the_payload_is_seen() -> None:
    """As it was sent; where none was, there is none."""
    assert event_scope(read(PLAIN), Dialect.TRUTO)["context"] == {"plan": "pro"}
    assert "context" not in event_scope(read(CLOUD), Dialect.TRUTO)


@pytest.mark.parametrize("document", [PLAIN, CLOUD])
@pytest.mark.parametrize(
    ("condition", "matched"),
    [
        ({"run_if": "tenant_id = 't1'"}, [True]),
        ({"run_if": "tenant_id = 't2'"}, []),
        ({"run_if": "tenant_id in ['t1', 't3']"}, [True]),
        ({"filters": {"tenant_id": {"~eq": "t1"}}}, [True]),
        ({"filters": {"tenant_id": {"~neq": "t1"}}}, []),
    ],
)
def test_workflows_are_looked_up_by_the_tenant(
    document: dict[str, Any], condition: dict[str, Any], matched: list[bool]
) -> None:
    """The index finds them as asking each would."""
    table = WorkflowTable(ExpressionCache(10))
    table.put(workflow(dialect=Dialect.TRUTO, **condition).conditions)
    found = [decision.is_match for decision in table.match(read(document)) if decision.is_match]
    assert found == matched
