"""The native routes that start, stop and repeat executions.

Each answers 202 once its command is durable; what it does shows in the execution soon after.
"""

import re
from types import MappingProxyType
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from services.api.executions.await_result import await_result
from services.api.executions.control_execution import cancel_execution, tell_execution
from services.api.executions.execution_fields import render_execution
from services.api.executions.expiry import ExpiryRequest
from services.api.executions.repeat_execution import (
    RepeatRequest,
    rerun_execution,
    resume_from_step,
    retry_execution,
)
from services.api.executions.start_execution import StartRequest, start_execution
from services.api.http.bodies import NoOptions, answer
from services.api.http.parameters import id_in_path, idempotency_key, step_in_path
from services.api.http.payloads import Payload, answer_to
from services.api.http.route import OPERATE, Body, Route, body_of
from services.api.login.auth import caller_of
from services.api.resources import RESOURCES
from shared.domain.ids import ExecutionId, StepId, WorkflowId
from shared.domain.signals import Resume, Suspend
from shared.domain.values import Strict
from shared.domain.workflows import TriggerKind, Workflow
from shared.wire.documents.executions import (
    ExecutionDocument,
    FinishedDocument,
    RepeatedDocument,
    StartedDocument,
)

_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,9})\b", re.ASCII | re.IGNORECASE)


class CancelRequest(Strict):
    """The body of a cancellation."""

    reason: Annotated[str, Field(max_length=1_024)] | None = None


async def cancel(request: web.Request) -> web.Response:
    """The execution as it stood before; it ends soon after."""
    execution_id = ExecutionId(id_in_path(request))
    reason, caller = (await body_of(request, CancelRequest)).reason, await caller_of(request)
    execution = await cancel_execution(request.app[RESOURCES], caller, execution_id, reason)
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
    asked, caller = await body_of(request, StartRequest), await caller_of(request)
    started = await start_execution(request.app[RESOURCES], caller, workflow_id, asked, key)
    execution_id = started.execution_id
    if wait_s := _wait_s(request, started.workflow):
        found = await await_result(request, caller.environment_id, execution_id, wait_s)
        if found is not None:
            finished: FinishedDocument = {
                "execution_id": str(execution_id),
                "workflow_id": str(workflow_id),
                "result": Payload(found.value),
            }
            return answer_to(request, finished)
    document: StartedDocument = {
        "execution_id": str(execution_id),
        "workflow_id": str(workflow_id),
        "repeats": None,
    }
    response = answer(document, status=202)
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
    await body_of(request, NoOptions)
    caller = await caller_of(request)
    execution = await tell_execution(request.app[RESOURCES], caller, execution_id, signal)
    return answer_to(request, render_execution(execution), status=202)


async def _repeat_request(request: web.Request) -> RepeatRequest:
    key = idempotency_key(request)
    return RepeatRequest(expiry=await body_of(request, ExpiryRequest), key=key)


def _repeated(
    started: ExecutionId, execution_id: ExecutionId, step_id: StepId | None = None
) -> web.Response:
    document: RepeatedDocument = {
        "execution_id": str(started),
        "repeats": {"execution_id": str(execution_id), "step_id": step_id},
    }
    return answer(document, status=202)


_TOLD: Final = Body(model=NoOptions, is_optional=True)
_REPEAT: Final = Body(model=ExpiryRequest, is_optional=True)
_AS_BEFORE: Final = MappingProxyType({202: ExecutionDocument})
_REPEATED: Final = MappingProxyType({202: RepeatedDocument})

ROUTES: Final = (
    Route(
        *("POST", "/v1/workflows/{id}/executions", start, OPERATE),
        body=Body(model=StartRequest, is_optional=True),
        answers={200: FinishedDocument, 202: StartedDocument},
    ),
    Route(
        *("POST", "/v1/executions/{id}/cancel", cancel, OPERATE),
        body=Body(model=CancelRequest, is_optional=True),
        answers=_AS_BEFORE,
    ),
    Route(
        *("POST", "/v1/executions/{id}/suspend", suspend, OPERATE),
        body=_TOLD,
        answers=_AS_BEFORE,
    ),
    Route(
        *("POST", "/v1/executions/{id}/resume", resume, OPERATE),
        body=_TOLD,
        answers=_AS_BEFORE,
    ),
    Route(
        *("POST", "/v1/executions/{id}/rerun", rerun, OPERATE),
        body=_REPEAT,
        answers=_REPEATED,
    ),
    Route(
        *("POST", "/v1/executions/{id}/retry", retry, OPERATE),
        body=_REPEAT,
        answers=_REPEATED,
    ),
    Route(
        *("POST", "/v1/executions/{id}/resume-from/{step_id}", resume_from, OPERATE),
        body=_REPEAT,
        answers=_REPEATED,
    ),
)
