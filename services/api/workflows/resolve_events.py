"""Triggers that name a registered type of events: what its events are called."""

from collections.abc import Mapping

from shared.db.event_types import types_named
from shared.db.pool import Connection
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId
from shared.domain.workflows import Definition, Trigger, TriggerKind


async def resolve_events(
    conn: Connection, definition: Definition, environment_id: EnvironmentId
) -> tuple[Definition, list[Problem]]:
    """``definition`` with the event names that its triggers' uids stand for, and what is wrong.

    A trigger that is wrong stays as it is.
    """
    uids = [uid for trigger in definition.triggers if (uid := _uid(trigger)) is not None]
    if not uids:
        return definition, []
    named = await types_named(conn, environment_id, uids)
    types = {said: event_type.spec.type or event_type.name for said, event_type in named.items()}
    found = [_resolved(t, f"/triggers/{i}", types) for i, t in enumerate(definition.triggers)]
    resolved = definition.model_copy(update={"triggers": tuple(trigger for trigger, _ in found)})
    return resolved, [problem for _, problem in found if problem is not None]


def _uid(trigger: Trigger) -> str | None:
    return trigger.event_uid if trigger.kind is TriggerKind.EVENT else None


def _resolved(
    trigger: Trigger, pointer: str, types: Mapping[str, str]
) -> tuple[Trigger, Problem | None]:
    uid, name = _uid(trigger), trigger.event_name
    if uid is None:
        return trigger, None
    if uid not in types:
        detail = (
            f"No event type in this environment has the uid or the name '{uid}':"
            " register it, or name the event by 'event_name'."
        )
        problem = Problem(pointer=f"{pointer}/event_uid", code="UNKNOWN_EVENT_TYPE", detail=detail)
        return trigger, problem
    if name not in (None, types[uid]):
        detail = f"The uid '{uid}' stands for '{types[uid]}'; leave 'event_name' out, or say that."
        return trigger, Problem(
            pointer=f"{pointer}/event_name", code="OTHER_EVENT_NAME", detail=detail
        )
    return trigger.model_copy(update={"event_name": types[uid]}), None
