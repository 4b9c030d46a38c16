"""The routes of remote tasks, for workers that do not read the bus.

``?environment_id=`` names another environment than the default one.
"""

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from services.api.bodies import answer, read_document, read_options, validate
from services.api.parameters import Query
from services.api.resources import RESOURCES, SETTINGS
from services.api.tasks import answer_task, keep_task, poll_tasks, task_of
from shared.db.tasks import Claimed, TaskId
from shared.domain.ids import split_key
from shared.domain.outcomes import ErrorKind
from shared.domain.principals import Caller
from shared.domain.values import Name, Strict, Text
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
    environment_id = await Query(request, "environment_id").environment()
    body = validate(Poll, await read_document(request, request.app[SETTINGS]))
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
    return answer({"items": [_task(task) for task in found]})


async def complete(request: web.Request) -> web.Response:
    """202 once the answer is durable; 409 when nobody waits for it any more."""
    task, caller = await _task_of(request)
    body = validate(Completion, await read_options(request, request.app[SETTINGS]))
    await answer_task(
        request.app[RESOURCES],
        caller,
        task,
        {"task_id": str(task), "status": "completed", "output": body.output},
    )
    return answer({"task_id": str(task)}, status=202)


async def fail(request: web.Request) -> web.Response:
    """As ``complete``; the step's retry policy says what follows."""
    task, caller = await _task_of(request)
    body = validate(Failure, await read_document(request, request.app[SETTINGS]))
    await answer_task(
        request.app[RESOURCES],
        caller,
        task,
        {"task_id": str(task), "status": "failed", "error": body.model_dump(mode="json")},
    )
    return answer({"task_id": str(task)}, status=202)


async def heartbeat(request: web.Request) -> web.Response:
    """200; 409 when nobody waits for the task any more, so that the worker may stop."""
    task, caller = await _task_of(request)
    body = validate(Heartbeat, await read_options(request, request.app[SETTINGS]))
    if body.progress is not None and len(dumps(body.progress)) > PROGRESS_BYTES_MAX:
        detail = f"Send at most {PROGRESS_BYTES_MAX} bytes."
        raise invalid("/progress", JsonFault.TOO_LARGE, detail)
    resources = request.app[RESOURCES]
    await keep_task(resources, caller, task, progress=body.progress, lease_s=body.lease_s)
    return answer({"task_id": str(task)})


async def _task_of(request: web.Request) -> tuple[TaskId, Caller]:
    return task_of(request.match_info["task_id"]), await Query(request, "environment_id").caller()


def _task(task: Claimed) -> dict[str, Any]:
    return {
        "task_id": str(task.id),
        "action": task.data["action"],
        "execution_id": str(task.id.execution_id),
        "workflow_id": str(task.workflow_id),
        "step_id": split_key(task.id.step_id).step_id,
        "attempt": task.id.attempt,
        "input": task.data["input"],
        "due_at": stamp(task.due_at),
        "heartbeat_s": task.data["heartbeat_s"],
        "action_version": task.data.get("action_version"),
        "progress": task.progress,
    }
