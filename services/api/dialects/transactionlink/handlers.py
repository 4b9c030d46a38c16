"""TransactionLink's routes, where a workflow is an execution, and a definition is a workflow."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from aiohttp import web
from yarl import URL

from services.api.dialects.find_run import find_run
from services.api.dialects.recognise import told_whose
from services.api.dialects.transactionlink.documents import TransactionLinkExecution
from services.api.dialects.transactionlink.executions import (
    ORIGIN,
    TransactionLinkStart,
    place,
    render_execution,
    start_request,
)
from services.api.dialects.transactionlink.statuses import ExecutionStatus, execution_status
from services.api.executions.await_result import await_execution
from services.api.executions.control_execution import cancel_execution
from services.api.executions.restore_execution import current_steps, restore_execution
from services.api.executions.start_execution import StartRequest, start_execution
from services.api.http.documents import validate
from services.api.http.parameters import uuid_in_path
from services.api.http.payloads import Payload, answer_to
from services.api.http.route import OPERATE, READ, READ_PAYLOADS, Body, Route, document_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from shared.db.history import Execution, find_result
from shared.db.pool import Connection
from shared.db.workflows import get_given
from shared.domain.asked import Asked
from shared.domain.errors import Invalid, NotFound
from shared.domain.executions import Status
from shared.domain.ids import ExecutionId, WorkflowId
from shared.domain.outcomes import WaitKind
from shared.domain.workflows import Dialect, Workflow
from shared.wire.lineage import read_asked

_THERE_WITHIN_S: Final = 5.0


async def start(request: web.Request) -> web.Response:
    """The execution that was started, of any workflow of the environment that is ready."""
    id_, workflow, asked, found = await begin(request, _read)
    expires_at = asked.expires_at if found is None else found.expires_at
    document = render_execution(id_, workflow, asked, ExecutionStatus.RUNNING, expires_at)
    return answer_to(request, _linked(request, document, id_, workflow.environment_id))


async def get(request: web.Request) -> web.Response:
    """The execution."""
    async with request.app[RESOURCES].snapshot(await environment_of(request)) as conn:
        execution, workflow = await _find(conn, _id_in_path(request))
        status = await _status(conn, execution, request.app[RESOURCES].clock.now())
    document = render_execution(
        execution.id, workflow, _said(execution), status, execution.expires_at
    )
    shown = _linked(request, document, execution.id, execution.environment_id)
    return answer_to(request, shown)


async def result(request: web.Request) -> web.Response:
    """What the execution came to, any JSON; 404 until that is there."""
    execution_id = _id_in_path(request)
    async with request.app[RESOURCES].snapshot(await environment_of(request)) as conn:
        execution, _ = await _find(conn, execution_id)
        found = await find_result(conn, execution_id)
    if found is None:
        raise NotFound(f"Workflow {execution_id} is {execution.status}; it has no result.")
    return answer_to(request, Payload(found.value))


async def cancel(request: web.Request) -> web.Response:
    """204; the execution ends soon after, if it has not been cancelled before."""
    execution_id, caller = _id_in_path(request), await caller_of(request)
    resources = request.app[RESOURCES]
    async with resources.tenant(caller.environment_id) as conn:
        execution, _ = await _find(conn, execution_id)
    if execution.status is not Status.CANCELLED:
        await cancel_execution(resources, caller, execution_id, None)
    return web.Response(status=204)


class Begun(NamedTuple):
    """What was started, as what it was asked for, and how it stands; None: it is not there yet."""

    id: ExecutionId
    workflow: Workflow
    asked: StartRequest
    found: Execution | None


async def begin(
    request: web.Request,
    read: Callable[[web.Request, Any], Awaitable[TransactionLinkStart]],
) -> Begun:
    """Start what the body, as ``read``, asks for; whoever asks for it next is to find it.

    Raises as ``read`` and ``start_execution``, with the places of faults in the document.
    """
    document, resources = await document_of(request), request.app[RESOURCES]
    caller = await caller_of(request)
    try:
        written = await read(request, document)
        async with resources.tenant(caller.environment_id) as conn:
            workflow = await get_given(conn, caller.environment_id, written.workflow_id)
        asked = start_request(written, workflow, resources.clock.now())
        named = WorkflowId(workflow.id)
        started = await start_execution(resources, caller, named, asked, None)
    except Invalid as error:
        found = Invalid([place(problem) for problem in error.problems])
        raise told_whose(found, document, Dialect.TRANSACTIONLINK) from None
    id_ = started.execution_id
    there = await await_execution(request, caller.environment_id, id_, _THERE_WITHIN_S)
    return Begun(id_, started.workflow, asked, there)


def link_to(request: web.Request, execution_id: ExecutionId, environment_id: UUID) -> str:
    """The address at which an execution lists what it asks people."""
    query = {"environment_id": str(environment_id), "execution_id": str(execution_id)}
    return str(request.url.join(URL("/v1/waits").with_query(query)))


async def _read(_request: web.Request, document: Any) -> TransactionLinkStart:
    return validate(TransactionLinkStart, document)


async def _find(conn: Connection, execution_id: ExecutionId) -> tuple[Execution, Workflow]:
    """An execution and the version that it is of.

    Raises NotFound, also for one that was not started here and is of another dialect.
    """
    return await find_run(
        conn,
        execution_id,
        Dialect.TRANSACTIONLINK,
        started_here=lambda execution: _said(execution).origin == ORIGIN,
    )


async def _status(conn: Connection, execution: Execution, now: datetime) -> ExecutionStatus:
    waits: list[WaitKind | None] = []
    if execution.status is Status.WAITING:
        restored = await restore_execution(conn, execution)
        waits = [step.waits_for for step in current_steps(restored, now)]
    return execution_status(execution.status, waits)


def _said(execution: Execution) -> Asked:
    return read_asked(execution.lineage or {}) or Asked()


def _linked(
    request: web.Request,
    document: TransactionLinkExecution,
    execution_id: ExecutionId,
    environment_id: UUID,
) -> TransactionLinkExecution:
    """With its link, if it asks people."""
    if document["executionType"] == "INTERACTIVE":
        document["link"] = link_to(request, execution_id, environment_id)
    return document


def _id_in_path(request: web.Request) -> ExecutionId:
    """The ``{execution_id}`` of the path. Raises NotFound for what cannot be one."""
    return ExecutionId(uuid_in_path(request, "execution_id"))


_ONE: Final = "/transactionlink/workflows/{execution_id}"

ROUTES: Final = (
    Route(
        *("POST", "/transactionlink/workflows", start, OPERATE),
        body=Body(model=TransactionLinkStart),
        answers={200: TransactionLinkExecution},
    ),
    Route("GET", _ONE, get, READ, answers={200: TransactionLinkExecution}),
    Route("GET", f"{_ONE}/result", result, READ_PAYLOADS, answers={200: Any}),
    Route("POST", f"{_ONE}/cancel", cancel, OPERATE, answers={204: None}),
    Route("DELETE", _ONE, cancel, OPERATE, answers={204: None}),
)
