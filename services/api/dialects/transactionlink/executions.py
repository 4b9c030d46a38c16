"""An execution as TransactionLink shows it, and what starts one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from pydantic import Field

from services.api.dialects.transactionlink.documents import TransactionLinkExecution
from services.api.dialects.transactionlink.statuses import ExecutionStatus
from services.api.executions.expiry import ExpiryRequest, expiry_of
from services.api.executions.start_execution import StartRequest
from services.api.http.payloads import Payload
from services.api.http.query_strings import Moment
from shared.domain.asked import Asked, Locale
from shared.domain.errors import Problem
from shared.domain.ids import ExecutionId, WorkflowId
from shared.domain.steps import StepKind
from shared.domain.values import Strict
from shared.domain.workflows import DIALECT_POLICIES, Definition, Dialect, Workflow
from shared.wire.envelope import stamped

ORIGIN: Final = "transactionlink"
"""What executions that were started here are known by."""

_PEOPLE: Final = frozenset({StepKind.APPROVAL, StepKind.FORM})


class TransactionLinkStart(Strict):
    """The body of ``POST /workflows``; ``uiOptions`` are kept and shown, and mean nothing else."""

    workflow_id: WorkflowId = Field(alias="workflowDefinitionId")
    locale: Locale
    parameters: dict[str, Any]
    expires_at: Moment | None = Field(None, alias="expiresAt")
    record_id: UUID | None = Field(None, alias="recordId")
    ui_options: dict[str, Any] | None = Field(None, alias="uiOptions")


def start_request(asked: TransactionLinkStart, workflow: Workflow, now: datetime) -> StartRequest:
    """What is asked of an execution of ``workflow``, which may be of any dialect.

    Where its policy says nothing of when it expires TransactionLink's does: 30 minutes to 30 days
    from now, an hour when nobody says. Raises Invalid.
    """
    usual, expires_at = DIALECT_POLICIES[Dialect.TRANSACTIONLINK], asked.expires_at
    if not workflow.policy.names_expiry:
        within_s = None if expires_at else usual.expires_after_s
        request = ExpiryRequest(expires_at=expires_at, expires_after_s=within_s)
        expires_at = expiry_of(request, usual, now)
    return StartRequest(
        parameters=asked.parameters,
        locale=asked.locale,
        record_id=None if asked.record_id is None else str(asked.record_id),
        execution_type="interactive" if is_interactive(workflow.definition) else "background",
        origin=ORIGIN,
        ui_options=asked.ui_options,
        expires_at=expires_at,
    )


def is_interactive(definition: Definition) -> bool:
    """Whether one of its steps asks a person."""
    return any(step.kind in _PEOPLE or step.approval is not None for step in definition.steps)


def render_execution(
    execution_id: ExecutionId,
    workflow: Workflow,
    asked: Asked,
    status: ExecutionStatus,
    expires_at: datetime | None,
) -> TransactionLinkExecution:
    """An execution of a version of a workflow, as ``asked`` for."""
    definition = workflow.definition
    workspace_id = None if definition.scope is None else definition.scope.workspace_id
    return {
        "id": str(execution_id),
        "workspaceId": workspace_id or str(workflow.environment_id),
        "workflowDefinitionId": str(workflow.id),
        "parameters": Payload(asked.parameters or {}),
        "name": definition.name,
        "revision": workflow.revision,
        "status": status,
        "locale": asked.locale,
        "recordId": asked.record_id,
        "expiresAt": stamped(expires_at),
        "uiOptions": Payload(asked.ui_options or {}),
        "executionType": "INTERACTIVE" if is_interactive(definition) else "BACKGROUND",
        "executionVersion": workflow.version,
        "origin": "API" if asked.origin == ORIGIN else asked.origin,
    }


def place(problem: Problem) -> Problem:
    """The problem of a start, at the place in TransactionLink's document."""
    return replace(problem, pointer=_PLACES.get(problem.pointer, problem.pointer))


_PLACES: Final[Mapping[str, str]] = MappingProxyType(
    {"/expires_at": "/expiresAt", "/record_id": "/recordId"}
)
