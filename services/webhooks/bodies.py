"""What is sent of a record, in each system's words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from shared.domain.executions import AttemptStatus, Phase
from shared.domain.outcomes import WaitKind
from shared.domain.subscriptions import TEST, WebhookFormat, message_id
from shared.wire.envelope import CLOUD_EVENT, dumps

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A record that is to be told to a subscription; ``result`` is what its execution came to.

    ``workspace_id`` is what its workflow's definition says, if it does.
    """

    delivery_id: UUID
    subscription_id: UUID
    kind: str
    raw: bytes
    record: Mapping[str, Any]
    result: Any = None
    workspace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent, and how receivers call this kind of message; the same at each attempt."""

    media: str
    raw: bytes
    kind: str


def body_of(format_: WebhookFormat, told: Told) -> Body:
    """The message."""
    return _FORMATS[format_](told)


def _native(told: Told) -> Body:
    return Body(media=CLOUD_EVENT, raw=told.raw, kind=told.record["type"])


def _truto(told: Told) -> Body:
    """A test is what Truto's own is."""
    record, event, payload = told.record, "test", {"foo": "bar"}
    if told.kind != TEST:
        event = record["type"].replace("turnout.step.", "workflow_step:")
        payload = record["data"]
    document = {
        "id": f"evt_{told.delivery_id.hex}",
        "event": event,
        "payload": payload,
        "environment_id": record["environmentid"],
        "webhook_id": str(told.subscription_id),
        "created_at": record["time"],
    }
    return Body(media=JSON, raw=dumps(document), kind=event)


def _sixtyfour(told: Told) -> Body:
    data, (about, _, happened) = told.record["data"], told.kind.partition(".")
    kind = f"{'workflow_block' if about == 'step' else 'workflow_run'}.{happened or about}"
    run_id = data.get("execution_id")
    document = {
        "event_id": message_id(told.delivery_id),
        "event_type": kind,
        "run_id": run_id,
        "workflow_id": data.get("workflow_id"),
        "block_id": data.get("step_id"),
        "error_message": (data.get("error") or {}).get("message"),
        "results": data.get("output") if about == "step" else told.result,
        "results_download_url": run_id
        and f"/sixtyfour/workflows/runs/{run_id}/results/download-links",
        "created_at": told.record["time"],
    }
    return Body(media=JSON, raw=dumps(document), kind=kind)


def _transactionlink(told: Told) -> Body:
    data = told.record["data"]
    state = data.get("phase") or data.get("status")
    kind, status = _TRANSACTIONLINK.get(state, _GOES_ON)
    if state == AttemptStatus.WAITING and (data.get("output") or {}).get("kind") in _OWN:
        kind, status = _GOES_ON
    document = {
        "event": kind,
        "id": message_id(told.delivery_id),
        "workflowId": data.get("execution_id"),
        "workflowDefinitionId": data.get("workflow_id"),
        "workspaceId": told.workspace_id or told.record["environmentid"],
        "executionVersion": data.get("workflow_version"),
        "status": status,
        "stepId": data.get("step_id"),
        "result": told.result,
        "timestamp": told.record["time"],
    }
    return Body(media=JSON, raw=dumps(document), kind=kind)


_GOES_ON: Final = ("WORKFLOW_STATUS_UPDATED", "RUNNING")
# Waits for the clock, for the step's own items, or for room: nobody else is to do anything.
_OWN: Final = frozenset({WaitKind.SLEEP, WaitKind.ITEMS, WaitKind.TURN, WaitKind.THROTTLE})
_TRANSACTIONLINK: Final[Mapping[Any, tuple[str, str]]] = MappingProxyType(
    {
        Phase.COMPLETED: ("WORKFLOW_COMPLETED", "COMPLETED"),
        Phase.WAITING: ("WORKFLOW_AWAITING", "AWAITING"),
        AttemptStatus.WAITING: ("WORKFLOW_AWAITING", "AWAITING"),
        Phase.FAILED: ("WORKFLOW_STATUS_UPDATED", "FAILED"),
        Phase.CANCELLED: ("WORKFLOW_STATUS_UPDATED", "CANCELLED"),
        Phase.EXPIRED: ("WORKFLOW_STATUS_UPDATED", "EXPIRED"),
    }
)
"""The kind of message and the status of what happened; of anything else it is an update."""

_FORMATS: Final[Mapping[WebhookFormat, Callable[[Told], Body]]] = MappingProxyType(
    {
        WebhookFormat.NATIVE: _native,
        WebhookFormat.TRUTO: _truto,
        WebhookFormat.SIXTYFOUR: _sixtyfour,
        WebhookFormat.TRANSACTIONLINK: _transactionlink,
    }
)

SHOWS_RESULT: Final = frozenset({WebhookFormat.SIXTYFOUR, WebhookFormat.TRANSACTIONLINK})
"""The formats that say what an execution came to."""
