"""The routes of events.

Made by ``make client``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.events import (
    EventDocument,
    ExplainedEventDocument,
    TakenBatchDocument,
    TakenDocument,
)
from shared.wire.documents.parts import SearchPage
from shared.wire.documents.replays import ReplayAnswerDocument


def send(
    document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[TakenDocument]:
    """202 with the event's id and key, once it is durable."""
    return Asked(
        method="POST",
        path="v1/events",
        query=query_of(environment_id=environment_id),
        body=document,
    )


def send_batch(
    document: Sequence[Mapping[str, Any]], *, environment_id: UUID | str | None = None
) -> Asked[TakenBatchDocument]:
    """202 with each event's id and key, by its place, once they are durable: all, or none."""
    return Asked(
        method="POST",
        path="v1/events/batch",
        query=query_of(environment_id=environment_id),
        body=document,
    )


def list_(
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    type_: str | None = None,
    source: str | None = None,
    subject: str | None = None,
    id_: str | None = None,
    payload: str | None = None,
) -> Asked[SearchPage[EventDocument]]:
    """A page of events, the latest first."""
    return Asked(
        method="GET",
        path="v1/events",
        query=query_of(
            environment_id=environment_id,
            limit=limit,
            cursor=cursor,
            from_=from_,
            to=to,
            type_=type_,
            source=source,
            subject=subject,
            id_=id_,
            payload=payload,
        ),
    )


def explain(
    id_: str,
    *,
    environment_id: UUID | str | None = None,
    source: str | None = None,
    workflow_id: UUID | str | None = None,
) -> Asked[ExplainedEventDocument]:
    """The event of a key or a publisher's id, and why each workflow was started or not."""
    return Asked(
        method="GET",
        path=path_of("v1/events/{id}", id_),
        query=query_of(environment_id=environment_id, source=source, workflow_id=workflow_id),
    )


def replay(
    *,
    workflow_ids: Sequence[UUID | str],
    from_: datetime,
    to: datetime,
    again: bool | None = None,
    replay_id: UUID | str | None = None,
    preview: bool | None = None,
    type_: str | None = None,
    source: str | None = None,
    subject: str | None = None,
    payload: Any = None,
    limit: int | None = None,
    cursor: str | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[ReplayAnswerDocument]:
    """Have chosen workflows, as they are now, decide anew on the events of a span of time.

    Starts of what matches are durable by the answer. What an event had started before is not
    started once more, unless ``again`` asks for it; the same ``replay_id`` then starts it once.
    Ask on with ``next_cursor`` until it is null.
    """
    return Asked(
        method="POST",
        path="v1/events/replay",
        query=query_of(environment_id=environment_id),
        body=body_of(
            workflow_ids=workflow_ids,
            again=again,
            replay_id=replay_id,
            preview=preview,
            from_=from_,
            to=to,
            type_=type_,
            source=source,
            subject=subject,
            payload=payload,
            limit=limit,
            cursor=cursor,
        ),
    )


def replay_one(
    id_: str,
    *,
    workflow_ids: Sequence[UUID | str],
    again: bool | None = None,
    replay_id: UUID | str | None = None,
    preview: bool | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[ReplayAnswerDocument]:
    """As a replay of many, of the event of a key."""
    return Asked(
        method="POST",
        path=path_of("v1/events/{id}/replay", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(workflow_ids=workflow_ids, again=again, replay_id=replay_id, preview=preview),
    )
