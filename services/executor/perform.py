"""One attempt of one step: its condition, its input, its action."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, assert_never

import structlog

from services.executor.call import Action, Call
from services.executor.runs import Run
from shared.domain.decide import RunStep
from shared.domain.errors import Rejected, Unavailable
from shared.domain.ids import call_key
from shared.domain.outcomes import (
    Completed,
    ErrorKind,
    Failed,
    Interrupted,
    Outcome,
    Skipped,
    StepError,
)
from shared.domain.workflows import Lang, Step
from shared.expr.bounds import RUN_IF, STEP
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import UNDEFINED, Document, ExpressionCache, Truth
from shared.expr.scope import step_scope
from shared.expr.templates import render
from shared.runtime.clock import Clock
from shared.wire.envelope import dumps

log = structlog.get_logger(__name__)

# Input and output together, with all around them, fit into one record on the bus.
KEPT_BYTES_MAX = 524_288
MESSAGE_CHARS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What performing needs."""

    actions: Mapping[str, Action]
    expressions: ExpressionCache
    clock: Clock


async def perform(run: Run, effect: RunStep, tools: Tools) -> Outcome:
    """Carry out ``effect``; whatever happens becomes an Outcome."""
    try:
        async with asyncio.timeout(effect.step.timeout_s) as run.performing:
            return await _attempt(run, effect, tools)
    except TimeoutError:
        return Interrupted() if run.is_cancelled else _timed_out(effect.step)
    except Rejected as error:
        return _failed(ErrorKind.REFUSED, error.message)
    except Unavailable as error:
        return _failed(ErrorKind.UNREACHABLE, error.message, retryable=True)
    except Exception:
        # The net under every action: what it drops fails its own step and nobody else's.
        log.exception("step_defect", execution_id=str(run.id), step_id=effect.step.id)
        return _failed(ErrorKind.DEFECT, "Turnout failed to run this step; its log says why.")
    finally:
        run.performing = None


async def _attempt(run: Run, effect: RunStep, tools: Tools) -> Outcome:
    step = effect.step
    scope = _Scope(run, tools)
    try:
        if step.run_if is not None and not scope.holds(step.run_if):
            return Skipped()
        given = scope.resolve(step)
    except ExpressionError as error:
        return _failed(ErrorKind.EXPRESSION, error.message)
    if (fault := _unkept(given, "input")) is not None:
        return Failed(error=fault)
    call = Call(
        origin=run.origin,
        event=run.event,
        step_id=step.id,
        attempt=effect.attempt,
        input=given,
        idempotency_key=call_key(run.origin.subject, step.id),
        timeout_s=step.timeout_s,
        now=tools.clock.now(),
    )
    return _kept(await tools.actions[step.action](call), given)


def _kept(outcome: Outcome, given: Any) -> Outcome:
    """``outcome`` with the step's input, as far as it can be written down."""
    match outcome:
        case Completed(output=output):
            if output is not given and (fault := _unkept(output, "output")) is not None:
                return Failed(input=given, error=fault)
            return Completed(input=given, output=output)
        case Failed(error=failure):
            # Postgres takes no NUL when an error is looked into.
            message = failure.message[:MESSAGE_CHARS_MAX].replace("\0", "\ufffd")
            return Failed(input=given, error=replace(failure, message=message))
        case Skipped() | Interrupted():
            return outcome
        case _:
            assert_never(outcome)


class _Scope:
    """What a step's expressions see, built when the first of them asks."""

    def __init__(self, run: Run, tools: Tools) -> None:
        self._run = run
        self._expressions = tools.expressions
        self._now = tools.clock.now()
        self._seed = run.id.int & 0xFFFF_FFFF

    def holds(self, source: str) -> bool:
        """Whether a condition is true; one that fails raises ExpressionError."""
        verdict = self._expressions.get(source).test(
            Document.of(self._tree), bounds=RUN_IF, now=self._now, seed=self._seed
        )
        if verdict.error is not None:
            raise verdict.error
        return verdict.truth is Truth.TRUE

    def resolve(self, step: Step) -> Any:
        """The step's input; undefined is null."""
        match step.input.lang:
            case Lang.LITERAL:
                return step.input.src
            case Lang.PLACEHOLDER:
                return render(step.input.src, self._tree)
            case Lang.JSONATA:
                value = self._expressions.get(step.input.src).evaluate(
                    Document.of(self._tree), bounds=STEP, now=self._now, seed=self._seed
                )
                return None if value is UNDEFINED else value
            case _:
                assert_never(step.input.lang)

    @cached_property
    def _tree(self) -> dict[str, Any]:
        run = self._run
        return step_scope(
            run.event,
            run.plan.dialect,
            steps={
                step_id: {"status": attempt.status, "output": attempt.output}
                for step_id, attempt in run.state.settled.items()
            },
            workflow={
                "id": run.origin.ref["workflow_id"],
                "version": run.plan.version,
                "name": run.plan.name,
            },
            execution={"id": run.origin.subject},
        )


def _unkept(value: Any, what: str) -> StepError | None:
    """Why a value cannot be written down and published; one such value would stop a whole group."""
    try:
        size = len(dumps(value))
    except TypeError as error:  # orjson's: too deep, beyond 64 bits, not Unicode
        message = f"The step's {what} holds what a record cannot carry: {error}."
        return StepError(kind=ErrorKind.UNFIT, message=message)
    if size > KEPT_BYTES_MAX:
        message = f"The step's {what} is {size} bytes; at most {KEPT_BYTES_MAX} are kept."
        return StepError(kind=ErrorKind.TOO_LARGE, message=message)
    return None


def _timed_out(step: Step) -> Failed:
    message = f"No answer within {step.timeout_s:g} s (timeout_s of step '{step.id}')."
    return _failed(ErrorKind.TIMEOUT, message, retryable=True)


def _failed(kind: ErrorKind, message: str, *, retryable: bool = False) -> Failed:
    return Failed(error=StepError(kind=kind, message=message, retryable=retryable))
