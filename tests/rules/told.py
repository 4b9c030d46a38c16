"""What happens in a story, as signals to the execution."""

from shared.domain.ids import StepId
from shared.domain.outcomes import ErrorKind, StepError
from shared.domain.signals import Decided, Resume, Submitted, Suspend, TaskEnded, Told
from tests.rules.case import Decision, Happening, Submission, WorkerAnswer


def signal_of(happening: Happening) -> Told:
    """The signal that a line of a story stands for; it names one."""
    match happening:
        case Happening(approve=Decision() as decision):
            return _decided(decision, is_yes=True)
        case Happening(reject=Decision() as decision):
            return _decided(decision, is_yes=False)
        case Happening(submit=Submission() as given):
            return Submitted(
                step_id=StepId(given.step),
                data=given.data,
                decision_id=f"{given.step}:{given.by}",
                button=given.button,
                by=given.by,
            )
        case Happening(task_result=WorkerAnswer() as answer):
            return TaskEnded(
                step_id=StepId(answer.step),
                attempt=answer.attempt,
                output=answer.output,
                error=_failure(answer),
            )
        case Happening(suspend=True):
            return Suspend()
        case Happening(resume=True):
            return Resume()
        case _:
            raise AssertionError(f"no signal is sent by {happening}")


def _decided(decision: Decision, *, is_yes: bool) -> Decided:
    return Decided(
        step_id=StepId(decision.step),
        decision="approve" if is_yes else "reject",
        decision_id=f"{decision.step}:{decision.by}",
        by=decision.by,
        comment=decision.comment,
    )


def _failure(answer: WorkerAnswer) -> StepError | None:
    if (failure := answer.error) is None:
        return None
    return StepError(kind=ErrorKind.REMOTE, message=failure.message, retryable=failure.retryable)
