"""Executions against what started them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.api.events.receive_webhook import RECEIVED
from services.api.executions.start_execution import STARTED_BY_HAND
from services.cli.doctor.conservation.ground import Ground
from services.cli.doctor.conservation.report import Stage
from services.cli.doctor.conservation.versions import Versions
from services.executor.consequences import CALLED
from shared.db.conservation import Created, KnownEvent, list_known, list_present
from shared.domain.ids import (
    ExecutionId,
    child_id,
    due_id,
    execution_id,
    replayed_id,
    schedule_id,
)
from shared.wire.due_starts import DUE
from shared.wire.lineage import Lineage, read_lineage

_OWN: Final = frozenset({STARTED_BY_HAND, DUE, CALLED, RECEIVED})
"""Events that Turnout makes itself, and does not archive."""


@dataclass(frozen=True, slots=True)
class _Origin:
    """An execution, what it belongs to, and its event as far as that is known."""

    execution: Created
    lineage: Lineage
    event: KnownEvent | None


async def check_origins(ground: Ground, versions: Versions, page: Sequence[Created]) -> None:
    """See that something asked for each of these executions, and that its id follows from that."""
    known = await list_known(ground.conn, [e.event_key for e in page])
    origins = [_Origin(e, read_lineage(e.lineage or {}), known.get(e.event_key)) for e in page]
    before = {id_ for origin in origins if (id_ := _comes_of(origin.lineage)) is not None}
    there = await list_present(ground.conn, list(before)) if before else frozenset()
    for origin in origins:
        _check_id(ground, origin)
        earlier = _comes_of(origin.lineage)
        if earlier is None:
            await _check_event(ground, versions, origin)
        elif earlier not in there and not await ground.is_pruned(
            Stage.EXECUTIONS, origin.execution.created_at
        ):
            detail = f"It comes of execution {earlier}, which there is not."
            ground.report.find(Stage.EXECUTIONS, "origin_missing", origin.execution.id, detail)


def _comes_of(lineage: Lineage) -> ExecutionId | None:
    """The execution that called it, or that it repeats."""
    if lineage.repeats is not None:
        return lineage.repeats.execution_id
    return None if lineage.parent is None else lineage.parent.execution_id


def _check_id(ground: Ground, origin: _Origin) -> None:
    execution = origin.execution
    follows, what = _id_of(execution, origin.lineage)
    if follows != execution.id:
        detail = f"Its id is not that of {what}."
        ground.report.find(Stage.EXECUTIONS, "wrong_id", execution.id, detail)


def _id_of(execution: Created, lineage: Lineage) -> tuple[ExecutionId, str]:
    """The id that follows from what started it, and what that is; who repeats one has any."""
    repeats, parent, replay = lineage.repeats, lineage.parent, lineage.replay
    workflow_id, key = execution.workflow_id, execution.event_key
    if repeats is not None and repeats.due_at is not None:
        made = schedule_id(repeats.execution_id, repeats.step_id or "")
        return due_id(made, repeats.due_at), f"schedule {made} and the time {repeats.due_at}"
    if repeats is not None:
        return execution.id, "a repeat"
    if parent is not None:
        what = f"step '{parent.step_id}' of execution {parent.execution_id}, attempt"
        follows = child_id(parent.execution_id, parent.step_id, parent.attempt)
        return follows, f"{what} {parent.attempt}"
    what = f"its workflow and the event {key}"
    if replay is not None and replay.again:
        return replayed_id(workflow_id, key, replay.replay_id), f"{what} in its replay"
    return execution_id(workflow_id, key), what


async def _check_event(ground: Ground, versions: Versions, origin: _Origin) -> None:
    """An event that it started with is archived, and its version matches that."""
    execution, event, report = origin.execution, origin.event, ground.report
    if execution.event_type in _OWN:
        return
    if event is not None and event.record is not None:
        version, archived = await versions.get(execution), ground.archived(event.key, event.record)
        if version is not None and archived is not None and not version.matches(archived):
            detail = (
                f"Version {execution.workflow_version} of workflow {execution.workflow_id} does"
                f" not match its event {execution.event_key}."
            )
            report.find(Stage.EXECUTIONS, "not_decided", execution.id, detail)
    elif not await ground.is_dropped(Stage.EXECUTIONS, _day_of(execution, event)):
        detail = f"Its event {execution.event_key} is not in the archive."
        report.find(Stage.EXECUTIONS, "event_missing", execution.id, detail)


def _day_of(execution: Created, event: KnownEvent | None) -> date:
    """The day of its event: its key may be forgotten, and a replay be of long after it."""
    if event is not None:
        return event.received_on
    return (execution.event_at or execution.created_at).date()
