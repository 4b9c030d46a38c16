"""A workflow as Thena shows it: as it was sent, with every documented field, and what we say."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.thena.registry import render_event, unregistered_event
from services.api.dialects.thena.request import event_named
from services.api.http.documents import render_problems
from shared.domain.actions import Versions
from shared.domain.errors import Problem
from shared.domain.event_types import EventType
from shared.domain.short_ids import short_id
from shared.domain.workflows import Workflow
from shared.wire.envelope import stamp

Fields = Mapping[str, Any]

_RETRY: Final[Fields] = MappingProxyType(
    {"maximumAttempts": 3, "initialInterval": 1, "backoffCoefficient": 2}
)
_APPROVER: Final[Fields] = MappingProxyType({"type": "TEAM", "uid": "", "timeout": 0})


def render(
    workflow: Workflow,
    events: Mapping[str, EventType],
    actions: Versions,
    problems: Sequence[Problem] = (),
) -> dict[str, Any]:
    """A ``ThenaWorkflowDocument``; what was sent comes back as it was, save the event.

    Of that the registry knows more: ``events`` are registered ones by what documents call them.
    ``actions`` are those there are.
    """
    source: Fields = workflow.source
    said, uid = event_named(source.get("triggerEvent")), short_id(workflow.id)
    usual: Fields = {
        "type": "MANUAL" if said is None else "AUTOMATED",
        "subType": "WORKFLOW",
        "filters": {},
        "annotations": [],
        "executingAgent": None,
        "teamId": None,
        "metadata": {},
    }
    return {
        **_completed(source, usual),
        "uid": uid,
        "uniqueIdentifier": uid,
        "version": workflow.version,
        "triggerEvent": _event(said, events),
        "workflowDefinition": [_step(step, actions) for step in source["workflowDefinition"]],
        "isActive": workflow.is_matched,
        "createdAt": stamp(workflow.created_at),
        "updatedAt": stamp(workflow.updated_at),
        "createdBy": workflow.created_by,
        **({"problems": render_problems(problems)} if problems else {}),
    }


def _event(said: str | None, events: Mapping[str, EventType]) -> Any:
    if said is None:
        return None
    return render_event(events[said]) if said in events else unregistered_event(said)


def _step(sent: Fields, actions: Versions) -> dict[str, Any]:
    activity, approver = sent["activity"], sent.get("approver")
    name = activity["uniqueIdentifier"]
    known: Fields = {
        "name": name,
        "version": actions.get(name) or 1,
        "autoUpgradeToLatestVersion": True,
    }
    usual: Fields = {
        "input": {},
        "onFailure": "ABORT",
        "isSleepActivity": False,
        "executionTimeout": 0,
        "dependencies": [],
        "filters": {},
        "compensationActivity": {},
    }
    asks = approver is not None or sent.get("requireApproval")
    return {
        **_completed(sent, usual),
        "activity": _completed(activity, known),
        "retryPolicy": _completed(sent.get("retryPolicy") or {}, _RETRY),
        **({"approver": _completed(approver or {}, _APPROVER)} if asks else {}),
    }


def _completed(sent: Fields, usual: Fields) -> dict[str, Any]:
    """What was sent, and what counts for what was not."""
    return {**sent, **{name: each for name, each in usual.items() if sent.get(name) is None}}
