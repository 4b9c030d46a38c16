"""The routes of remote tasks, for workers that do not read the bus."""

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from services.api.executions.tasks import answer_task, keep_task, poll_tasks, task_of
from services.api.http.bodies import answer
from services.api.http.route import WORK, Body, Route, body_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES
from shared.db.tasks import Claimed, TaskId
from shared.domain.ids import split_key
from shared.domain.outcomes import ErrorKind
from shared.domain.principals import Caller
from shared.domain.values import Name, Strict, Text
from shared.wire.documents.tasks import HeardDocument, TaskDocument, TasksDocument
from shared.wire.envelope import dumps, stamp
from shared.wire.strict_json import JsonFault, invalid

PROGRESS_BYTES_MAX: Final = 65_536
LEASE_S: Final = 60.0

_Lease = Annotated[float, Field(ge=1.0, le=3_600.0, allow_inf_nan=False)]


class Poll(Strict):
    """A worker's question for work; ``lease_s`` is how long each task is its own."""

    actions: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50)]
    limit: Annotated[int, Field(ge=1, le=100)] = 1
    wait_s: Annotated[float, Field(ge=0.0, le=20.0, allow_inf_nan=False)] = 0.0
    lease_s: _Lease = LEASE_S
    worker: Name | None = None


class Completion(Strict):
    """A task that is done."""

    output: Any = None


class Failure(Strict):
    """A task that failed; unless it says otherwise, another attempt may do better."""

    message: Text
    retryable: bool = True
    kind: ErrorKind = ErrorKind.REMOTE
    retry_after_s: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None = None


class Heartbeat(Strict):
    """A sign of life; with a ``lease_s`` the task stays the worker's for that long from now."""

    progress: dict[str, Any] | None = None
    lease_s: _Lease | None = None


async def poll(request: web.Request) -> web.Response:
    """Tasks to do, the longest waiting first; after ``wait_s`` without any an empty list."""
    resources = request.app[RESOURCES]
    environment_id, body = await environment_of(request), await body_of(request, Poll)
    found = await poll_tasks(
        resources,
        request,
        environment_id,
        body.actions,
        worker=body.worker,
        limit=body.limit,
        wait_s=body.wait_s,
        lease_s=body.lease_s,
    )
    document: TasksDocument = {"items": [_task(task) for task in found]}
    return answer(document)


async def complete(request: web.Request) -> web.Response:
    """202 once the answer is durable; 409 when nobody waits for it any more."""
    task, caller = await _task_of(request)
    body = await body_of(request, Completion)
    await answer_task(
        request.app[RESOURCES],
        caller,
        task,
        {"task_id": str(task), "status": "completed", "output": body.output},
    )
    return _heard(task, status=202)


async def fail(request: web.Request) -> web.Response:
    """As ``complete``; the step's retry policy says what follows."""
    task, caller = await _task_of(request)
    body = await body_of(request, Failure)
    await answer_task(
        request.app[RESOURCES],
        caller,
        task,
        {"task_id": str(task), "status": "failed", "error": body.model_dump(mode="json")},
    )
    return _heard(task, status=202)


async def heartbeat(request: web.Request) -> web.Response:
    """200; 409 when nobody waits for the task any more, so that the worker may stop."""
    task, caller = await _task_of(request)
    body = await body_of(request, Heartbeat)
    if body.progress is not None and len(dumps(body.progress)) > PROGRESS_BYTES_MAX:
        detail = f"Send at most {PROGRESS_BYTES_MAX} bytes."
        raise invalid("/progress", JsonFault.TOO_LARGE, detail)
    resources = request.app[RESOURCES]
    await keep_task(resources, caller, task, progress=body.progress, lease_s=body.lease_s)
    return _heard(task)


async def _task_of(request: web.Request) -> tuple[TaskId, Caller]:
    return task_of(request.match_info["task_id"]), await caller_of(request)


def _heard(task: TaskId, *, status: int = 200) -> web.Response:
    document: HeardDocument = {"task_id": str(task)}
    return answer(document, status=status)


def _task(task: Claimed) -> TaskDocument:
    return {
        "task_id": str(task.id),
        "action": task.data["action"],
        "execution_id": str(task.id.execution_id),
        "workflow_id": str(task.workflow_id),
        "step_id": split_key(task.id.step_id).step_id,
        "attempt": task.id.attempt,
        "input": task.data["input"],
        "due_at": stamp(task.due_at),
        "heartbeat_s": task.data.get("heartbeat_s"),
        "action_version": task.data.get("action_version"),
        "progress": task.progress,
    }


ROUTES: Final = (
    Route(
        *("POST", "/v1/tasks/poll", poll, WORK),
        body=Body(model=Poll),
        answers={200: TasksDocument},
    ),
    Route(
        *("POST", "/v1/tasks/{task_id}/complete", complete, WORK),
        body=Body(model=Completion, is_optional=True),
        answers={202: HeardDocument},
    ),
    Route(
        *("POST", "/v1/tasks/{task_id}/fail", fail, WORK),
        body=Body(model=Failure),
        answers={202: HeardDocument},
    ),
    Route(
        *("POST", "/v1/tasks/{task_id}/heartbeat", heartbeat, WORK),
        body=Body(model=Heartbeat, is_optional=True),
        answers={200: HeardDocument},
    ),
)
