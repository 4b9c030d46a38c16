"""Archived events against the executions that they start."""

from collections.abc import Container, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import orjson

from services.cli.doctor.conservation.arrivals import arrived
from services.cli.doctor.conservation.ground import MARGIN, Ground, Kept, kept, pages
from services.cli.doctor.conservation.report import Stage
from services.cli.doctor.conservation.shelf import Wanted
from shared.bus.protocol import Received, TopicPartition
from shared.db.candidates import list_candidates
from shared.db.conservation import (
    Arrived,
    Span,
    list_change_times,
    list_present,
    next_change,
)
from shared.db.late_events import list_late
from shared.db.overflows import list_overflows
from shared.domain.errors import Defect
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, WorkflowId, execution_id
from shared.domain.workflows import Workflow
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import Overflow, within
from shared.matching.rules import decide
from shared.matching.view import EventView
from shared.wire.commands import Start, decode_command

DECIDED: Final = "decided"
"""Why a start command is wanted; what the log asks for has a subject of its own."""

CANDIDATES_MAX: Final = 10_000
_TYPES_MAX: Final = 256
_LATE_MAX: Final = 1_000_000
_CHANGES_MAX: Final = 100
"""A workflow that was changed more often since its event is not looked at."""

_Name = tuple[EnvironmentId, str]


@dataclass(slots=True)
class Candidates:
    """The workflows that await each type of event, as long as none is changed.

    Events come in the order of their arrival, those of one environment after another's.
    """

    expressions: ExpressionCache
    _known: dict[_Name, Sequence[Workflow]] = field(default_factory=dict)
    _holds_from: datetime | None = None
    _holds_to: datetime | None = None

    async def get(self, ground: Ground, event: Event) -> Sequence[Workflow]:
        """The workflows that awaited ``event`` when it arrived."""
        at = event.received_at
        if self._holds_from is None or at < self._holds_from or self._is_past(at):
            self._known.clear()
            self._holds_from = at
            self._holds_to = await next_change(ground.conn, at, ground.span.to_at)
        name = (event.environment_id, event.type)
        if name not in self._known:
            if len(self._known) == _TYPES_MAX:
                self._known.clear()
            found = await list_candidates(
                ground.conn, event, workflow_id=None, limit=CANDIDATES_MAX
            )
            self._known[name] = [each.read() for each in found]
        return self._known[name]

    def _is_past(self, at: datetime) -> bool:
        return self._holds_to is not None and at >= self._holds_to


async def check_decisions(ground: Ground) -> None:
    """Decide anew on each event that the matcher has passed; what matches is there, or wanted."""
    candidates = Candidates(ExpressionCache(ground.matcher.expressions_max))
    held = await kept(ground, ground.topics.triggers)
    late = await list_late(ground.conn, limit=_LATE_MAX)
    counts = ground.report.stages[Stage.DECISIONS]
    async with aclosing(arrived(ground)) as found:
        async for page in found:
            started: dict[ExecutionId, tuple[Event, Workflow]] = {}
            decided = [event for event in page if _is_decided(ground, held, late, event)]
            overflows = await list_overflows(ground.conn, [event.key for event in decided])
            for each in decided:
                event = ground.archived(each.key, each.record)
                if event is not None:
                    started |= await _decide(ground, candidates, event, overflows.get(event.key))
            there = await list_present(ground.conn, list(started)) if started else frozenset()
            for id_, (about, workflow) in started.items():
                if id_ not in there:
                    await _want_start(ground, candidates.expressions, id_, (about, workflow))
            ground.tell(f"decisions: {counts.checked}")


def _is_decided(ground: Ground, held: Kept, late: Container[EventKey], event: Arrived) -> bool:
    """Whether the matcher was through with an event when the walk began."""
    counts = ground.report.stages[Stage.DECISIONS]
    topic = ground.topics.triggers
    passed_on = ground.shelf.get(topic, str(event.key))
    if passed_on is None:
        return False  # still on its way to the topic
    if passed_on.partition is None or passed_on.offset is None:
        return held.lacks(passed_on)  # else it is missing, and told of
    at = TopicPartition(topic, passed_on.partition)
    if passed_on.offset < ground.cursors.matched.get(at, 0) and event.key not in late:
        return True
    counts.in_flight += 1
    return False


async def _decide(
    ground: Ground,
    candidates: Candidates,
    event: Event,
    overflow: Overflow | None,
) -> dict[ExecutionId, tuple[Event, Workflow]]:
    """What it starts; who was left out, as too many matched, the matcher says."""
    started: dict[ExecutionId, tuple[Event, Workflow]] = {}
    view, depth_max = EventView(event), ground.matcher.causation_depth_max
    for workflow in await candidates.get(ground, event):
        ground.report.stages[Stage.DECISIONS].checked += 1
        decision = decide(view, workflow, candidates.expressions, depth_max=depth_max)
        if overflow is not None:
            decision = within(decision, overflow)
        if decision.is_match:
            started[execution_id(decision.workflow_id, event.key)] = (event, workflow)
    return started


async def _want_start(
    ground: Ground,
    expressions: ExpressionCache,
    id_: ExecutionId,
    decided: tuple[Event, Workflow],
) -> None:
    """The execution is not there yet: its start must be on its way, whenever it was decided on."""
    event, workflow = decided
    if not await _has_matched_since(ground, expressions, event, WorkflowId(workflow.id)):
        ground.report.stages[Stage.DECISIONS].not_checked += 1
        return
    name, at = str(id_), event.received_at
    ground.shelf.want([Wanted(ground.topics.commands, name, DECIDED, None, name.encode(), at)])


async def _has_matched_since(
    ground: Ground, expressions: ExpressionCache, event: Event, workflow_id: WorkflowId
) -> bool:
    """Whether a workflow, however it was changed since, would have been started by an event.

    The matcher decides by the workflow as it knows it when it comes to the event: a little late,
    or long afterwards.
    """
    known_by = event.received_at - timedelta(seconds=2 * ground.matcher.refresh_s)
    since = Span(from_at=known_by, to_at=ground.now + MARGIN)
    times = await list_change_times(ground.conn, workflow_id, since, limit=_CHANGES_MAX)
    if len(times) == _CHANGES_MAX:
        return False
    view, depth_max = EventView(event), ground.matcher.causation_depth_max
    for at in [known_by, *times] if times else []:
        found = await list_candidates(
            ground.conn, replace(event, received_at=at), workflow_id=workflow_id, limit=1
        )
        decisions = [decide(view, w.read(), expressions, depth_max=depth_max) for w in found]
        if not any(decision.is_match for decision in decisions):
            return False
    return True


async def check_commands(ground: Ground) -> None:
    """Find the wanted commands; whoever is told to start and was heard must be there."""
    topic = ground.topics.commands
    extents = await ground.extents(topic)
    for at, extent in extents.items():
        if (cursor := ground.cursors.owned.get(at.partition)) is not None:
            ground.check_position(Stage.EXECUTIONS, at, cursor.consumed_offset, extent.next)
    counts = ground.report.stages[Stage.EXECUTIONS]
    async with aclosing(pages(ground.records(topic, extents))) as found:
        async for page in found:
            starts = {id_: r for r in page for id_ in _starts(ground, r)}
            there = await list_present(ground.conn, list(starts)) if starts else frozenset()
            for id_, r in starts.items():
                place = (r.partition, r.offset)
                if id_ not in there and not await _is_heard(ground, id_, place, r.published_at):
                    counts.in_flight += 1
    held = await kept(ground, topic)
    for name, wanted in ground.shelf.of_subject(topic, DECIDED):
        if wanted.partition is not None and wanted.offset is not None:
            await _is_heard(ground, name, (wanted.partition, wanted.offset), wanted.since)
        elif held.lacks(wanted):
            ground.report.stages[Stage.DECISIONS].not_checked += 1
        else:
            detail = f"Its event matches and was decided on, but {topic} has no start command."
            ground.report.find(Stage.DECISIONS, "start_missing", name, detail)


def _starts(ground: Ground, record: Received) -> list[ExecutionId]:
    """The execution that a record starts, if it was published in the span."""
    value = record.value or b""
    try:
        ground.shelf.mark(orjson.loads(value)["id"], record)
        if not ground.span.holds(record.published_at):
            return []
        command = decode_command(value)
    except (Defect, KeyError, TypeError, orjson.JSONDecodeError):
        return []  # the executor gives it to the dead letters
    if not isinstance(command, Start):
        return []
    is_ours = ground.concerns(command.event.get("environmentid"))
    return [command.execution_id] if is_ours else []


async def _is_heard(ground: Ground, id_: object, at: tuple[int, int], since: datetime) -> bool:
    """Whether an executor was past a start command; the execution that is not there is told of."""
    partition, offset = at
    cursor = ground.cursors.owned.get(partition)
    if cursor is None or offset >= cursor.consumed_offset:
        return False
    topic = ground.topics.commands
    place = f"{topic}/{partition}@{offset}"
    if ground.lacks_letter(Stage.EXECUTIONS, place, since) and not await ground.is_pruned(
        Stage.EXECUTIONS, since - MARGIN
    ):
        detail = f"The command at {place} starts it and was consumed; there is no such execution."
        ground.report.find(Stage.EXECUTIONS, "execution_missing", id_, detail)
    return True
