"""The native routes that start, stop and repeat executions.

Each answers 202 once its command is durable; what it does shows in the execution soon after.
"""

import re
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from services.api.auth import caller_of
from services.api.await_result import await_result
from services.api.bodies import answer, read_options, validate
from services.api.control_execution import cancel_execution, tell_execution
from services.api.execution_handlers import render_execution
from services.api.expiry import ExpiryRequest
from services.api.parameters import id_in_path, idempotency_key, step_in_path
from services.api.payloads import Payload, answer_to
from services.api.repeat_execution import (
    RepeatRequest,
    rerun_execution,
    resume_from_step,
    retry_execution,
)
from services.api.resources import RESOURCES, SETTINGS
from services.api.start_execution import StartRequest, start_execution
from shared.domain.ids import ExecutionId, StepId, WorkflowId
from shared.domain.signals import Resume, Suspend
from shared.domain.values import Strict
from shared.domain.workflows import TriggerKind, Workflow

_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,9})\b", re.ASCII | re.IGNORECASE)


class CancelRequest(Strict):
    """The body of a cancellation."""

    reason: Annotated[str, Field(max_length=1_024)] | None = None


class NoOptions(Strict):
    """A body that says nothing."""


async def cancel(request: web.Request) -> web.Response:
    """The execution as it stood before; it ends soon after."""
    execution_id = ExecutionId(id_in_path(request))
    body = validate(CancelRequest, await read_options(request, request.app[SETTINGS]))
    caller = await caller_of(request)
    execution = await cancel_execution(request.app[RESOURCES], caller, execution_id, body.reason)
    return answer_to(request, render_execution(execution), status=202)


async def suspend(request: web.Request) -> web.Response:
    """The execution as it stood before; no further step of it starts until it is resumed."""
    return await _told(request, Suspend())


async def resume(request: web.Request) -> web.Response:
    """The execution as it stood before; it goes on."""
    return await _told(request, Resume())


async def start(request: web.Request) -> web.Response:
    """202 with the execution that was started by hand, or 200 with its result.

    The result is waited for where a trigger of the workflow says ``api_sync``, or the caller
    prefers it (``Prefer: wait=10``), as long as the workflow's policy lets it.
    """
    workflow_id = WorkflowId(id_in_path(request))
    key = idempotency_key(request)
    asked = validate(StartRequest, await read_options(request, request.app[SETTINGS]))
    caller = await caller_of(request)
    started = await start_execution(request.app[RESOURCES], caller, workflow_id, asked, key)
    execution_id = started.execution_id
    ids = {"execution_id": str(execution_id), "workflow_id": str(workflow_id)}
    if wait_s := _wait_s(request, started.workflow):
        found = await await_result(request, caller.environment_id, execution_id, wait_s)
        if found is not None:
            return answer_to(request, {**ids, "result": Payload(found.value)})
    response = answer({**ids, "repeats": None}, status=202)
    response.headers["Location"] = f"/v1/executions/{execution_id}"
    return response


async def rerun(request: web.Request) -> web.Response:
    """The new execution, which does everything again."""
    execution_id = ExecutionId(id_in_path(request))
    asked, caller = await _repeat_request(request), await caller_of(request)
    started = await rerun_execution(request.app[RESOURCES], caller, execution_id, asked)
    return _repeated(started, execution_id)


async def retry(request: web.Request) -> web.Response:
    """The new execution, which goes on where the other failed."""
    execution_id = ExecutionId(id_in_path(request))
    asked, caller = await _repeat_request(request), await caller_of(request)
    started = await retry_execution(request.app[RESOURCES], caller, execution_id, asked)
    return _repeated(started, execution_id)


async def resume_from(request: web.Request) -> web.Response:
    """The new execution, which does again what the other did from a step on."""
    execution_id = ExecutionId(id_in_path(request))
    step_id = step_in_path(request)
    asked, caller = await _repeat_request(request), await caller_of(request)
    started = await resume_from_step(request.app[RESOURCES], caller, execution_id, step_id, asked)
    return _repeated(started, execution_id, step_id)


def _wait_s(request: web.Request, workflow: Workflow) -> float:
    """How long the caller wants to wait for the result, and may; 0: not at all."""
    most_s = workflow.policy.max_sync_s
    preferred = _WAIT.search(request.headers.get("Prefer", ""))
    if preferred is not None:
        return min(float(preferred[1]), most_s)
    kinds = {trigger.kind for trigger in workflow.definition.triggers}
    return most_s if TriggerKind.API_SYNC in kinds else 0.0


async def _told(request: web.Request, signal: Suspend | Resume) -> web.Response:
    execution_id = ExecutionId(id_in_path(request))
    validate(NoOptions, await read_options(request, request.app[SETTINGS]))
    caller = await caller_of(request)
    execution = await tell_execution(request.app[RESOURCES], caller, execution_id, signal)
    return answer_to(request, render_execution(execution), status=202)


async def _repeat_request(request: web.Request) -> RepeatRequest:
    key = idempotency_key(request)
    body = validate(ExpiryRequest, await read_options(request, request.app[SETTINGS]))
    return RepeatRequest(expiry=body, key=key)


def _repeated(
    started: ExecutionId, execution_id: ExecutionId, step_id: StepId | None = None
) -> web.Response:
    repeats: dict[str, Any] = {"execution_id": str(execution_id), "step_id": step_id}
    return answer({"execution_id": str(started), "repeats": repeats}, status=202)
