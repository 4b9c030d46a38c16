"""A person's answer to a step that waits for it: sent, and what it came to.

The execution's owner takes answers in one after another, and the first counts; which one that was
is told by the ``decision_id`` that the log keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator

from services.api.executions.publish_command import publish_command
from services.api.http.problems import NOT_THE_APPROVER
from services.api.note_changes import note_command
from services.api.resources import ApiResources
from shared.db.audit import Change
from shared.db.waits import Answer, Question, find_question
from shared.domain.errors import Conflict, Invalid, NotFound, Problem
from shared.domain.ids import ExecutionId, StepId
from shared.domain.outcomes import WaitKind
from shared.domain.principals import Caller
from shared.domain.signals import Decided, Submitted
from shared.domain.steps import TIMEOUT, Approver, Handle
from shared.domain.values import Name, Strict, Text
from shared.expr.schemas import JsonSchema
from shared.wire.commands import Tell, encode_tell
from shared.wire.strict_json import invalid

KNOWN_WITHIN_S: Final = 5.0
_PAUSE_S: Final = 0.05


def _not_silence(decision_id: str) -> str:
    if decision_id == TIMEOUT:
        raise ValueError(f"'{TIMEOUT}' is what silence is called")
    return decision_id


DecisionId = Annotated[Name, AfterValidator(_not_silence)]
"""Tells whose answer won."""


class DecisionRequest(Strict):
    """A yes or no, and whose."""

    decision: Literal["approve", "reject"]
    by: Name
    comment: Text | None = None
    decision_id: DecisionId | None = None


class SubmissionRequest(Strict):
    """A form filled in, by whom, and with which of its buttons."""

    data: Any
    by: Name
    button: Handle | None = None
    decision_id: DecisionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Whether the answer ``decision_id`` was the one that counts; None: not known yet.

    ``answer`` is the one that counts, None where the execution ended without any.
    """

    decision_id: str
    won: bool | None
    answer: Answer | None = None


async def decide(
    resources: ApiResources,
    caller: Caller,
    execution_id: ExecutionId,
    step_id: StepId,
    asked: DecisionRequest,
) -> Ruling:
    """Approve or reject, and see for ``KNOWN_WITHIN_S`` whether that decides it.

    The same winning decision again, by its id, is told so again. Raises NotFound when the step
    waits for nothing, Conflict when for something else or no more, Invalid when ``by`` is not the
    approver, Unavailable.
    """
    signal = Decided(
        step_id=step_id,
        decision=asked.decision,
        decision_id=asked.decision_id or str(resources.new_id()),
        by=asked.by,
        comment=asked.comment,
    )
    question = await _question(resources, caller, execution_id, step_id)
    told = _told(question, step_id, WaitKind.APPROVAL)
    _check_person(told["approver"], asked.by)
    return await _answered(resources, caller, execution_id, question, signal)


async def submit(
    resources: ApiResources,
    caller: Caller,
    execution_id: ExecutionId,
    step_id: StepId,
    asked: SubmissionRequest,
) -> Ruling:
    """Fill in a form; as ``decide``, and Invalid for data that the form's schema refuses."""
    signal = Submitted(
        step_id=step_id,
        data=asked.data,
        decision_id=asked.decision_id or str(resources.new_id()),
        button=asked.button,
        by=asked.by,
    )
    question = await _question(resources, caller, execution_id, step_id)
    told = _told(question, step_id, WaitKind.FORM)
    _check_person(told["assignee"], asked.by)
    check = partial(_check_form, told, asked)
    await resources.computing.call(caller.environment_id, check)
    return await _answered(resources, caller, execution_id, question, signal)


async def _question(
    resources: ApiResources, caller: Caller, execution_id: ExecutionId, step_id: StepId
) -> Question:
    async with resources.tenant(caller.environment_id) as conn:
        return await find_question(conn, execution_id, step_id)


def _told(question: Question, step_id: StepId, kind: WaitKind) -> Mapping[str, Any]:
    """What was asked, which is to be of ``kind``."""
    asked = question.asked
    if asked is None:
        raise NotFound(f"Step '{step_id}' waits for nobody.")
    if asked["kind"] != kind:
        raise Conflict(f"Step '{step_id}' waits for something else: {asked['kind']}.")
    return asked


def _check_person(told: Mapping[str, Any], by: str) -> None:
    """Hold ``by`` against a user's name; who is in a team is not known here."""
    approver = Approver.model_validate(told)
    if approver.type == "user" and approver.id != by:
        raise invalid("/by", NOT_THE_APPROVER, f"It is for '{approver.id}' to answer.")


def _check_form(told: Mapping[str, Any], asked: SubmissionRequest) -> None:
    problems = []
    if told["schema"] is not None:
        problems = [
            Problem(pointer="/data", code="FORM_SCHEMA", detail=f"{fault}.")
            for fault in JsonSchema(told["schema"]).faults(asked.data)
        ]
    buttons = told["buttons"]
    if buttons and asked.button not in buttons:
        detail = f"Press one of its buttons: {', '.join(buttons)}."
        problems.append(Problem(pointer="/button", code="UNKNOWN_BUTTON", detail=detail))
    elif not buttons and asked.button is not None:
        detail = "The form has no buttons; leave it out."
        problems.append(Problem(pointer="/button", code="UNKNOWN_BUTTON", detail=detail))
    if problems:
        raise Invalid(problems)


async def _answered(
    resources: ApiResources,
    caller: Caller,
    execution_id: ExecutionId,
    question: Question,
    signal: Decided | Submitted,
) -> Ruling:
    if not question.is_open:
        ruling = _ruling(question, signal)
        if ruling.won:
            return ruling
        raise Conflict(f"Step '{signal.step_id}' waits no more: {_came(question)}.")
    tell = Tell(
        execution_id=execution_id,
        signal=signal,
        tell_id=f"{execution_id}:{signal.step_id}:{signal.decision_id}",
        at=resources.clock.now(),
    )
    await note_command(resources, caller, _change(execution_id, signal))
    await publish_command(resources, execution_id, encode_tell(tell))
    until = resources.clock.monotonic() + KNOWN_WITHIN_S
    while resources.clock.monotonic() < until:
        question = await _question(resources, caller, execution_id, signal.step_id)
        if not question.is_open:
            return _ruling(question, signal)
        await resources.clock.sleep(_PAUSE_S)
    return Ruling(decision_id=signal.decision_id, won=None)


def _change(execution_id: ExecutionId, signal: Decided | Submitted) -> Change:
    """Who decided what; what a form was filled in with is a payload, and so is a comment."""
    decision = signal.decision if isinstance(signal, Decided) else None
    return Change(
        action="step.submit" if decision is None else "step.decide",
        target=f"execution:{execution_id}",
        after={
            "step_id": signal.step_id,
            "by": signal.by,
            "decision_id": signal.decision_id,
            "decision": decision,
        },
    )


def _ruling(question: Question, signal: Decided | Submitted) -> Ruling:
    answer = question.answer
    kept = answer.output if answer is not None and isinstance(answer.output, dict) else {}
    won = kept.get("decision_id") == signal.decision_id
    if isinstance(signal, Decided):
        won = won and kept["decision"] == signal.decision
    return Ruling(decision_id=signal.decision_id, won=won, answer=answer)


def _came(question: Question) -> str:
    """What it came to, in words."""
    answer = question.answer
    if answer is None:
        return f"the execution is {question.execution_status}"
    by = answer.output.get("by") if isinstance(answer.output, dict) else None
    if by is None and answer.error is not None:  # of somebody's "no" it may quote the comment
        return str(answer.error["message"]).removesuffix(".")
    return "nobody answered in time" if by is None else f"'{by}' answered"
