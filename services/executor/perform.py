"""One attempt of one step: prepared, carried out, and its outcome made fit to be kept."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, assert_never

import structlog

from services.executor.actions.registered import RegisteredActions
from services.executor.annotate import Annotator
from services.executor.call import Action, Call
from services.executor.in_turn import InTurn
from services.executor.lanes import Lanes
from services.executor.prepare import Prepared, prepare
from services.executor.runs import Performing, Run
from services.executor.secrets import SecretSource, send_with_secrets
from services.executor.view import RunView, Views
from shared.domain.errors import Rejected, Unavailable
from shared.domain.lengths import unkept
from shared.domain.outcomes import (
    Completed,
    ErrorKind,
    Failed,
    Interrupted,
    Outcome,
    Parked,
    Skipped,
    StepError,
)
from shared.domain.plans import ANNOTATE
from shared.domain.readiness import RunStep
from shared.expr.secrets import SecretMarks
from shared.runtime.clock import Clock

log = structlog.get_logger(__name__)

MESSAGE_CHARS_MAX = 1_000
SENDING = frozenset({"http_request", "run_sync_job", "send_webhook"})
"""The built-in actions that send, and may therefore know secrets; registered ones all do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What performing needs."""

    actions: Mapping[str, Action]
    registered: RegisteredActions
    annotator: Annotator
    views: Views
    secrets: SecretSource
    lanes: Lanes
    clock: Clock


def outcome_of(
    run: Run, effect: RunStep, tools: Tools, names: frozenset[str], now: datetime
) -> Outcome:
    """The outcome of a step that only computes (``is_brief``); ``names`` are of secrets."""
    try:
        outcome = prepare(run, effect, tools.views, now=now, secret_names=names)
        assert not isinstance(outcome, Prepared), "a step that only computes calls nothing"
        if names:
            outcome = _shown(outcome, tools.views.marks_of(run, effect, now))
        return _kept(outcome)
    except Exception as error:  # noqa: BLE001 - see _defect
        return _defect(run, effect, error)


async def perform(run: Run, performing: Performing, tools: Tools) -> Outcome | Interrupted:
    """Carry out an attempt; whatever happens becomes an Outcome, or it was broken off."""
    effect = performing.effect
    try:
        async with asyncio.timeout(None) as performing.timeout:
            return await _attempt(run, performing, tools)
    except TimeoutError:
        return Interrupted() if performing.is_broken else _timed_out(effect)
    except Rejected as error:
        return _failed(ErrorKind.REFUSED, error.message)
    except Unavailable as error:
        return _failed(ErrorKind.UNREACHABLE, error.message, retryable=True)
    except Exception as error:  # noqa: BLE001 - see _defect
        return _defect(run, effect, error)


def _defect(run: Run, effect: RunStep, error: Exception) -> Failed:
    """The net under every step: what it drops fails its own step and nobody else's."""
    log.error("step_defect", execution_id=str(run.id), step_id=effect.key, exc_info=error)
    return _failed(ErrorKind.DEFECT, "Turnout failed to run this step; its log says why.")


async def _attempt(run: Run, performing: Performing, tools: Tools) -> Outcome:
    effect, environment_id = performing.effect, run.origin.environment_id
    in_turn = InTurn(run.origin.environment, performing, tools.lanes)
    names = await tools.secrets.names(environment_id)
    now, prepared = await in_turn(partial(_prepared, run, effect, tools, names))
    if isinstance(prepared, Failed) and prepared.error.kind is ErrorKind.EXPRESSION:
        # A secret that was made a moment ago is not known yet: nobody waits for it to be.
        known, names = names, await tools.secrets.names_now(environment_id)
        if names != known:
            now, prepared = await in_turn(partial(_prepared, run, effect, tools, names))
    performing.started_at = now
    marks = tools.views.marks_of(run, effect, now)
    if not isinstance(prepared, Prepared):
        return _fit(prepared, names, marks)
    in_turn.goes_on(asyncio.get_running_loop().time() + effect.step.attempt_s)
    call = replace(prepared.call, in_turn=in_turn, clock=tools.clock)
    if call.action == ANNOTATE:
        view = RunView(run, effect, tools.views, now, names)
        outcome = await tools.annotator.annotate(
            run.plan.annotations, lambda value: marks.shown(view.resolve(value)), call
        )
        outcome = await in_turn(partial(_filtered, outcome, view), has_sent=True)
    else:
        outcome = await _called(call, tools, marks)
    return _fit(_with_input(outcome, call.input), names, marks)


def _prepared(
    run: Run, effect: RunStep, tools: Tools, names: frozenset[str]
) -> tuple[datetime, Prepared | Outcome]:
    """An attempt that begins now."""
    now = tools.clock.now()
    return now, prepare(run, effect, tools.views, now=now, secret_names=names)


def _filtered(outcome: Outcome, view: RunView) -> Outcome:
    """Annotations looked up; the execution ends here if the filters that read them are false."""
    if not isinstance(outcome, Completed):
        return outcome
    clause = view.keeps_out(outcome.output["entities"])
    if clause is None:
        return outcome
    return replace(outcome, output={**outcome.output, "filters": clause}, ends=True)


async def _called(call: Call, tools: Tools, marks: SecretMarks) -> Outcome:
    action = tools.actions.get(call.action)
    if action is not None and call.action not in SENDING:
        # No mark leaves the process: whoever knew one could have it replaced by the secret.
        return await action(replace(call, input=marks.shown(call.input)))
    environment_id, version = call.origin.environment_id, call.step.pinned_version
    sending = action or await tools.registered.find(environment_id, call.action, version)
    if sending is None:
        message = f"There is no action '{call.action}' any more; register it again."
        return _failed(ErrorKind.REFUSED, message)
    return await send_with_secrets(sending, call, marks, tools.secrets)


def _with_input(outcome: Outcome, given: Any) -> Outcome:
    """``outcome`` with the step's input, where it does not show it already."""
    if isinstance(outcome, Skipped) or given is None or outcome.input is not None:
        return outcome
    return replace(outcome, input=given)


def _kept(outcome: Outcome) -> Outcome:
    """``outcome`` as far as it can be written down."""
    match outcome:
        case Completed(input=given, output=output):
            if output is not given and (fault := unkept(output, "output")) is not None:
                return Failed(input=given, error=fault)
            return outcome
        case Failed(error=failure):
            # Postgres takes no NUL when an error is looked into.
            message = failure.message[:MESSAGE_CHARS_MAX].replace("\0", "\ufffd")
            return replace(outcome, error=replace(failure, message=message))
        case Parked(input=given, wait=wait):
            if (fault := unkept(wait.data, "wait")) is not None:
                return Failed(input=given, error=fault)
            return outcome
        case Skipped():
            return outcome
        case _:
            assert_never(outcome)


def _fit(outcome: Outcome, names: frozenset[str], marks: SecretMarks) -> Outcome:
    return _kept(_shown(outcome, marks) if names else outcome)


def _shown(outcome: Outcome, marks: SecretMarks) -> Outcome:
    """``outcome`` with references where secrets were to be put in."""
    shown = marks.shown
    match outcome:
        case Completed(input=given, output=output):
            return replace(outcome, input=shown(given), output=shown(output))
        case Failed(input=given, error=error):
            told = replace(error, message=shown(error.message))
            return replace(outcome, input=shown(given), error=told)
        case Parked(input=given, wait=wait):
            return replace(outcome, input=shown(given), wait=replace(wait, data=shown(wait.data)))
        case Skipped():
            return outcome
        case _:
            assert_never(outcome)


def _timed_out(effect: RunStep) -> Failed:
    limit_s = effect.step.attempt_s
    message = f"No answer within {limit_s:g} s (timeout_s of step '{effect.step.id}')."
    return _failed(ErrorKind.TIMEOUT, message, retryable=True)


def _failed(kind: ErrorKind, message: str, *, retryable: bool = False) -> Failed:
    return Failed(error=StepError(kind=kind, message=message, retryable=retryable))
