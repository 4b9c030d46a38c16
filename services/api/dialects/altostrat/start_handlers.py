"""Altostrat's routes that start workflows: by hand, for a result, and by webhook."""

from typing import Any, Final

from aiohttp import web
from pydantic import RootModel

from services.api.dialects.altostrat.around import PREFIX
from services.api.dialects.altostrat.documents import AltostratRun, AltostratStillRunning
from services.api.dialects.altostrat.find_runs import tell_new_run
from services.api.dialects.altostrat.nodes import Open
from services.api.dialects.altostrat.paths import workflow_in_path
from services.api.dialects.altostrat.workflows import WORDS
from services.api.dialects.words import find_in
from services.api.executions.await_result import await_result
from services.api.executions.start_execution import Started, StartRequest, start_execution
from services.api.handlers.hooks import Anything, receive
from services.api.http.bodies import JSON, accept, read_raw
from services.api.http.parameters import idempotency_key
from services.api.http.payloads import Payload, answer_to
from services.api.http.route import OPEN, OPERATE, Body, Route, body_of
from services.api.login.auth import caller_of
from services.api.resources import RESOURCES, SETTINGS
from shared.domain.errors import Conflict
from shared.domain.ids import WorkflowId
from shared.domain.principals import Caller
from shared.wire.documents.events import ReceivedDocument
from shared.wire.strict_json import JsonLimits, read_json


class AltostratExecute(Open):
    """What the trigger's output is to hold."""

    context: dict[str, Any] | None = None


class AltostratPayload(RootModel[Any]):
    """Any JSON; the workflow sees it as ``payload``."""


async def execute(request: web.Request) -> web.Response:
    """202 with the run, a moment after it was asked for."""
    asked, caller = await body_of(request, AltostratExecute), await caller_of(request)
    payload = asked.context or {}
    started = await _start(request, caller, payload)
    ids = (started.execution_id, WorkflowId(started.workflow.id))
    document: AltostratRun = await tell_new_run(request, caller.environment_id, ids, payload)
    return answer_to(request, document, status=202)


async def run_for_result(request: web.Request) -> web.Response:
    """200 with what the last node gives; 202 with the run when there is nothing within 30 s."""
    settings, payload = request.app[SETTINGS], None
    raw = await read_raw(request, settings)
    if raw:
        accept(request, JSON)
        payload = read_json(raw, JsonLimits(body_bytes_max=settings.body_bytes_max))
    caller = await caller_of(request)
    started = await _start(request, caller, payload)
    wait_s = started.workflow.policy.max_sync_s
    found = await await_result(request, caller.environment_id, started.execution_id, wait_s)
    if found is not None:
        return answer_to(request, Payload(found.value))
    ids = (started.execution_id, WorkflowId(started.workflow.id))
    document: AltostratStillRunning = {
        "message": "There is no result yet; the run goes on.",
        "run": await tell_new_run(request, caller.environment_id, ids, payload),
    }
    return answer_to(request, document, status=202)


async def receive_webhook(request: web.Request) -> web.Response:
    """202 with the event's id, once it is durable."""
    return await receive(request)


async def _start(request: web.Request, caller: Caller, payload: Any) -> Started:
    """Raises Conflict for a workflow that is not active."""
    resources, named = request.app[RESOURCES], workflow_in_path(request)
    async with resources.tenant(caller.environment_id) as conn:
        workflow = await find_in(WORDS, conn, caller.environment_id, named)
    if not workflow.is_matched:
        raise Conflict("The workflow is not active.")
    if workflow.definition.is_subflow:
        raise Conflict("Its trigger is for other workflows only: run one that calls it.")
    asked, key = StartRequest(payload=payload), idempotency_key(request)
    return await start_execution(resources, caller, WorkflowId(workflow.id), asked, key)


ROUTES: Final = (
    Route(
        *("POST", "/altostrat/workflows/{flow_id}/execute", execute, OPERATE),
        body=Body(model=AltostratExecute, is_optional=True),
        answers={202: AltostratRun},
    ),
    Route(
        *("POST", "/altostrat/workflows/sync/{flow_id}", run_for_result, OPERATE),
        body=Body(model=AltostratPayload, is_optional=True),
        answers={200: Any, 202: AltostratStillRunning},
    ),
    Route(
        *("POST", f"/altostrat/workflows/webhooks/{PREFIX}{{token}}", receive_webhook, OPEN),
        query=None,
        body=Body(model=Anything, is_optional=True, media=JSON | {"text/plain"}),
        answers={202: ReceivedDocument},
    ),
)
