"""What TransactionLink's receivers read is what its API says of the same execution."""

import json
from typing import Any
from uuid import UUID

import pytest

from services.webhooks.bodies import Told, body_of
from shared.domain.outcomes import WaitKind
from shared.domain.subscriptions import WebhookFormat
from shared.wire.envelope import dumps

ID = UUID("11111111-1111-4111-8111-111111111111")
AWAITING = ("WORKFLOW_AWAITING", "AWAITING")
RUNNING = ("WORKFLOW_STATUS_UPDATED", "RUNNING")


def told(data: dict[str, Any]) -> Any:
    """The message that comes of a record with this data."""
    record = {"environmentid": str(ID), "time": "2026-11-22T10:00:00Z", "data": data}
    message = body_of(
        WebhookFormat.TRANSACTIONLINK,
        Told(
            delivery_id=ID,
            subscription_id=ID,
            kind="step.waiting",
            raw=dumps(record),
            record=record,
        ),
    )
    document = json.loads(message.raw)
    assert document["event"] == message.kind
    return document


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (WaitKind.APPROVAL, AWAITING),
        (WaitKind.FORM, AWAITING),
        (WaitKind.EVENT, AWAITING),
        (WaitKind.TASK, AWAITING),
        (WaitKind.SUBWORKFLOW, AWAITING),
        (WaitKind.SLEEP, RUNNING),
        (WaitKind.ITEMS, RUNNING),
        (WaitKind.TURN, RUNNING),
        (WaitKind.THROTTLE, RUNNING),
    ],
)
def test_it_awaits_only_what_somebody_else_is_to_do(kind: WaitKind, said: tuple[str, str]) -> None:
    """A step that sleeps, or waits for room or its own items, leaves its execution running."""
    document = told({"status": "WAITING", "output": {"kind": kind.value}})
    assert (document["event"], document["status"]) == said


def test_the_version_is_called_as_in_the_api() -> None:
    """``revision`` is of the content there, ``executionVersion`` the number."""
    document = told({"phase": "started", "workflow_version": 3})
    assert document["executionVersion"] == 3
    assert "revision" not in document
