"""An execution as a run of Truto's."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from services.api.dialects.truto.documents import TrutoRun, TrutoRunResult, TrutoRunStep
from services.api.dialects.truto.run_statuses import RUN_STATUS
from services.api.http.payloads import Payload
from shared.db.history import Execution
from shared.domain.attempts import ONLY
from shared.domain.executions import Attempt, AttemptStatus, Entry, Status
from shared.domain.ids import StepId
from shared.domain.steps import Step
from shared.wire.envelope import stamp, stamped

BROKEN_OFF: Final = "The run ended before this step did."


def render_run(
    execution: Execution, retries: int, steps: Iterable[TrutoRunStep] | None = None
) -> TrutoRun:
    """The run; without ``steps`` its result leaves them out."""
    result: TrutoRunResult | None = None
    error = _error(execution)
    if execution.status.is_terminal:
        result = {"success": execution.status is Status.COMPLETED}
        if error is not None:
            result["error"] = error
        if steps is not None:
            result["steps"] = list(steps)
    return {
        "id": str(execution.id),
        "workflow_id": str(execution.workflow_id),
        "environment_id": str(execution.environment_id),
        "status": RUN_STATUS[execution.status],
        "result": result,
        "error": error,
        "retry_attempt": retries,
        "started_at": stamp(execution.created_at),
        "finished_at": stamped(execution.finished_at),
        "created_at": stamp(execution.created_at),
        "updated_at": stamp(execution.updated_at),
    }


def steps_of(steps: Sequence[Step], log: Sequence[Entry]) -> Iterator[TrutoRunStep]:
    """What came of each step that had begun when the run ended, in the order of the steps."""
    last = {entry.attempt.step_id: entry.attempt for entry in log if entry.attempt is not None}
    for step in steps:
        attempt = last.get(StepId(step.id))
        if attempt is not None and attempt.handle != ONLY:
            yield _step(step.action, attempt)


def _step(action: str | None, attempt: Attempt) -> TrutoRunStep:
    told: TrutoRunStep = {
        "type": "run",
        "action": action,
        "success": attempt.status in (AttemptStatus.COMPLETED, AttemptStatus.SKIPPED),
        "result": Payload(attempt.output if attempt.status.settles else None),
    }
    if attempt.status is AttemptStatus.SKIPPED:
        told["skipped"] = True
    elif attempt.error is not None:
        told["error"] = Payload(attempt.error.message)
    elif not told["success"]:
        told["error"] = BROKEN_OFF
    return told


def _error(execution: Execution) -> Any:
    """Why it failed, as far as it did."""
    match execution.status:
        case Status.CANCELLED:
            reason = execution.cancel_reason
            return "The run was cancelled." if reason is None else f"Cancelled: {reason}"
        case Status.EXPIRED:
            return "The run was not done in time."
        case Status.FAILED if execution.error is not None:
            return Payload(execution.error["message"])
        case _:
            return None
