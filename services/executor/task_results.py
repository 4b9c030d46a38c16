"""What remote workers answer, on its way to the executions: one more duty of the executor."""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.executor.actions.answers import STORED_BYTES_MAX
from services.executor.metrics import ExecutorMetrics
from shared.assembly.burying import bury
from shared.assembly.platform import Platform
from shared.bus.dead_letters import dead_letter
from shared.bus.protocol import Received, Record
from shared.db.pool import translated
from shared.db.tasks import Beaten, TaskId, beat
from shared.domain.errors import Invalid
from shared.domain.outcomes import ErrorKind, StepError
from shared.domain.signals import TaskEnded
from shared.wire.commands import Tell, encode_tell
from shared.wire.dead_letters import DeadLetter
from shared.wire.envelope import HEADERS, dumps
from shared.wire.strict_json import JsonFault, JsonLimits, invalid, pointer_of, read_json

FETCH_MAX: Final = 500
WAIT_S: Final = 1.0
MESSAGE_CHARS_MAX: Final = 1_000
PROGRESS_BYTES_MAX: Final = 65_536
UNREADABLE: Final = "UNREADABLE_TASK_RESULT"

_OUTPUT: Final = JsonLimits(body_bytes_max=STORED_BYTES_MAX)
_PROGRESS: Final = JsonLimits(body_bytes_max=PROGRESS_BYTES_MAX)


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class TaskError(_Read):
    """Why a worker failed; unless it says otherwise, another attempt may do better."""

    message: str = "The worker gave no reason."
    retryable: bool = True
    kind: str = ErrorKind.REMOTE.value
    retry_after_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    def as_step_error(self) -> StepError:
        """As the step's; a kind that Turnout does not know is ``remote``."""
        known = self.kind in {kind.value for kind in ErrorKind}
        return StepError(
            kind=ErrorKind(self.kind) if known else ErrorKind.REMOTE,
            # Postgres takes no NUL when an error is looked into.
            message=self.message[:MESSAGE_CHARS_MAX].replace("\0", "\ufffd"),
            retryable=self.retryable,
            retry_after_s=self.retry_after_s,
        )


class TaskResult(_Read):
    """The data of a ``turnout.task-result``; see ``shared.wire.messages.TaskResultData``."""

    task_id: str
    status: Literal["completed", "failed", "heartbeat"]
    output: Any = None
    error: TaskError = TaskError()
    progress: dict[str, Any] | None = None


class _Envelope(_Read):
    type: Literal["turnout.task-result"]
    data: TaskResult


class TaskResults:
    """One member of the group that reads ``task_results``."""

    def __init__(self, platform: Platform, metrics: ExecutorMetrics) -> None:
        self._platform = platform
        self._metrics = metrics

    async def run(self) -> None:
        """Pass answers on, until cancelled; an offset is committed when that is durable.

        Raises Unavailable.
        """
        platform = self._platform
        async with platform.bus.subscribe(
            [platform.topics.task_results],
            group=platform.topics.group("task-results"),
            member=platform.member,
        ) as subscription:
            while True:
                batches = await subscription.fetch(max_records=FETCH_MAX, wait_s=WAIT_S)
                if batches:
                    await self._take(r for records in batches.values() for r in records)
                    await subscription.commit(
                        {tp: records[-1].offset + 1 for tp, records in batches.items()}
                    )

    async def _take(self, records: Iterable[Received]) -> None:
        beats: dict[TaskId, Beaten] = {}
        commands: list[Record] = []
        dead: list[DeadLetter] = []
        for record in records:
            try:
                task, result = _read(record)
                if result.status == "heartbeat":
                    progress = _checked_progress(result.progress)
                    earlier = beats.get(task)
                    if progress is None and earlier is not None:
                        progress = earlier.progress
                    beats[task] = Beaten(task, progress)
                else:
                    commands.append(self._command(record, task, ended(task, result)))
            except Invalid as error:
                problem = error.problems[0]
                dead.append(dead_letter(record, UNREADABLE, problem.detail, problem.pointer))
        if beats:
            await self._beat(list(beats.values()))
        await self._platform.bus.publish(commands)
        await bury(self._platform, dead, self._metrics.dead_letters)

    async def _beat(self, beats: list[Beaten]) -> None:
        """A worker's clock may be wrong: a sign of life counts from when it is read."""
        with translated():
            async with self._platform.pool.acquire() as conn:
                await beat(conn, beats, self._platform.clock.now())

    def _command(self, record: Received, task: TaskId, signal: TaskEnded) -> Record:
        tell = Tell(
            execution_id=task.execution_id,
            signal=signal,
            tell_id=f"{task}:{record.partition}@{record.offset}",
            at=record.published_at,
        )
        key = str(task.execution_id).encode()
        value = encode_tell(tell, source="/turnout/task-results")
        return Record(self._platform.topics.commands, key, value, HEADERS)


def ended(task: TaskId, result: TaskResult) -> TaskEnded:
    """An answer as the execution is told of it; an output that cannot be kept is a failure."""
    if result.status == "failed":
        error: StepError | None = result.error.as_step_error()
        return TaskEnded(step_id=task.step_id, attempt=task.attempt, error=error)
    error = _unfit(result.output)
    output = result.output if error is None else None
    return TaskEnded(step_id=task.step_id, attempt=task.attempt, output=output, error=error)


def _unfit(output: Any) -> StepError | None:
    try:
        read_json(dumps(output), _OUTPUT)
    except Invalid as error:
        is_large = error.problems[0].code == JsonFault.TOO_LARGE
        kind = ErrorKind.TOO_LARGE if is_large else ErrorKind.UNFIT
        return StepError(kind=kind, message=f"The output cannot be kept. {error.message}")
    except TypeError as error:  # orjson's: deeper than it writes
        return StepError(kind=ErrorKind.UNFIT, message=f"The output cannot be kept: {error}.")
    return None


def _read(record: Received) -> tuple[TaskId, TaskResult]:
    """Raises Invalid with one problem."""
    try:
        read = _Envelope.model_validate(orjson.loads(record.value or b""))
        return TaskId.parse(read.data.task_id), read.data
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise invalid(pointer_of(fault["loc"]), UNREADABLE, f"{fault['msg']}.") from None
    except orjson.JSONDecodeError as error:
        raise invalid("", UNREADABLE, f"This is not JSON: {error}.") from None
    except ValueError as error:
        raise invalid("/data/task_id", UNREADABLE, f"Not a task's id: {error}.") from None


def _checked_progress(progress: dict[str, Any] | None) -> dict[str, Any] | None:
    """Raises Invalid."""
    try:
        return None if progress is None else read_json(dumps(progress), _PROGRESS)
    except Invalid as error:
        raise invalid("/data/progress", UNREADABLE, error.message) from None
    except TypeError as error:
        raise invalid("/data/progress", UNREADABLE, f"{error}.") from None
