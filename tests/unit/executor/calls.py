"""Builders of calls and registered actions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from services.executor.call import Call, InTurn
from shared.domain.actions import ActionSpec, RegisteredAction, Transport
from shared.domain.causes import cause_of
from shared.domain.events import Event
from shared.domain.ids import (
    DEFAULT_ENVIRONMENT,
    ExecutionId,
    StepId,
    WorkflowId,
    call_key,
    event_key,
)
from shared.domain.steps import Step
from shared.wire.results import Origin
from tests.support.virtual_clock import VirtualClock

T = TypeVar("T")
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
EXECUTION = ExecutionId(UUID(int=1))
WORKFLOW = WorkflowId(UUID(int=2))
EVENT = Event(
    key=event_key(DEFAULT_ENVIRONMENT, "desk", "e1"),
    environment_id=DEFAULT_ENVIRONMENT,
    type="ticket:created",
    source="desk",
    id="e1",
    received_at=NOW,
    payload=None,
)


def call(given: Any = None, *, heartbeat_s: float | None = None, **changes: Any) -> Call:
    """The second attempt of the step ``ask``."""
    fields: dict[str, Any] = {
        "origin": Origin(
            execution_id=EXECUTION,
            workflow_id=WORKFLOW,
            workflow_version=1,
            environment_id=DEFAULT_ENVIRONMENT,
            event_key=EVENT.key,
            cause=cause_of(EVENT, WORKFLOW),
        ),
        "event": EVENT,
        "step": Step(id="ask", action="tickets:create", heartbeat_s=heartbeat_s, timeout_s=20.0),
        "key": StepId("ask"),
        "action": "tickets:create",
        "attempt": 2,
        "input": given,
        "idempotency_key": call_key(str(EXECUTION), "ask"),
        "timeout_s": 20.0,
        "now": NOW,
    }
    return Call(**{**fields, **changes})


def after(clock: VirtualClock, seconds: float) -> InTurn:
    """A turn that comes so much later."""

    async def in_turn(work: Callable[[], T], *, has_sent: bool = False) -> T:
        clock.jump(clock.now() + timedelta(seconds=0 if has_sent else seconds))
        return work()

    return in_turn


def registered(**spec: Any) -> RegisteredAction:
    """An action ``tickets:create``, done by workers unless it has a URL."""
    transport = Transport.HTTP if "url" in spec else Transport.WORKER
    return RegisteredAction(
        environment_id=UUID(str(DEFAULT_ENVIRONMENT)),
        name="tickets:create",
        version=1,
        spec=ActionSpec(transport=transport, **spec),
        updated_at=NOW,
    )
