"""Executions: their origins, and their logs against themselves."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from services.cli.doctor.conservation.ground import Ground
from services.cli.doctor.conservation.origins import check_origins
from services.cli.doctor.conservation.published import records_of
from services.cli.doctor.conservation.report import Stage
from services.cli.doctor.conservation.versions import Versions
from shared.db.conservation import (
    Created,
    execution_environments,
    list_created,
    list_forgotten,
)
from shared.db.recovery import Unpublished, list_written
from shared.domain.executions import ENDS, Attempt, AttemptStatus, Entry, Phase, Status
from shared.domain.ids import EnvironmentId, ExecutionId, StepId, split_key
from shared.domain.plans import ANNOTATE, Plan
from shared.domain.steps import StepKind

_PAGE: Final = 200
_ENTRIES: Final = 200

_FIRST: Final = (ExecutionId(UUID(int=0)), 0)


@dataclass(slots=True)
class _Story:
    """What the log of one execution has told so far; ``steps``: each one's last attempt."""

    execution: Created
    position: int = 0
    ends: list[Status] = field(default_factory=list)
    steps: dict[StepId, tuple[int, AttemptStatus]] = field(default_factory=dict)


async def check_executions(ground: Ground) -> None:
    """Hold each execution of the span against its log and its origin; want what it published."""
    versions = Versions(ground)
    counts = ground.report.stages[Stage.EXECUTIONS]
    environments = [e async for e in execution_environments(ground.conn) if ground.concerns(e)]
    for environment_id in environments:
        last: Created | None = None
        while page := await _check_page(ground, versions, environment_id, last):
            await check_origins(ground, versions, page)
            counts.checked += len(page)
            ground.tell(f"executions: {counts.checked}")
            last = page[-1]


async def _check_page(
    ground: Ground, versions: Versions, environment_id: EnvironmentId, after: Created | None
) -> list[Created]:
    """Look through the logs of some executions."""
    conn = ground.conn
    # One moment for the rows and their logs: an execution may end while it is looked at.
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        page = await list_created(conn, environment_id, ground.span, after, limit=_PAGE)
        stories = {execution.id: _Story(execution) for execution in page}
        ids, place = list(stories), _FIRST
        while entries := await list_written(conn, ids, after=place, limit=_ENTRIES):
            for written in entries:
                if written.origin.execution_id != place[0] and place[0] in stories:
                    stories[place[0]].steps.clear()  # a log may name 50,000, and it has been told
                place = (written.origin.execution_id, written.entry.position)
                await _take(ground, versions, stories[place[0]], written)
        under_way = [execution.id for execution in page if not execution.status.is_terminal]
        forgotten = await list_forgotten(conn, under_way) if under_way else frozenset()
    for id_ in sorted(forgotten):
        detail = (
            f"It is {stories[id_].execution.status}, and no timer, nothing that it waits for or was"
            " told, and no command brings it back."
        )
        ground.report.find(Stage.EXECUTIONS, "execution_forgotten", id_, detail)
    for story in stories.values():
        _check_end(ground, story)
    return page


async def _take(ground: Ground, versions: Versions, story: _Story, written: Unpublished) -> None:
    """Check a log entry against those before it, and want its records."""
    entry, id_ = written.entry, story.execution.id
    report = ground.report
    report.stages[Stage.LOG].checked += 1
    if entry.position != story.position + 1:
        detail = f"Its log goes from position {story.position} to {entry.position}."
        report.find(Stage.LOG, "log_gap", id_, detail)
    story.position = entry.position
    story.ends += [ENDS[phase] for phase in entry.phases if phase in ENDS]
    version = await versions.get(story.execution)
    if entry.attempt is not None:
        step_id, place = entry.attempt.step_id, f"{id_}:{entry.position}"
        if version is not None and split_key(step_id).step_id not in version.plan.by_id:
            detail = f"Its step '{step_id}' is none of its workflow version's."
            report.find(Stage.LOG, "unknown_step", place, detail)
        _take_attempt(ground, story, entry.attempt, place)
    if version is not None and Phase.COMPLETED in entry.phases:
        _check_steps(ground, story, version.plan, entry)
    cursor = ground.cursors.owned.get(story.execution.partition)
    if cursor is None or written.seq > cursor.emitted_seq:
        report.stages[Stage.LOG].in_flight += 1
    else:
        ground.shelf.want(records_of(ground, written, created_at=story.execution.created_at))


def _take_attempt(ground: Ground, story: _Story, attempt: Attempt, place: str) -> None:
    """A step ends once; its attempts count from 1, and another one follows only a retry."""
    step_id, before = attempt.step_id, story.steps.get(attempt.step_id)
    story.steps[step_id] = (attempt.number, attempt.status)
    if before is not None and before[1].settles:
        detail = f"Step '{step_id}' ends here for the second time."
        if attempt.status.settles:
            ground.report.find(Stage.LOG, "settled_twice", place, detail)
            return
        story.steps[step_id] = before
    if not _may_follow(before, attempt):
        earlier = "nothing" if before is None else f"attempt {before[0]}, {before[1]}"
        detail = f"Attempt {attempt.number} of step '{step_id}' follows {earlier}."
        ground.report.find(Stage.LOG, "wrong_attempt", place, detail)


def _check_steps(ground: Ground, story: _Story, plan: Plan, end: Entry) -> None:
    """Of an execution that completed each step has ended, unless one may have ended it earlier."""
    last = None if end.attempt is None else plan.by_id.get(end.attempt.step_id)
    if last is not None and (last.kind is StepKind.TERMINATE or last.id == ANNOTATE):
        return
    for step in plan.steps:
        before = story.steps.get(StepId(step.id))
        if before is None or not before[1].settles:
            detail = f"It is COMPLETED, and its log does not tell how step '{step.id}' ended."
            ground.report.find(Stage.LOG, "step_missing", f"{story.execution.id}:{step.id}", detail)


def _may_follow(before: tuple[int, AttemptStatus] | None, attempt: Attempt) -> bool:
    number = attempt.number
    if before is None:
        return number <= 1  # 0 is what was taken over from the execution that it repeats
    last, status = before
    if status is AttemptStatus.RETRYING:
        return number == last + 1 or (number == last and attempt.status.settles)
    return number == last and not status.settles


def _check_end(ground: Ground, story: _Story) -> None:
    execution, report = story.execution, ground.report
    if not story.position:
        report.find(Stage.LOG, "log_missing", execution.id, "It has no log.")
    expected = [execution.status] if execution.status.is_terminal else []
    if story.ends != expected:
        ends = ", ".join(story.ends) or "no end"
        detail = f"It is {execution.status}; its log tells {ends}."
        report.find(Stage.LOG, "wrong_end", execution.id, detail)
