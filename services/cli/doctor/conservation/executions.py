"""Executions against what started them, their logs against themselves."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import orjson

from services.api.events.receive_webhook import RECEIVED
from services.api.executions.start_execution import STARTED_BY_HAND
from services.cli.doctor.conservation.ground import Ground
from services.cli.doctor.conservation.published import records_of
from services.cli.doctor.conservation.report import Stage
from services.cli.doctor.conservation.versions import Versions
from services.executor.consequences import CALLED
from shared.db.conservation import (
    Created,
    KnownEvent,
    execution_environments,
    list_created,
    list_known,
)
from shared.db.recovery import Unpublished, list_written
from shared.domain.executions import ENDS, Status
from shared.domain.ids import (
    EnvironmentId,
    ExecutionId,
    due_id,
    execution_id,
    schedule_id,
    split_key,
)
from shared.wire.due_starts import DUE
from shared.wire.events import decode_event
from shared.wire.lineage import read_repeat

_PAGE: Final = 200
_ENTRIES: Final = 200
_OWN: Final = frozenset({STARTED_BY_HAND, DUE, CALLED, RECEIVED})
"""Events that Turnout makes itself, and does not archive."""

_FIRST: Final = (ExecutionId(UUID(int=0)), 0)


@dataclass(slots=True)
class _Story:
    """What the log of one execution has told so far."""

    execution: Created
    position: int = 0
    ends: list[Status] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)


async def check_executions(ground: Ground) -> None:
    """Hold each execution of the span against its log and its origin; want what it published."""
    versions = Versions(ground)
    counts = ground.report.stages[Stage.EXECUTIONS]
    environments = [e async for e in execution_environments(ground.conn) if ground.concerns(e)]
    for environment_id in environments:
        last: Created | None = None
        while page := await _check_page(ground, versions, environment_id, last):
            known = await list_known(ground.conn, [e.event_key for e in page])
            for execution in page:
                await _check_origin(ground, versions, execution, known.get(execution.event_key))
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
                story = stories[written.origin.execution_id]
                await _take(ground, versions, story, written)
            place = (entries[-1].origin.execution_id, entries[-1].entry.position)
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
    if (attempt := entry.attempt) is not None:
        version = await versions.get(story.execution)
        step_id, place = attempt.step_id, f"{id_}:{entry.position}"
        if version is not None and split_key(step_id).step_id not in version.plan.by_id:
            detail = f"Its step '{step_id}' is none of its workflow version's."
            report.find(Stage.LOG, "unknown_step", place, detail)
        if attempt.status.settles and step_id in story.settled:
            detail = f"Step '{step_id}' ends here for the second time."
            report.find(Stage.LOG, "settled_twice", place, detail)
        if attempt.status.settles:
            story.settled.add(step_id)
    cursor = ground.cursors.owned.get(story.execution.partition)
    if cursor is None or written.seq > cursor.emitted_seq:
        report.stages[Stage.LOG].in_flight += 1
    else:
        ground.shelf.want(records_of(ground, written, created_at=story.execution.created_at))


def _check_end(ground: Ground, story: _Story) -> None:
    execution, report = story.execution, ground.report
    if not story.position:
        report.find(Stage.LOG, "log_missing", execution.id, "It has no log.")
    expected = [execution.status] if execution.status.is_terminal else []
    if story.ends != expected:
        ends = ", ".join(story.ends) or "no end"
        detail = f"It is {execution.status}; its log tells {ends}."
        report.find(Stage.LOG, "wrong_end", execution.id, detail)


async def _check_origin(
    ground: Ground, versions: Versions, execution: Created, known: KnownEvent | None
) -> None:
    """See that something asked for an execution; called and repeated ones carry their lineage."""
    lineage = execution.lineage or {}
    report, repeats = ground.report, read_repeat(lineage)
    if repeats is not None and repeats.due_at is not None:
        made = schedule_id(repeats.execution_id, repeats.step_id or "")
        if execution.id != due_id(made, repeats.due_at):
            detail = f"Its id is not that of schedule {made} and the time {repeats.due_at}."
            report.find(Stage.EXECUTIONS, "wrong_id", execution.id, detail)
    elif "parent" in lineage or repeats is not None:
        return
    elif execution.id != execution_id(execution.workflow_id, execution.event_key):
        detail = f"Its id is not that of its workflow and the event {execution.event_key}."
        report.find(Stage.EXECUTIONS, "wrong_id", execution.id, detail)
    elif known is not None and known.record is not None:
        version = await versions.get(execution)
        if version is not None and not version.matches(decode_event(orjson.loads(known.record))):
            detail = (
                f"Version {execution.workflow_version} of workflow {execution.workflow_id} does"
                f" not match its event {execution.event_key}."
            )
            report.find(Stage.EXECUTIONS, "not_decided", execution.id, detail)
    elif execution.event_type not in _OWN:
        day = known.received_on if known is not None else execution.created_at.date()
        if ground.is_dropped(day):
            report.stages[Stage.EXECUTIONS].not_checked += 1
        else:
            detail = f"Its event {execution.event_key} is not in the archive."
            report.find(Stage.EXECUTIONS, "event_missing", execution.id, detail)
