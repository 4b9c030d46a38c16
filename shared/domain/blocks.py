"""What a step says, by its kind: which blocks it needs, and which it cannot have."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from shared.domain import steps
from shared.domain.errors import Problem
from shared.domain.schedules import Schedule, ScheduleKind
from shared.domain.steps import DEFAULT_CASE, ERROR, TIMEOUT, Approver, Pinned, Step, StepKind

_KINDS_OF: Mapping[str, tuple[StepKind, ...]] = MappingProxyType(
    {
        "action": (StepKind.ACTION,),
        "action_version": (StepKind.ACTION,),
        "approval": (StepKind.ACTION, StepKind.APPROVAL),
        "schedule": (StepKind.ACTION, StepKind.SUBWORKFLOW),
        "compensation": (StepKind.ACTION, StepKind.ITERATOR, StepKind.SUBWORKFLOW),
        "condition": (StepKind.CONDITION,),
        "cases": (StepKind.SWITCH,),
        "sleep": (StepKind.SLEEP,),
        "form": (StepKind.FORM,),
        "wait": (StepKind.WAIT,),
        "iterator": (StepKind.ITERATOR,),
        "subworkflow": (StepKind.SUBWORKFLOW,),
        "terminate": (StepKind.TERMINATE,),
    }
)

_NEEDED: Mapping[StepKind, str] = MappingProxyType(
    {
        StepKind.ACTION: "action",
        StepKind.CONDITION: "condition",
        StepKind.SWITCH: "cases",
        StepKind.FORM: "form",
        StepKind.WAIT: "wait",
        StepKind.ITERATOR: "iterator",
        StepKind.SUBWORKFLOW: "subworkflow",
    }
)


def step_problems(step: Step, pointer: str) -> Iterator[Problem]:
    """Every fault of one step's blocks; ``pointer`` is the step's place."""
    for block, kinds in _KINDS_OF.items():
        if step.kind not in kinds and getattr(step, block) not in (None, ()):
            listed = " or ".join(f"'{kind}'" for kind in kinds)
            detail = (
                f"A step of kind '{step.kind}' has no '{block}': remove it, or make it {listed}."
            )
            yield Problem(pointer=f"{pointer}/{block}", code="MISPLACED_BLOCK", detail=detail)
    needed = _NEEDED.get(step.kind)
    if needed is not None and getattr(step, needed) in (None, ()):
        yield _missing(f"{pointer}/{needed}", f"A step of kind '{step.kind}' needs '{needed}'.")
    yield from _pin_problems(step, pointer)
    if step.schedule is not None:
        yield from _schedule_problems(step, step.schedule, pointer)
    if step.kind is StepKind.SLEEP:
        yield from _sleep_problems(step, f"{pointer}/sleep")
    if step.iterator is not None:
        yield from _body_problems(step.iterator, f"{pointer}/iterator/body")
    if step.approval is not None:
        yield from _approver_problems(step.approval.approver, f"{pointer}/approval/approver")
    if step.form is not None:
        yield from _approver_problems(step.form.assignee, f"{pointer}/form/assignee")
        buttons = [
            (name, f"{pointer}/form/buttons/{i}") for i, name in enumerate(step.form.buttons)
        ]
        yield from _handle_problems(buttons, TIMEOUT)
    cases = [(case.handle, f"{pointer}/cases/{i}/handle") for i, case in enumerate(step.cases)]
    yield from _handle_problems(cases, DEFAULT_CASE)


def _pin_problems(step: Step, pointer: str) -> Iterator[Problem]:
    body = None if step.iterator is None else step.iterator.body
    calls: tuple[tuple[str, Pinned | None], ...] = (
        ("", step),
        ("/iterator/body", body),
        ("/compensation", step.compensation),
    )
    for place, call in calls:
        if call is not None and not call.auto_upgrade and call.action_version is None:
            detail = "Say which version it keeps to, or leave 'auto_upgrade' out."
            yield _missing(f"{pointer}{place}/action_version", detail)


def _schedule_problems(step: Step, schedule: Schedule, pointer: str) -> Iterator[Problem]:
    if schedule.kind is ScheduleKind.MANUAL:
        detail = "A step with a manual schedule is never done: choose another kind, or remove it."
        place = f"{pointer}/schedule/kind"
        yield Problem(pointer=place, code="INVALID_SCHEDULE", detail=detail)
    for block, mend in (
        ("approval", "put a step of kind 'approval' before it"),
        ("compensation", "what it does has no execution to be undone in; remove it"),
    ):
        if getattr(step, block) is not None:
            detail = f"A step on a schedule has no '{block}': {mend}."
            yield Problem(pointer=f"{pointer}/{block}", code="MISPLACED_BLOCK", detail=detail)


def _sleep_problems(step: Step, pointer: str) -> Iterator[Problem]:
    said = [] if step.sleep is None else [step.sleep.duration_s, step.sleep.until]
    if len([one for one in said if one is not None]) > 1:
        detail = "Say either 'duration_s' or 'until', not both."
        yield Problem(pointer=pointer, code="AMBIGUOUS_SLEEP", detail=detail)
    elif not any(said) and step.input.src is None:
        detail = "Say how long: 'duration_s' or 'until', here or in the step's input."
        yield _missing(pointer, detail)


def _body_problems(loop: steps.Iterator, pointer: str) -> Iterator[Problem]:
    if (loop.body.action is None) == (loop.body.subworkflow is None):
        yield _missing(pointer, "What is done with an item is either 'action' or 'subworkflow'.")


def _approver_problems(approver: Approver, pointer: str) -> Iterator[Problem]:
    if approver.type != "anyone" and approver.id is None:
        yield _missing(f"{pointer}/id", f"Say which {approver.type} it is.")


def _handle_problems(places: Iterable[tuple[str, str]], own: str) -> Iterator[Problem]:
    taken = {own, ERROR}
    for handle, pointer in places:
        if handle in taken:
            detail = f"The handle '{handle}' is taken; give each way out a name of its own."
            yield Problem(pointer=pointer, code="DUPLICATE_HANDLE", detail=detail)
        taken.add(handle)


def _missing(pointer: str, detail: str) -> Problem:
    return Problem(pointer=pointer, code="MISSING_BLOCK", detail=detail)
