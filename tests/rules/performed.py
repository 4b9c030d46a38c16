"""An attempt in the pure run: prepared as the executor does, answered as the case says."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.executor.actions.registered import WORKER_S
from services.executor.annotate import Annotator, PythonResolver
from services.executor.call import Call
from services.executor.prepare import SUBWORKFLOW, Prepared, prepare
from services.executor.runs import Run
from services.executor.view import RunView, Views
from shared.domain.ids import child_id
from shared.domain.outcomes import (
    Completed,
    ErrorKind,
    Failed,
    Outcome,
    Parked,
    StepError,
    Wait,
    WaitKind,
)
from shared.domain.plans import ANNOTATE, TURN
from shared.domain.readiness import RunStep
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver
from shared.expr.secrets import SecretMarks
from tests.rules.case import Case, Given

_AGAIN = frozenset({408, 425, 429})
_SERVER_ERROR = 500


class Performer:
    """Knows what attempts come to; counts calls, and tasks given out, by step."""

    def __init__(self, case: Case) -> None:
        self.expressions = ExpressionCache(1_000)
        self._case = case
        self.calls: Counter[str] = Counter()
        self.tasks: Counter[str] = Counter()
        self._views = Views(Resolver(self.expressions, TemplateCache(1_000)), SecretMarks("rules"))

    def perform(self, run: Run, effect: RunStep, now: datetime) -> tuple[Outcome, float]:
        """The outcome of an attempt, and after how many seconds it is there."""
        prepared = prepare(run, effect, self._views, now=now)
        if not isinstance(prepared, Prepared):
            return prepared, 0.0
        call = prepared.call
        match call.action:
            case name if name == SUBWORKFLOW:
                return _child(call), 0.0
            case name if name == ANNOTATE:
                return self._annotated(run, effect, call), 0.0
            case name if name == TURN:
                return Completed(input=call.input), 0.0  # there is nobody else
            case "remote":
                self.tasks[effect.key] += 1
                return _task(call), 0.0
            case _:
                self.calls[effect.key] += 1
                return _answered(call, self._case.given(effect.key, self.calls[effect.key]))

    def _annotated(self, run: Run, effect: RunStep, call: Call) -> Outcome:
        async def look_up(entity_type: str, *_: object) -> Any:
            return self._case.entities.get(entity_type)

        resolvers = {name: PythonResolver(look_up) for name in self._case.entities}
        view = RunView(run, effect, self._views, call.now, frozenset())
        looking = Annotator(resolvers).annotate(run.plan.annotations, view.resolve, call)
        outcome = asyncio.run(looking)
        if not isinstance(outcome, Completed):
            return outcome
        clause = view.keeps_out(outcome.output["entities"])
        if clause is None:
            return outcome
        return replace(outcome, output={**outcome.output, "filters": clause}, ends=True)


def _child(call: Call) -> Outcome:
    block = call.step.subworkflow
    assert block is not None, "a sub-workflow has its block"
    data = {
        "execution_id": str(child_id(call.origin.execution_id, call.key, call.attempt)),
        "workflow_id": str(block.workflow_id),
        "workflow_version": 1,
        "input": call.input,
    }
    timeout_s = block.timeout_s if block.wait else None
    return Parked(
        wait=Wait(kind=WaitKind.SUBWORKFLOW, data=data),
        wake_at=None if timeout_s is None else call.now + timedelta(seconds=timeout_s),
        input=call.input,
        is_detached=not block.wait,
    )


def _task(call: Call) -> Outcome:
    heartbeat_s = call.heartbeat_s
    timeout_s = WORKER_S if call.step.timeout_s is None else call.timeout_s
    data = {
        "action": call.action,
        "task_id": f"{call.origin.execution_id}:{call.key}:{call.attempt}",
        "input": call.input,
        "heartbeat_s": heartbeat_s,
        "timeout_s": timeout_s,
    }
    silent_s = timeout_s if heartbeat_s is None else min(timeout_s, heartbeat_s)
    return Parked(
        wait=Wait(kind=WaitKind.TASK, data=data),
        wake_at=call.now + timedelta(seconds=silent_s),
        input=call.input,
    )


def _answered(call: Call, given: Given) -> tuple[Outcome, float]:
    if given.takes >= call.timeout_s:
        late = StepError(kind=ErrorKind.TIMEOUT, message="No answer in time.", retryable=True)
        return Failed(input=call.input, error=late), call.timeout_s
    if (error := _error(given)) is not None:
        return Failed(input=call.input, error=error), given.takes
    return Completed(input=call.input, output=given.output), given.takes


def _error(given: Given) -> StepError | None:
    if given.hangs_up:
        return StepError(kind=ErrorKind.UNREACHABLE, message="It hung up.", retryable=True)
    if given.status is None:
        return None
    return StepError(
        kind=ErrorKind.HTTP,
        message=f"The receiver answered {given.status}: ",
        retryable=given.status in _AGAIN or given.status >= _SERVER_ERROR,
        status=given.status,
        retry_after_s=given.retry_after_s,
    )
