"""What workers may ask for over HTTP: tasks, and to be heard."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from services.api.executions.patience import Patience
from services.api.resources import ApiResources
from shared.bus.protocol import Record, Topic
from shared.db.tasks import Beaten, Claimed, TaskId, beat, check_open, claim_tasks, closed
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.principals import Caller
from shared.wire.envelope import HEADERS, envelope, stamp
from shared.wire.messages import TaskResultData

LOOK_AGAIN_S: Final = 0.25


async def poll_tasks(
    resources: ApiResources,
    request: web.Request,
    environment_id: EnvironmentId,
    actions: Sequence[str],
    *,
    worker: str | None,
    limit: int,
    wait_s: float,
    lease_s: float,
) -> list[Claimed]:
    """Tasks that are this worker's for ``lease_s``; looks for up to ``wait_s`` until there are any.

    Not for as long once the process is told to stop. None is given to a caller who has hung up.
    """
    clock, patience = resources.clock, Patience(request, wait_s)
    while not patience.is_gone():
        async with resources.tenant(environment_id) as conn:
            now = clock.now()
            found = await claim_tasks(
                conn,
                environment_id,
                actions,
                worker=worker,
                now=now,
                until=now + timedelta(seconds=lease_s),
                limit=limit,
            )
        left_s = patience.left_s()
        if found or left_s <= 0:
            return found
        await clock.sleep(min(LOOK_AGAIN_S, left_s))
    return []


async def answer_task(
    resources: ApiResources, caller: Caller, task: TaskId, result: TaskResultData
) -> None:
    """Publish a worker's answer. Raises NotFound, Conflict when nobody waits for it."""
    async with resources.tenant(caller.environment_id) as conn:
        await check_open(conn, task)
    value = envelope(
        record_id=f"{task}:{resources.new_id()}",
        kind="turnout.task-result",
        source="/turnout/api",
        subject=str(task.execution_id),
        time=stamp(resources.clock.now()),
        data=result,
    )
    key = str(task.execution_id).encode()
    await resources.bus.publish([Record(resources.topics.task_results, key, value, HEADERS)])


async def keep_task(
    resources: ApiResources, caller: Caller, task: TaskId, *, progress: Any, lease_s: float | None
) -> None:
    """Note a worker's sign of life. Raises NotFound, Conflict when nobody waits for the task."""
    async with resources.tenant(caller.environment_id) as conn:
        now = resources.clock.now()
        until = None if lease_s is None else now + timedelta(seconds=lease_s)
        if task not in await beat(conn, [Beaten(task, progress, until)], now):
            await check_open(conn, task)
            raise closed(task)


async def ensure_task_topic(resources: ApiResources, action: str) -> None:
    """See that the topic is there on which an action's workers find their tasks."""
    partitions = await resources.bus.partitions(resources.topics.commands)
    topic = Topic(name=resources.topics.tasks(action), partitions=partitions)
    await resources.bus.ensure_topics([topic])


def task_of(written: str) -> TaskId:
    """The task of an id in a path. Raises NotFound for what cannot be one."""
    try:
        return TaskId.parse(written)
    except ValueError:
        raise NotFound("There is no such task: its id is <execution>:<step>:<attempt>.") from None
