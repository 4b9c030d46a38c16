"""A worker: does the tasks of actions that are registered with the transport ``worker``."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from typing import Any, Final

import structlog

from shared.client.api import tasks
from shared.client.asked import Asked
from shared.client.turnout import AsyncTurnout
from shared.domain.errors import Conflict, Defect, Invalid, NotFound, TurnoutError, Unavailable
from shared.domain.outcomes import ErrorKind
from shared.wire.documents.tasks import HeardDocument, TaskDocument

LEASE_S: Final = 60.0

_POLL_S: Final = 5.0
_POLLED_MAX: Final = 100
_BEATS: Final = 3
_REST_S: Final = 1.0
_MESSAGE_MAX: Final = 4_096  # characters that the API takes of a message

log: Final = structlog.get_logger(__name__)


class TaskFailed(Exception):
    """To be raised by what does a task: it failed, and whether another attempt may do better."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = True,
        kind: ErrorKind = ErrorKind.REMOTE,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.kind = kind
        self.retry_after_s = retry_after_s


class Task:
    """A task that is the worker's own; ``document`` says what is to be done.

    While it is being done the engine hears that the worker lives.
    """

    def __init__(self, turnout: AsyncTurnout, document: TaskDocument) -> None:
        self.document: Final = document
        self._turnout = turnout

    @property
    def id(self) -> str:
        """The same for every worker that is given it."""
        return self.document["task_id"]

    @property
    def input(self) -> Any:
        """What the step gives it."""
        return self.document["input"]

    async def tell(self, progress: Mapping[str, Any]) -> None:
        """Say how far it is. Raises Conflict when nobody waits for it any more."""
        await self._turnout.ask(tasks.heartbeat(self.id, progress=progress))


Do = Callable[[Task], Awaitable[Any]]
"""Does a task; gives its output, any JSON value. Any error but TaskFailed may be tried again."""


class Worker:
    """Does tasks by the names of their actions, ``at_once`` of them at a time.

    A task may be given to another worker when its lease ends: it may be done twice, and whatever
    it does elsewhere has to bear that (``task_id`` is a fine idempotency key).
    """

    def __init__(
        self,
        turnout: AsyncTurnout,
        actions: Mapping[str, Do],
        *,
        name: str | None = None,
        at_once: int = 10,
        lease_s: float = LEASE_S,
    ) -> None:
        self._turnout = turnout
        self._actions = actions
        self._name = name
        self._at_once = at_once
        self._lease_s = lease_s

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``; what was begun then is ended. Raises what a poll is refused with."""
        at_work: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                room = self._at_once - len(at_work)
                if not room:
                    await asyncio.wait(at_work, return_when=asyncio.FIRST_COMPLETED)
                    continue
                for document in await self._poll(room):
                    task = group.create_task(self._do(Task(self._turnout, document)))
                    at_work.add(task)
                    task.add_done_callback(at_work.discard)

    async def _poll(self, room: int) -> list[TaskDocument]:
        try:
            found = await self._turnout.ask(
                tasks.poll(
                    actions=sorted(self._actions),
                    limit=min(room, _POLLED_MAX),
                    wait_s=_POLL_S,
                    lease_s=self._lease_s,
                    worker=self._name,
                )
            )
        except (Unavailable, Defect) as fault:
            log.warning("poll_failed", reason=fault.message)
            await asyncio.sleep(_REST_S)
            return []
        return found["items"]

    async def _do(self, task: Task) -> None:
        """Do a task, and let it be while nobody waits for it any more."""
        silent_s = min(self._lease_s, task.document["heartbeat_s"] or inf) / _BEATS
        doing = asyncio.create_task(self._done(task))
        try:
            while not (await asyncio.wait({doing}, timeout=silent_s))[0]:
                await self._beat(task)
            await doing
        except (Conflict, NotFound) as fault:
            log.info("task_given_up", task_id=task.id, reason=fault.message)
        except TurnoutError as fault:
            # Its lease ends: it is somebody's again, maybe ours.
            log.warning("task_not_answered", task_id=task.id, reason=fault.message)
        finally:
            doing.cancel()

    async def _beat(self, task: Task) -> None:
        try:
            await self._turnout.ask(tasks.heartbeat(task.id, lease_s=self._lease_s))
        except (Unavailable, Defect) as fault:
            log.warning("heartbeat_failed", task_id=task.id, reason=fault.message)

    async def _done(self, task: Task) -> None:
        """Do it, and say what came of it; said again, that changes nothing."""
        asked = await self._outcome(task)
        try:
            await self._turnout.ask(asked, key=task.id)
        except Invalid as fault:
            # Done again it would come to the same, so the task must not wait for its lease's end.
            log.warning("outcome_refused", task_id=task.id, reason=fault.message)
            said = _sayable(f"What came of it is refused: {fault.message}")
            refused = tasks.fail(task.id, message=said, retryable=False)
            await self._turnout.ask(refused, key=task.id)

    async def _outcome(self, task: Task) -> Asked[HeardDocument]:
        """Do it; what is to be said of it."""
        try:
            output = await self._actions[task.document["action"]](task)
            return tasks.complete(task.id, output=output)
        except TaskFailed as failed:
            return tasks.fail(
                task.id,
                message=_sayable(failed.message),
                retryable=failed.retryable,
                kind=failed.kind,
                retry_after_s=failed.retry_after_s,
            )
        except Exception as fault:
            log.exception("task_broken", task_id=task.id)
            return tasks.fail(task.id, message=_sayable(f"{type(fault).__name__}: {fault}"))


def _sayable(message: str) -> str:
    """As much of a message as the API takes, without what it refuses."""
    return message.encode(errors="replace").decode().replace("\0", "?")[:_MESSAGE_MAX]
