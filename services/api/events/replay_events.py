"""Replaying archived events: workflows as they are now decide on them anew, and start.

What an event has started of a workflow is not started once more, unless it is asked for ``again``:
then each has one execution more under the replay's id, however often the same is asked for.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID, uuid5

from pydantic import Field

from services.api.events.replayed import Decided, Replayed, Tally
from services.api.http.held import Held
from services.api.http.query_strings import Cursor, Moment, Text
from services.api.note_changes import note_command
from services.api.resources import ApiResources
from services.api.workflows.register_workflow import check_not_archived
from shared.bus.protocol import Record
from shared.db.audit import Change
from shared.db.replays import Passed, Span, list_span
from shared.db.statuses import list_statuses
from shared.db.workflows import get_workflow
from shared.domain.errors import Conflict
from shared.domain.events import Event
from shared.domain.ids import WorkflowId
from shared.domain.principals import Caller
from shared.domain.values import Strict
from shared.domain.workflows import Lifecycle
from shared.matching.decisions import Reason, guarded
from shared.matching.rules import Rule, compile_rule, is_named, judge
from shared.matching.view import EventView
from shared.wire.commands import encode_start
from shared.wire.envelope import HEADERS, stamp
from shared.wire.lineage import Lineage, Replay
from shared.wire.strict_json import invalid

EVENTS_MAX: Final = 1_000
WORKFLOWS_MAX: Final = 50
WITHIN_S: Final = 8.0
SOURCE: Final = "/turnout/api"

_READ_AT_ONCE: Final = 50
_SENT_AT_ONCE: Final = 200
_SENT_BYTES_AT_ONCE: Final = 4 * 2**20


class ReplayOptions(Strict):
    """Which workflows decide, and whether they start what was started before once more."""

    workflow_ids: Annotated[
        tuple[UUID, ...],
        Field(min_length=1, max_length=WORKFLOWS_MAX, description="As they are now."),
    ]
    again: bool = Field(
        False, description="Start one execution more of what has been started before."
    )
    replay_id: UUID | None = Field(
        None, description="The same replay starts nothing twice; without it there is a new one."
    )
    preview: bool = Field(False, description="Only count.")


class ReplayRequest(ReplayOptions):
    """Which events are replayed: those that arrived in a span of time."""

    from_at: Moment = Field(alias="from", description="Arrived at this time or later.")
    before_at: Moment = Field(alias="to", description="Arrived before this time.")
    type: Text | None = None
    source: Text | None = None
    subject: Text | None = None
    payload: Held | None = Field(None, description="What theirs holds.")
    limit: int = Field(EVENTS_MAX, ge=1, le=EVENTS_MAX, description="Events to look at.")
    cursor: Cursor | None = Field(None, description="'next_cursor' of the answer before.")


async def replay_events(
    resources: ApiResources, caller: Caller, asked: ReplayRequest, key: str | None
) -> Replayed:
    """Decide on the events of a span, then publish what they start; on return it is durable.

    A call is bounded in events, starts and time, and says where it stopped. Workflows need not be
    active, as when they are started by hand. Raises NotFound for a workflow, Conflict for a draft
    or an archived one, Invalid, and Unavailable: asked for again with the same ``replay_id``, or
    the same ``key``, nothing is started twice.
    """
    if asked.before_at <= asked.from_at:
        raise invalid("/to", "BAD_SPAN", "It must be later than 'from'.")
    if asked.again and asked.cursor is not None and asked.replay_id is None:
        detail = "Give the one that came with the cursor."
        raise invalid("/replay_id", "MISSING_REPLAY_ID", detail)
    replayed = await _begin(resources, caller, asked, key)
    await _go_through(resources, caller, asked, replayed)
    said = {
        "from": stamp(asked.from_at),
        "to": stamp(asked.before_at),
        "type": asked.type,
        "source": asked.source,
        "subject": asked.subject,
    }
    await _carry_out(resources, caller, replayed, said)
    return replayed


async def replay_event(
    resources: ApiResources, caller: Caller, event: Event, asked: ReplayOptions, key: str | None
) -> Replayed:
    """As ``replay_events``, of one event of the caller's environment."""
    replayed = await _begin(resources, caller, asked, key)
    replayed.looked_at = await _take(
        resources, caller, replayed, [Passed((event.received_at, event.key), event)], until_s=0.0
    )
    await _carry_out(resources, caller, replayed, {"event_key": str(event.key)})
    return replayed


async def _begin(
    resources: ApiResources, caller: Caller, asked: ReplayOptions, key: str | None
) -> Replayed:
    named = None if key is None else uuid5(caller.environment_id, f"replay:{key}")
    async with resources.tenant(caller.environment_id) as conn:
        workflows = [
            await get_workflow(conn, WorkflowId(id_)) for id_ in dict.fromkeys(asked.workflow_ids)
        ]
    for workflow in workflows:
        check_not_archived(workflow)
        if workflow.lifecycle is not Lifecycle.READY:
            raise Conflict(f"Workflow {workflow.id} is a draft: mend what it lacks.")

    def compiled() -> Generator[None, None, list[Tally]]:
        tallies = []
        for each in workflows:
            rule = compile_rule(each.conditions, resources.expressions)
            tallies.append(Tally(workflow=each, rule=rule))
            yield
        return tallies

    return Replayed(
        replay=Replay(replay_id=asked.replay_id or named or resources.new_id(), again=asked.again),
        is_preview=asked.preview,
        tallies=await resources.computing.run(caller.environment_id, compiled()),
    )


async def _go_through(
    resources: ApiResources, caller: Caller, asked: ReplayRequest, replayed: Replayed
) -> None:
    """Take the events of the span, until there are no more or one call has done enough."""
    span = Span(
        environment_id=caller.environment_id,
        from_at=asked.from_at,
        before_at=asked.before_at,
        type=asked.type,
        source=asked.source,
        subject=asked.subject,
        payload=asked.payload,
    )
    until_s, place = resources.clock.monotonic() + WITHIN_S, asked.cursor
    while True:
        wanted = min(_READ_AT_ONCE, asked.limit - replayed.looked_at)
        async with resources.tenant(caller.environment_id) as conn:
            found = await list_span(conn, span, after=place, limit=wanted + 1)
        taken = await _take(resources, caller, replayed, found[:wanted], until_s)
        replayed.looked_at += taken
        if taken == len(found):
            return
        place = found[taken - 1].place
        is_over = taken < wanted or resources.clock.monotonic() >= until_s
        if is_over or replayed.is_full or replayed.looked_at >= asked.limit:
            replayed.next_place = place
            return


async def _take(
    resources: ApiResources,
    caller: Caller,
    replayed: Replayed,
    passed: Sequence[Passed],
    until_s: float,
) -> int:
    """Decide on events until a time, on one at least; gives how many places are done with."""

    def decide() -> Generator[None, None, list[Decided | None]]:
        decided: list[Decided | None] = []
        for event in (each.event for each in passed):
            if event is None:
                decided.append(None)
            else:
                decided.append((event, (yield from _reasons(resources, replayed, event))))
            if resources.clock.monotonic() >= until_s:
                break
        return decided

    decided = await resources.computing.run(caller.environment_id, decide())
    ids = [id_ for each in decided if each is not None for id_ in replayed.ids_of(each)]
    async with resources.tenant(caller.environment_id) as conn:
        started = await list_statuses(conn, ids)
    for number, each in enumerate(decided, 1):
        if each is not None:
            replayed.add(each, started)
        if replayed.is_full:
            return number
    return len(decided)


def _reasons(
    resources: ApiResources, replayed: Replayed, event: Event
) -> Generator[None, None, list[Reason]]:
    """What decides for each workflow, whether or not events may start it now."""
    view = EventView(event)

    def reason(rule: Rule) -> Reason:
        if not any(is_named(event.type, name) for name in rule.event_names):
            return Reason.NO_TRIGGER
        return guarded(judge(view, rule), event, resources.causation_depth_max).reason

    reasons = []
    for tally in replayed.tallies:
        reasons.append(reason(tally.rule))
        yield
    return reasons


async def _carry_out(
    resources: ApiResources, caller: Caller, replayed: Replayed, said: Mapping[str, Any]
) -> None:
    """Note what is about to start, and publish it, some at a time."""
    if replayed.is_preview or not replayed.starts:
        return
    change = Change(
        action="event.replay",
        target=f"replay:{replayed.replay.replay_id}",
        after={
            **said,
            "again": replayed.replay.again,
            "workflow_ids": [str(tally.workflow.id) for tally in replayed.tallies],
            "events": replayed.events,
            "starts": len(replayed.starts),
        },
    )
    await note_command(resources, caller, change)
    for commands in _bounded(resources, replayed):
        await resources.bus.publish(commands)


def _bounded(resources: ApiResources, replayed: Replayed) -> Iterator[list[Record]]:
    """The commands, in batches that are bounded in number and size."""
    now, lineage = resources.clock.now(), Lineage(replay=replayed.replay)
    commands: list[Record] = []
    size = 0
    for start in replayed.starts:
        command = encode_start(
            start.execution_id,
            WorkflowId(start.workflow.id),
            start.workflow.version,
            start.event_json,
            now,
            source=SOURCE,
            lineage=lineage,
        )
        key = str(start.execution_id).encode()
        commands.append(Record(resources.topics.commands, key, command, HEADERS))
        size += len(command)
        if len(commands) >= _SENT_AT_ONCE or size >= _SENT_BYTES_AT_ONCE:
            yield commands
            commands, size = [], 0
    if commands:
        yield commands
