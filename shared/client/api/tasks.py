"""The routes of remote tasks, for workers that do not read the bus.

Made by ``make client``.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.tasks import HeardDocument, TasksDocument


def poll(
    *,
    actions: Sequence[str],
    limit: int | None = None,
    wait_s: float | None = None,
    lease_s: float | None = None,
    worker: str | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[TasksDocument]:
    """Tasks to do, the longest waiting first; after ``wait_s`` without any an empty list."""
    return Asked(
        method="POST",
        path="v1/tasks/poll",
        query=query_of(environment_id=environment_id),
        body=body_of(actions=actions, limit=limit, wait_s=wait_s, lease_s=lease_s, worker=worker),
    )


def complete(
    task_id: str, *, output: Any = None, environment_id: UUID | str | None = None
) -> Asked[HeardDocument]:
    """202 once the answer is durable; 409 when nobody waits for it any more."""
    return Asked(
        method="POST",
        path=path_of("v1/tasks/{task_id}/complete", task_id),
        query=query_of(environment_id=environment_id),
        body=body_of(output=output),
    )


def fail(
    task_id: str,
    *,
    message: str,
    retryable: bool | None = None,
    kind: str | None = None,
    retry_after_s: float | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[HeardDocument]:
    """As ``complete``; the step's retry policy says what follows."""
    return Asked(
        method="POST",
        path=path_of("v1/tasks/{task_id}/fail", task_id),
        query=query_of(environment_id=environment_id),
        body=body_of(message=message, retryable=retryable, kind=kind, retry_after_s=retry_after_s),
    )


def heartbeat(
    task_id: str,
    *,
    progress: Mapping[str, Any] | None = None,
    lease_s: float | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[HeardDocument]:
    """200; 409 when nobody waits for the task any more, so that the worker may stop."""
    return Asked(
        method="POST",
        path=path_of("v1/tasks/{task_id}/heartbeat", task_id),
        query=query_of(environment_id=environment_id),
        body=body_of(progress=progress, lease_s=lease_s),
    )
